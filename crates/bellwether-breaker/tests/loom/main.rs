//! Where threads meet in a breaker, in every order of events that matters: loom runs the very files of the library.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "the library uses and publishes all of it")]
#![allow(clippy::modulo_one, reason = "the library has more lanes")]

#[path = "../../src/breaker.rs"]
mod breaker;
#[path = "../../src/call.rs"]
mod call;
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/events.rs"]
mod events;
#[path = "../../src/gate.rs"]
mod gate;
#[path = "../../src/lane.rs"]
mod lane;
#[path = "../../../bellwether-core/src/lanes.rs"]
mod lanes;
#[path = "../../src/machine.rs"]
mod machine;
#[path = "../../src/metrics.rs"]
mod metrics;
#[path = "../../src/outcome.rs"]
mod outcome;
#[path = "../../src/permit.rs"]
mod permit;
#[path = "../../src/rejected.rs"]
mod rejected;
#[path = "../../src/retries.rs"]
mod retries;
#[path = "../../src/running.rs"]
mod running;
#[path = "../../src/settings.rs"]
mod settings;
#[path = "../../src/snapshot.rs"]
mod snapshot;
#[path = "../../../bellwether-core/tests/it/sync.rs"]
mod sync;
#[path = "../../src/ticket.rs"]
mod ticket;
#[path = "../../src/transition.rs"]
mod transition;
#[path = "../../src/trial.rs"]
mod trial;
#[path = "../../src/trip.rs"]
mod trip;
#[path = "../../src/wait.rs"]
mod wait;
#[path = "../../src/window/mod.rs"]
mod window;

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bellwether_core::{Clock, Timestamp};
use loom::thread;

use breaker::Breaker;
use outcome::Outcome;
use permit::Permit;
use rejected::Reason;
use settings::BreakerBuilder;
use transition::{State, Transition, Why};
use trial::Trial;
use trip::Trip;
use wait::Wait;

/// Runs a model in every order with at most two forced switches between threads.
fn model(run: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.max_branches = 20_000;
    model.check(run);
}

fn clock() -> Clock {
    Clock::manual(Timestamp::from_unix_seconds(1_700_000_000))
}

/// Trips at the second failure in a row; one of two trial calls closes it.
fn builder(clock: &Clock) -> BreakerBuilder {
    Breaker::builder("b")
        .trip(Trip::consecutive(2))
        .wait(Wait::new(Duration::from_secs(5)).jitter(0.0))
        .trial(Trial::new(1, 2).lease(Duration::from_secs(5)))
        .clock(clock.clone())
}

fn build(builder: BreakerBuilder) -> Breaker {
    builder.seed(1).build().expect("legal settings")
}

/// A breaker that has been open for long enough.
fn expired(clock: &Clock, builder: BreakerBuilder) -> Breaker {
    let breaker = build(builder);
    breaker.trip();
    clock.advance(Duration::from_secs(6));
    breaker
}

/// Runs one closure in two threads and, as the third, here.
fn thrice(breaker: &Breaker, run: impl Fn(&Breaker) + Send + Sync + 'static) {
    let run = Arc::new(run);
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (breaker, run) = (breaker.clone(), Arc::clone(&run));
            thread::spawn(move || run(&breaker))
        })
        .collect();
    run(breaker);
    threads.into_iter().for_each(|thread| thread.join().expect("it ran to its end"));
}

#[test]
fn p01_no_more_trial_calls_are_out_than_there_may_be() {
    model(|| {
        let clock = clock();
        let breaker = expired(&clock, builder(&clock));
        let out = Arc::new(AtomicU32::new(0));
        thrice(&breaker, move |breaker| {
            if let Ok(permit) = breaker.try_acquire() {
                if permit.is_trial() {
                    assert!(out.fetch_add(1, SeqCst) < 2, "a third trial call is out");
                    out.fetch_sub(1, SeqCst);
                }
                drop(permit);
            }
        });
        assert_eq!(breaker.snapshot().trials_in_use, 0);
    });
}

#[test]
fn p03_a_straggler_changes_nothing_of_what_came_after() {
    for outcome in [Outcome::Success, Outcome::Failure] {
        model(move || {
            let clock = clock();
            let breaker = build(builder(&clock).trip(Trip::calls(4).failure_ratio(1.0).min_calls(2)));
            let straggler = Permit::acquire(breaker.clone()).expect("it is closed");
            let finish = thread::spawn(move || straggler.finish(outcome));
            breaker.trip();
            clock.advance(Duration::from_secs(6));
            let trial = breaker.try_acquire().expect("it may be tried");
            assert!(trial.is_trial());
            assert_eq!(breaker.state(), State::HalfOpen);
            trial.finish(Outcome::Success);
            assert_eq!(breaker.state(), State::Closed);
            finish.join().expect("it ran to its end");
            let after = breaker.snapshot();
            assert_eq!((after.state, after.window.calls()), (State::Closed, 0), "{outcome:?} of before counts");
            assert_eq!(after.outcome(outcome), 1 + u64::from(outcome == Outcome::Success));
        });
    }
}

#[test]
fn p08_threads_that_fail_together_trip_once() {
    model(|| {
        let clock = clock();
        let told = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&told);
        let breaker = build(builder(&clock).on_transition(move |transition: &Transition| {
            listener.lock().unwrap().push((transition.from, transition.to, transition.why));
        }));
        let permits: Vec<_> = (0..3).map(|_| Permit::acquire(breaker.clone()).expect("it is closed")).collect();
        let permits = Mutex::new(permits);
        thrice(&breaker, move |_| {
            let permit = permits.lock().unwrap().pop().expect("one for each");
            permit.finish(Outcome::Failure);
        });
        assert_eq!(*told.lock().unwrap(), [(State::Closed, State::Open, Why::Consecutive)]);
        assert_eq!(breaker.snapshot().transitions().map(|(.., count)| count).sum::<u64>(), 1);
    });
}

#[test]
fn p09_threads_that_come_when_the_wait_is_over_begin_one_half_open_time() {
    model(|| {
        let clock = clock();
        let breaker = expired(&clock, builder(&clock).trial(Trial::new(1, 1)));
        let admitted = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&admitted);
        thrice(&breaker, move |breaker| match breaker.try_acquire() {
            Ok(permit) => {
                assert!(permit.is_trial(), "admitted by a state that was over");
                count.fetch_add(1, SeqCst);
                std::mem::forget(permit);
            }
            Err(rejected) => assert_eq!(rejected.reason, Reason::HalfOpenFull),
        });
        assert_eq!(admitted.load(SeqCst), 1);
        let begun =
            breaker.snapshot().transitions().find(|(_, to, ..)| *to == State::HalfOpen).map(|(.., count)| count);
        assert_eq!(begun, Some(1));
    });
}

#[test]
fn p19_listeners_hear_each_transition_once_in_order_and_may_use_the_breaker() {
    model(|| {
        let clock = clock();
        let told = Arc::new(Mutex::new(Vec::new()));
        let (listener, back) = (Arc::clone(&told), Arc::new(Mutex::new(None::<Breaker>)));
        let (own, turn) = (Arc::clone(&back), loom::sync::atomic::AtomicU32::new(0));
        let breaker = build(builder(&clock).on_transition(move |transition: &Transition| {
            // Here another thread may be quicker, as far as loom sees.
            turn.fetch_add(1, SeqCst);
            listener.lock().unwrap().push((transition.from, transition.to));
            let breaker = own.lock().unwrap().clone();
            breaker.inspect(|breaker| drop((breaker.state(), breaker.snapshot(), breaker.try_acquire())));
            assert!(transition.to == State::Open, "a listener that panics is none of the caller's business");
        }));
        *back.lock().unwrap() = Some(breaker.clone());
        let other = breaker.clone();
        let tripping = thread::spawn(move || other.trip());
        breaker.reset();
        tripping.join().expect("it ran to its end");
        breaker.trip();
        let told = told.lock().unwrap();
        assert!(told.windows(2).all(|pair| pair[0].1 == pair[1].0), "out of order: {told:?}");
        assert_eq!(told.len() as u64, breaker.snapshot().transitions().map(|(.., count)| count).sum::<u64>());
        *back.lock().unwrap() = None;
    });
}

#[test]
fn p20_p28_a_snapshot_adds_up_whenever_it_is_taken() {
    model(|| {
        let clock = clock();
        let breaker = build(builder(&clock).trip(Trip::calls(3).failure_ratio(1.0)));
        let other = breaker.clone();
        let calls = thread::spawn(move || {
            other.try_acquire().expect("it is closed").finish(Outcome::Success);
            other.try_acquire().expect("it is closed").finish(Outcome::Failure);
        });
        let own = breaker.try_acquire().expect("it is closed");
        let during = breaker.snapshot();
        let ended = during.outcome(Outcome::Success) + during.outcome(Outcome::Failure);
        assert!(during.in_flight >= 1 && during.admitted == ended + during.in_flight, "{during:?}");
        assert_eq!(during.window.calls(), during.window.successes + during.window.failures);
        own.finish(Outcome::Success);
        calls.join().expect("it ran to its end");
        let after = breaker.snapshot();
        assert_eq!((after.admitted, after.in_flight, after.window.successes, after.window.failures), (3, 0, 2, 1));
    });
}

#[test]
fn p03_a_success_is_counted_where_it_belongs_or_not_at_all() {
    model(|| {
        let totals = Arc::new(lane::Totals::default());
        // Two threads have lanes of their own; whoever comes then shares one.
        let of = |generation| {
            let totals = Arc::clone(&totals);
            thread::spawn(move || totals.succeed(generation))
        };
        totals.succeed(1);
        of(1).join().expect("it ran to its end");
        let (old, new) = (of(1), of(2));
        old.join().expect("it ran to its end");
        new.join().expect("it ran to its end");
        assert_eq!((totals.successes_of(2), totals.successes()), (1, 4));
    });
}
