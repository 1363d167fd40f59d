//! Whatever is done with a breaker, it does what the model does, and its numbers add up.

use std::time::Duration;

use bellwether_breaker::{Breaker, Mode, Outcome, Permit, Reason, State, Trial, Trip, Wait};
use bellwether_core::{Clock, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::model::{self, Given, Model};

#[derive(Debug, Clone, Copy)]
enum Action {
    Acquire,
    Wait(Duration),
    /// Of the permits that are out, this one ends so.
    Finish(usize, Outcome),
    Drop(usize),
}

fn action() -> impl Strategy<Value = Action> {
    let outcome = prop_oneof![
        6 => Just(Outcome::Success),
        8 => Just(Outcome::Failure),
        1 => Just(Outcome::Slow).prop_map(|_| Outcome::Success),
        1 => Just(Outcome::Throttled(None)),
        1 => (0_u64..90).prop_map(|seconds| Outcome::Throttled(Some(Duration::from_secs(seconds)))),
        1 => Just(Outcome::Alive),
        1 => Just(Outcome::Neutral),
        1 => Just(Outcome::Cancelled),
    ];
    let wait = prop_oneof![0_u64..10, 0_u64..10_000, 5_000_u64..60_000];
    prop_oneof![
        5 => Just(Action::Acquire),
        5 => (0_usize..8, outcome).prop_map(|(at, outcome)| Action::Finish(at, outcome)),
        1 => (0_usize..8).prop_map(Action::Drop),
        2 => wait.prop_map(|millis| Action::Wait(Duration::from_millis(millis))),
    ]
}

fn clock() -> Clock {
    Clock::manual(Timestamp::from_unix_seconds(1_700_000_000))
}

fn breaker(clock: &Clock) -> Breaker {
    Breaker::builder("b")
        .trip(
            Trip::calls(model::CALLS as u32)
                .failure_ratio(0.5)
                .min_calls(model::MIN_CALLS as u32)
                .or_consecutive(model::IN_A_ROW as u32),
        )
        .wait(Wait::new(model::FIRST_WAIT).max(model::MAX_WAIT).jitter(0.0))
        .trial(Trial::new(model::SUCCESSES as u32, model::TRIALS as u32).lease(model::LEASE))
        .clock(clock.clone())
        .build()
        .expect("legal settings")
}

/// A breaker and its model, side by side.
struct Both {
    clock: Clock,
    breaker: Breaker,
    model: Model,
    now: Duration,
    out: Vec<(Permit, Given)>,
    acquired: u64,
    refused: u64,
    ended: u64,
}

impl Both {
    fn new() -> Self {
        let clock = clock();
        let breaker = breaker(&clock);
        Self {
            clock,
            breaker,
            model: Model::default(),
            now: Duration::ZERO,
            out: Vec::new(),
            acquired: 0,
            refused: 0,
            ended: 0,
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Wait(time) => {
                self.clock.advance(time);
                self.now += time;
            }
            Action::Acquire => match (Permit::acquire(self.breaker.clone()), self.model.acquire(self.now)) {
                (Ok(permit), Ok(given)) => {
                    self.acquired += 1;
                    self.out.push((permit, given));
                }
                (Err(rejected), Err(reason)) => {
                    self.refused += 1;
                    assert_eq!(rejected.reason, reason);
                }
                (is, should) => panic!("{is:?}, but the model says {should:?}"),
            },
            Action::Finish(at, outcome) if at < self.out.len() => {
                let (permit, given) = self.out.swap_remove(at);
                permit.finish(outcome);
                self.model.finish(given, outcome, self.now);
                self.ended += 1;
            }
            Action::Drop(at) if at < self.out.len() => {
                let (permit, given) = self.out.swap_remove(at);
                drop(permit);
                self.model.finish(given, Outcome::Cancelled, self.now);
                self.ended += 1;
            }
            Action::Finish(..) | Action::Drop(_) => {}
        }
    }

    fn check(&self) {
        let is = self.breaker.snapshot();
        assert_eq!(is.state, self.model.state());
        let (calls, failures) = self.model.window();
        assert_eq!((is.window.calls(), is.window.failures), (calls as u64, failures as u64));
        assert_eq!(is.window.failure_ratio().is_none(), calls == 0, "a ratio of nothing is not a number");
        assert_eq!((is.stale, is.leases_expired), (self.model.stale, self.model.expired));
        // p02, p28: every admission has one end, or is under way.
        let outcomes = [
            Outcome::Success,
            Outcome::Slow,
            Outcome::Failure,
            Outcome::Throttled(None),
            Outcome::Alive,
            Outcome::Neutral,
            Outcome::Cancelled,
        ];
        assert_eq!(outcomes.iter().map(|outcome| is.outcome(*outcome)).sum::<u64>(), self.ended);
        assert_eq!((is.admitted, is.in_flight), (self.acquired, self.out.len() as u64));
        assert_eq!(Reason::ALL.iter().map(|reason| is.rejected(*reason)).sum::<u64>(), self.refused);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn p02_p05_p06_p07_p14_p18_p28_it_does_what_the_model_does(actions in vec(action(), 1..120)) {
        let mut both = Both::new();
        for action in actions {
            both.act(action);
            both.check();
        }
    }

    #[test]
    fn p04_it_leaves_half_open_though_no_trial_call_ever_comes_back(actions in vec(action(), 0..80), step in 1_u64..2_000) {
        let mut both = Both::new();
        actions.into_iter().for_each(|action| both.act(action));
        if both.breaker.state() != State::HalfOpen {
            return Ok(());
        }
        // Callers come and never say how it went.
        let mut held = Vec::new();
        let mut waited = Duration::ZERO;
        while both.breaker.state() == State::HalfOpen {
            prop_assert!(waited <= model::LEASE * 2, "still half-open after {waited:?}");
            held.extend(both.breaker.try_acquire());
            both.clock.advance(Duration::from_millis(step));
            waited += Duration::from_millis(step);
        }
    }

    #[test]
    fn p13_a_wall_clock_that_jumps_changes_nothing(actions in vec(action(), 1..80), jumps in vec(0_u64..4_000_000_000, 80)) {
        let (mut still, mut jumping) = (Both::new(), Both::new());
        for (action, to) in actions.into_iter().zip(jumps) {
            still.act(action);
            jumping.act(action);
            jumping.clock.jump(Timestamp::from_unix_seconds(to));
            prop_assert_eq!(still.breaker.snapshot(), jumping.breaker.snapshot());
        }
    }

    #[test]
    fn p16_it_is_open_as_long_as_it_was_told_to_and_never_less(
        first in 1_u64..100, factor in 1.0_f64..4.0, jitter in 0.0_f64..1.0, times in 1_u32..12, seed: u64,
    ) {
        let clock = clock();
        let first = Duration::from_secs(first);
        let max = first * 20;
        let breaker = Breaker::builder("b")
            .trip(Trip::consecutive(1))
            .wait(Wait::new(first).factor(factor).max(max).jitter(jitter))
            .trial(Trial::new(1, 1))
            .clock(clock.clone())
            .seed(seed)
            .build()
            .unwrap();
        for time in 0..times {
            breaker.try_acquire().expect("it may be tried").finish(Outcome::Failure);
            let open_for = breaker.snapshot().open_for.expect("it is open");
            let told = first.as_secs_f64() * factor.powi(time as i32);
            let told = told.min(max.as_secs_f64());
            prop_assert!(open_for.as_secs_f64() >= told - 1e-6, "{open_for:?} < {told}");
            prop_assert!(open_for.as_secs_f64() <= told * (1.0 + jitter) + 1e-6, "{open_for:?} > {told}");
            clock.advance(open_for);
        }
    }

    #[test]
    fn p16_a_shorter_hint_never_shortens(hints in vec(0_u64..1_000, 1..20)) {
        let clock = clock();
        let breaker = Breaker::builder("b").wait(Wait::new(Duration::ZERO).max(Duration::from_secs(600))).clock(clock).build().unwrap();
        let permits: Vec<_> = hints.iter().map(|_| breaker.try_acquire().unwrap()).collect();
        let mut longest = 0;
        for (permit, hint) in permits.into_iter().zip(hints) {
            permit.finish(Outcome::Throttled(Some(Duration::from_secs(hint))));
            longest = longest.max(hint.min(600));
            let paced = breaker.snapshot().paced_for.unwrap_or_default();
            prop_assert_eq!(paced, Duration::from_secs(longest));
        }
    }

    #[test]
    fn p21_modes_do_what_they_say(actions in vec(action(), 1..60), later in vec(action(), 1..60)) {
        let mut both = Both::new();
        actions.into_iter().for_each(|action| both.act(action));
        let before = both.breaker.snapshot();
        both.breaker.set_mode(Mode::ForcedOpen);
        for _ in 0..10 {
            prop_assert_eq!(both.breaker.try_acquire().unwrap_err().reason, Reason::Forced);
            both.clock.advance(Duration::from_secs(100));
        }
        prop_assert_eq!(both.breaker.snapshot().admitted, before.admitted);

        both.breaker.set_mode(Mode::Disabled);
        for _ in 0..10 {
            both.breaker.try_acquire().expect("everything is let through").finish(Outcome::Failure);
        }
        let disabled = both.breaker.snapshot();
        prop_assert_eq!((disabled.state, disabled.window.calls()), (State::Disabled, 0));

        // What comes after is as if it were new, whatever is still out.
        both.breaker.set_mode(Mode::Normal);
        let (old, mut new) = (both, Both::new());
        let mut again = Both { breaker: old.breaker.clone(), clock: old.clock.clone(), ..Both::new() };
        for action in later {
            again.act(action);
            new.act(action);
            let (again, new) = (again.breaker.snapshot(), new.breaker.snapshot());
            prop_assert_eq!((again.state, again.window, again.open_for), (new.state, new.window, new.open_for));
        }
    }

    #[test]
    fn p21_shadow_refuses_nothing_and_trips_as_it_would(actions in vec(action(), 1..120)) {
        let clock = clock();
        let shadow = breaker(&clock);
        shadow.set_mode(Mode::Shadow);
        let (mut both, mut would) = (Both::new(), 0);
        let mut out = Vec::new();
        for action in actions {
            match action {
                Action::Acquire => {
                    let permit = shadow.try_acquire().expect("nothing is refused");
                    let real = both.model.acquire(both.now);
                    prop_assert_eq!(permit.is_shadow(), real.is_err());
                    would += u64::from(real.is_err());
                    out.push((permit, real.ok()));
                }
                Action::Wait(time) => {
                    clock.advance(time);
                    both.now += time;
                }
                Action::Finish(at, outcome) if at < out.len() => {
                    let (permit, given) = out.swap_remove(at);
                    permit.finish(outcome);
                    given.into_iter().for_each(|given| both.model.finish(given, outcome, both.now));
                }
                Action::Drop(at) if at < out.len() => {
                    let (permit, given) = out.swap_remove(at);
                    drop(permit);
                    given.into_iter().for_each(|given| both.model.finish(given, Outcome::Cancelled, both.now));
                }
                Action::Finish(..) | Action::Drop(_) => {}
            }
            let snapshot = shadow.snapshot();
            prop_assert_eq!((snapshot.state, snapshot.shadow.would_reject), (both.model.state(), would));
        }
    }
}
