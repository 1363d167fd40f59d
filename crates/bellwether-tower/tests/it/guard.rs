//! Guards as services: who is asked whether it is ready, what clones share, and that no permit is lost, whatever happens.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bellwether_breaker::{Breaker, Breakers, CallError, Outcome, Reason, State, Trip, Wait};
use bellwether_core::{Clock, Timestamp};
use bellwether_tower::{CallGuardLayer, GuardError, GuardLayer};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use tower::{Layer, Service, ServiceExt, service_fn};

pub(crate) fn clock() -> Clock {
    Clock::manual(Timestamp::from_unix_seconds(1_700_000_000))
}

/// One that opens by the first failure, and stays so for ten seconds.
pub(crate) fn breaker(clock: &Clock) -> Breaker {
    let wait = Wait::new(Duration::from_secs(10)).jitter(0.0);
    Breaker::builder("it").trip(Trip::consecutive(1)).wait(wait).clock(clock.clone()).build().unwrap()
}

/// All that a breaker counted, in one line: `success 2, in flight 1, open`.
pub(crate) fn ledger(breaker: &Breaker) -> String {
    let seen = breaker.snapshot();
    let outcomes = [
        Outcome::Success,
        Outcome::Slow,
        Outcome::Failure,
        Outcome::Throttled(None),
        Outcome::Alive,
        Outcome::Neutral,
        Outcome::Cancelled,
    ];
    let outcomes = outcomes.map(|outcome| (outcome.as_str(), seen.outcome(outcome)));
    let rejected = Reason::ALL.iter().map(|reason| seen.rejected(*reason)).sum();
    let counts = outcomes.into_iter().chain([("in flight", seen.in_flight), ("rejected", rejected)]);
    let mut words: Vec<_> = counts.filter(|(_, n)| *n > 0).map(|(word, n)| format!("{word} {n}")).collect();
    if let Some(pause) = seen.paced_for {
        words.push(format!("paced {pause:?}"));
    }
    if let Some(left) = seen.open_for {
        words.push(format!("open {left:?}"));
    }
    words.join(", ")
}

type Hello = Response<Full<Bytes>>;

pub(crate) fn hello() -> Hello {
    Response::new(Full::from("hello"))
}

/// A service whose readiness is scripted, and which counts how often it is asked for it and called.
#[derive(Clone, Default)]
struct Moody {
    ready: Rc<Cell<bool>>,
    broken: Rc<Cell<bool>>,
    asked: Rc<Cell<u32>>,
    called: Rc<Cell<u32>>,
}

impl<R> Service<R> for Moody {
    type Response = Hello;
    type Error = std::io::Error;
    type Future = Ready<Result<Hello, std::io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.asked.set(self.asked.get() + 1);
        if self.broken.get() {
            return Poll::Ready(Err(std::io::Error::other("gone for good")));
        }
        if self.ready.get() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn call(&mut self, _: R) -> Self::Future {
        assert!(self.ready.get(), "called without being ready");
        self.called.set(self.called.get() + 1);
        ready(Ok(hello()))
    }
}

fn poll_ready<S: Service<Request<()>>>(service: &mut S) -> Poll<Result<(), S::Error>> {
    service.poll_ready(&mut Context::from_waker(Waker::noop()))
}

fn now<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("it does not wait")
}

#[test]
fn p22_an_open_breaker_never_asks_whether_the_service_is_ready() {
    let clock = clock();
    let breaker = breaker(&clock);
    breaker.trip();
    let moody = Moody::default();
    let mut guard = GuardLayer::new(breaker.clone()).layer(moody.clone());
    for _ in 0..3 {
        assert!(poll_ready(&mut guard).is_ready());
        let error = now(guard.call(Request::new(()))).unwrap_err();
        assert!(matches!(error, GuardError::Rejected(rejected) if rejected.reason == Reason::Open), "{error}");
    }
    assert_eq!((moody.asked.get(), moody.called.get()), (0, 0));
    assert_eq!(ledger(&breaker), "rejected 3, open 10s");
}

#[test]
fn p22_also_of_calls_and_by_key() {
    let moody = Moody::default();
    let breaker = breaker(&clock());
    breaker.trip();
    let mut guard = CallGuardLayer::new(breaker).layer(moody.clone());
    assert!(poll_ready(&mut guard).is_ready());
    assert!(matches!(now(guard.call(Request::new(()))), Err(CallError::Rejected(_))));

    let breakers = Breakers::new(Breaker::builder("it"), 10).unwrap();
    breakers.get("a").trip();
    let mut guard = GuardLayer::by_key(breakers.clone(), |request: &Request<()>| request.uri().to_string());
    guard = guard.ignore_events();
    let mut guard = guard.layer(moody.clone());
    let request = |uri: &str| Request::builder().uri(uri).body(()).unwrap();
    assert!(poll_ready(&mut guard).is_ready());
    assert!(matches!(now(guard.call(request("a"))), Err(GuardError::Rejected(_))));
    assert_eq!(moody.asked.get(), 0);
    // Another key's breaker is closed, and its call waits until the service is ready, without a permit.
    let mut waiting = pin!(guard.call(request("b")));
    assert!(waiting.as_mut().now_or_never().is_none());
    assert_eq!((moody.asked.get(), ledger(&breakers.get("b"))), (1, String::new()));
    moody.ready.set(true);
    assert_eq!(now(waiting).unwrap().status(), 200);
    // One that opens meanwhile refuses, ready or not.
    moody.ready.set(false);
    let mut waiting = pin!(guard.call(request("b")));
    assert!(waiting.as_mut().now_or_never().is_none());
    breakers.get("b").trip();
    assert!(matches!(now(waiting), Err(GuardError::Rejected(_))));
}

#[test]
fn p22_ready_to_refuse_is_stable_until_the_call() {
    let clock = clock();
    let breaker = breaker(&clock);
    breaker.trip();
    let moody = Moody::default();
    let mut guard = GuardLayer::new(breaker.clone()).layer(moody.clone());
    assert!(poll_ready(&mut guard).is_ready());
    clock.advance(Duration::from_secs(60));
    // Its time is over, but it was not asked for a trial call, and the service not whether it is ready.
    assert!(poll_ready(&mut guard).is_ready());
    assert!(matches!(now(guard.call(Request::new(()))), Err(GuardError::Rejected(_))));
    assert_eq!((moody.asked.get(), moody.called.get()), (0, 0));
    assert_eq!(ledger(&breaker), "neutral 1");
    // The next one is a trial call, if the service is ready for it.
    assert!(poll_ready(&mut guard).is_pending());
    moody.ready.set(true);
    assert!(poll_ready(&mut guard).is_ready());
    assert_eq!(now(guard.call(Request::new(()))).unwrap().status(), 200);
    assert_eq!(moody.called.get(), 1);
}

#[test]
fn p22_unused_readiness_holds_no_permit() {
    let breaker = Breaker::builder("it").max_in_flight(1).build().unwrap();
    let moody = Moody::default();
    moody.ready.set(true);
    let guard = GuardLayer::new(breaker.clone()).layer(moody);
    let mut clones: Vec<_> = (0..10).map(|_| guard.clone()).collect();
    assert!(clones.iter_mut().all(|guard| poll_ready(guard).is_ready()));
    assert_eq!(ledger(&breaker), "");
    let answers: Vec<_> = clones.iter_mut().map(|guard| guard.call(Request::new(())).now_or_never().unwrap()).collect();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(ledger(&breaker), "in flight 1, rejected 9");
    drop(answers);
    assert_eq!(ledger(&breaker), "cancelled 1, rejected 9");
}

/// A closed breaker waits for its service, as any layer does; a service that is gone is a failure.
#[test]
fn p22_readiness_is_the_services_own() {
    let clock = clock();
    let breaker = breaker(&clock);
    let moody = Moody::default();
    let mut guard = GuardLayer::new(breaker.clone()).layer(moody.clone());
    assert!(poll_ready(&mut guard).is_pending());
    moody.broken.set(true);
    let Poll::Ready(Err(GuardError::Inner(error))) = poll_ready(&mut guard) else { panic!("it is gone") };
    assert_eq!(error.to_string(), "gone for good");
    assert_eq!(ledger(&breaker), "failure 1, open 10s");
    // And now it is open.
    assert!(matches!(poll_ready(&mut guard), Poll::Ready(Ok(()))));
}

#[test]
fn p23_clones_share_one_state() {
    let breaker = breaker(&clock());
    let fails = service_fn(async |_: ()| Err::<(), _>("no"));
    let guard = CallGuardLayer::new(breaker.clone()).layer(fails);
    let clones: Vec<_> = (0..10_000).map(|_| guard.clone()).collect();
    let mut clones = clones.into_iter();
    assert_eq!(now(clones.next().unwrap().oneshot(())), Err(CallError::Failed("no")));
    for clone in clones {
        assert!(matches!(now(clone.oneshot(())), Err(CallError::Rejected(_))));
    }
    assert_eq!(ledger(&breaker), "failure 1, rejected 9999, open 10s");
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn p23_ten_thousand_clones_with_a_call_each() {
    let breaker = Breaker::builder("it").build().unwrap();
    let guard = GuardLayer::new(breaker.clone()).layer(service_fn(async |_: ()| Ok::<_, Infallible>(hello())));
    let answers: Vec<_> = (0..10_000).map(|_| now(guard.clone().oneshot(())).unwrap()).collect();
    // Dropping all of the services changes nothing: the permits live in the bodies.
    drop(guard);
    assert_eq!(ledger(&breaker), "in flight 10000");
    for (at, answer) in answers.into_iter().enumerate() {
        if at % 2 == 0 {
            now(answer.into_body().collect()).unwrap();
        }
    }
    assert_eq!(ledger(&breaker), "success 5000, cancelled 5000");
}

/// Requests need be neither `Clone` nor `'static`, nor need services and errors be `Send`.
#[test]
fn p23_requests_are_whatever_the_service_takes() {
    struct Once<'a>(&'a Cell<u32>, #[allow(dead_code, reason = "makes it no more than it is")] Rc<()>);

    let cell = Cell::new(0);
    let count = |once: Once<'_>| {
        once.0.set(once.0.get() + 1);
        ready(Ok::<_, Infallible>(hello()))
    };
    let breaker = Breaker::builder("it").build().unwrap();
    let mut guard = GuardLayer::new(breaker.clone()).layer(service_fn(count));
    now(guard.call(Once(&cell, Rc::default()))).unwrap();
    let mut guard = CallGuardLayer::new(breaker).layer(service_fn(count));
    now(guard.call(Once(&cell, Rc::default()))).unwrap();
    assert_eq!(cell.get(), 2);
}

/// A future that is pending so many times, and each time it is polled says so.
async fn pauses(times: u32) {
    for _ in 0..times {
        let mut first = true;
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}

/// Of a call that waits three times before its head and three times in its body, each point at which it can be dropped.
#[test]
fn dropped_at_every_await_point() {
    for stop in 0..=7 {
        let breaker = Breaker::builder("it").build().unwrap();
        let service = service_fn(async |_: ()| {
            pauses(3).await;
            let body = Box::pin(futures_util::stream::unfold(3, async |left| {
                pauses(1).await;
                let frame = http_body::Frame::data(Bytes::from("x"));
                (left > 0).then_some((Ok::<_, Infallible>(frame), left - 1))
            }));
            Ok::<_, Infallible>(Response::new(http_body_util::StreamBody::new(body)))
        });
        let guard = GuardLayer::new(breaker.clone()).layer(service);
        {
            let mut whole = pin!(async { guard.oneshot(()).await.unwrap().into_body().collect().await.unwrap() });
            let mut polls = 0;
            while polls < stop && whole.as_mut().now_or_never().is_none() {
                polls += 1;
                assert_eq!(ledger(&breaker), "in flight 1", "after {polls}");
            }
        }
        let expect = if stop == 0 { "" } else { "cancelled 1" };
        assert_eq!(ledger(&breaker), expect, "dropped after {stop}");
    }
}

#[test]
fn panics_give_the_permit_back() {
    #[derive(Clone)]
    struct Panics(bool);
    impl Service<()> for Panics {
        type Response = Hello;
        type Error = Infallible;
        type Future = futures_util::future::BoxFuture<'static, Result<Hello, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            assert!(!self.0, "in the call");
            async { panic!("in the future") }.boxed()
        }
    }

    for in_call in [true, false] {
        let breaker = Breaker::builder("it").max_in_flight(1).build().unwrap();
        let http = GuardLayer::new(breaker.clone()).layer(Panics(in_call));
        let call = CallGuardLayer::new(breaker.clone()).layer(Panics(in_call));
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(now(http.oneshot(())))));
        assert!(caught.is_err());
        assert_eq!(ledger(&breaker), "cancelled 1");
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(now(call.oneshot(())))));
        assert!(caught.is_err());
        assert_eq!(ledger(&breaker), "cancelled 2");
    }
}

#[test]
fn a_call_that_never_ends_is_slow_when_it_is_given_up() {
    let clock = clock();
    let slow_after = Duration::from_secs(1);
    for (wait, expect) in [(0, "cancelled 1"), (2, "slow 1")] {
        let breaker = Breaker::builder("it").slow_after(slow_after).clock(clock.clone()).build().unwrap();
        let never = service_fn(async |_: ()| std::future::pending::<Result<(), Infallible>>().await);
        let mut call = Box::pin(CallGuardLayer::new(breaker.clone()).layer(never).oneshot(()));
        assert!(call.as_mut().now_or_never().is_none());
        clock.advance(Duration::from_secs(wait));
        drop(call);
        assert_eq!(ledger(&breaker), expect);
    }
}

#[test]
fn a_judge_of_ones_own() {
    let breaker = breaker(&clock());
    let guard = CallGuardLayer::new(breaker.clone()).judge(|result: &Result<u32, &str>| match result {
        Ok(0) => Outcome::Failure,
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Alive,
    });
    let guard = guard.layer(service_fn(async |answer: Result<u32, &'static str>| answer));
    assert_eq!(now(guard.clone().oneshot(Ok(7))), Ok(7));
    assert_eq!(now(guard.clone().oneshot(Err("not there"))), Err(CallError::Failed("not there")));
    assert_eq!(now(guard.clone().oneshot(Ok(0))), Ok(0));
    assert_eq!(ledger(&breaker), "success 1, failure 1, alive 1, open 10s");
}

/// What a guard further in refuses says nothing about whoever the one further out is for.
#[test]
fn a_refusal_further_in_is_neutral() {
    let clock = clock();
    let (model, host) = (breaker(&clock), breaker(&clock));
    model.trip();
    let service = service_fn(async |_: ()| Ok::<_, Infallible>(hello()));
    let guard = GuardLayer::new(host.clone()).layer(GuardLayer::new(model).layer(service));
    let error = now(guard.oneshot(())).unwrap_err();
    assert_eq!(error.to_string(), "not called: the breaker is open; worth a try in 10.0s");
    assert_eq!(ledger(&host), "neutral 1");
}

#[test]
fn a_closed_guard_allocates_nothing() {
    let breaker = Breaker::builder("it").build().unwrap();
    let mut http = GuardLayer::new(breaker.clone()).layer(service_fn(async |_: ()| Ok::<_, Infallible>(hello())));
    let mut call = CallGuardLayer::new(breaker).layer(service_fn(async |_: ()| Ok::<_, Infallible>(())));
    let mut fewest = usize::MAX;
    for _ in 0..4 {
        let before = crate::harness::alloc::made();
        now(poll_fn(|cx| Service::<()>::poll_ready(&mut call, cx))).unwrap();
        now(call.call(())).unwrap();
        now(poll_fn(|cx| Service::<()>::poll_ready(&mut http, cx))).unwrap();
        let mut body = pin!(now(http.call(())).unwrap().into_body());
        now(body.frame()).unwrap().unwrap();
        fewest = fewest.min(crate::harness::alloc::made() - before);
    }
    assert_eq!(fewest, 0);
}

#[test]
fn an_empty_body_ends_with_its_head() {
    let breaker = Breaker::builder("it").build().unwrap();
    let service = service_fn(async |_: ()| Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())));
    let answer = now(GuardLayer::new(breaker.clone()).layer(service).oneshot(())).unwrap();
    assert_eq!(ledger(&breaker), "success 1");
    drop(answer);
    assert_eq!(ledger(&breaker), "success 1");
}
