//! How a guarded call ended, as far as its breaker cares.

use std::time::Duration;

/// How a call ended, for the breaker that let it through.
///
/// Only [`Success`](Self::Success), [`Slow`](Self::Slow) and [`Failure`](Self::Failure) are evidence about whoever was called
/// and enter the window; the others say something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It did what was asked, in time.
    Success,
    /// It did what was asked, but took longer than it may.
    Slow,
    /// It failed, and the caller was not at fault.
    Failure,
    /// They told us to slow down; for how long, if they said. Paces the breaker, and does not trip it.
    Throttled(Option<Duration>),
    /// It answered, though not with what was asked for: a 404, a 400. Closes a half-open breaker, proves nothing else.
    Alive,
    /// It says nothing about whoever was called: refused by us further in, or the caller's own fault.
    Neutral,
    /// Whoever asked went away before the end. What a dropped permit says.
    Cancelled,
}

impl Outcome {
    /// The words of all outcomes, in the order of [`index`](Self::index).
    pub(crate) const WORDS: [&'static str; 7] =
        ["success", "slow", "failure", "throttled", "alive", "neutral", "cancelled"];

    /// The word used in labels.
    pub const fn as_str(self) -> &'static str {
        Self::WORDS[self.index()]
    }

    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Success => 0,
            Self::Slow => 1,
            Self::Failure => 2,
            Self::Throttled(_) => 3,
            Self::Alive => 4,
            Self::Neutral => 5,
            Self::Cancelled => 6,
        }
    }
}

impl From<bellwether_core::Outcome> for Outcome {
    fn from(outcome: bellwether_core::Outcome) -> Self {
        match outcome {
            bellwether_core::Outcome::Success => Self::Success,
            bellwether_core::Outcome::ClientError => Self::Alive,
            bellwether_core::Outcome::Failure => Self::Failure,
            bellwether_core::Outcome::Throttled => Self::Throttled(None),
            bellwether_core::Outcome::Cancelled => Self::Cancelled,
            _ => Self::Neutral,
        }
    }
}
