//! What an indicator comes to: counts whose sums are the good, the bad or all events.

use super::selector::Selector;

/// The counts whose sums are the good and the bad events. Without a total of its own, that is both together.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Plan {
    /// What is good.
    pub good: Vec<Count>,
    /// What is bad.
    pub bad: Vec<Count>,
    /// All events, where they are counted themselves. Then whatever is not good is bad, or the other way round.
    pub total: Option<Vec<Count>>,
}

/// Something that is counted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Count {
    /// The sum over the series of a counter or a histogram.
    Series {
        /// Which series.
        selector: Selector,
        /// What is read of each.
        reading: Reading,
    },
    /// What a PromQL expression rises by.
    Expression(String),
}

/// What is read of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Reading {
    /// What a counter counts, or how many values a histogram has.
    All,
    /// How many values of a histogram are at most this, a declared bound in the metric's unit: exact.
    AtMost(f64),
    /// How many values of a histogram are above this, a declared bound.
    Above(f64),
}

/// What a count is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Good,
    Bad,
    Total,
}

impl Plan {
    pub(crate) fn counts(&self) -> impl Iterator<Item = (Role, &Count)> {
        let good = self.good.iter().map(|count| (Role::Good, count));
        let bad = self.bad.iter().map(|count| (Role::Bad, count));
        let total = self.total.iter().flatten().map(|count| (Role::Total, count));
        good.chain(bad).chain(total)
    }
}

impl Reading {
    /// The bound it asks for.
    pub(crate) fn bound(self) -> Option<f64> {
        match self {
            Self::All => None,
            Self::AtMost(bound) | Self::Above(bound) => Some(bound),
        }
    }
}
