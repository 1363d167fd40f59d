//! Classic buckets: at the bounds that were declared, else at powers of two, where the grid is exact.

use crate::histogram::{HistogramSnapshot, grid};
use crate::registry::Metric;

/// Buckets of the grid in an octave.
const OCTAVE: i32 = 1 << grid::SCALE;

/// Where the classic buckets of one metric end, not counting infinity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Buckets {
    uppers: Vec<f64>,
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
    pub fn of(metric: &Metric) -> Self {
        Self::new(metric.unit(), metric.bounds())
    }

    /// The buckets of a metric of this unit with these declared bounds.
    pub fn new(unit: &str, bounds: &[f64]) -> Self {
        if !bounds.is_empty() {
            return Self { uppers: bounds.to_vec(), exponents: Vec::new() };
        }
        let row = RANGES.iter().find(|(own, ..)| *own == unit).or(RANGES.last());
        let exponents: Vec<i32> =
            row.map_or_else(Vec::new, |&(_, first, last, step)| (first..=last).step_by(step).collect());
        Self { uppers: exponents.iter().map(|exponent| f64::from(*exponent).exp2()).collect(), exponents }
    }

    /// Where they end, ascending, infinity not among them.
    pub fn uppers(&self) -> &[f64] {
        &self.uppers
    }

    /// Whether values below zero have buckets of their own.
    pub fn negative(&self) -> bool {
        self.uppers.first().is_some_and(|first| *first < 0.0)
    }

    /// Calls `emit` with how many values are at most each of `uppers`.
    #[inline]
    pub fn cumulative(&self, snapshot: &HistogramSnapshot, mut emit: impl FnMut(u64)) {
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

/// A bound as the value of `le`. OpenMetrics fixes the spelling, since it is part of a series' identity: `1.0`, `0.0001`,
/// `1e-05`, `1e+06`. All formats get the same one, so that a scraper may change from one to another.
pub fn le(value: f64) -> String {
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{value:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}
