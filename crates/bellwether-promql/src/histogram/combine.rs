//! Histograms put together: sums, differences, and whether one can have grown out of another.

use std::sync::Arc;

use super::buckets::Buckets;
use super::{CUSTOM_BUCKETS, CounterResetHint, Histogram};
use crate::number::Sum;

/// Histograms with exponential and with custom buckets cannot be put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("histograms with exponential and with custom buckets cannot be put together")]
pub struct Incompatible;

/// What there is to say of a sum or difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Combined {
    /// One said that it started anew, the other that it went on.
    pub reset_collision: bool,
    /// The custom buckets differed, and those in common were kept.
    pub reconciled: bool,
}

impl Histogram {
    /// Adds another histogram, in the coarser buckets of the two.
    ///
    /// # Errors
    /// If one has custom buckets and the other has not.
    pub fn add(&mut self, other: &Self) -> Result<Combined, Incompatible> {
        self.combine(other, 1.0)
    }

    /// Subtracts another histogram; the difference of two counters is no counter.
    ///
    /// # Errors
    /// If one has custom buckets and the other has not.
    pub fn sub(&mut self, other: &Self) -> Result<Combined, Incompatible> {
        let done = self.combine(other, -1.0)?;
        self.counter_reset_hint = CounterResetHint::Gauge;
        Ok(done)
    }

    fn combine(&mut self, other: &Self, sign: f64) -> Result<Combined, Incompatible> {
        let mut fitted = None;
        let reconciled = self.fit(other, &mut fitted)?;
        let other = fitted.as_ref().unwrap_or(other);
        self.count += sign * other.count;
        self.sum += sign * other.sum;
        self.zero_count += sign * other.zero_count;
        self.positive.add(&other.positive, sign);
        self.negative.add(&other.negative, sign);
        Ok(Combined { reset_collision: self.join_hints(other), reconciled })
    }

    /// Adds, and keeps in `rest` what rounding takes.
    pub(crate) fn kahan_add(&mut self, other: &Self, rest: &mut Option<Self>) -> Result<Combined, Incompatible> {
        let mut fitted = None;
        let reconciled = self.fit(other, &mut fitted)?;
        let other = fitted.as_ref().unwrap_or(other);
        let rest = rest.get_or_insert_with(Self::default);
        if rest.schema != self.schema || rest.zero_threshold != self.zero_threshold || reconciled {
            let mut same = Self { schema: self.schema, zero_threshold: self.zero_threshold, ..Self::default() };
            same.custom_bounds.clone_from(&self.custom_bounds);
            let empty = rest.positive.counts.is_empty() && rest.negative.counts.is_empty();
            if !empty && rest.uses_custom_buckets() == self.uses_custom_buckets() {
                let _ = same.combine(rest, 1.0);
            } else {
                (same.count, same.sum, same.zero_count) = (rest.count, rest.sum, rest.zero_count);
            }
            *rest = same;
        }
        for (number, added, rest) in [
            (&mut self.count, other.count, &mut rest.count),
            (&mut self.sum, other.sum, &mut rest.sum),
            (&mut self.zero_count, other.zero_count, &mut rest.zero_count),
        ] {
            let mut sum = Sum { value: *number, rest: *rest };
            sum.add(added);
            (*number, *rest) = (sum.value, sum.rest);
        }
        self.positive.kahan_add(&other.positive, &mut rest.positive);
        self.negative.kahan_add(&other.negative, &mut rest.negative);
        Ok(Combined { reset_collision: self.join_hints(other), reconciled })
    }

    /// What is known of a sum's starting anew; true if its parts contradict each other.
    fn join_hints(&mut self, other: &Self) -> bool {
        use CounterResetHint::{Gauge, Unknown};
        let (a, b) = (self.counter_reset_hint, other.counter_reset_hint);
        self.counter_reset_hint = match (a, b) {
            (a, b) if a == b => a,
            (Gauge, _) | (_, Gauge) => Gauge,
            _ => Unknown,
        };
        a != b && ![a, b].contains(&Gauge) && ![a, b].contains(&Unknown)
    }

    /// Makes the buckets of both the same kind: `fitted` is the other one if it has to change. Says whether custom bounds
    /// were given up.
    fn fit(&mut self, other: &Self, fitted: &mut Option<Self>) -> Result<bool, Incompatible> {
        if self.uses_custom_buckets() != other.uses_custom_buckets() {
            return Err(Incompatible);
        }
        if self.uses_custom_buckets() {
            if self.bounds() == other.bounds() {
                return Ok(false);
            }
            let common: Arc<[f64]> = self.bounds().iter().copied().filter(|b| other.bounds().contains(b)).collect();
            let mut changed = other.clone();
            changed.restrict(&common);
            self.restrict(&common);
            *fitted = Some(changed);
            return Ok(true);
        }
        if self.schema != other.schema {
            let schema = self.schema.min(other.schema);
            self.reduce(schema);
            fitted.get_or_insert_with(|| other.clone()).reduce(schema);
        }
        while self.zero_threshold != fitted.as_ref().unwrap_or(other).zero_threshold {
            let changed = fitted.get_or_insert_with(|| other.clone());
            if self.zero_threshold < changed.zero_threshold {
                self.widen_zero(changed.zero_threshold);
            } else {
                changed.widen_zero(self.zero_threshold);
            }
        }
        Ok(false)
    }

    /// A copy with wider buckets; a schema is one less when buckets are twice as wide.
    pub(crate) fn copy_to_schema(&self, schema: i32) -> Self {
        let mut copy = self.clone();
        copy.reduce(schema);
        copy
    }

    fn reduce(&mut self, schema: i32) {
        if self.uses_custom_buckets() || schema >= self.schema || schema == CUSTOM_BUCKETS {
            return;
        }
        let by = (self.schema - schema).clamp(0, 31);
        let to = |index: i32| ((i64::from(index) - 1) >> by) as i32 + 1;
        self.positive.remap(to);
        self.negative.remap(to);
        self.schema = schema;
    }

    /// Merges custom buckets so that only these bounds, all of them its own, are left.
    fn restrict(&mut self, common: &Arc<[f64]>) {
        let bounds = self.custom_bounds.take().unwrap_or_default();
        self.positive.remap(|index| {
            let upper = usize::try_from(index).ok().and_then(|at| bounds.get(at)).copied().unwrap_or(f64::INFINITY);
            common.partition_point(|bound| *bound < upper) as i32
        });
        self.custom_bounds = Some(common.clone());
    }

    /// Widens the bucket around zero, to the end of a bucket if the threshold falls within one.
    fn widen_zero(&mut self, threshold: f64) {
        let (count, threshold) = self.wider_zero(threshold);
        (self.zero_count, self.zero_threshold) = (count, threshold);
        let reaches = |h: &Self, index: i32| h.bucket(index, 0.0).upper > threshold;
        let (positive, negative): (Vec<_>, Vec<_>) = (
            self.positive.iter().filter(|(index, _)| reaches(self, *index)).collect(),
            self.negative.iter().filter(|(index, _)| reaches(self, *index)).collect(),
        );
        (self.positive, self.negative) = (Buckets::new(positive), Buckets::new(negative));
    }

    /// The count and threshold of the bucket around zero if it were widened.
    fn wider_zero(&self, mut threshold: f64) -> (f64, f64) {
        loop {
            let mut count = self.zero_count;
            let mut reached = threshold;
            for (index, filled) in self.positive.filled().chain(self.negative.filled()) {
                let bucket = self.bucket(index, filled);
                if bucket.lower < threshold {
                    count += filled;
                    reached = reached.max(bucket.upper);
                }
            }
            if reached == threshold {
                return (count, threshold);
            }
            threshold = reached;
        }
    }

    /// Whether a counter must have started anew since an earlier histogram of it.
    pub fn detect_reset(&self, previous: &Self) -> bool {
        match self.counter_reset_hint {
            CounterResetHint::Reset => return true,
            CounterResetHint::NotReset => return false,
            CounterResetHint::Unknown | CounterResetHint::Gauge => {}
        }
        if self.count < previous.count || self.uses_custom_buckets() != previous.uses_custom_buckets() {
            return true;
        }
        if self.uses_custom_buckets() {
            if self.bounds() == previous.bounds() {
                return self.positive.any_less(&previous.positive);
            }
            let common: Arc<[f64]> = self.bounds().iter().copied().filter(|b| previous.bounds().contains(b)).collect();
            let (mut now, mut before) = (self.clone(), previous.clone());
            now.restrict(&common);
            before.restrict(&common);
            return now.positive.any_less(&before.positive);
        }
        if self.schema > previous.schema || self.zero_threshold < previous.zero_threshold {
            return true;
        }
        if self.schema == previous.schema && self.zero_threshold == previous.zero_threshold {
            return self.zero_count < previous.zero_count
                || self.positive.any_less(&previous.positive)
                || self.negative.any_less(&previous.negative);
        }
        let (zero_count, threshold) = previous.wider_zero(self.zero_threshold);
        if threshold != self.zero_threshold || self.zero_count < zero_count {
            return true;
        }
        let mut before = previous.clone();
        before.widen_zero(threshold);
        before.reduce(self.schema);
        self.positive.any_less(&before.positive) || self.negative.any_less(&before.negative)
    }
}
