//! Native histograms as pure values: counts in exponential buckets, or in custom ones.

mod buckets;
mod combine;
mod estimate;
mod trim;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use crate::number::general;
use buckets::Buckets;
pub use combine::{Combined, Incompatible};

/// The schema of histograms with custom buckets.
const CUSTOM_BUCKETS: i32 = -53;

/// What is known of whether a counter histogram started anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CounterResetHint {
    /// Nothing is known.
    #[default]
    Unknown,
    /// It started anew with this sample.
    Reset,
    /// It went on from the sample before.
    NotReset,
    /// It is no counter.
    Gauge,
}

/// A native histogram with floats for counts.
///
/// With a schema from -4 to 8 its buckets are exponential: bucket `i` ends at 2^(i × 2^-schema), and negative observations
/// have buckets of their own, mirrored. With schema -53 bucket `i` ends at the custom bound `i`, and one more at infinity.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    schema: i32,
    zero_threshold: f64,
    zero_count: f64,
    count: f64,
    sum: f64,
    positive: Buckets,
    negative: Buckets,
    custom_bounds: Option<Arc<[f64]>>,
    counter_reset_hint: CounterResetHint,
}

/// A bucket with its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Bucket {
    /// Where it begins.
    pub lower: f64,
    /// Where it ends.
    pub upper: f64,
    /// How many observations are in it.
    pub count: f64,
    /// Whether an observation at `lower` is in it.
    pub lower_inclusive: bool,
    /// Whether an observation at `upper` is in it.
    pub upper_inclusive: bool,
}

impl Bucket {
    /// An exponential one: an observation on a bound is in the bucket that is nearer to zero.
    fn exponential(lower: f64, upper: f64, count: f64) -> Self {
        Self { lower, upper, count, lower_inclusive: lower < 0.0, upper_inclusive: upper > 0.0 }
    }

    /// The same on the other side of zero.
    fn mirrored(self) -> Self {
        Self::exponential(-self.upper, -self.lower, self.count)
    }
}

impl Histogram {
    /// An empty histogram with exponential buckets.
    pub fn exponential(schema: i32) -> Self {
        Self { schema: schema.clamp(-4, 8), ..Self::default() }
    }

    /// An empty histogram with custom buckets that end at these bounds, and one that ends at infinity.
    pub fn custom(bounds: impl Into<Arc<[f64]>>) -> Self {
        Self { schema: CUSTOM_BUCKETS, custom_bounds: Some(bounds.into()), ..Self::default() }
    }

    /// Sets how many observations there are, and their sum.
    pub fn totals(mut self, count: f64, sum: f64) -> Self {
        (self.count, self.sum) = (count, sum);
        self
    }

    /// Sets how many observations are as near to zero as the threshold.
    pub fn zero(mut self, threshold: f64, count: f64) -> Self {
        (self.zero_threshold, self.zero_count) = (threshold, count);
        self
    }

    /// Sets the buckets above zero, or all custom ones: each with its index.
    pub fn positive(mut self, buckets: impl IntoIterator<Item = (i32, f64)>) -> Self {
        self.positive = Buckets::new(buckets);
        self
    }

    /// Sets the buckets below zero: each with its index.
    pub fn negative(mut self, buckets: impl IntoIterator<Item = (i32, f64)>) -> Self {
        self.negative = Buckets::new(buckets);
        self
    }

    /// Sets what is known of its starting anew.
    pub fn hint(mut self, hint: CounterResetHint) -> Self {
        self.counter_reset_hint = hint;
        self
    }

    /// The same buckets with other numbers in them, one for each bucket in order: what makes one sample of a series after
    /// the other without saying again which buckets there are. Numbers that are missing are 0, and those beyond ignored.
    pub fn recounted(&self, positive: impl IntoIterator<Item = f64>, negative: impl IntoIterator<Item = f64>) -> Self {
        Self {
            positive: self.positive.recounted(positive),
            negative: self.negative.recounted(negative),
            custom_bounds: self.custom_bounds.clone(),
            ..*self
        }
    }

    /// How many observations there are, those that are not a number among them.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The sum of all observations.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// The schema: from -4 to 8, or -53 for custom buckets.
    pub fn schema(&self) -> i32 {
        self.schema
    }

    /// How far from zero the bucket around it reaches.
    pub fn zero_threshold(&self) -> f64 {
        self.zero_threshold
    }

    /// How many observations are in the bucket around zero.
    pub fn zero_count(&self) -> f64 {
        self.zero_count
    }

    /// The buckets above zero, or all custom ones, each with its index; those that hold nothing may be missing.
    pub fn positive_buckets(&self) -> impl Iterator<Item = (i32, f64)> {
        self.positive.iter()
    }

    /// The buckets below zero, each with its index; those that hold nothing may be missing.
    pub fn negative_buckets(&self) -> impl Iterator<Item = (i32, f64)> {
        self.negative.iter()
    }

    /// Where custom buckets end; empty for exponential ones.
    pub fn custom_bounds(&self) -> &[f64] {
        self.bounds()
    }

    /// What is known of its starting anew.
    pub fn counter_reset_hint(&self) -> CounterResetHint {
        self.counter_reset_hint
    }

    pub(crate) fn set_counter_reset_hint(&mut self, hint: CounterResetHint) {
        self.counter_reset_hint = hint;
    }

    /// Whether its buckets are custom ones.
    pub fn uses_custom_buckets(&self) -> bool {
        self.schema == CUSTOM_BUCKETS
    }

    /// All observations in buckets; fewer than the count if some were not a number.
    pub(crate) fn count_in_buckets(&self) -> f64 {
        self.zero_count + self.positive.total() + self.negative.total()
    }

    fn bounds(&self) -> &[f64] {
        self.custom_bounds.as_deref().unwrap_or_default()
    }

    /// The bounds of a bucket above zero, or of a custom one.
    fn bucket(&self, index: i32, count: f64) -> Bucket {
        if self.uses_custom_buckets() {
            let bound = |at: i32| usize::try_from(at).ok().and_then(|at| self.bounds().get(at)).copied();
            let lower = if index <= 0 { f64::NEG_INFINITY } else { bound(index - 1).unwrap_or(f64::INFINITY) };
            let upper = bound(index).unwrap_or(f64::INFINITY);
            return Bucket { lower, upper, count, lower_inclusive: index <= 0, upper_inclusive: true };
        }
        Bucket::exponential(self.bound(i64::from(index) - 1), self.bound(index.into()), count)
    }

    fn bound(&self, index: i64) -> f64 {
        let exponent = index as f64 * f64::from(-self.schema).exp2();
        // The last bucket ends with the numbers themselves.
        if exponent == 1024.0 { f64::MAX } else { exponent.exp2() }
    }

    fn zero_bucket(&self) -> Bucket {
        let (threshold, count) = (self.zero_threshold, self.zero_count);
        Bucket { lower: -threshold, upper: threshold, count, lower_inclusive: true, upper_inclusive: true }
    }

    /// All buckets that hold anything, from the lowest to the highest, the one around zero among them; one that the bucket
    /// around zero reaches into begins where that ends.
    pub fn buckets(&self) -> Vec<Bucket> {
        let mut all = self.whole_buckets();
        let reach = self.zero_threshold;
        if !self.uses_custom_buckets() {
            for Bucket { lower, upper, .. } in &mut all {
                if *lower > 0.0 && *lower < reach {
                    *lower = reach;
                } else if *upper < 0.0 && *upper > -reach {
                    *upper = -reach;
                }
            }
        }
        all
    }

    /// The same with bounds as if there were no bucket around zero.
    fn whole_buckets(&self) -> Vec<Bucket> {
        let negative = self.negative.filled().rev();
        let mut all: Vec<Bucket> = negative.map(|(index, count)| self.bucket(index, count).mirrored()).collect();
        all.extend((self.zero_count != 0.0).then(|| self.zero_bucket()));
        all.extend(self.positive.filled().map(|(index, count)| self.bucket(index, count)));
        all
    }

    /// Leaves out buckets that hold nothing.
    pub fn compact(&mut self) {
        self.positive.retain(|_, count| count != 0.0);
        self.negative.retain(|_, count| count != 0.0);
    }

    /// Whether any of its numbers has left the range of floats.
    pub(crate) fn has_overflow(&self) -> bool {
        let numbers = [self.count, self.sum, self.zero_count];
        let mut all = numbers.iter().chain(&self.positive.counts).chain(&self.negative.counts);
        all.any(|number| number.is_infinite())
    }

    fn each(&mut self, f: impl Fn(&mut f64)) {
        for number in [&mut self.count, &mut self.sum, &mut self.zero_count] {
            f(number);
        }
        self.positive.counts.iter_mut().for_each(&f);
        self.negative.counts.iter_mut().for_each(&f);
    }

    /// Multiplies all counts and the sum; by what is below zero, it is no counter any more.
    pub fn mul(&mut self, factor: f64) {
        self.each(|number| *number *= factor);
        if factor < 0.0 {
            self.counter_reset_hint = CounterResetHint::Gauge;
        }
    }

    /// Divides; by zero, no buckets are left.
    pub fn div(&mut self, divisor: f64) {
        self.each(|number| *number /= divisor);
        if divisor == 0.0 {
            (self.positive, self.negative) = (Buckets::default(), Buckets::default());
        }
        if divisor < 0.0 {
            self.counter_reset_hint = CounterResetHint::Gauge;
        }
    }
}

/// Equal in all numbers; what is known of its starting anew does not matter.
impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        let bits = |h: &Self| [h.zero_threshold, h.zero_count, h.count, h.sum].map(f64::to_bits);
        let bounds = |h: &Self| h.bounds().iter().map(|bound| bound.to_bits()).collect::<Vec<_>>();
        self.schema == other.schema
            && bits(self) == bits(other)
            && self.positive == other.positive
            && self.negative == other.negative
            && bounds(self) == bounds(other)
    }
}

/// As Prometheus prints a histogram: `{count:3, sum:4, (1,2]:3}`.
impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{count:{}, sum:{}", general(self.count), general(self.sum))?;
        for Bucket { lower, upper, count, lower_inclusive, upper_inclusive } in self.whole_buckets() {
            let open = if lower_inclusive { '[' } else { '(' };
            let close = if upper_inclusive { ']' } else { ')' };
            write!(f, ", {open}{},{}{close}:{}", general(lower), general(upper), general(count))?;
        }
        f.write_str("}")
    }
}
