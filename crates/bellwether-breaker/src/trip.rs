//! When a breaker trips: which results are looked at, and how bad they must be.

use std::time::Duration;

use crate::transition::Why;
use crate::window::Counts;

/// When a breaker trips: the results it looks at, and what is too bad. At least one rule must be there, and any of them
/// suffices.
///
/// A breaker trips only when a bad result comes in, or a running call becomes a slow one; a success never trips it.
///
/// ```
/// use bellwether_breaker::Trip;
/// use std::time::Duration;
///
/// let half_of_ten_seconds = Trip::time(Duration::from_secs(10)).failure_ratio(0.5).min_calls(20);
/// let slow_ones_of_the_last_hundred = Trip::calls(100).slow_ratio(0.8).or_consecutive(10);
/// let five_in_a_row = Trip::consecutive(5);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a rule is given to a builder"]
pub struct Trip {
    pub(crate) span: Span,
    min_calls: u32,
    consecutive: Option<u32>,
    failure_ratio: Option<f64>,
    slow_ratio: Option<f64>,
}

/// Which results are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    /// Only how many failures came in a row.
    Row,
    Calls(u32),
    Time(Duration),
}

impl Trip {
    /// The most calls that a window may be asked to remember.
    pub const MAX_CALLS: u32 = 1 << 20;

    /// Trips after so many failures in a row. A slow success ends a row, as any success does.
    pub fn consecutive(failures: u32) -> Self {
        Self { consecutive: Some(failures), ..Self::over(Span::Row, 1) }
    }

    /// Looks at the last `calls` results, however old they are. Give it a ratio.
    pub fn calls(calls: u32) -> Self {
        Self::over(Span::Calls(calls), calls)
    }

    /// Looks at the results of the last so much time, to within a tenth of it. Give it a ratio.
    pub fn time(span: Duration) -> Self {
        Self::over(Span::Time(span), 20)
    }

    fn over(span: Span, min_calls: u32) -> Self {
        Self { span, min_calls, consecutive: None, failure_ratio: None, slow_ratio: None }
    }

    /// Trips when this share of the results are failures, 0 < ratio ≤ 1.
    pub fn failure_ratio(mut self, ratio: f64) -> Self {
        self.failure_ratio = Some(ratio);
        self
    }

    /// Trips when this share of the results are slow, 0 < ratio ≤ 1: successes later than the breaker's `slow_after`, and
    /// calls that still run and are later than that already.
    pub fn slow_ratio(mut self, ratio: f64) -> Self {
        self.slow_ratio = Some(ratio);
        self
    }

    /// Below so many results no ratio trips anything. Default: 20, or the whole window of a count.
    pub fn min_calls(mut self, calls: u32) -> Self {
        self.min_calls = calls;
        self
    }

    /// Trips also after so many failures in a row, however few results there are.
    pub fn or_consecutive(mut self, failures: u32) -> Self {
        self.consecutive = Some(failures);
        self
    }

    pub(crate) fn judges_slowness(&self) -> bool {
        self.slow_ratio.is_some()
    }

    /// What is wrong with the rule, and what would be accepted.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String, &'static str)> {
        let ratio = |ratio: f64| ratio > 0.0 && ratio <= 1.0;
        if let Some(bad) = [self.failure_ratio, self.slow_ratio].into_iter().flatten().find(|given| !ratio(*given)) {
            return Err(("ratio to trip at", bad.to_string(), "more than 0 and at most 1, such as 0.5"));
        }
        if self.consecutive == Some(0) {
            return Err(("number of consecutive failures", "0".to_owned(), "at least 1"));
        }
        if self.consecutive.is_none() && self.failure_ratio.is_none() && self.slow_ratio.is_none() {
            return Err((
                "rule to trip by",
                "none".to_owned(),
                "a failure ratio, a slow ratio or a number of failures in a row",
            ));
        }
        match self.span {
            Span::Calls(calls) if calls == 0 || calls > Self::MAX_CALLS => {
                Err(("window of calls", calls.to_string(), "1 to 1048576 calls"))
            }
            Span::Calls(calls) if self.min_calls > calls => {
                Err(("least number of calls", self.min_calls.to_string(), "at most the calls of the window"))
            }
            Span::Time(span) if span.is_zero() => Err(("window of time", "0 s".to_owned(), "more than no time")),
            _ => Ok(()),
        }
    }

    /// Whether these results are too bad, and why. `hung` calls still run, and are late already.
    pub(crate) fn judge(&self, counts: Counts, hung: u64, row: u32) -> Option<Why> {
        if self.consecutive.is_some_and(|limit| row >= limit) {
            return Some(Why::Consecutive);
        }
        let enough = |calls: u64| calls > 0 && calls >= u64::from(self.min_calls);
        let reaches = |part: u64, whole: u64, limit: Option<f64>| {
            enough(whole) && limit.is_some_and(|limit| part as f64 >= limit * whole as f64)
        };
        if reaches(counts.failures, counts.calls(), self.failure_ratio) {
            return Some(Why::FailureRatio);
        }
        reaches(counts.slow + hung, counts.calls() + hung, self.slow_ratio).then_some(Why::SlowRatio)
    }
}

impl Default for Trip {
    /// Half of the calls of the last ten seconds, if they are twenty.
    fn default() -> Self {
        Self::time(Duration::from_secs(10)).failure_ratio(0.5)
    }
}
