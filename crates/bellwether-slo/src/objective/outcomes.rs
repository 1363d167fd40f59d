//! Which outcomes count for, which against, and which not at all.

use std::fmt;

use bellwether_core::Outcome;

/// A set of outcomes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Outcomes(u8);

impl Outcomes {
    /// None.
    pub const NONE: Self = Self(0);

    /// These.
    pub fn of(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        outcomes.into_iter().fold(Self::NONE, |set, outcome| Self(set.0 | bit(outcome)))
    }

    /// Whether an outcome is among them.
    pub fn contains(self, outcome: Outcome) -> bool {
        self.0 & bit(outcome) != 0
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those of both sets.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are in both sets.
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Outcome> {
        Outcome::ALL.into_iter().filter(move |outcome| self.contains(*outcome))
    }
}

/// One that is not listed in [`Outcome::ALL`] is in no set.
fn bit(outcome: Outcome) -> u8 {
    Outcome::ALL.iter().position(|known| *known == outcome).map_or(0, |at| 1 << at)
}

impl fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Which outcomes count, and how; what is in none of the sets does not count at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counting {
    /// For the objective; where it is one of latency, only if the operation was fast enough.
    pub good: Outcomes,
    /// Against it, however long the operation took.
    pub bad: Outcomes,
    /// Where the objective is one of latency: against it if the operation took too long, and otherwise not counted.
    pub bad_if_slow: Outcomes,
}

impl Counting {
    /// Of requests answered here: a success and the caller's own error count for us; a failure, a request turned away and
    /// one throttled count against; of a caller who went away nothing is known.
    pub fn requests() -> Self {
        Self {
            good: Outcomes::of([Outcome::Success, Outcome::ClientError]),
            bad: Outcomes::of([Outcome::Failure, Outcome::Rejected, Outcome::Throttled]),
            bad_if_slow: Outcomes::NONE,
        }
    }

    /// Of how long requests took: those that were answered are judged; failures are for availability to judge; a caller
    /// who went away counts against if that was after the time promised.
    pub fn latency() -> Self {
        Self {
            good: Outcomes::of([Outcome::Success, Outcome::ClientError]),
            bad: Outcomes::NONE,
            bad_if_slow: Outcomes::of([Outcome::Cancelled]),
        }
    }

    /// Of calls to a dependency: its failures and its throttling count against it; calls that our own breaker did not let
    /// through, and those that we gave up, say nothing about it.
    pub fn dependency() -> Self {
        Self {
            good: Outcomes::of([Outcome::Success, Outcome::ClientError]),
            bad: Outcomes::of([Outcome::Failure, Outcome::Throttled]),
            bad_if_slow: Outcomes::NONE,
        }
    }
}
