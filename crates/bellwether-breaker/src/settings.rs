//! What a breaker is told when it is made, and the builder that takes it.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use bellwether_core::Clock;

use crate::breaker::Breaker;
use crate::error::Error;
use crate::events::OnTransition;
use crate::lane::Ruler;
use crate::retries::Retries;
use crate::transition::{Mode, Transition};
use crate::trial::Trial;
use crate::trip::{Span, Trip};
use crate::wait::Wait;

/// Describes a breaker; from [`Breaker::builder`].
#[derive(Clone)]
#[must_use = "a breaker is made by `build`"]
pub struct BreakerBuilder {
    name: Arc<str>,
    clock: Clock,
    trip: Trip,
    wait: Wait,
    trial: Trial,
    slow_after: Option<Duration>,
    slow_start: Duration,
    max_in_flight: Option<u32>,
    retries: Option<Retries>,
    mode: Mode,
    seed: Option<u64>,
    listener: Option<Arc<OnTransition>>,
}

/// What does not change while a breaker lives.
pub(crate) struct Settings {
    pub(crate) name: Arc<str>,
    pub(crate) trip: Trip,
    pub(crate) wait: Wait,
    pub(crate) trial: Trial,
    /// Nanoseconds; the end of time if nothing is ever slow.
    pub(crate) slow_after: u64,
    pub(crate) slow_start: Duration,
    pub(crate) max_in_flight: Option<u32>,
    pub(crate) retries: Option<Retries>,
    /// There if running calls are watched.
    pub(crate) ruler: Option<Ruler>,
    pub(crate) seed: u64,
    pub(crate) listener: Option<Arc<OnTransition>>,
}

impl BreakerBuilder {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            clock: Clock::system(),
            trip: Trip::default(),
            wait: Wait::default(),
            trial: Trial::default(),
            slow_after: None,
            slow_start: Duration::ZERO,
            max_in_flight: None,
            retries: None,
            mode: Mode::Normal,
            seed: None,
            listener: None,
        }
    }

    /// The same for a breaker of another name.
    pub fn name(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// When it trips. Default: half of the calls of the last ten seconds, if they are twenty.
    pub fn trip(mut self, trip: Trip) -> Self {
        self.trip = trip;
        self
    }

    /// How long it stays open. Default: five seconds, then ten, up to a minute.
    pub fn wait(mut self, wait: Wait) -> Self {
        self.wait = wait;
        self
    }

    /// Which trial calls close it again. Default: two of three.
    pub fn trial(mut self, trial: Trial) -> Self {
        self.trial = trial;
        self
    }

    /// A success that takes longer is slow, and so is a call that was given up later than this. Default: nothing is slow.
    pub fn slow_after(mut self, limit: Duration) -> Self {
        self.slow_after = Some(limit);
        self
    }

    /// After closing, calls are let through little by little for so long. Default: all at once.
    pub fn slow_start(mut self, ramp: Duration) -> Self {
        self.slow_start = ramp;
        self
    }

    /// The most calls that may be under way at one time. Default: any number.
    pub fn max_in_flight(mut self, calls: u32) -> Self {
        self.max_in_flight = Some(calls);
        self
    }

    /// How many retries there may be. Default: [`Breaker::try_retry`] is not limited.
    pub fn retries(mut self, budget: Retries) -> Self {
        self.retries = Some(budget);
        self
    }

    /// Who decides at first. Default: the results of calls.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// The clock by which everything is timed.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes chance repeatable: breakers of one seed wait alike. Default: no two do.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Called after every transition, in order, outside of any lock; it may use the breaker. Whoever caused the transition
    /// waits for it, so it must be quick.
    pub fn on_transition(mut self, listener: impl Fn(&Transition) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Makes the breaker.
    ///
    /// # Errors
    /// If a setting makes no sense; the error says which, and what would.
    pub fn build(self) -> Result<Breaker, Error> {
        let retries = self.retries.as_ref().map_or(Ok(()), Retries::check);
        let checked = self.trip.check().and(self.wait.check()).and(self.trial.check()).and(retries);
        checked.map_err(|(what, given, accepted)| Error::new(&self.name, what, given, accepted))?;
        if self.trip.judges_slowness() && self.slow_after.is_none() {
            let accepted = "a `slow_after`, which a slow ratio needs";
            return Err(Error::new(&self.name, "time after which a call is slow", "none".to_owned(), accepted));
        }
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let slow_after = self.slow_after.map_or(u64::MAX, nanos);
        let settings = Settings {
            name: self.name,
            ruler: self.trip.judges_slowness().then(|| Ruler::new(slow_after)),
            trip: self.trip,
            wait: self.wait,
            trial: self.trial,
            slow_after,
            slow_start: self.slow_start,
            max_in_flight: self.max_in_flight,
            retries: self.retries,
            seed: self.seed.unwrap_or_else(|| RandomState::new().hash_one(())),
            listener: self.listener,
        };
        Ok(Breaker::new(settings, self.clock, self.mode))
    }
}

impl Settings {
    pub(crate) fn is_heard(&self) -> bool {
        self.listener.is_some()
    }

    /// Whether a success has to be timed to be counted in the right place.
    pub(crate) fn is_timed(&self) -> bool {
        self.slow_after != u64::MAX || matches!(self.trip.span, Span::Time(_))
    }
}

impl fmt::Debug for BreakerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerBuilder").field("name", &self.name).field("trip", &self.trip).finish_non_exhaustive()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("name", &self.name).field("trip", &self.trip).finish_non_exhaustive()
    }
}
