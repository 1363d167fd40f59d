//! The results a breaker looks at: those of the last calls, or of the last time.
//!
//! Bad results are pushed as they come. Good ones are far more, and are counted elsewhere, by each thread for itself: a window
//! is told how many there were so far whenever it matters.

mod calls;
#[cfg(test)]
mod tests;
mod time;

use bellwether_core::Instant;

use crate::trip::Span;
use calls::Calls;
use time::Time;

/// What is in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Good results.
    pub successes: u64,
    /// Good results that came too late.
    pub slow: u64,
    /// Bad results.
    pub failures: u64,
}

/// A result that is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bad {
    Slow,
    Failure,
}

/// All arguments `good` are the good results since the window was made or [restarted](Self::restart).
#[derive(Debug)]
pub(crate) enum Window {
    /// Nothing is looked at.
    Row,
    Calls(Calls),
    Time(Box<Time>),
}

impl Counts {
    /// All results. Always the sum of the three.
    pub fn calls(self) -> u64 {
        self.successes + self.slow + self.failures
    }

    /// The share of failures; `None` without any result.
    pub fn failure_ratio(self) -> Option<f64> {
        self.ratio(self.failures)
    }

    /// The share of slow ones; `None` without any result.
    pub fn slow_ratio(self) -> Option<f64> {
        self.ratio(self.slow)
    }

    fn ratio(self, part: u64) -> Option<f64> {
        (self.calls() > 0).then(|| part as f64 / self.calls() as f64)
    }
}

impl Window {
    pub(crate) fn new(span: Span, now: Instant) -> Self {
        match span {
            Span::Row => Self::Row,
            Span::Calls(calls) => Self::Calls(Calls::new(calls)),
            Span::Time(span) => Self::Time(Box::new(Time::new(span, now))),
        }
    }

    /// Forgets everything.
    pub(crate) fn restart(&mut self, now: Instant) {
        match self {
            Self::Row => {}
            Self::Calls(calls) => calls.restart(),
            Self::Time(time) => time.restart(now),
        }
    }

    /// Comes up to date, and says what is in it.
    pub(crate) fn counts(&mut self, good: u64, now: Instant) -> Counts {
        match self {
            Self::Row => Counts::default(),
            Self::Calls(calls) => calls.counts(good),
            Self::Time(time) => time.counts(good, now),
        }
    }

    /// Takes a bad result in, behind so many good ones.
    pub(crate) fn push(&mut self, bad: Bad, good: u64, now: Instant) {
        match self {
            Self::Row => {}
            Self::Calls(calls) => calls.push(bad, good),
            Self::Time(time) => time.push(bad, good, now),
        }
    }

    /// Whether more results came, or more time has gone by, than it can hold. `None` if it holds nothing anyway.
    pub(crate) fn has_passed(&self, now: Instant) -> Option<bool> {
        match self {
            Self::Row => None,
            Self::Calls(calls) => Some(calls.has_passed()),
            Self::Time(time) => Some(time.has_passed(now)),
        }
    }

    /// When it must be brought up to date before another good result is counted; the end of time if it need not.
    pub(crate) fn boundary(&self) -> Instant {
        match self {
            Self::Time(time) => time.boundary(),
            Self::Row | Self::Calls(_) => Instant::from_nanos(u64::MAX),
        }
    }
}
