//! A scope is current exactly while it is entered: nested, across threads, in any order of leaving, through a panic.

use std::future::Future;
use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bellwether_core::{
    Call, Currency, Facts, Histogram, Money, Outcome, Registry, RequestId, Scope, SpanId, TraceContext, TraceState,
    Work,
};

fn open(route: &str) -> Scope {
    Scope::builder(TraceContext::root(true)).route(route).open()
}

/// The route of the current scope.
fn current() -> Option<String> {
    Scope::current().route().map(str::to_owned)
}

#[test]
fn nested() {
    let (outer, inner) = (open("outer"), open("inner"));
    assert_eq!(current(), None);
    outer.in_scope(|| {
        assert_eq!(current().as_deref(), Some("outer"));
        inner.in_scope(|| {
            assert_eq!(current().as_deref(), Some("inner"));
            Scope::empty().in_scope(|| assert_eq!((current(), Scope::with_current(|_| ())), (None, None)));
            outer.in_scope(|| assert_eq!(current().as_deref(), Some("outer")));
            assert_eq!(current().as_deref(), Some("inner"));
        });
        assert_eq!(current().as_deref(), Some("outer"));
    });
    assert_eq!(current(), None);
}

#[test]
fn left_in_any_order() {
    let scopes = ["a", "b", "c"].map(open);
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut guards = scopes.each_ref().map(|scope| Some(scope.enter()));
        for leave in order {
            guards[leave] = None;
            let expected = guards.iter().rposition(Option::is_some).map(|last| ["a", "b", "c"][last].to_owned());
            assert_eq!(current(), expected, "{order:?}");
        }
        assert!(Scope::current().is_empty());
    }
}

#[test]
fn entered_again_after_an_outer_one_was_left() {
    let first = open("first").enter();
    let second = open("second").enter();
    drop(first);
    let third = open("third").enter();
    drop(second);
    assert_eq!(current().as_deref(), Some("third"));
    drop(third);
    assert_eq!(current(), None);
}

#[test]
fn a_panic_leaves_it() {
    let scope = open("panics");
    let panicked = catch_unwind(AssertUnwindSafe(|| scope.in_scope(|| resume_unwind(Box::new(())))));
    assert!(panicked.is_err() && Scope::current().is_empty());
    let panicked = catch_unwind(AssertUnwindSafe(|| scope.look(|_| resume_unwind(Box::new(())))));
    assert!(panicked.is_err());
    scope.customer("still there");
    assert_eq!(scope.facts().customer.as_deref(), Some("still there"));
}

#[test]
fn a_lent_handle_comes_back() {
    let (mut lent, mut inner) = (open("lent"), open("inner"));
    {
        let _lent = lent.lend();
        assert_eq!(current().as_deref(), Some("lent"));
        let left_later = open("left later").enter();
        {
            let _inner = inner.lend();
            drop(left_later);
            assert_eq!(current().as_deref(), Some("inner"));
        }
        assert_eq!(current().as_deref(), Some("lent"));
    }
    assert_eq!((current(), lent.route(), inner.route()), (None, Some("lent"), Some("inner")));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _lent = lent.lend();
        resume_unwind(Box::new(()))
    }));
    assert!(panicked.is_err());
    assert_eq!((current(), lent.route()), (None, Some("lent")));
    open("looked at").in_scope(|| {
        // Where none can be entered it stays what it is.
        Scope::with_current(|_| drop(lent.lend()));
        assert_eq!((current().as_deref(), lent.route()), (Some("looked at"), Some("lent")));
    });
}

#[test]
fn entering_while_looking_changes_nothing() {
    let (outer, other) = (open("outer"), open("other"));
    outer.in_scope(|| {
        let guard = Scope::with_current(|_| other.enter());
        assert_eq!(current().as_deref(), Some("outer"));
        drop(guard);
        assert_eq!(current().as_deref(), Some("outer"));
    });
    assert_eq!(current(), None);
}

#[test]
fn each_thread_has_its_own() {
    let scope = open("here");
    scope.in_scope(|| {
        std::thread::scope(|threads| {
            let there = threads.spawn(|| {
                assert_eq!(current(), None);
                scope.in_scope(|| assert_eq!(current().as_deref(), Some("here")));
                scope.customer("from there");
            });
            there.join().unwrap();
        });
        assert_eq!(Scope::current().facts().customer.as_deref(), Some("from there"));
    });
}

/// Pending so many times, noting each time which scope is current, and once more when dropped.
struct Noting {
    pending: u32,
    seen: Arc<Mutex<Vec<Option<String>>>>,
}

impl Future for Noting {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.seen.lock().unwrap().push(current());
        if self.pending == 0 {
            return Poll::Ready(());
        }
        self.pending -= 1;
        Poll::Pending
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        self.seen.lock().unwrap().push(current());
    }
}

fn poll_once(future: Pin<&mut impl Future>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[test]
fn a_future_is_polled_and_dropped_in_it_on_any_thread() {
    for polls in 0..4 {
        let seen = Arc::default();
        let mut future = Box::pin(open("request").wrap(Noting { pending: 2, seen: Arc::clone(&seen) }));
        for poll in 0..polls.min(3) {
            let ready = std::thread::scope(|threads| threads.spawn(|| poll_once(future.as_mut())).join().unwrap());
            assert_eq!((ready, current()), (poll == 2, None));
        }
        drop(future); // before it was polled, mid-way, or when it was done
        let seen = seen.lock().unwrap().clone();
        assert_eq!(seen, vec![Some("request".to_owned()); polls.min(3) + 1]);
        assert_eq!(current(), None);
    }
}

#[test]
fn a_future_that_panics_leaves_it() {
    let mut future = pin!(open("panics").wrap(async { resume_unwind(Box::new(())) }));
    let panicked = catch_unwind(AssertUnwindSafe(|| poll_once(future.as_mut())));
    assert!(panicked.is_err() && Scope::current().is_empty());
}

#[test]
fn exemplars_follow_the_scope() {
    let histogram: Histogram = Registry::new().histogram("values").build().unwrap();
    let kept = || histogram.exemplars().iter().map(|exemplar| exemplar.value).collect::<Vec<_>>();
    let unsampled = Scope::builder(TraceContext::root(false)).open();
    histogram.record(1.0);
    unsampled.in_scope(|| histogram.record(2.0));
    assert!(kept().is_empty());
    let sampled = open("sampled");
    sampled.in_scope(|| {
        histogram.record(4.0);
        unsampled.in_scope(|| histogram.record(8.0));
        histogram.record(16.0);
    });
    histogram.record(32.0);
    assert_eq!(kept(), [4.0, 16.0]);
    let trace = sampled.trace().unwrap();
    assert!(histogram.exemplars().iter().all(|e| (e.trace_id, e.span_id) == (trace.trace_id(), trace.span_id())));
    histogram.record_in_trace(64.0, trace.trace_id(), trace.span_id());
    assert_eq!(kept(), [4.0, 16.0, 64.0]);
    histogram.record_in_trace(f64::NAN, trace.trace_id(), trace.span_id());
    histogram.record_in_trace(0.0, trace.trace_id(), trace.span_id());
    assert_eq!(kept(), [4.0, 16.0, 64.0]);
}

#[test]
fn facts_are_capped_and_what_is_turned_away_is_counted() {
    let scope = open("/");
    let long = "ä".repeat(1000);
    scope.customer(&long).transaction(&long);
    (0..100).for_each(|n| _ = scope.step(format!("step {n}")));
    let call = |n: u64| Call::new("db".into(), Outcome::Success, "", Duration::from_millis(n));
    (0..100).for_each(|n| scope.call_ended(call(n)));
    for n in 0..20_u8 {
        let currency = Currency::new(std::str::from_utf8(&[b'A', b'A', b'A' + n]).unwrap()).unwrap();
        scope.amount(Money::minor(1, currency)).amount(Money::minor(2, currency));
    }
    let facts = scope.facts();
    let texts = [facts.customer.as_deref(), facts.transaction.as_deref()];
    assert!(texts.iter().all(|text| text.is_some_and(|text| text.len() == 256 && long.starts_with(text))));
    assert_eq!(facts.steps.len(), Facts::MAX_STEPS);
    assert_eq!((facts.calls.len(), &facts.calls[63]), (Facts::MAX_CALLS, &call(63)));
    assert_eq!(facts.amounts.len(), Facts::MAX_AMOUNTS);
    assert!(facts.amounts.iter().all(|amount| amount.minor_units() == 3));
    assert_eq!(facts.turned_away, (100 - 32) + (100 - 64) + 2 * (20 - 8));
}

#[test]
fn said_to_nobody() {
    let nobody = Scope::current();
    nobody.customer("a").transaction("b").step("c").amount(Money::cents(1, Currency::USD));
    assert!(nobody.is_empty() && nobody.facts().customer.is_none() && nobody.look(|_| ()).is_none());
    assert!(nobody.request_id().is_none() && nobody.trace().is_none() && nobody.parent().is_none());
    assert!(nobody.trace_state().is_none() && nobody.route().is_none() && !nobody.sampled());
}

#[test]
fn what_a_request_came_with() {
    let trace = TraceContext::root(true);
    let state = TraceState::parse([b"a=1".as_slice()]);
    let parent = SpanId::random();
    let scope = Scope::builder(trace).parent(parent).trace_state(state.clone()).route("/v1").open();
    assert_eq!(scope.request_id().unwrap().as_str(), trace.trace_id().to_string(), "the trace's unless it has its own");
    assert_eq!((scope.trace(), scope.parent(), scope.trace_state()), (Some(trace), Some(parent), state.as_ref()));
    assert!(scope.sampled());
    let named = Scope::builder(trace).request_id(RequestId::parse(b"order-42").unwrap()).open();
    assert_eq!(named.request_id().unwrap().as_str(), "order-42");
}

#[test]
fn amounts_saturate() {
    let scope = open("/");
    for amount in [i64::MAX, i64::MAX, -1] {
        scope.amount(Money::cents(amount, Currency::EUR));
    }
    assert_eq!(scope.facts().amounts, [Money::cents(i64::MAX - 1, Currency::EUR)]);
}

#[test]
fn work_goes_with_the_handle() {
    let [request, call] = [1, 2].map(|number| Work::new(NonZeroU64::new(number).unwrap()));
    let scope = Scope::builder(TraceContext::root(false)).work(Some(request)).open();
    assert_eq!(Work::current(), None);
    let outer = scope.enter();
    assert_eq!(Work::current(), Some(request));
    let handle = call.run(|| {
        assert_eq!(Work::current(), Some(call));
        Scope::current()
    });
    assert_eq!(
        (Work::current(), handle.work()),
        (Some(request), Some(call)),
        "what a call spawns is done for the call"
    );
    let inner = handle.enter();
    assert_eq!(Work::current(), Some(call));
    assert_eq!(handle.request_id(), scope.request_id());
    drop(outer);
    assert_eq!(Work::current(), Some(call), "out of turn");
    drop(inner);
    assert_eq!(Work::current(), None);

    // A part of a call that is told is that also where it goes on elsewhere, and nowhere else.
    let handle = call.told().run(Scope::current);
    assert_eq!(handle.work().map(|work| (work.number(), work.is_told())), Some((call.number(), true)));
    assert!(handle.in_scope(Work::current).is_some_and(Work::is_told));
    assert_eq!(scope.in_scope(Work::current), Some(request));
    assert!(!Work::UNFOLLOWED.is_told() && Work::UNFOLLOWED.told() != Work::UNFOLLOWED);

    assert!(catch_unwind(|| call.run(|| panic!("oops"))).is_err());
    assert_eq!(Work::current(), None, "after a panic");
    let nobodys = call.run(Scope::current);
    assert!(nobodys.is_empty());
    assert_eq!(nobodys.in_scope(Work::current), Some(call), "a job has no request, and makes calls");
}
