//! Buckets: which ones are there, and how many observations each holds.

use std::sync::Arc;

use crate::number::Sum;

/// Counts by the index of their bucket, in order of the indices. The indices are shared, since histograms of one series
/// mostly have the same buckets.
#[derive(Debug, Clone)]
pub(super) struct Buckets {
    pub(super) indices: Arc<[i32]>,
    pub(super) counts: Vec<f64>,
}

impl Default for Buckets {
    fn default() -> Self {
        Self { indices: Arc::new([]), counts: Vec::new() }
    }
}

impl Buckets {
    pub(super) fn new(pairs: impl IntoIterator<Item = (i32, f64)>) -> Self {
        let mut pairs: Vec<(i32, f64)> = pairs.into_iter().collect();
        pairs.sort_by_key(|(index, _)| *index);
        pairs.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        let (indices, counts): (Vec<i32>, Vec<f64>) = pairs.into_iter().unzip();
        Self { indices: indices.into(), counts }
    }

    /// The same buckets with other counts.
    pub(super) fn recounted(&self, counts: impl IntoIterator<Item = f64>) -> Self {
        let mut all = Vec::with_capacity(self.indices.len());
        all.extend(counts.into_iter().take(self.indices.len()));
        all.resize(self.indices.len(), 0.0);
        Self { indices: self.indices.clone(), counts: all }
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (i32, f64)> {
        self.indices.iter().copied().zip(self.counts.iter().copied())
    }

    /// Those that hold anything.
    pub(super) fn filled(&self) -> impl DoubleEndedIterator<Item = (i32, f64)> {
        self.iter().filter(|(_, count)| *count != 0.0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| *count == 0.0)
    }

    pub(super) fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// Merges buckets: each goes to where `to` says, which keeps their order.
    pub(super) fn remap(&mut self, to: impl Fn(i32) -> i32) {
        let mut indices: Vec<i32> = Vec::with_capacity(self.counts.len());
        let mut counts: Vec<f64> = Vec::with_capacity(self.counts.len());
        for (index, count) in self.iter() {
            let index = to(index);
            match counts.last_mut() {
                Some(last) if indices.last() == Some(&index) => *last += count,
                _ => {
                    indices.push(index);
                    counts.push(count);
                }
            }
        }
        (self.indices, self.counts) = (indices.into(), counts);
    }

    /// Keeps the buckets that are wanted.
    pub(super) fn retain(&mut self, mut wanted: impl FnMut(i32, f64) -> bool) {
        if !self.iter().all(|(index, count)| wanted(index, count)) {
            let kept: Vec<_> = self.iter().filter(|(index, count)| wanted(*index, *count)).collect();
            *self = Self::new(kept);
        }
    }

    /// Has at least the buckets of another, so that their counts may be put together one by one.
    pub(super) fn make_room(&mut self, indices: &Arc<[i32]>) {
        if Arc::ptr_eq(&self.indices, indices) || *self.indices == **indices {
            return;
        }
        let mut all: Vec<i32> = Vec::with_capacity(self.indices.len() + indices.len());
        all.extend_from_slice(&self.indices);
        all.extend_from_slice(indices);
        all.sort_unstable();
        all.dedup();
        let mut counts = vec![0.0; all.len()];
        let mut at = 0;
        for (index, count) in self.iter() {
            while all[at] != index {
                at += 1;
            }
            counts[at] = count;
        }
        (self.indices, self.counts) = (all.into(), counts);
    }

    /// Adds the counts of another, times `sign`.
    pub(super) fn add(&mut self, other: &Self, sign: f64) {
        self.make_room(&other.indices);
        self.zip(other, |count, added| *count += sign * added);
    }

    /// Adds the counts of another and keeps what rounding takes in `rest`, which has the same buckets.
    pub(super) fn kahan_add(&mut self, other: &Self, rest: &mut Self) {
        self.make_room(&other.indices);
        rest.make_room(&self.indices);
        let mut at = 0;
        let indices = self.indices.clone();
        for (index, added) in other.iter() {
            while indices[at] != index {
                at += 1;
            }
            let mut sum = Sum { value: self.counts[at], rest: rest.counts[at] };
            sum.add(added);
            (self.counts[at], rest.counts[at]) = (sum.value, sum.rest);
        }
    }

    fn zip(&mut self, other: &Self, f: impl Fn(&mut f64, f64)) {
        if self.indices.len() == other.indices.len() {
            self.counts.iter_mut().zip(&other.counts).for_each(|(count, added)| f(count, *added));
            return;
        }
        let mut at = 0;
        for (index, added) in other.iter() {
            while self.indices[at] != index {
                at += 1;
            }
            f(&mut self.counts[at], added);
        }
    }

    /// Whether any bucket of `self` holds less than in `previous`, both being sparse.
    pub(super) fn any_less(&self, previous: &Self) -> bool {
        if Arc::ptr_eq(&self.indices, &previous.indices) || self.indices == previous.indices {
            return self.counts.iter().zip(&previous.counts).any(|(now, before)| now < before);
        }
        let mut now = self.iter().peekable();
        for (index, before) in previous.iter() {
            while now.peek().is_some_and(|(at, _)| *at < index) {
                if now.next().is_some_and(|(_, count)| count < 0.0) {
                    return true;
                }
            }
            let count = now.next_if(|(at, _)| *at == index).map_or(0.0, |(_, count)| count);
            if count < before {
                return true;
            }
        }
        now.any(|(_, count)| count < 0.0)
    }
}

/// Equal if the same buckets hold the same; those that hold nothing do not matter.
impl PartialEq for Buckets {
    fn eq(&self, other: &Self) -> bool {
        let bits = |(index, count): (i32, f64)| (index, count.to_bits());
        self.filled().map(bits).eq(other.filled().map(bits))
    }
}
