//! What is left of the limits a dependency sets, as its answers last said.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bellwether_breaker::{Headroom, Hint};
use bellwether_core::{Error, Family, Gauge, Instant, Registry};

use crate::dependency::{Dependency, Inner};

/// What is left of a dependency's limits; from [`Dependency::limits`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Limits {
    /// Of requests; `None` if nothing was ever said of them.
    pub requests: Option<Allowance>,
    /// Of tokens, input or output, whichever is scarcer.
    pub tokens: Option<Allowance>,
}

/// What is left of one limit. What was not said, or is too old to go by, is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Allowance {
    /// How much there is when nothing is used.
    pub limit: Option<u64>,
    /// How much is left, as was said last.
    pub remaining: Option<u64>,
    /// The share that is used, 0 to 1.
    pub used: Option<f64>,
    /// How long until all of it is there again. Once that has passed, what is left is not known: others may use it, too.
    pub resets_in: Option<Duration>,
    /// How long ago it was said.
    pub age: Duration,
}

/// What a limit is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Requests,
    Tokens,
}

/// What was said last, and when.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<[Option<(Headroom, Instant)>; 2]>);

/// What is shown of limits, for all dependencies.
#[derive(Debug, Clone)]
pub(crate) struct LimitMetrics {
    limit: Family<Gauge, 2>,
    remaining: Family<Gauge, 2>,
    used: Family<Gauge, 2>,
    reset: Family<Gauge, 2>,
}

impl Unit {
    const ALL: [Self; 2] = [Self::Requests, Self::Tokens];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
        }
    }

    fn of(self, limits: &Limits) -> Option<Allowance> {
        match self {
            Self::Requests => limits.requests,
            Self::Tokens => limits.tokens,
        }
    }
}

impl LimitMetrics {
    pub(crate) fn new(registry: &Registry) -> Result<Self, Error> {
        let gauge = |name: &str, unit: &str, description: &str| {
            registry.gauge(name).unit(unit).description(description).labels(["dependency", "limit"]).family()
        };
        Ok(Self {
            limit: gauge("dependency.limit.size", "1", "How much a dependency allows.")?,
            remaining: gauge("dependency.limit.remaining", "1", "How much of it is left, as was said last.")?,
            used: gauge("dependency.limit.used", "1", "The share of it that is used, 0 to 1.")?,
            reset: gauge("dependency.limit.reset", "s", "How long until all of it is there again.")?,
        })
    }

    /// Series that ask when they are read.
    fn show(&self, unit: Unit, dependency: &Dependency) {
        let labels = [dependency.name(), unit.as_str()];
        let weak = Arc::downgrade(&dependency.0);
        let ask = move |read: fn(&Allowance) -> Option<f64>| {
            let weak: Weak<Inner> = weak.clone();
            move || unit.of(&Dependency(weak.upgrade()?).limits()).as_ref().and_then(read)
        };
        self.limit.get(labels).observe(ask(|of| of.limit.map(|limit| limit as f64)));
        self.remaining.get(labels).observe(ask(|of| of.remaining.map(|remaining| remaining as f64)));
        self.used.get(labels).observe(ask(|of| of.used));
        self.reset.get(labels).observe(ask(|of| of.resets_in.map(|reset| reset.as_secs_f64())));
    }
}

impl Heard {
    /// Which of the limits were heard of for the first time.
    fn hear(&self, hint: &Hint, now: Instant) -> [bool; 2] {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new = [false; 2];
        for (at, headroom) in [hint.requests, hint.tokens].into_iter().enumerate() {
            if headroom.limit.or(headroom.remaining).is_some() {
                new[at] = kept[at].replace((headroom, now)).is_none();
            }
        }
        new
    }

    fn read(&self, stale_after: Duration, now: Instant) -> Limits {
        let kept = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [requests, tokens] =
            kept.map(|kept| kept.map(|(said, at)| Allowance::of(&said, now.since(at), stale_after)));
        Limits { requests, tokens }
    }
}

impl Allowance {
    fn of(said: &Headroom, age: Duration, stale_after: Duration) -> Self {
        let resets_in = said.resets_in.and_then(|reset| reset.checked_sub(age)).filter(|left| !left.is_zero());
        let is_fresh = match said.resets_in {
            Some(_) => resets_in.is_some(),
            None => age < stale_after,
        };
        // Nothing left of nobody knows how much is how some say that they do not know.
        let is_said = said.limit.is_some() || said.remaining != Some(0);
        // What is whole resets at once.
        let is_whole = said.remaining.is_some() && said.remaining == said.limit && age < stale_after;
        let remaining = said.remaining.filter(|_| is_said && (is_fresh || is_whole));
        let used = remaining.zip(said.limit).map(|(left, limit)| 1.0 - left.min(limit) as f64 / limit.max(1) as f64);
        Self { limit: said.limit, remaining, used, resets_in, age }
    }
}

impl Limits {
    /// Whether nothing was ever said.
    pub fn is_unknown(&self) -> bool {
        self.requests.is_none() && self.tokens.is_none()
    }
}

impl Dependency {
    /// What is left of its limits, as its answers last said: [`hinted`](Self::hinted) is how they are heard.
    pub fn limits(&self) -> Limits {
        self.0.heard.read(self.0.described.staleness(), self.0.clock.now())
    }

    /// An answer of it said this of its limits. From then on they are shown: the gauges `dependency.limit.size`, `.remaining`,
    /// `.used` and `.reset`, with the labels `dependency` and `limit` (`requests`, `tokens`).
    ///
    /// Keys that have limits of their own are dependencies of their own: what was said last counts.
    pub fn hinted(&self, hint: &Hint) {
        let new = self.0.heard.hear(hint, self.0.clock.now());
        for (unit, is_new) in Unit::ALL.into_iter().zip(new) {
            if is_new {
                self.0.metrics.limits().show(unit, self);
            }
        }
    }
}
