//! Histograms cut off at a value: what is above goes, or what is below.

use super::buckets::Buckets;
use super::{Bucket, Histogram};

/// What is left of a bucket, and where it lies.
#[derive(Clone, Copy)]
struct Rest {
    lower: f64,
    upper: f64,
    count: f64,
}

impl Histogram {
    /// Keeps the observations up to a value.
    pub(crate) fn trim_upper(&self, at: f64) -> Self {
        self.trimmed(|bucket, _| {
            if at >= bucket.upper {
                return Rest { lower: bucket.lower, upper: bucket.upper, count: bucket.count };
            }
            let share = if at == f64::NEG_INFINITY { 0.0 } else { self.share_at(bucket, at) };
            Rest { lower: bucket.lower, upper: at, count: bucket.count * share }
        })
    }

    /// Keeps the observations above a value.
    pub(crate) fn trim_lower(&self, at: f64) -> Self {
        self.trimmed(|bucket, begins| {
            // Where the first bucket of all begins is a guess: a cut below the guess takes the whole bucket.
            if at > begins && at < bucket.lower {
                return Rest { lower: at, upper: bucket.upper, count: 0.0 };
            }
            if at <= bucket.lower {
                return Rest { lower: bucket.lower, upper: bucket.upper, count: bucket.count };
            }
            // Nothing is known of a bucket that has no end at all.
            let endless = bucket.lower == f64::NEG_INFINITY && bucket.upper == f64::INFINITY;
            let share = if at >= bucket.upper || endless { 0.0 } else { 1.0 - self.share_at(bucket, at) };
            Rest { lower: at, upper: bucket.upper, count: bucket.count * share }
        })
    }

    fn trimmed(&self, cut: impl Fn(&Bucket, f64) -> Rest) -> Self {
        let mut result = self.clone();
        let (mut count, mut sum) = (0.0, 0.0);
        let mut changed = false;
        let mut keep = |bucket: Bucket| {
            let begins = if self.uses_custom_buckets() { bucket.lower } else { f64::INFINITY };
            let bucket = self.known_bounds(bucket);
            let rest = cut(&bucket, begins);
            changed |= rest.count != bucket.count;
            count += rest.count;
            if rest.count != 0.0 {
                sum += rest.count * self.middle_of_rest(&bucket, &rest);
            }
            rest.count
        };
        if self.zero_count != 0.0 {
            result.zero_count = keep(self.zero_bucket());
        }
        let positive: Vec<_> = self.positive.filled().map(|(index, n)| (index, keep(self.bucket(index, n)))).collect();
        let negative = self.negative.filled();
        let negative: Vec<_> = negative.map(|(index, n)| (index, keep(self.bucket(index, n).mirrored()))).collect();
        if !changed {
            return result;
        }
        (result.positive, result.negative) = (Buckets::new(positive), Buckets::new(negative));
        (result.count, result.sum) = (count, sum);
        result.compact();
        result
    }

    /// Where what is left of a bucket is taken to lie. Of a bucket without an end it is at the other end, or at the cut.
    fn middle_of_rest(&self, bucket: &Bucket, rest: &Rest) -> f64 {
        if rest.lower == f64::NEG_INFINITY {
            return rest.upper;
        }
        if rest.upper == f64::INFINITY {
            return rest.lower;
        }
        if self.is_linear(bucket) {
            return (rest.lower + rest.upper) / 2.0;
        }
        let middle = (rest.lower * rest.upper).sqrt();
        if bucket.upper <= 0.0 { -middle } else { middle }
    }
}
