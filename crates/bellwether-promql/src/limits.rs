//! Limits: how much a query may take before it is refused.

use std::cell::Cell;

use crate::Error;

/// How much a query may take. Each limit stands for memory or time that somebody else needs, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Samples read from the storage and values made of them, taken together over the query: 50 million.
    pub samples: usize,
    /// Series read from the storage: one million.
    pub series: usize,
    /// Steps of a range query: 11,000, as Prometheus's HTTP interface allows.
    pub steps: usize,
    /// How deep an expression may nest: 100. A chain of operators, those within it included, may be ten times
    /// as long.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { samples: 50_000_000, series: 1_000_000, steps: 11_000, depth: 100 }
    }
}

/// Why a query is to end early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Nobody waits for the answer any more.
    Canceled,
    /// It has taken the time it may take.
    TimedOut,
}

/// What is left of the limits during one query.
pub(crate) struct Budget<'a> {
    limits: Limits,
    samples: Cell<usize>,
    series: Cell<usize>,
    work: Cell<usize>,
    stop: Option<&'a (dyn Fn() -> Option<Stop> + Send + Sync)>,
}

/// How many values are worked through between two looks at the clock.
const WORK_BETWEEN_CHECKS: usize = 1 << 16;

impl<'a> Budget<'a> {
    pub(crate) fn new(limits: Limits, stop: Option<&'a (dyn Fn() -> Option<Stop> + Send + Sync)>) -> Self {
        let (samples, series) = (Cell::new(limits.samples), Cell::new(limits.series));
        Self { limits, samples, series, work: Cell::new(0), stop }
    }

    /// Takes samples or values from the budget.
    pub(crate) fn samples(&self, count: usize) -> Result<(), Error> {
        match self.samples.get().checked_sub(count) {
            Some(left) => self.samples.set(left),
            None => {
                let limit = self.limits.samples;
                return Err(Error::limit(format!(
                    "query processing would load too many samples into memory in query execution: more than {limit}"
                )));
            }
        }
        self.work(count)
    }

    pub(crate) fn series(&self) -> Result<(), Error> {
        match self.series.get().checked_sub(1) {
            Some(left) => self.series.set(left),
            None => return Err(Error::limit(format!("query would read more than {} series", self.limits.series))),
        }
        Ok(())
    }

    /// Notes that values were worked through, and now and then looks whether the query is to stop.
    pub(crate) fn work(&self, count: usize) -> Result<(), Error> {
        let work = self.work.get().saturating_add(count + 1);
        self.work.set(work);
        if work < WORK_BETWEEN_CHECKS {
            return Ok(());
        }
        self.work.set(0);
        self.check()
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.stop.and_then(|stop| stop()) {
            None => Ok(()),
            Some(stop) => Err(Error::stopped(stop)),
        }
    }
}
