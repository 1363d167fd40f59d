//! What buckets tell of the observations in them: quantiles, shares, variance.

use super::{Bucket, Histogram};
use crate::number::Sum;

impl Histogram {
    /// The value below which the share `q` of observations falls, interpolated within its bucket: evenly in custom ones,
    /// exponentially in others.
    pub fn quantile(&self, q: f64) -> f64 {
        if q < 0.0 {
            return f64::NEG_INFINITY;
        }
        if q > 1.0 {
            return f64::INFINITY;
        }
        if self.count == 0.0 || q.is_nan() {
            return f64::NAN;
        }
        // From the nearer end; from below if some are not a number, which are counted but in no bucket.
        let up = self.sum.is_nan() || q < 0.5;
        let rank = if up { q * self.count } else { (1.0 - q) * self.count };
        let buckets = self.buckets();
        let mut seen = 0.0;
        let mut found = None;
        let mut visit = |bucket: &Bucket| {
            seen += bucket.count;
            found = Some(*bucket);
            seen >= rank
        };
        if up {
            buckets.iter().any(&mut visit);
        } else {
            buckets.iter().rev().any(&mut visit);
        }
        let Some(bucket) = found else { return f64::NAN };
        let bucket = self.known_bounds(bucket);
        if self.uses_custom_buckets() {
            if bucket.lower == f64::NEG_INFINITY {
                return bucket.upper;
            }
            if bucket.upper == f64::INFINITY {
                return bucket.lower;
            }
        }
        seen = seen.min(self.count);
        if seen < rank {
            return if self.sum.is_nan() { f64::NAN } else { bucket.upper };
        }
        let within = if up { rank - (seen - bucket.count) } else { seen - rank };
        self.value_at(&bucket, within / bucket.count)
    }

    /// A bucket as narrow as is known: the one around zero is on one side if all others are, and the first custom one
    /// begins at zero if it ends above.
    pub(super) fn known_bounds(&self, mut bucket: Bucket) -> Bucket {
        if self.uses_custom_buckets() {
            if bucket.lower == f64::NEG_INFINITY && bucket.upper > 0.0 && bucket.upper != f64::INFINITY {
                bucket.lower = 0.0;
            }
        } else if bucket.lower <= 0.0 && bucket.upper >= 0.0 {
            if self.negative.is_empty() && !self.positive.is_empty() {
                bucket.lower = 0.0;
            } else if self.positive.is_empty() && !self.negative.is_empty() {
                bucket.upper = 0.0;
            }
        }
        bucket
    }

    /// Whether observations within a bucket are taken to be spread evenly, rather than exponentially.
    pub(super) fn is_linear(&self, bucket: &Bucket) -> bool {
        self.uses_custom_buckets() || (bucket.lower <= 0.0 && bucket.upper >= 0.0)
    }

    /// The value up to which a share of a bucket's observations falls.
    fn value_at(&self, bucket: &Bucket, share: f64) -> f64 {
        let Bucket { lower, upper, .. } = *bucket;
        if self.is_linear(bucket) {
            return lower + (upper - lower) * share;
        }
        let (log_lower, log_upper) = (lower.abs().log2(), upper.abs().log2());
        if lower > 0.0 {
            return (log_lower + (log_upper - log_lower) * share).exp2();
        }
        -(log_upper + (log_lower - log_upper) * (1.0 - share)).exp2()
    }

    /// The share of a bucket's observations that is up to a value within it.
    pub(super) fn share_at(&self, bucket: &Bucket, value: f64) -> f64 {
        let Bucket { lower, upper, .. } = *bucket;
        if value <= lower {
            return 0.0;
        }
        if value >= upper {
            return 1.0;
        }
        // Of a bucket without an end, all are where it ends on the other side.
        if lower == f64::NEG_INFINITY {
            return if upper == f64::INFINITY { 0.0 } else { 1.0 };
        }
        if self.is_linear(bucket) {
            return (value - lower) / (upper - lower);
        }
        let (log_lower, log_upper, log_value) = (lower.abs().log2(), upper.abs().log2(), value.abs().log2());
        (log_value - log_lower) / (log_upper - log_lower)
    }

    /// The share of observations between two values.
    pub fn fraction(&self, lower: f64, upper: f64) -> f64 {
        if self.count == 0.0 || lower.is_nan() || upper.is_nan() {
            return f64::NAN;
        }
        if lower >= upper {
            return 0.0;
        }
        let buckets = self.buckets();
        let total: f64 = buckets.iter().map(|bucket| bucket.count).sum();
        let end = if self.sum.is_nan() { total } else { self.count };
        let rank = |value: f64| {
            let mut rank = 0.0;
            for bucket in &buckets {
                let bucket = self.known_bounds(*bucket);
                if value >= bucket.upper {
                    rank += bucket.count;
                    continue;
                }
                return (rank + bucket.count * self.share_at(&bucket, value)).min(end);
            }
            end
        };
        (rank(upper) - rank(lower)) / self.count
    }

    /// The variance of observations, each being taken to be in the middle of its bucket.
    pub(crate) fn variance(&self) -> f64 {
        let mean = self.sum / self.count;
        let mut squares = Sum::default();
        for bucket in self.buckets() {
            let distance = self.middle(&bucket) - mean;
            squares.add(bucket.count * distance * distance);
        }
        (squares.value + squares.rest) / self.count
    }

    /// The middle of a bucket: that of its bounds, or of their logarithms.
    fn middle(&self, bucket: &Bucket) -> f64 {
        let Bucket { lower, upper, .. } = *bucket;
        if self.uses_custom_buckets() {
            return (upper + lower) / 2.0;
        }
        if lower <= 0.0 && upper >= 0.0 {
            return 0.0;
        }
        let middle = (upper * lower).sqrt();
        if upper < 0.0 { -middle } else { middle }
    }
}
