//! Slow calls: judged when they end, and when they are late; and what a slow start lets through.

use std::time::Duration;

use bellwether_breaker::{Breaker, BreakerBuilder, Outcome, Permit, Reason, State, Trial, Trip, Wait, Why};
use bellwether_core::{Clock, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

const SLOW: Duration = Duration::from_secs(2);

fn clock() -> Clock {
    Clock::manual(Timestamp::from_unix_seconds(1_700_000_000))
}

fn builder(clock: &Clock) -> BreakerBuilder {
    Breaker::builder("b")
        .trip(Trip::time(Duration::from_secs(60)).slow_ratio(0.5).min_calls(4))
        .slow_after(SLOW)
        .wait(Wait::new(Duration::from_secs(5)).jitter(0.0))
        .clock(clock.clone())
}

#[test]
fn p15_a_late_success_is_slow_and_enough_of_them_trip() {
    let clock = clock();
    let breaker = builder(&clock).build().unwrap();
    for late in [false, false, true, true] {
        let permit = breaker.try_acquire().unwrap();
        clock.advance(if late { SLOW + Duration::from_nanos(1) } else { SLOW });
        permit.finish(Outcome::Success);
    }
    let tripped = breaker.snapshot();
    assert_eq!(tripped.state, State::Open);
    assert_eq!((tripped.outcome(Outcome::Success), tripped.outcome(Outcome::Slow)), (2, 2));
    assert_eq!(tripped.transitions().next(), Some((State::Closed, State::Open, Why::SlowRatio, 1)));
}

#[test]
fn p15_calls_that_hang_trip_when_they_are_late_and_not_only_when_they_return() {
    let clock = clock();
    let breaker = builder(&clock).build().unwrap();
    let hanging: Vec<_> = (0..4).map(|_| Permit::acquire(breaker.clone()).unwrap()).collect();
    clock.advance(SLOW);
    assert_eq!(breaker.snapshot().hung, 0);
    assert!(breaker.try_acquire().is_ok());
    // Within a quarter of it.
    clock.advance(SLOW / 4);
    assert_eq!(breaker.try_acquire().unwrap_err().reason, Reason::Open);
    drop(hanging);
    assert_eq!(breaker.snapshot().outcome(Outcome::Slow), 4, "given up since they were late");
}

#[test]
fn a_call_that_times_out_is_a_failure_however_late() {
    let clock = clock();
    let breaker = builder(&clock).trip(Trip::calls(4).failure_ratio(1.0)).build().unwrap();
    for _ in 0..4 {
        let permit = breaker.try_acquire().unwrap();
        clock.advance(SLOW * 3);
        permit.finish(Outcome::Failure);
    }
    assert_eq!(breaker.state(), State::Open);
}

proptest! {
    #[test]
    fn p15_what_hangs_is_known_to_within_a_quarter(
        steps in vec((prop_oneof![0_u64..500, 0_u64..20_000], 0_u8..4), 1..200),
        trips in vec(0_usize..200, 0..3),
    ) {
        let clock = clock();
        // So many calls that no share of slow ones trips by itself.
        let breaker = builder(&clock).trip(Trip::time(Duration::from_secs(60)).slow_ratio(1.0).min_calls(u32::MAX)).build().unwrap();
        let (mut running, mut now) = (Vec::new(), Duration::ZERO);
        for (at, (millis, what)) in steps.into_iter().enumerate() {
            now += Duration::from_millis(millis);
            clock.advance(Duration::from_millis(millis));
            if trips.contains(&at) {
                // Whatever runs is of the past now.
                breaker.reset();
                running.iter_mut().for_each(|(_, began)| *began = None);
            }
            match what {
                0 if !running.is_empty() => drop(running.swap_remove(at % running.len())),
                1 if !running.is_empty() => {
                    let (permit, _): (Permit, _) = running.swap_remove(at % running.len());
                    permit.finish(Outcome::Success);
                }
                _ => running.push((Permit::acquire(breaker.clone()).unwrap(), Some(now))),
            }
            let later = |limit: Duration| {
                running.iter().filter(|(_, began)| began.is_some_and(|began| now - began > limit)).count() as u64
            };
            let hung = breaker.snapshot().hung;
            // A quarter for the stretch, and as much for calls that began in the stretch of a reset.
            let (least, most) = (later(SLOW * 3 / 2), later(SLOW));
            let fresh = trips.iter().any(|trip| *trip <= at);
            prop_assert!(hung <= most && (fresh || least <= hung), "{least} <= {hung} <= {most}");
        }
        running.clear();
        prop_assert_eq!((breaker.snapshot().hung, breaker.snapshot().in_flight), (0, 0));
    }

    #[test]
    fn p25_after_closing_calls_are_let_through_little_by_little(millis in 1_u64..50, ramp in 2_u64..30) {
        let clock = clock();
        let breaker = builder(&clock)
            .trip(Trip::consecutive(1))
            .trial(Trial::new(1, 1))
            .slow_start(Duration::from_secs(ramp))
            .build()
            .unwrap();
        breaker.trip();
        clock.advance(Duration::from_secs(6));
        breaker.try_acquire().unwrap().finish(Outcome::Success);
        // Callers come evenly; of those of each fifth of the ramp, no larger share is let through than it has come to.
        let (mut at, step) = (Duration::ZERO, Duration::from_millis(millis));
        for fifth in 1..=5_u32 {
            let (mut came, mut let_through) = (0_u32, 0_u32);
            while at < Duration::from_secs(ramp) * fifth / 5 {
                came += 1;
                let_through += u32::from(breaker.try_acquire().is_ok_and(|permit| {
                    permit.finish(Outcome::Success);
                    true
                }));
                clock.advance(step);
                at += step;
            }
            let share = f64::from(let_through) / f64::from(came);
            let most = f64::from(fifth) / 5.0 + 2.0 / f64::from(came);
            let least = f64::from(fifth - 1) / 5.0 - 2.0 / f64::from(came);
            prop_assert!((least..=most).contains(&share), "{share} of the {fifth}. fifth");
        }
        prop_assert!(breaker.try_acquire().is_ok());
    }
}

#[test]
fn p25_breakers_do_not_come_back_at_once() {
    let clock = clock();
    let waits: std::collections::BTreeSet<_> = (0..50)
        .map(|_| {
            let breaker = Breaker::builder("b").clock(clock.clone()).build().unwrap();
            breaker.trip();
            breaker.snapshot().open_for
        })
        .collect();
    assert!(waits.len() > 40, "{} different waits of 50", waits.len());
}
