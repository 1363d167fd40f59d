//! The classes of failed calls, and how many there were of each.

use std::ops::{Index, IndexMut};

/// Why a call did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Failure {
    /// No answer within the deadline.
    Timeout,
    /// The connection broke or could not be made.
    Connect,
    /// The name could not be resolved.
    Dns,
    /// The TLS handshake failed: an expired certificate, an unknown authority.
    Tls,
    /// Nobody listens there.
    Refused,
    /// Too many requests in too short a time: waiting helps.
    RateLimited,
    /// The account's allowance is used up: waiting does not help.
    Quota,
    /// Our credentials were not accepted.
    Auth,
    /// They could not make sense of what we, or our caller, asked.
    BadRequest,
    /// They failed: a 5xx, gRPC `INTERNAL`, `UNAVAILABLE`.
    Upstream,
    /// Their answer could not be read.
    Decode,
    /// Whoever asked went away.
    Cancelled,
    /// We refused it ourselves: no permit in time, breaker open, budget spent.
    Rejected,
    /// None of the above is known.
    Unknown,
}

impl Failure {
    /// All classes, in the order in which they are listed anywhere.
    pub const ALL: [Self; 14] = [
        Self::Timeout,
        Self::Connect,
        Self::Dns,
        Self::Tls,
        Self::Refused,
        Self::RateLimited,
        Self::Quota,
        Self::Auth,
        Self::BadRequest,
        Self::Upstream,
        Self::Decode,
        Self::Cancelled,
        Self::Rejected,
        Self::Unknown,
    ];

    /// The word for it in labels, logs and on the page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Refused => "refused",
            Self::RateLimited => "rate_limited",
            Self::Quota => "quota",
            Self::Auth => "auth",
            Self::BadRequest => "bad_request",
            Self::Upstream => "upstream_5xx",
            Self::Decode => "decode",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected_by_us",
            Self::Unknown => "unknown",
        }
    }

    /// Whether such a call counts as lost. One that its caller gave up, or got wrong, does not.
    pub const fn is_loss(self) -> bool {
        !matches!(self, Self::BadRequest | Self::Cancelled)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many calls ended in each class of [`Failure`]; indexed by it.
///
/// ```
/// use bellwether_dependency::cascade::{Failure, Failures};
///
/// let mut failures = Failures::default();
/// failures[Failure::Timeout] += 3;
/// failures[Failure::Cancelled] += 2;
/// assert_eq!((failures.lost(), failures.total()), (3, 5));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failures([u64; Failure::ALL.len()]);

impl Failures {
    /// Those that count as lost ([`Failure::is_loss`]).
    pub fn lost(&self) -> u64 {
        Failure::ALL.iter().filter(|class| class.is_loss()).fold(0, |sum, class| sum.saturating_add(self[*class]))
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }
}

impl Index<Failure> for Failures {
    type Output = u64;

    fn index(&self, class: Failure) -> &u64 {
        &self.0[class as usize]
    }
}

impl IndexMut<Failure> for Failures {
    fn index_mut(&mut self, class: Failure) -> &mut u64 {
        &mut self.0[class as usize]
    }
}
