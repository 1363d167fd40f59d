//! A breaker's states, and what moves it from one to another.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bellwether_core::Instant;

/// What a breaker does with calls right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum State {
    /// Calls flow.
    Closed,
    /// Calls are refused.
    Open,
    /// A few trial calls are let through, and decide.
    HalfOpen,
    /// Calls are refused until somebody says otherwise.
    ForcedOpen,
    /// Calls flow, and nothing is looked at.
    Disabled,
}

/// Who decides: the results of calls, or an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Mode {
    /// The results of calls decide.
    #[default]
    Normal,
    /// The results of calls decide, but nothing is refused: the breaker says what it would have refused, and how many of
    /// those calls would have been refused wrongly.
    Shadow,
    /// Refuses everything.
    ForcedOpen,
    /// Lets everything through and looks at nothing.
    Disabled,
}

/// Why a breaker changed its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Why {
    /// The share of failures reached its limit.
    FailureRatio,
    /// The share of slow calls reached its limit.
    SlowRatio,
    /// So many failures came in a row.
    Consecutive,
    /// A trial call was told to slow down.
    Throttled,
    /// Too many trial calls failed.
    ProbeFailed,
    /// Too many trial calls did not come back in time.
    LeaseExpired,
    /// It was open long enough.
    WaitOver,
    /// Enough trial calls succeeded.
    Recovered,
    /// The mode was changed.
    Forced,
    /// The application asked for it.
    External,
}

/// A change of state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// The name of the breaker: many may have one listener, as those of a template do.
    pub breaker: Arc<str>,
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
    /// When, by the breaker's clock.
    pub at: Instant,
    /// Why.
    pub why: Why,
    /// For how long calls are refused from now on, if it opened.
    pub open_for: Option<Duration>,
}

impl State {
    /// All states, in the order they are listed anywhere.
    pub const ALL: [Self; 5] = [Self::Closed, Self::Open, Self::HalfOpen, Self::ForcedOpen, Self::Disabled];

    /// The word used in labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
        }
    }
}

impl Why {
    /// The word used in labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FailureRatio => "failure_ratio",
            Self::SlowRatio => "slow_ratio",
            Self::Consecutive => "consecutive",
            Self::Throttled => "throttled",
            Self::ProbeFailed => "probe_failed",
            Self::LeaseExpired => "lease_expired",
            Self::WaitOver => "wait_over",
            Self::Recovered => "recovered",
            Self::Forced => "forced",
            Self::External => "external",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
