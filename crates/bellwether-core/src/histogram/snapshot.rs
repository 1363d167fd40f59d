//! A histogram read at one instant, or the difference of two: counts, quantiles, merging.

use super::grid::CHUNK;
use super::lane::Lane;
use super::{Shape, grid};

/// What a histogram held at one instant; or, by [`since`](Self::since), what a window of time added.
///
/// Buckets are sparse, by their index on the [grid]; bounds carry cumulative counts that are exact.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct HistogramSnapshot {
    /// The sum of all values.
    pub sum: f64,
    /// The least value ever recorded; `None` if there is none, or for a window, which knows it only to the bucket.
    pub min: Option<f64>,
    /// The greatest value ever recorded; `None` as for `min`.
    pub max: Option<f64>,
    /// Values within [`grid::ZERO_THRESHOLD`] of zero.
    pub zero: u64,
    /// Positive values: bucket index and count, by ascending index, empty buckets left out.
    pub positive: Vec<(i32, u64)>,
    /// Negative values: bucket index of the magnitude and count, by ascending index.
    pub negative: Vec<(i32, u64)>,
    /// Each declared bound, ascending, and how many values are at most that: exact.
    pub bounds: Vec<(f64, u64)>,
}

impl HistogramSnapshot {
    /// How many values there are.
    pub fn count(&self) -> u64 {
        total(&self.positive).saturating_add(total(&self.negative)).saturating_add(self.zero)
    }

    /// No values at all.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// The mean, or `None` without values.
    pub fn mean(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| self.sum / count as f64)
    }

    /// How many values are at most `bound`: exact for a declared bound, `None` for any other.
    pub fn count_le(&self, bound: f64) -> Option<u64> {
        self.bounds.iter().find(|(declared, _)| *declared == bound).map(|(_, count)| *count)
    }

    /// The value below or at which the share `q` of all values lies, within 1.1 % of the exact one (nearest rank: the
    /// ⌈q·n⌉-th smallest); `None` without values. `q` is clamped to 0..=1.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let (low, high) = self.quantile_between(q)?;
        let middle = if low < 0.0 { -(low.abs().sqrt() * high.abs().sqrt()) } else { low.sqrt() * high.sqrt() };
        // A bucket that the extremes cut short has its middle inside what is left of it.
        Some(middle.clamp(low, high))
    }

    /// Two values between which the exact quantile certainly lies, both ends included; `None` without values.
    pub fn quantile_between(&self, q: f64) -> Option<(f64, f64)> {
        let count = self.count();
        if count == 0 || q.is_nan() {
            return None;
        }
        let rank = ((q.clamp(0.0, 1.0) * count as f64).ceil() as u64).clamp(1, count);
        let (low, high) = self.bucket_of(rank)?;
        if low == high {
            // The zero bucket: what is in it counts as 0, whatever the extremes are.
            return Some((low, high));
        }
        let low = self.min.map_or(low, |min| low.max(min));
        let high = self.max.map_or(high, |max| high.min(max));
        Some((low.min(high), high))
    }

    /// The ends of the bucket that holds the `rank`-th smallest value, counted from 1.
    fn bucket_of(&self, rank: u64) -> Option<(f64, f64)> {
        let mut seen = 0;
        for &(index, count) in self.negative.iter().rev() {
            seen = u64::saturating_add(seen, count);
            if seen >= rank {
                return Some((-grid::upper_bound(index), -grid::lower_bound(index)));
            }
        }
        seen = seen.saturating_add(self.zero);
        if seen >= rank {
            return Some((0.0, 0.0));
        }
        for &(index, count) in &self.positive {
            seen = seen.saturating_add(count);
            if seen >= rank {
                return Some((grid::lower_bound(index), grid::upper_bound(index)));
            }
        }
        None
    }

    /// Adds another series' values. Associative and commutative (the sum up to f64 rounding); bounds that only one side
    /// knows are dropped, since the other cannot say how many of its values are below them. A count beyond u64 stays there.
    pub fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            // Whoever has no values has none below any bound, also those it does not know.
            if self.is_empty() {
                self.bounds.extend_from_slice(&other.bounds);
                self.bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.bounds.dedup();
            }
            return;
        }
        if self.is_empty() {
            self.clone_from(other);
            return;
        }
        self.sum = (self.sum + other.sum).clamp(f64::MIN, f64::MAX);
        // A side that does not know its extremes may have gone beyond the other's.
        self.min = self.min.zip(other.min).map(|(a, b)| a.min(b));
        self.max = self.max.zip(other.max).map(|(a, b)| a.max(b));
        self.zero = self.zero.saturating_add(other.zero);
        self.positive = combine(&self.positive, &other.positive, u64::saturating_add);
        self.negative = combine(&self.negative, &other.negative, u64::saturating_add);
        self.bounds.retain_mut(|(bound, count)| match other.count_le(*bound) {
            Some(more) => {
                *count = count.saturating_add(more);
                true
            }
            None => false,
        });
    }

    /// What was recorded after `earlier`, a snapshot of the same series. If counts went back the series was reset, and
    /// everything there is came after.
    pub fn since(&self, earlier: &Self) -> Self {
        let reset = self.zero < earlier.zero
            || shrank(&self.positive, &earlier.positive)
            || shrank(&self.negative, &earlier.negative);
        if reset || earlier.is_empty() {
            return Self { min: None, max: None, ..self.clone() };
        }
        Self {
            sum: (self.sum - earlier.sum).clamp(f64::MIN, f64::MAX),
            min: None,
            max: None,
            zero: self.zero - earlier.zero,
            positive: combine(&self.positive, &earlier.positive, |a, b| a - b),
            negative: combine(&self.negative, &earlier.negative, |a, b| a - b),
            bounds: self
                .bounds
                .iter()
                .filter_map(|(bound, count)| Some((*bound, count.saturating_sub(earlier.count_le(*bound)?))))
                .collect(),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.sum = 0.0;
        (self.min, self.max) = (None, None);
        self.zero = 0;
        self.positive.clear();
        self.negative.clear();
        self.bounds.clear();
    }

    pub(super) fn read<'a>(&mut self, shape: &Shape, lanes: impl Iterator<Item = &'a Lane>) {
        self.clear();
        self.bounds.extend(shape.bounds.iter().map(|bound| (*bound, 0)));
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        for lane in lanes {
            self.zero += lane.zero();
            for chunk in lane.chunks() {
                let (negative, first) = grid::first_index(chunk.key);
                let side = if negative { &mut self.negative } else { &mut self.positive };
                let (mut own, mut len) = ([(0, 0); CHUNK], 0);
                for (index, count) in (first..).zip(chunk.counts()) {
                    own[len % CHUNK] = (index, count);
                    len += usize::from(count > 0);
                }
                // Most chunks come in order; another one goes to where it belongs.
                let before = side.len();
                side.extend_from_slice(&own[..len]);
                if side[..before].last().is_some_and(|(index, _)| *index > first) {
                    let place = side[..before].partition_point(|(index, _)| *index < first);
                    side[place..].rotate_right(len);
                }
            }
            for (at, count) in lane.cuts().filter(|(_, count)| *count > 0) {
                if let Some((bound, own)) = self.bounds.get_mut(at)
                    && let Some(Some(index)) = shape.buckets.get(at)
                {
                    let side = if *bound < 0.0 { &mut self.negative } else { &mut self.positive };
                    match side.binary_search_by_key(index, |(index, _)| *index) {
                        Ok(place) => side[place].1 += count,
                        Err(place) => side.insert(place, (*index, count)),
                    }
                    // For now the count between this bound and the one before in its bucket; see `accumulate`.
                    *own += count;
                }
            }
            // After the counts: whatever was counted, the extremes know.
            self.sum += lane.sum();
            min = min.min(lane.min());
            max = max.max(lane.max());
        }
        self.sum = self.sum.clamp(f64::MIN, f64::MAX);
        (self.min, self.max) = if min <= max { (Some(min), Some(max)) } else { (None, None) };
        for side in [&mut self.positive, &mut self.negative] {
            // Of one lane it is in order.
            if side.is_sorted_by(|one, next| one.0 < next.0) {
                continue;
            }
            side.sort_unstable_by_key(|(index, _)| *index);
            side.dedup_by(|next, first| {
                let same = next.0 == first.0;
                first.1 += if same { next.1 } else { 0 };
                same
            });
        }
        self.accumulate(&shape.buckets);
    }

    /// Turns the count of each bound's own slice into the count of everything up to it. A walk along both lists.
    fn accumulate(&mut self, buckets: &[Option<i32>]) {
        let mut below = 0; // in whole buckets below the bound's
        let mut within = 0; // in the bound's bucket, up to the bound
        let (mut negative, mut positive) = (&*self.negative, &*self.positive);
        let mut zero = Some(self.zero);
        let mut bucket_before = None;
        for ((bound, count), index) in self.bounds.iter_mut().zip(buckets) {
            let index = *index;
            if *bound < 0.0 {
                while let [left @ .., (at, n)] = negative
                    && index.is_some_and(|index| *at > index)
                {
                    (below, negative) = (below + n, left);
                }
            } else {
                below += total(std::mem::take(&mut negative));
                below += zero.take().unwrap_or(0);
                while let [(at, n), left @ ..] = positive
                    && index.is_some_and(|index| *at < index)
                {
                    (below, positive) = (below + n, left);
                }
            }
            let bucket = Some((*bound < 0.0, index));
            within = if bucket == bucket_before { within + *count } else { *count };
            bucket_before = bucket;
            *count = below + within;
        }
    }
}

fn total(side: &[(i32, u64)]) -> u64 {
    side.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
}

/// Whether a bucket of `before` has fewer values now.
fn shrank(now: &[(i32, u64)], before: &[(i32, u64)]) -> bool {
    let mut now = now.iter();
    before
        .iter()
        .any(|(index, count)| now.by_ref().find(|(at, _)| at >= index).is_none_or(|(at, n)| at != index || n < count))
}

/// Joins two sparse sides index by index; results of zero are left out.
fn combine(a: &[(i32, u64)], b: &[(i32, u64)], with: fn(u64, u64) -> u64) -> Vec<(i32, u64)> {
    let (mut a, mut b) = (a.iter().copied().peekable(), b.iter().copied().peekable());
    let mut out = Vec::with_capacity(a.len().max(b.len()));
    loop {
        let index = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) => x.0.min(y.0),
            (Some(x), None) => x.0,
            (None, Some(y)) => y.0,
            (None, None) => return out,
        };
        let left = a.next_if(|(at, _)| *at == index).map_or(0, |(_, n)| n);
        let right = b.next_if(|(at, _)| *at == index).map_or(0, |(_, n)| n);
        let both = with(left, right);
        if both > 0 {
            out.push((index, both));
        }
    }
}
