//! Classic buckets: at the bounds that were declared, else at powers of two, where the grid is exact.

use bellwether_core::{HistogramSnapshot, Metric};

/// Buckets of the grid in an octave.
const OCTAVE: i32 = 1 << bellwether_core::histogram::grid::SCALE;

/// Where the classic buckets of one metric end, not counting infinity.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    pub(super) uppers: Vec<f64>,
    /// The exponents of `uppers` if none were declared.
    exponents: Vec<i32>,
}

/// Which powers of two a metric without declared bounds gets: unit, first and last exponent, step. The last row is for
/// all other units.
const RANGES: &[(&str, i32, i32, usize)] = &[
    ("s", -10, 6, 1),  // 1 ms to 64 s
    ("ms", 0, 16, 1),  // 1 ms to 65 s
    ("us", 4, 24, 2),  // 16 us to 17 s
    ("ns", 10, 34, 2), // 1 us to 17 s
    ("By", 6, 30, 2),  // 64 B to 1 GiB
    ("", -10, 30, 2),
];

impl Buckets {
    /// The buckets of a metric: the same in every scrape, since Prometheus cannot use one that was not there before.
    pub(super) fn of(metric: &Metric) -> Self {
        if !metric.bounds().is_empty() {
            return Self { uppers: metric.bounds().to_vec(), exponents: Vec::new() };
        }
        let row = RANGES.iter().find(|(unit, ..)| *unit == metric.unit()).or(RANGES.last());
        let exponents: Vec<i32> =
            row.map_or_else(Vec::new, |&(_, first, last, step)| (first..=last).step_by(step).collect());
        Self { uppers: exponents.iter().map(|exponent| f64::from(*exponent).exp2()).collect(), exponents }
    }

    /// Whether values below zero have buckets of their own.
    pub(super) fn negative(&self) -> bool {
        self.uppers.first().is_some_and(|first| *first < 0.0)
    }

    /// Calls `emit` with how many values are at most each of `uppers`.
    #[inline]
    pub(super) fn cumulative(&self, snapshot: &HistogramSnapshot, mut emit: impl FnMut(u64)) {
        if self.exponents.is_empty() {
            for (_, count) in &snapshot.bounds {
                emit(*count);
            }
            return;
        }
        let mut below = snapshot.zero + snapshot.negative.iter().map(|(_, count)| count).sum::<u64>();
        let mut positive = snapshot.positive.iter().peekable();
        for exponent in &self.exponents {
            // Bucket i ends at 2^((i+1)/32).
            while let Some((_, count)) = positive.next_if(|(index, _)| *index < exponent * OCTAVE) {
                below += count;
            }
            emit(below);
        }
    }
}
