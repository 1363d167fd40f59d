//! A stretch of time, open at its start and closed at its end, so that stretches tile and no event is in two of them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bellwether_core::Timestamp;

use crate::Error;

/// The time after `start`, up to and including `end`.
///
/// Left-open, as the ranges of Prometheus 3 are: what a counter rose by between two readings happened after the first and
/// by the second.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    /// Where it begins; itself not in it.
    pub start: Timestamp,
    /// Where it ends; in it.
    pub end: Timestamp,
}

impl Interval {
    /// From one instant to another; empty at `end` if they are the wrong way round.
    pub fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start: start.min(end), end }
    }

    /// The time of this length that ends at `end`, cut at the epoch.
    pub fn before(end: Timestamp, length: Duration) -> Self {
        Self { start: end.before(length), end }
    }

    /// How long it is, of real time: a day on which clocks change has 23 or 25 hours.
    pub fn length(self) -> Duration {
        self.end.since(self.start)
    }

    /// Whether no time is in it.
    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// Whether an instant is in it.
    pub fn contains(self, at: Timestamp) -> bool {
        self.start < at && at <= self.end
    }

    /// The time that is in both; `None` if there is none.
    pub fn intersect(self, other: Self) -> Option<Self> {
        let (start, end) = (self.start.max(other.start), self.end.min(other.end));
        (start < end).then_some(Self { start, end })
    }
}

fn written(at: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_nanosecond(at.unix_nanos().into()).ok()
}

/// `2026-10-01T00:00:00Z/2026-10-02T00:00:00Z`
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (written(self.start), written(self.end)) {
            (Some(start), Some(end)) => write!(f, "{start}/{end}"),
            _ => write!(f, "{}ns/{}ns", self.start.unix_nanos(), self.end.unix_nanos()),
        }
    }
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Interval {
    type Err = Error;

    /// Two RFC 3339 instants and a slash between them. A leap second (`:60`) is the second before it.
    fn from_str(text: &str) -> Result<Self, Error> {
        let accepted = "give two instants since 1970, such as 2026-10-01T00:00:00Z/2026-10-01T02:30:00Z";
        let refuse = |wrong: &dyn fmt::Display| Error::illegal("interval", text, wrong.to_string(), accepted);
        let (start, end) = text.split_once('/').ok_or_else(|| refuse(&"has no slash"))?;
        let instant = |text: &str| {
            let at: jiff::Timestamp = text.trim().parse().map_err(|error| refuse(&error))?;
            let nanos = u64::try_from(at.as_nanosecond()).map_err(|_| refuse(&"is out of range"))?;
            Ok(Timestamp::from_unix_nanos(nanos))
        };
        let (start, end) = (instant(start)?, instant(end)?);
        if start >= end {
            return Err(refuse(&"ends before it begins"));
        }
        Ok(Self { start, end })
    }
}
