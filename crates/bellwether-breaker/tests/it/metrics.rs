//! What a breaker shows adds up, is one state at a time, and outlives it.

use std::collections::BTreeMap;
use std::time::Duration;

use bellwether_breaker::{Breaker, BreakerBuilder, Mode, Outcome, Trial, Trip, Wait};
use bellwether_core::{Clock, Handle, Registry, Timestamp};

fn clock() -> Clock {
    Clock::manual(Timestamp::from_unix_seconds(1_700_000_000))
}

fn builder(clock: &Clock) -> BreakerBuilder {
    let wait = Wait::new(Duration::from_secs(5)).jitter(0.0);
    Breaker::builder("tts")
        .trip(Trip::calls(4).failure_ratio(0.5))
        .wait(wait)
        .trial(Trial::new(1, 2))
        .clock(clock.clone())
}

/// All samples that are not 0, by name and labels other than the breaker's.
fn shown(registry: &Registry) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    for metric in registry.metrics() {
        for series in metric.series() {
            let labels: Vec<_> =
                series.labels().filter(|(name, _)| *name != "breaker").map(|(_, value)| value).collect();
            let name = format!("{} {}", metric.name(), labels.join(" "));
            match series.handle() {
                Handle::Counter(counter) => drop(samples.insert(name, counter.value() as f64)),
                Handle::Gauge(gauge) => {
                    if let Some(level) = gauge.known() {
                        samples.insert(name, level);
                    }
                }
                Handle::StateSet(set) => {
                    let (_, states) = metric.states().unwrap();
                    samples.insert(format!("{name}{}", states[set.state()]), 1.0);
                }
                _ => {}
            }
        }
    }
    samples.retain(|_, value| *value != 0.0);
    samples
}

fn lines(registry: &Registry) -> String {
    shown(registry).into_iter().map(|(name, value)| format!("{name} = {value}\n")).collect()
}

#[test]
fn p28_everything_is_shown_and_adds_up() {
    let (clock, registry) = (clock(), Registry::new());
    let breaker = builder(&clock).build().unwrap();
    breaker.show(&registry).unwrap();
    for outcome in [Outcome::Success, Outcome::Failure, Outcome::Alive, Outcome::Success, Outcome::Failure] {
        breaker.try_acquire().unwrap().finish(outcome);
    }
    let late = breaker.try_acquire();
    assert!(late.is_err(), "it is open");
    clock.advance(Duration::from_secs(2));
    insta::assert_snapshot!(lines(&registry), @"
    breaker.calls alive = 1
    breaker.calls failure = 2
    breaker.calls success = 2
    breaker.open_until  = 3
    breaker.rejected open = 1
    breaker.state open = 1
    breaker.transitions closed failure_ratio open = 1
    ");
    clock.advance(Duration::from_secs(3));
    let trial = breaker.try_acquire().unwrap();
    assert_eq!(shown(&registry)["breaker.probe.permits_in_use "], 1.0);
    trial.finish(Outcome::Success);
    breaker.try_acquire().unwrap().finish(Outcome::Throttled(Some(Duration::from_secs(9))));
    let _ = breaker.try_acquire();
    insta::assert_snapshot!(lines(&registry), @"
    breaker.calls alive = 1
    breaker.calls failure = 2
    breaker.calls success = 3
    breaker.calls throttled = 1
    breaker.open_until  = 9
    breaker.rejected open = 1
    breaker.rejected throttled = 1
    breaker.state closed = 1
    breaker.transitions closed failure_ratio open = 1
    breaker.transitions half_open recovered closed = 1
    breaker.transitions open wait_over half_open = 1
    ");
}

#[test]
fn a_shadow_says_what_it_would_have_done_and_how_sure_it_is() {
    let (clock, registry) = (clock(), Registry::new());
    let breaker = builder(&clock).mode(Mode::Shadow).build().unwrap();
    breaker.show(&registry).unwrap();
    for at in 0..14 {
        breaker.try_acquire().unwrap().finish(if at < 4 || at == 13 { Outcome::Failure } else { Outcome::Success });
    }
    let samples = shown(&registry);
    assert_eq!((samples["breaker.would_reject "], samples["breaker.would_reject.succeeded "]), (10.0, 9.0));
    let shadow = breaker.snapshot().shadow;
    assert_eq!(shadow.wrong_ratio(), Some(0.9));
    let (least, most) = shadow.wrong_range().unwrap();
    assert!((least - 0.5958).abs() < 1e-4 && (most - 0.9821).abs() < 1e-4, "{least} {most}");
}

#[test]
fn counters_keep_what_a_breaker_that_is_gone_had_counted() {
    let (clock, registry) = (clock(), Registry::new());
    for round in 1..=3 {
        let breaker = builder(&clock).build().unwrap();
        breaker.show(&registry).unwrap();
        breaker.try_acquire().unwrap().finish(Outcome::Success);
        drop(breaker);
        assert_eq!(shown(&registry)["breaker.calls success"], f64::from(round));
    }
}

#[test]
fn a_state_that_changes_is_one_at_a_time() {
    let (clock, registry) = (clock(), Registry::new());
    let breaker = builder(&clock).build().unwrap();
    breaker.show(&registry).unwrap();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            (0..2000).for_each(|_| {
                breaker.trip();
                breaker.reset();
            })
        });
        for _ in 0..200 {
            let states: f64 =
                shown(&registry).iter().filter(|(name, _)| name.starts_with("breaker.state")).map(|(_, is)| is).sum();
            assert_eq!(states, 1.0);
        }
    });
}
