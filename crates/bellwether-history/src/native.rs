//! Counts as native histograms of PromQL.

use std::sync::Arc;

use bellwether_core::histogram::grid;
use bellwether_promql::{CounterResetHint, Histogram};

use crate::chunk::{Counts, ZERO};

/// Native histograms, one after the other: which buckets there are is said once for all that have the same.
#[derive(Debug, Clone)]
pub(crate) struct Native {
    like: Histogram,
    wider: bool,
    hint: CounterResetHint,
}

impl Default for Native {
    fn default() -> Self {
        Self { like: empty(), wider: true, hint: CounterResetHint::Unknown }
    }
}

impl Native {
    /// Takes note that there are buckets that were not there before.
    pub(crate) fn see(&mut self, wider: bool) {
        self.wider |= wider;
    }

    /// One was there that is not shown.
    pub(crate) fn skip(&mut self) {
        self.hint = CounterResetHint::NotReset;
    }

    /// The next one begins from nothing.
    pub(crate) fn reset(&mut self) {
        self.hint = CounterResetHint::Reset;
    }

    /// The empty one with which a series begins.
    pub(crate) fn born(&mut self) -> Arc<Histogram> {
        self.hint = CounterResetHint::NotReset;
        Arc::new(empty())
    }

    /// The histogram of these counts.
    pub(crate) fn show(&mut self, counts: &Counts) -> Arc<Histogram> {
        let negative = || counts.negative().map(|(index, count)| (index + 1, count as f64));
        if std::mem::take(&mut self.wider) {
            // Prometheus numbers a bucket by its upper end: one more than the grid.
            let positive = counts.positive.iter().map(|(index, count)| (index + 1, *count as f64));
            self.like = empty().positive(positive).negative(negative());
        }
        let hint = std::mem::replace(&mut self.hint, CounterResetHint::NotReset);
        let positive = counts.positive.iter().map(|(_, count)| *count as f64);
        let shown = self.like.recounted(positive, negative().map(|(_, count)| count));
        let zero = counts.rare(ZERO) as f64;
        Arc::new(
            shown.totals(counts.total() as f64, f64::from_bits(counts.sum)).zero(grid::ZERO_THRESHOLD, zero).hint(hint),
        )
    }
}

fn empty() -> Histogram {
    Histogram::exponential(grid::SCALE).zero(grid::ZERO_THRESHOLD, 0.0)
}
