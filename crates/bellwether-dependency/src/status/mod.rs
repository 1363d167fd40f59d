//! How a dependency is: up, degraded, down or unknown, why, and for how long.

mod evidence;
mod hysteresis;
mod judged;

use std::fmt;
use std::time::Duration;

use crate::cascade::Failure;

pub use hysteresis::Patience;

pub(crate) use evidence::Evidence;
pub(crate) use judged::{Judged, WINDOW, held_back};

/// How a dependency is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Health {
    /// It does what it is asked.
    Up,
    /// It does so with difficulty: some calls fail, it asks for pauses, its breaker is open.
    Degraded,
    /// It does not.
    Down,
    /// Nothing was heard of it for long.
    Unknown,
}

/// How a dependency is, why, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// How it is.
    pub health: Health,
    /// Why.
    pub reason: Reason,
    /// For how long it has been so.
    pub lasts: Duration,
    /// How old the newest evidence is; `None` if there never was any.
    pub age: Option<Duration>,
    /// How often its health has changed.
    pub changes: u64,
}

/// Why a dependency is taken to be as it is. It holds no text from outside: nothing of an error's message can get out by it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// It was neither called nor probed yet, or not often enough to say.
    Untried,
    /// There was no evidence for so long that the last of it says nothing any more.
    Stale,
    /// Of the calls in a window, so many were lost.
    Calls {
        /// Calls that ended one way or the other.
        calls: u64,
        /// Those that failed, and not by their caller's fault.
        lost: u64,
        /// Those that were told to slow down.
        throttled: u64,
        /// The most frequent class of those that failed.
        most: Option<Failure>,
    },
    /// The last probe went well.
    Answered,
    /// The last probe went well, but took longer than it may.
    Slow,
    /// The last probe went well, and was told that it fails: see [`Statement`](crate::Statement).
    SaysDown,
    /// The last probe failed.
    Probe(Failure),
    /// The last probe panicked.
    Panicked,
    /// Its breaker lets no calls through.
    BreakerOpen,
    /// They asked for a pause, which is not over.
    Paced,
}

impl Health {
    /// All of them, in the order in which they are listed anywhere.
    pub const ALL: [Self; 4] = [Self::Up, Self::Degraded, Self::Down, Self::Unknown];

    /// The word for it in labels and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untried => f.write_str("not tried often enough to say"),
            Self::Stale => f.write_str("nothing was heard of it for long"),
            Self::Calls { calls, lost: 0, throttled: 0, .. } => write!(f, "all of {calls} calls went well"),
            Self::Calls { calls, lost: 0, throttled, .. } => {
                write!(f, "{throttled} of {calls} calls were told to slow down")
            }
            Self::Calls { calls, lost, most, .. } => {
                write!(f, "{lost} of {calls} calls failed")?;
                most.map_or(Ok(()), |most| write!(f, ", mostly {most}"))
            }
            Self::Answered => f.write_str("a probe went well"),
            Self::SaysDown => f.write_str("it answers, and says of itself that it fails"),
            Self::Slow => f.write_str("a probe went well, but took long"),
            Self::Probe(failure) => write!(f, "a probe failed: {failure}"),
            Self::Panicked => f.write_str("a probe panicked"),
            Self::BreakerOpen => f.write_str("its breaker is open"),
            Self::Paced => f.write_str("it asked for a pause"),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {:.0?}: {}", self.health, self.lasts, self.reason)
    }
}
