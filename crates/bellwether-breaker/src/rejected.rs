//! A refusal: the call was not made, why, and when to come back.

use std::fmt;
use std::time::Duration;

/// Why a call was refused without being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// The breaker is open.
    Open,
    /// The breaker is half-open, and as many trial calls as it allows are under way.
    HalfOpenFull,
    /// The breaker is forced open.
    Forced,
    /// They told us to slow down, and the time is not over.
    Throttled,
    /// The breaker has just closed, and lets calls through little by little.
    SlowStart,
    /// As many calls are under way as may be.
    Limit,
    /// There were too many retries for the calls there are.
    RetryBudget,
}

/// A call that was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected {
    /// Why.
    pub reason: Reason,
    /// When it may be worth to come back; `None` if that is not known.
    pub retry_after: Option<Duration>,
}

impl Reason {
    /// All reasons, in the order they are listed anywhere.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::HalfOpenFull,
        Self::Forced,
        Self::Throttled,
        Self::SlowStart,
        Self::Limit,
        Self::RetryBudget,
    ];

    /// The word used in labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::HalfOpenFull => "half_open_full",
            Self::Forced => "forced",
            Self::Throttled => "throttled",
            Self::SlowStart => "slow_start",
            Self::Limit => "limit",
            Self::RetryBudget => "retry_budget",
        }
    }
}

impl Rejected {
    pub(crate) fn new(reason: Reason, retry_after: Option<Duration>) -> Self {
        Self { reason, retry_after }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            Reason::Open => "not called: the breaker is open",
            Reason::HalfOpenFull => "not called: the breaker is half-open and its trial calls are under way",
            Reason::Forced => "not called: the breaker is forced open",
            Reason::Throttled => "not called: the callee asked for a pause",
            Reason::SlowStart => "not called: the breaker has just closed and lets calls through little by little",
            Reason::Limit => "not called: as many calls are under way as may be",
            Reason::RetryBudget => "not called again: there are too many retries for the calls there are",
        })?;
        match self.retry_after {
            Some(after) => write!(f, "; worth a try in {after:.1?}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Rejected {}
