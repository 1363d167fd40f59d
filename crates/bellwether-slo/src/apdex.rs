//! Apdex: how satisfied users are with how long it takes, from 0 to 1.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::measure::Source;
use crate::objective::{Count, Counting, Indicator, Outcomes, Reading, Requests};
use crate::{Error, Interval, Ratio};

/// How satisfied users are with how long it takes (Apdex, the Application Performance Index).
///
/// Those served within a time are satisfied, those served within four times as long tolerate it, all others are frustrated,
/// whoever got an error among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Apdex {
    /// Served within the time.
    pub satisfied: u64,
    /// Served within four times the time.
    pub tolerating: u64,
    /// All, those who got an error included.
    pub total: u64,
}

impl Apdex {
    /// (satisfied + tolerating ÷ 2) ÷ total; `None` without any.
    pub fn score(self) -> Option<Ratio> {
        let twice = u128::from(self.satisfied) * 2 + u128::from(self.tolerating);
        Ratio::new(i128::try_from(twice).ok()?, i128::from(self.total) * 2)
    }

    /// Whether there are fewer than a hundred, of which the score says little.
    pub fn is_small(self) -> bool {
        self.total < 100
    }

    /// That of requests within a stretch of time, for a threshold that is, as is four times it, a declared bound of the
    /// histogram of durations.
    ///
    /// # Errors
    /// If the source cannot answer, or the histogram has no such bounds.
    pub fn measure(
        source: &dyn Source,
        routes: impl IntoIterator<Item = impl Into<String>>,
        threshold: Duration,
        over: Interval,
    ) -> Result<Self, Error> {
        let counting = Counting::requests();
        let routes = routes.into_iter().map(Into::into).collect();
        let count = |outcomes: Outcomes, reading: Reading| {
            let counting = Counting { good: outcomes, bad: Outcomes::NONE, bad_if_slow: Outcomes::NONE };
            let requests = Requests { routes: BTreeSet::clone(&routes), counting };
            let plan = Indicator::Availability(requests).plan().unwrap_or_default();
            plan.good.into_iter().try_fold(0_u64, |sum, count| {
                let Count::Series { selector, .. } = count else { return Ok(sum) };
                Ok(sum.saturating_add(source.count(&Count::Series { selector, reading }, over)?))
            })
        };
        let satisfied = count(counting.good, Reading::AtMost(threshold.as_secs_f64()))?;
        let within_four = count(counting.good, Reading::AtMost(threshold.saturating_mul(4).as_secs_f64()))?;
        let total = count(counting.good.union(counting.bad), Reading::All)?;
        Ok(Self { satisfied, tolerating: within_four.saturating_sub(satisfied), total })
    }
}
