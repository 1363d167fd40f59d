//! Calls under way, retries, listeners, settings: what is limited, what is told, what is refused.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use bellwether_breaker::{
    Breaker, BreakerBuilder, CallError, Mode, Outcome, Permit, Reason, Retries, State, Trial, Trip, Wait,
};
use bellwether_core::{Clock, Timestamp};

fn clock() -> Clock {
    Clock::manual(Timestamp::from_unix_seconds(1_700_000_000))
}

#[test]
fn no_more_calls_are_under_way_than_may_be() {
    let breaker = Breaker::builder("b").max_in_flight(2).build().unwrap();
    let (first, _second) = (breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap());
    assert_eq!(breaker.try_acquire().unwrap_err().reason, Reason::Limit);
    first.finish(Outcome::Success);
    assert!(breaker.try_acquire().is_ok(), "a call that ended makes room");
    assert!(breaker.try_acquire().is_ok(), "and one that was dropped");
    breaker.set_mode(Mode::ForcedOpen);
    assert_eq!(breaker.try_acquire().unwrap_err().reason, Reason::Forced);
    breaker.set_mode(Mode::Shadow);
    let held: Vec<_> = (0..5).map(|_| breaker.try_acquire().unwrap()).collect();
    assert_eq!((held.len(), breaker.snapshot().shadow.would_reject), (5, 4), "a shadow only says so");
}

#[test]
fn retries_are_a_share_of_calls_paid_for_when_decided_on() {
    let clock = clock();
    let budget = Retries::new(0.1).at_least(0.5).at_most(3);
    let breaker = Breaker::builder("b").retries(budget).clock(clock.clone()).build().unwrap();
    assert_eq!(breaker.try_retry().unwrap_err().reason, Reason::RetryBudget, "nothing is saved at first");
    (0..10).for_each(|_| breaker.try_acquire().unwrap().finish(Outcome::Success));
    let waiting = breaker.try_retry().expect("ten calls pay for one");
    assert!(breaker.try_retry().is_err(), "one that waits is one");
    drop(waiting);
    breaker.try_retry().expect("it was given back").acquire().unwrap().finish(Outcome::Success);
    (0..9).for_each(|_| breaker.try_acquire().unwrap().finish(Outcome::Success));
    assert!(breaker.try_retry().is_err(), "a retry pays for nothing");
    clock.advance(Duration::from_secs(2));
    drop(breaker.try_retry().expect("two seconds pay for one").acquire());
    clock.advance(Duration::from_secs(1_000_000));
    let saved = (0..10).map_while(|_| breaker.try_retry().ok()).map(|retry| drop(retry.acquire())).count();
    assert_eq!(saved, 3, "no more are saved");
}

#[test]
fn p02_p06_a_future_dropped_at_any_point_gives_its_permit_back() {
    // The call awaits three times; it is dropped before, between and after.
    for polls in 0..=4 {
        let breaker = Breaker::builder("b").trial(Trial::new(1, 1)).build().unwrap();
        {
            let mut left = 3;
            let call = breaker.call(std::future::poll_fn(|cx| {
                left -= 1;
                cx.waker().wake_by_ref();
                if left == 0 { std::task::Poll::Ready(Ok::<_, ()>(())) } else { std::task::Poll::Pending }
            }));
            let mut call = pin!(call);
            for _ in 0..polls.min(3) {
                let _ = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
        }
        let after = breaker.snapshot();
        let ended = (after.outcome(Outcome::Success), after.outcome(Outcome::Cancelled));
        assert_eq!(
            ended,
            if polls == 0 {
                (0, 0)
            } else if polls >= 3 {
                (1, 0)
            } else {
                (0, 1)
            },
            "{polls} polls"
        );
        assert_eq!((after.in_flight, after.window.failures), (0, 0));
    }
}

#[test]
fn p02_p19_neither_a_call_nor_a_listener_that_panics_breaks_anything() {
    let breaker = Breaker::builder("b")
        .trip(Trip::consecutive(1))
        .on_transition(|_| panic!("a listener's trouble"))
        .build()
        .unwrap();
    let panicked =
        catch_unwind(AssertUnwindSafe(|| breaker.run(|| -> Result<(), ()> { panic!("the call's trouble") })));
    assert!(panicked.is_err());
    assert_eq!((breaker.snapshot().in_flight, breaker.snapshot().outcome(Outcome::Cancelled)), (0, 1));
    breaker.try_acquire().unwrap().finish(Outcome::Failure);
    assert_eq!(breaker.state(), State::Open, "and the listener's panic went nowhere");
    assert!(matches!(breaker.run(|| Ok::<_, ()>(())), Err(CallError::Rejected(_))));
}

#[test]
fn p19_a_listener_may_do_anything_with_the_breaker() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let own: Arc<Mutex<Option<Breaker>>> = Arc::default();
    let (listener, back) = (Arc::clone(&told), Arc::clone(&own));
    let breaker = Breaker::builder("b")
        .on_transition(move |transition| {
            listener.lock().unwrap().push((transition.from, transition.to));
            let breaker = back.lock().unwrap().clone();
            if let Some(breaker) = breaker.filter(|_| transition.to == State::Open) {
                breaker.snapshot();
                drop(breaker.try_acquire());
                breaker.reset();
            }
        })
        .build()
        .unwrap();
    *own.lock().unwrap() = Some(breaker.clone());
    breaker.trip();
    assert_eq!(*told.lock().unwrap(), [(State::Closed, State::Open), (State::Open, State::Closed)]);
    *own.lock().unwrap() = None;
}

#[test]
fn a_hint_holds_an_open_breaker_open_within_reason() {
    for (hint, open_for) in [(0, 5), (3, 5), (30, 30), (u64::MAX, 60)] {
        let breaker = Breaker::builder("b")
            .trip(Trip::consecutive(1))
            .wait(Wait::new(Duration::from_secs(5)).jitter(0.0))
            .clock(clock())
            .build()
            .unwrap();
        let mut permit = breaker.try_acquire().unwrap();
        permit.retry_after(Duration::from_secs(hint));
        permit.finish(Outcome::Failure);
        assert_eq!(breaker.snapshot().open_for, Some(Duration::from_secs(open_for)), "asked for {hint} s");
    }
}

#[test]
fn durations_of_nothing_and_of_forever_have_an_answer() {
    let clock = clock();
    let forever = Wait::new(Duration::MAX);
    let breaker = Breaker::builder("b").trip(Trip::consecutive(1)).wait(forever).clock(clock.clone()).build().unwrap();
    breaker.trip();
    clock.advance(Duration::from_secs(1 << 33));
    assert!(breaker.try_acquire().is_err());

    let none =
        Breaker::builder("b").trip(Trip::consecutive(1)).wait(Wait::new(Duration::ZERO)).slow_after(Duration::ZERO);
    let none = none.clock(clock).build().unwrap();
    none.try_acquire().unwrap().finish(Outcome::Failure);
    assert!(none.try_acquire().unwrap().is_trial(), "open for no time is half-open");
}

#[test]
fn what_makes_no_sense_is_refused_with_what_would() {
    fn check(builder: BreakerBuilder, says: &str) {
        assert_eq!(builder.build().expect_err(says).to_string(), says);
    }
    let tts = || Breaker::builder("tts");
    let ratio = "more than 0 and at most 1, such as 0.5";
    check(
        tts().trip(Trip::calls(9).failure_ratio(1.5)),
        &format!(r#"breaker "tts": 1.5 is no ratio to trip at: give {ratio}"#),
    );
    check(
        tts().trip(Trip::calls(9).failure_ratio(f64::NAN)),
        &format!(r#"breaker "tts": NaN is no ratio to trip at: give {ratio}"#),
    );
    check(
        tts().trip(Trip::calls(9)),
        r#"breaker "tts": none is no rule to trip by: give a failure ratio, a slow ratio or a number of failures in a row"#,
    );
    check(
        tts().trip(Trip::calls(9).slow_ratio(0.5)),
        r#"breaker "tts": none is no time after which a call is slow: give a `slow_after`, which a slow ratio needs"#,
    );
    check(
        tts().trial(Trial::new(3, 2)),
        r#"breaker "tts": 3 is no number of trial calls to succeed: give 1 to the number of trial calls"#,
    );
    check(tts().trial(Trial::new(1, 65)), r#"breaker "tts": 65 is no number of trial calls: give 1 to 64"#);
    check(
        tts().trip(Trip::calls(0).failure_ratio(0.5)),
        r#"breaker "tts": 0 is no window of calls: give 1 to 1048576 calls"#,
    );
    check(
        tts().wait(Wait::new(Duration::from_secs(1)).factor(0.5)),
        r#"breaker "tts": 0.5 is no factor of the wait: give at least 1, such as 2"#,
    );
}

#[test]
fn p29_the_closed_path_allocates_nothing() {
    let breakers = [
        Breaker::builder("count").trip(Trip::calls(100).failure_ratio(0.5)),
        Breaker::builder("time"),
        Breaker::builder("slow").trip(Trip::calls(100).slow_ratio(0.5)).slow_after(Duration::from_secs(9)),
        Breaker::builder("limited").max_in_flight(9),
    ];
    for breaker in breakers.map(|builder| builder.build().unwrap()) {
        let call = || {
            breaker.try_acquire().unwrap().finish(Outcome::Success);
            drop(Permit::acquire(breaker.clone()));
            let call = pin!(breaker.call(async { Ok::<_, ()>(()) }));
            assert!(call.poll(&mut Context::from_waker(Waker::noop())).is_ready());
        };
        call(); // a thread's first touch may
        let allocated = allocation_counter::measure(|| (0..100).for_each(|_| call()));
        assert_eq!(allocated.count_total, 0, "{}", breaker.name());
    }
}

#[test]
fn every_trial_call_is_one_whatever_else_the_breaker_looks_at() {
    let trip = || Trip::calls(9).failure_ratio(0.5);
    let slow = Duration::from_secs(9);
    let builders = [
        Breaker::builder("counted").trip(trip()),
        Breaker::builder("limited").trip(trip()).max_in_flight(64),
        Breaker::builder("timed"),
        Breaker::builder("timed and limited").max_in_flight(64),
        Breaker::builder("slow").trip(trip().slow_ratio(0.5)).slow_after(slow),
        Breaker::builder("slow and limited").trip(trip().slow_ratio(0.5)).slow_after(slow).max_in_flight(64),
    ];
    for builder in builders {
        let clock = clock();
        let breaker = builder.trial(Trial::new(64, 64)).clock(clock.clone()).build().unwrap();
        breaker.trip();
        clock.advance(Duration::from_secs(60));
        let trials: Vec<_> = (0..64).map(|_| breaker.try_acquire().unwrap()).collect();
        assert!(trials.iter().all(Permit::is_trial));
        trials.into_iter().for_each(|trial| trial.finish(Outcome::Success));
        let after = breaker.snapshot();
        assert_eq!((after.state, after.trials_in_use, after.in_flight), (State::Closed, 0, 0), "{}", breaker.name());
        let again: Vec<_> = (0..64).map_while(|_| breaker.try_acquire().ok()).collect();
        assert_eq!(again.len(), 64, "{}: a call that ended makes room", breaker.name());
    }
}

#[test]
fn p22_a_breaker_that_opens_while_it_paces_refuses_at_a_glance() {
    let breaker =
        Breaker::builder("b").wait(Wait::new(Duration::from_secs(5)).jitter(0.0)).clock(clock()).build().unwrap();
    breaker.try_acquire().unwrap().finish(Outcome::Throttled(Some(Duration::from_secs(50))));
    breaker.trip();
    assert_eq!(breaker.refusal().map(|refusal| refusal.reason), Some(Reason::Open));
}
