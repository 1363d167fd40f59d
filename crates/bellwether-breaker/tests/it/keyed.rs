//! Breakers by key: bounded, the same for the same key, and none goes that keeps calls away.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bellwether_breaker::{Breaker, BreakerBuilder, Breakers, Mode, Outcome, Reason, State, Trip, Wait};
use bellwether_core::{Clock, Timestamp};
use proptest::prelude::*;

const WAIT: Duration = Duration::from_secs(5);

fn template(clock: &Clock) -> BreakerBuilder {
    Breaker::builder("b").trip(Trip::consecutive(1)).wait(Wait::new(WAIT).jitter(0.0)).clock(clock.clone())
}

fn at_most(max_keys: usize) -> (Breakers, Clock) {
    let clock = Clock::manual(Timestamp::default());
    (Breakers::new(template(&clock), max_keys).unwrap(), clock)
}

/// Whether a breaker still knows that it was used.
fn is_known(breakers: &Breakers, key: &str) -> bool {
    breakers.all().iter().any(|breaker| breaker.name() == format!("b/{key}"))
}

fn is_overflow(breaker: &Breaker) -> bool {
    breaker.name() == "b"
}

#[test]
fn p26_the_same_key_has_the_same_breaker() {
    let (breakers, _) = at_most(2);
    breakers.get("a").trip();
    assert_eq!(breakers.get("a").state(), State::Open);
    assert_eq!(breakers.get("b").state(), State::Closed);
    assert_eq!(breakers.clone().get("a").state(), State::Open);
}

#[test]
fn p26_what_was_not_asked_for_lately_goes() {
    let (breakers, _) = at_most(3);
    for key in ["a", "b", "c"] {
        breakers.get(key);
    }
    breakers.get("d");
    assert_eq!(["a", "b", "c", "d"].map(|key| is_known(&breakers, key)), [false, true, true, true]);
    breakers.get("b");
    breakers.get("e");
    assert_eq!(["b", "c", "d", "e"].map(|key| is_known(&breakers, key)), [true, false, true, true]);
    let snapshot = breakers.snapshot();
    assert_eq!((snapshot.keys, snapshot.max_keys, snapshot.evicted, snapshot.overflowed), (3, 3, 2, 0));
}

#[test]
fn p26_an_open_breaker_stays_until_its_time_is_over() {
    let (breakers, clock) = at_most(2);
    for key in ["a", "b"] {
        breakers.get(key).trip();
    }
    assert!(is_overflow(&breakers.get("c")));
    clock.advance(WAIT - Duration::from_nanos(1));
    assert!(is_overflow(&breakers.get("c")));
    assert_eq!(breakers.snapshot().overflowed, 2);
    clock.advance(Duration::from_nanos(1));
    assert!(!is_overflow(&breakers.get("c")));
}

#[test]
fn p26_a_breaker_that_paces_stays_while_it_does() {
    let (breakers, clock) = at_most(1);
    breakers.get("a").try_acquire().unwrap().finish(Outcome::Throttled(Some(WAIT)));
    assert!(is_overflow(&breakers.get("b")));
    assert_eq!(breakers.get("a").try_acquire().unwrap_err().reason, Reason::Throttled);
    clock.advance(WAIT);
    assert!(!is_overflow(&breakers.get("b")));
}

#[test]
fn p26_what_somebody_holds_or_decided_stays() {
    let (breakers, clock) = at_most(1);
    let held = breakers.get("a");
    assert!(is_overflow(&breakers.get("b")));
    let permit = held.try_acquire().unwrap();
    permit.finish(Outcome::Success);
    drop(held);
    breakers.get("c").set_mode(Mode::ForcedOpen);
    clock.advance(WAIT * 1000);
    assert!(is_overflow(&breakers.get("a")));
    breakers.get("c").set_mode(Mode::Normal);
    assert!(!is_overflow(&breakers.get("a")));
    // A template's own mode is no decision about one of them.
    let shadow = Breakers::new(template(&clock).mode(Mode::Shadow), 1).unwrap();
    shadow.get("a");
    assert!(!is_overflow(&shadow.get("b")));
}

#[test]
fn p26_a_half_open_breaker_can_go_when_no_trial_is_under_way() {
    let (breakers, clock) = at_most(1);
    breakers.get("a").trip();
    clock.advance(WAIT);
    let half_open = breakers.get("a");
    let trial = half_open.try_acquire().unwrap();
    assert!(is_overflow(&breakers.get("b")));
    trial.finish(Outcome::Success);
    assert_eq!(half_open.state(), State::HalfOpen);
    drop(half_open);
    assert!(!is_overflow(&breakers.get("b")));
}

#[test]
fn the_overflow_is_a_breaker_too() {
    let (breakers, _) = at_most(0);
    breakers.get("a").trip();
    assert_eq!(breakers.get("b").state(), State::Open);
    assert_eq!(breakers.overflow().state(), State::Open);
    assert_eq!(breakers.snapshot().keys, 0);
}

#[test]
fn keys_of_any_kind() {
    let (breakers, _) = at_most(10);
    for key in ["", "ключ", "a/b", "\0\n\"", &"x".repeat(254)] {
        assert_eq!(breakers.get(key).name(), format!("b/{key}"));
    }
    assert!(is_overflow(&breakers.get(&"x".repeat(255))));
    assert!(is_overflow(&breakers.get(&"x".repeat(1 << 20))));
}

#[test]
fn a_template_that_makes_no_sense_is_refused_at_once() {
    let error = Breakers::new(Breaker::builder("b").wait(Wait::new(WAIT).jitter(2.0)), 10).unwrap_err();
    assert!(error.to_string().contains("jitter"), "{error}");
}

#[test]
fn p26_ten_thousand_keys() {
    let (breakers, _) = at_most(100);
    let open: Vec<String> = (0..40).map(|key| format!("open {key}")).collect();
    open.iter().for_each(|key| breakers.get(key).trip());
    for key in 0..10_000 {
        assert!(!is_overflow(&breakers.get(&key.to_string())));
    }
    assert!(open.iter().all(|key| breakers.get(key).state() == State::Open));
    let snapshot = breakers.snapshot();
    assert_eq!((snapshot.keys, snapshot.evicted, snapshot.overflowed), (100, 9940, 0));
}

#[test]
fn p26_ten_thousand_open_keys() {
    let (breakers, clock) = at_most(10_000);
    (0..10_000).for_each(|key| breakers.get(&key.to_string()).trip());
    (10_000..20_000).for_each(|key| assert!(is_overflow(&breakers.get(&key.to_string()))));
    assert_eq!((breakers.snapshot().evicted, breakers.snapshot().overflowed), (0, 10_000));
    // Among many that must stay, the few that need not are found sooner or later.
    clock.advance(WAIT / 2);
    (9_900..10_000).for_each(|key| breakers.get(&key.to_string()).reset());
    (20_000..20_200).for_each(|key| drop(breakers.get(&key.to_string())));
    assert!(breakers.snapshot().evicted >= 100);
}

#[test]
fn p26_threads_that_race_for_a_key_get_one_breaker() {
    // As many as can be held at one time, so that none is the overflow.
    let (breakers, _) = at_most(14);
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let breakers = &breakers;
            scope.spawn(move || {
                for round in 0..3000 {
                    let key = ((thread + round) % 6).to_string();
                    let (one, other) = (breakers.get(&key), breakers.get(&key));
                    let admitted = one.snapshot().admitted;
                    other.try_acquire().unwrap().finish(Outcome::Success);
                    assert!(one.snapshot().admitted > admitted);
                    // Others come and go meanwhile.
                    breakers.get(&format!("{thread}.{round}"));
                    assert_eq!(breakers.get(&key).name(), one.name());
                }
            });
        }
    });
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Get(u8),
    Hold(u8),
    Release,
    Trip(u8),
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..12_u8).prop_map(Step::Get),
        1 => (0..12_u8).prop_map(Step::Hold),
        1 => Just(Step::Release),
        2 => (0..12_u8).prop_map(Step::Trip),
        1 => (0..4_u64).prop_map(Step::Advance),
    ]
}

proptest! {
    #[test]
    fn p26_what_is_open_or_held_is_never_lost(max_keys in 0..6_usize, steps in prop::collection::vec(step(), 0..100)) {
        let (breakers, clock) = at_most(max_keys);
        let mut held: Vec<Breaker> = Vec::new();
        let mut open_until = std::collections::HashMap::new();
        let mut now = 0;
        for step in steps {
            match step {
                Step::Get(key) => drop(breakers.get(&key.to_string())),
                Step::Hold(key) => held.push(breakers.get(&key.to_string())),
                Step::Release => drop(held.pop()),
                Step::Trip(key) => {
                    let breaker = breakers.get(&key.to_string());
                    if breaker.state() == State::Closed && !is_overflow(&breaker) {
                        breaker.trip();
                        open_until.insert(key, now + WAIT.as_secs());
                    }
                }
                Step::Advance(by) => {
                    now += by;
                    clock.advance(Duration::from_secs(by));
                }
            }
            prop_assert!(breakers.snapshot().keys <= max_keys);
            for (key, until) in &open_until {
                if now < *until {
                    prop_assert!(is_known(&breakers, &key.to_string()));
                }
            }
            let all = breakers.all();
            prop_assert!(held.iter().all(|breaker| all.iter().any(|known| known.name() == breaker.name())));
        }
    }
}

#[test]
fn keys_are_shown_as_they_come_and_no_more_than_fit() {
    use bellwether_core::{Handle, Registry};

    let registry = Registry::new();
    let breakers = Breakers::new(Breaker::builder("llm"), 1000).unwrap();
    breakers.get("early").try_acquire().unwrap().finish(Outcome::Success);
    breakers.show(&registry).unwrap();
    (0..300).for_each(|key| breakers.get(&key.to_string()).try_acquire().unwrap().finish(Outcome::Failure));
    let calls = |name: &str, outcome: &str| {
        let metric = registry.metric("breaker.calls").unwrap();
        let own = |series: &&bellwether_core::Series| {
            (series.label("breaker"), series.label("outcome")) == (Some(name), Some(outcome))
        };
        match metric.series().find(own).map(bellwether_core::Series::handle) {
            Some(Handle::Counter(counter)) => Some(counter.value()),
            _ => None,
        }
    };
    assert_eq!((calls("llm/early", "success"), calls("llm/0", "failure")), (Some(1), Some(1)));
    assert_eq!((calls("llm/299", "failure"), calls("llm", "failure")), (None, Some(0)));
    let keys = registry.metric("breaker.keys").unwrap();
    assert!(matches!(keys.series().next().unwrap().handle(), Handle::Gauge(keys) if keys.value() == 301.0));
    for metric in registry.metrics() {
        assert!(metric.overflow().is_none(), "{} overflows", metric.name());
    }
}

#[test]
fn a_listener_of_a_template_hears_whose_state_it_is() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&heard);
    let template = Breaker::builder("openai").trip(Trip::consecutive(1));
    let template =
        template.on_transition(move |change| told.lock().unwrap().push((change.breaker.to_string(), change.to)));
    let breakers = Breakers::new(template, 4).unwrap();
    for key in ["gpt-4o", "whisper-1"] {
        breakers.get(key).try_acquire().unwrap().finish(Outcome::Failure);
    }
    let open = |name: &str| (name.to_owned(), State::Open);
    assert_eq!(*heard.lock().unwrap(), [open("openai/gpt-4o"), open("openai/whisper-1")]);
}
