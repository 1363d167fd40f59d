//! A histogram a sample: which buckets have how many more than before.

use bellwether_core::HistogramSnapshot;
use bellwether_core::histogram::grid;

use super::bits::{Reader, Writer};
use crate::bytes::{unzigzag, zigzag};

/// What a histogram has counted so far: sparse buckets, and parts of buckets up to each declared bound.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Counts {
    /// The sum, as the bits of a float.
    pub(crate) sum: u64,
    /// Positive buckets by their index on the grid.
    pub(crate) positive: Vec<(i32, u64)>,
    /// What is rarely counted: by [`cut`], [`ZERO`] and [`negative`].
    pub(crate) rare: Vec<(i32, u64)>,
}

/// Where values around zero are counted; before it, the parts of buckets up to each bound.
pub(crate) const ZERO: i32 = 64;
/// Where the bucket of the negative index 0 is.
const NEGATIVE: i32 = ZERO + 1 + (1 << 15);

/// Where the part of a bucket up to a bound is counted, above any other bound in it; `None` for more bounds than a
/// metric can have.
pub(crate) fn cut(bound: usize) -> Option<i32> {
    i32::try_from(bound).ok().filter(|at| *at < ZERO)
}

fn negative(index: i32) -> i32 {
    NEGATIVE + index
}

impl Counts {
    /// Becomes what a snapshot says.
    pub(crate) fn read(&mut self, snapshot: &HistogramSnapshot) {
        self.sum = snapshot.sum.to_bits();
        self.positive.clear();
        self.positive.extend_from_slice(&snapshot.positive);
        self.rare.clear();
        let mut below = Below::new(snapshot);
        for (at, (bound, count)) in snapshot.bounds.iter().enumerate() {
            let own = count.saturating_sub(below.bound(*bound));
            below.within(own);
            if let (Some(at), true) = (cut(at), own > 0) {
                self.rare.push((at, own));
            }
        }
        self.rare.extend((snapshot.zero > 0).then_some((ZERO, snapshot.zero)));
        self.rare.extend(snapshot.negative.iter().map(|(index, count)| (negative(*index), *count)));
    }

    /// The snapshot that these counts were read from, but for its extremes, given the declared bounds.
    pub(crate) fn snapshot(&self, bounds: &[f64]) -> HistogramSnapshot {
        let mut snapshot = HistogramSnapshot::default();
        snapshot.sum = f64::from_bits(self.sum);
        snapshot.positive.clone_from(&self.positive);
        snapshot.zero = self.rare(ZERO);
        snapshot.negative.extend(self.negative());
        let mut below = Below::new(&snapshot);
        let mut counted = Vec::with_capacity(bounds.len());
        for (at, bound) in bounds.iter().enumerate() {
            let own = cut(at).map_or(0, |slot| self.rare(slot));
            counted.push((*bound, below.bound(*bound).saturating_add(own)));
            below.within(own);
        }
        snapshot.bounds = counted;
        snapshot
    }

    /// How often one of the rare things was counted.
    pub(crate) fn rare(&self, slot: i32) -> u64 {
        self.rare.binary_search_by_key(&slot, |(slot, _)| *slot).map_or(0, |at| self.rare[at].1)
    }

    /// Negative buckets by the index of their magnitude, ascending.
    pub(crate) fn negative(&self) -> impl Iterator<Item = (i32, u64)> {
        self.rare.iter().filter(|(slot, _)| *slot > ZERO).map(|(slot, count)| (slot - NEGATIVE, *count))
    }

    /// Everything that was counted.
    pub(crate) fn total(&self) -> u64 {
        let add = |sum: u64, count: u64| sum.saturating_add(count);
        let whole = self.rare.iter().filter(|(slot, _)| *slot >= ZERO);
        self.positive.iter().chain(whole).fold(0, |sum, (_, count)| add(sum, *count))
    }

    /// How they have grown since; `None` if any count is less than it was.
    pub(crate) fn growth(&self, before: &Self) -> Option<Growth> {
        let positive = more(&self.positive, &before.positive)?;
        let rare = more(&self.rare, &before.rare)?;
        Some(Growth { sum: self.sum ^ before.sum, positive, rare })
    }

    /// Takes from the front what comes after these counts. Says whether there are buckets that were not there before;
    /// `None` if that is not what [`encode`](Self::encode) writes.
    pub(super) fn decode(&mut self, bytes: &mut &[u8]) -> Option<bool> {
        let mut bits = Reader::new(bytes);
        bits.take(1);
        if bits.take(1) == 1 {
            let zeros = bits.take(6) as u32;
            self.sum ^= bits.take(64 - zeros);
        }
        let mut new = take_more(&mut bits, &mut self.positive)?;
        if bits.take(1) == 1 {
            new |= take_more(&mut bits, &mut self.rare)?;
        }
        *bytes = bits.rest()?;
        Some(new)
    }
}

/// By how much a histogram has grown: the bits of the sum that changed, and how much more than before is in which slots.
#[derive(Debug, PartialEq)]
pub(crate) struct Growth {
    sum: u64,
    positive: Vec<(i32, u64)>,
    rare: Vec<(i32, u64)>,
}

impl Growth {
    /// Whether nothing was counted.
    pub(crate) fn is_none(&self) -> bool {
        self.sum == 0 && self.positive.is_empty() && self.rare.is_empty()
    }

    /// Appends it, as growth of the counts `before`.
    pub(super) fn encode(&self, before: &Counts, out: &mut Vec<u8>) {
        let mut bits = Writer::new(out);
        // What a run begins with has a one here.
        bits.put(0, 1);
        bits.put(u64::from(self.sum != 0), 1);
        if self.sum != 0 {
            let zeros = self.sum.leading_zeros();
            bits.put(u64::from(zeros), 6);
            bits.put(self.sum, 64 - zeros);
        }
        put_more(&mut bits, &self.positive, &before.positive);
        bits.put(u64::from(!self.rare.is_empty()), 1);
        if !self.rare.is_empty() {
            put_more(&mut bits, &self.rare, &before.rare);
        }
        bits.finish();
    }
}

/// So many slots that hold more are room enough for most ticks.
const AT_ONCE: usize = 64;

/// How much more each slot holds than before; `None` if any holds less. Almost always there are the same slots.
fn more(now: &[(i32, u64)], mut before: &[(i32, u64)]) -> Option<Vec<(i32, u64)>> {
    let mut all = Vec::new();
    for (slot, count) in now {
        let was = match before {
            [(at, was), rest @ ..] if at == slot => {
                before = rest;
                *was
            }
            _ => 0,
        };
        if *count != was {
            if all.is_empty() {
                all.reserve(now.len().min(AT_ONCE));
            }
            all.push((*slot, count.checked_sub(was)?));
        }
    }
    before.is_empty().then_some(all)
}

/// Appends how much more each slot holds: the distance from slot to slot and the difference, both by a code whose order
/// suits their means.
fn put_more(bits: &mut Writer<'_>, more: &[(i32, u64)], before: &[(i32, u64)]) {
    let changes = more.len() as u64;
    bits.put_golomb(changes, 2);
    let [(first, _), ..] = more else { return };
    let last = more.last().map_or(*first, |(slot, _)| *slot);
    let total = more.iter().fold(0, |total: u64, (_, more)| total.saturating_add(more - 1));
    let gaps = (last - first) as u64 + 1 - changes;
    let (by_gap, by_count) = (order(gaps, changes, 3), order(total, changes, 15));
    bits.put(by_gap.into(), 2);
    bits.put(by_count.into(), 4);
    let anchor = before.first().map_or(0, |(slot, _)| *slot);
    let mut next = None;
    for (slot, more) in more {
        match next {
            None => bits.put_golomb(zigzag(i64::from(*slot) - i64::from(anchor)), 4),
            Some(next) => bits.put_golomb((slot - next) as u64, by_gap),
        }
        bits.put_golomb(more - 1, by_count);
        next = Some(slot + 1);
    }
}

fn take_more(bits: &mut Reader<'_>, slots: &mut Vec<(i32, u64)>) -> Option<bool> {
    let changes = bits.take_golomb(2)?;
    if changes == 0 {
        return Some(false);
    }
    let (by_gap, by_count) = (bits.take(2) as u32, bits.take(4) as u32);
    let anchor = slots.first().map_or(0, |(slot, _)| *slot);
    let first = i64::from(anchor).checked_add(unzigzag(bits.take_golomb(4)?))?;
    let mut slot = i32::try_from(first).ok().filter(|slot| slot.unsigned_abs() < 1 << 20)?;
    let mut more = bits.take_golomb(by_count)?;
    let mut at = 0;
    let mut new = false;
    for left in (0..changes).rev() {
        more = more.checked_add(1)?;
        while slots.get(at).is_some_and(|(own, _)| *own < slot) {
            at += 1;
        }
        match slots.get_mut(at) {
            Some((own, count)) if *own == slot => *count = count.checked_add(more)?,
            _ => {
                slots.insert(at, (slot, more));
                new = true;
            }
        }
        at += 1;
        if left > 0 {
            let gap;
            [gap, more] = bits.take_golombs([by_gap, by_count])?;
            let gap = i32::try_from(gap).ok()?;
            slot = slot.checked_add(gap)?.checked_add(1).filter(|slot| *slot < 1 << 20)?;
        }
    }
    Some(new)
}

/// The order of the code for numbers with this total: the logarithm of their mean.
fn order(total: u64, of: u64, most: u32) -> u32 {
    (total / of.max(1)).checked_ilog2().map_or(0, |log| log + 1).min(most)
}

/// How many values lie in whole buckets below a bound's, and in its own bucket up to the bound before. Bounds ascend.
struct Below<'s> {
    negative: &'s [(i32, u64)],
    zero: u64,
    positive: &'s [(i32, u64)],
    whole: u64,
    part: u64,
    bucket: Option<(bool, Option<i32>)>,
}

impl<'s> Below<'s> {
    fn new(snapshot: &'s HistogramSnapshot) -> Self {
        let HistogramSnapshot { negative, zero, positive, .. } = snapshot;
        Self { negative, zero: *zero, positive, whole: 0, part: 0, bucket: None }
    }

    fn bound(&mut self, bound: f64) -> u64 {
        let index = grid::index(bound);
        if bound < 0.0 {
            while let [left @ .., (at, count)] = self.negative
                && index.is_some_and(|index| *at > index)
            {
                (self.whole, self.negative) = (self.whole.saturating_add(*count), left);
            }
        } else {
            let below = std::mem::take(&mut self.negative).iter().map(|(_, count)| *count);
            let below = below.chain([std::mem::take(&mut self.zero)]);
            self.whole = below.fold(self.whole, u64::saturating_add);
            while let [(at, count), left @ ..] = self.positive
                && index.is_some_and(|index| *at < index)
            {
                (self.whole, self.positive) = (self.whole.saturating_add(*count), left);
            }
        }
        let bucket = Some((bound < 0.0, index));
        if bucket != self.bucket {
            (self.bucket, self.part) = (bucket, 0);
        }
        self.whole.saturating_add(self.part)
    }

    /// So many are between the bound before and this one, in its bucket.
    fn within(&mut self, count: u64) {
        self.part = self.part.saturating_add(count);
    }
}
