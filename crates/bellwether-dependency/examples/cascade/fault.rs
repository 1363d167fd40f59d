//! What goes wrong in the world, and who is to blame for it: the faults of the test plan.

use bellwether_dependency::cascade::Failure;

/// The faults of the test plan, one scenario each, and further ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scenario {
    Crash,
    Errors10,
    Errors50,
    Errors100,
    Slow3,
    Slow20,
    Hang,
    SlowThenFail,
    Flapping,
    Refused,
    DnsForAll,
    TlsExpiry,
    Throttled,
    ThrottledRetryAfter,
    Partial,
    PoolLeak,
    Starved,
    RetryStorm,
    ColdCache,
    BadCaller,
    Load3,
    TwoRoots,
    MissingEdge,
    CancelledCallers,
    ClockStep,
    LowTraffic,
    /// Our allowance is used up.
    Quota,
    /// The key was changed, and we were not told.
    Auth,
    /// Half of the answers cannot be read, though their status says that all is well.
    Garbage,
    /// One of several that share a cap on calls is slow and holds it.
    Bulkhead,
    /// The queues that a short trouble left behind are worked off too late for whoever waits.
    QueueLoop,
    /// One caller in five asks for what is not there, from the first second on: no fault.
    UsualBadRequests,
    /// What nobody depends on fails one time in five, from the first second on: no fault.
    UsualErrors,
}

impl Scenario {
    pub(crate) const ALL: [Self; 26] = [
        Self::Crash,
        Self::Errors10,
        Self::Errors50,
        Self::Errors100,
        Self::Slow3,
        Self::Slow20,
        Self::Hang,
        Self::SlowThenFail,
        Self::Flapping,
        Self::Refused,
        Self::DnsForAll,
        Self::TlsExpiry,
        Self::Throttled,
        Self::ThrottledRetryAfter,
        Self::Partial,
        Self::PoolLeak,
        Self::Starved,
        Self::RetryStorm,
        Self::ColdCache,
        Self::BadCaller,
        Self::Load3,
        Self::TwoRoots,
        Self::MissingEdge,
        Self::CancelledCallers,
        Self::ClockStep,
        Self::LowTraffic,
    ];

    /// Those that are not in the test plan, and not in its scores.
    pub(crate) const FURTHER: [Self; 7] = [
        Self::Quota,
        Self::Auth,
        Self::Garbage,
        Self::Bulkhead,
        Self::QueueLoop,
        Self::UsualBadRequests,
        Self::UsualErrors,
    ];

    /// Whether it is so from the beginning, and thus no fault.
    pub(crate) fn is_usual(self) -> bool {
        matches!(self, Self::UsualBadRequests | Self::UsualErrors)
    }
}

/// What happens to one node's remote side, or to all of it, while the fault is on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Effect {
    /// Calls fail at once, in that class: of all replicas, or of so many.
    Fails { class: Failure, share: f64, replicas: usize },
    /// Work takes so many times longer; and fails in the end, or not.
    Slow { times: f64, fails: bool },
    /// There is no answer, by so many replicas.
    Hangs { replicas: usize },
    /// More than so many requests a second are turned away; it may say when to come back.
    Throttles { rate: f64, retry_after: Option<f64> },
    /// So many of the permits given back are lost.
    Leaks { share: f64 },
}

/// An effect on a node, for a time; `on_off` is the period of flapping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fault {
    pub(crate) node: usize,
    pub(crate) effect: Effect,
    pub(crate) from: f64,
    pub(crate) until: f64,
    pub(crate) on_off: Option<f64>,
}

/// What happens to the process or its callers, for a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Trouble {
    /// No name can be resolved here.
    NoNames,
    /// The scheduler is late by so many seconds on average.
    Lag(f64),
    /// That route gets so many bad requests among its own.
    BadRequests { route: usize, share: f64 },
    /// So many times the usual requests.
    Load(f64),
    /// So many callers go away early.
    Cancels(f64),
}

impl Fault {
    pub(crate) fn is_on(&self, now: f64) -> bool {
        let on = now >= self.from && now < self.until;
        on && self.on_off.is_none_or(|period| (((now - self.from) / period) as u64).is_multiple_of(2))
    }
}
