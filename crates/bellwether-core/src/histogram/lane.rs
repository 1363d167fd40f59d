//! What one lane of a histogram keeps: sum, extremes, and the buckets that were ever touched.

use std::mem::offset_of;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::chunk::Chunk;
use super::grid::{self, CHUNKS, Place};
use crate::exemplar::Exemplar;
use crate::lanes::{Met, add_exclusive, add_shared, update_f64};
use crate::sync::OnceBox;

/// Neighbors, eight octaves of them, each have a place of their own, in one of two tables.
const NEAR: usize = 8;
/// So many that fall on one place are chained there; beyond, each has its place in a table of all there are.
const CHAINED: usize = 8;

/// What every record writes stands between the tables, apart from what other threads read: who owns the lane, before it,
/// and whatever the allocator put behind it.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Lane {
    even: [OnceBox<Chunk>; NEAR],
    sum: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
    zero: AtomicU64,
    odd: [OnceBox<Chunk>; NEAR],
    all: OnceBox<Box<[OnceBox<Chunk>]>>,
    /// For each declared bound, how many values lie in its bucket between it and the bound before.
    cuts: OnceBox<Box<[AtomicU64]>>,
}

const _: () = assert!(offset_of!(Lane, sum) >= 56 && size_of::<Lane>() - offset_of!(Lane, odd) >= 56);

impl Default for Lane {
    fn default() -> Self {
        Self {
            even: [const { OnceBox::new() }; NEAR],
            sum: AtomicU64::default(),
            min: AtomicU64::new(f64::INFINITY.to_bits()),
            max: AtomicU64::new(f64::NEG_INFINITY.to_bits()),
            zero: AtomicU64::default(),
            odd: [const { OnceBox::new() }; NEAR],
            all: OnceBox::new(),
            cuts: OnceBox::new(),
        }
    }
}

impl Lane {
    /// Counts a finite value, as the only writer. The count comes last: whoever sees it sees the extremes, too.
    #[inline]
    pub(crate) fn record_exclusive(&self, value: f64, bounds: &[f64]) {
        let sum = f64::from_bits(self.sum.load(Relaxed)) + value;
        self.sum.store(sum.to_bits(), Relaxed);
        if value < f64::from_bits(self.min.load(Relaxed)) {
            self.min.store(value.to_bits(), Relaxed);
        }
        if value > f64::from_bits(self.max.load(Relaxed)) {
            self.max.store(value.to_bits(), Relaxed);
        }
        let Some(place) = grid::place(value) else { return add_exclusive(&self.zero, 1) };
        let chunk = self.chunk(place.chunk, bounds);
        match self.cut(chunk, place, value, bounds) {
            Some(cut) => add_exclusive(cut, 1),
            None => chunk.count_exclusive(place.bucket),
        }
    }

    /// Counts a finite value where others may write too.
    #[inline]
    pub(crate) fn record_shared(&self, value: f64, bounds: &[f64]) -> Met {
        let sum = update_f64(&self.sum, |sum| sum + value);
        if value < f64::from_bits(self.min.load(Relaxed)) {
            update_f64(&self.min, |min| min.min(value));
        }
        if value > f64::from_bits(self.max.load(Relaxed)) {
            update_f64(&self.max, |max| max.max(value));
        }
        let count = match grid::place(value) {
            None => add_shared(&self.zero, 1),
            Some(place) => {
                let chunk = self.chunk(place.chunk, bounds);
                match self.cut(chunk, place, value, bounds) {
                    Some(cut) => add_shared(cut, 1),
                    None => chunk.count_shared(place.bucket),
                }
            }
        };
        if count == Met::Somebody { count } else { sum }
    }

    /// Keeps an exemplar for the half octave of its value; the zero bucket keeps none.
    pub(crate) fn keep(&self, exemplar: Exemplar, bounds: &[f64]) {
        if let Some(place) = grid::place(exemplar.value) {
            self.chunk(place.chunk, bounds).keep(exemplar, bounds);
        }
    }

    /// The counter of the bound that a value lies below in its own bucket, if there is one.
    #[inline]
    fn cut(&self, chunk: &Chunk, place: Place, value: f64, bounds: &[f64]) -> Option<&AtomicU64> {
        if chunk.divides(place.bucket) { self.cut_beyond(place, value, bounds) } else { None }
    }

    #[inline(never)]
    fn cut_beyond(&self, place: Place, value: f64, bounds: &[f64]) -> Option<&AtomicU64> {
        let at = bounds.partition_point(|bound| *bound < value);
        if grid::place(*bounds.get(at)?) != Some(place) {
            return None;
        }
        self.cuts.get_or_init(|| Box::new(bounds.iter().map(|_| AtomicU64::new(0)).collect())).get(at)
    }

    /// The place of a chunk that is near to most others.
    #[inline]
    fn near(&self, key: u16) -> &OnceBox<Chunk> {
        let table = if (key as usize / NEAR).is_multiple_of(2) { &self.even } else { &self.odd };
        &table[key as usize % NEAR]
    }

    #[inline]
    fn chunk(&self, key: u16, bounds: &[f64]) -> &Chunk {
        match self.near(key).get() {
            Some(chunk) if chunk.key == key => chunk,
            _ => self.chunk_beyond(key, bounds),
        }
    }

    /// Finds or makes a chunk that is not the first at its place.
    #[inline(never)]
    fn chunk_beyond(&self, key: u16, bounds: &[f64]) -> &Chunk {
        let make = || Box::new(Chunk::new(key, bounds));
        let mut place = self.near(key);
        for _ in 0..CHAINED {
            let chunk = place.get_or_init(make);
            if chunk.key == key {
                return chunk;
            }
            place = &chunk.next;
        }
        let all = self.all.get_or_init(|| Box::new((0..CHUNKS).map(|_| OnceBox::new()).collect()));
        all[key as usize % CHUNKS].get_or_init(make)
    }

    /// Every chunk ever touched: neighbors in order, if there are no others; else in no particular one.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        let near = self.even.iter().chain(&self.odd);
        // A first look at all of them, which are fetched side by side.
        let least = near.clone().filter_map(OnceBox::get).map(|chunk| chunk.key as usize).min().unwrap_or(0);
        let near = near.cycle().skip(least % (2 * NEAR)).take(2 * NEAR);
        let all = self.all.get().map_or(&[][..], |all| all);
        let first = near.chain(all).filter_map(OnceBox::get);
        first.flat_map(|first| std::iter::successors(Some(first), |chunk| chunk.next.get()))
    }

    /// For each bound that was ever met, its position and how many values lie in its bucket between it and the one before.
    pub(crate) fn cuts(&self) -> impl Iterator<Item = (usize, u64)> {
        self.cuts.get().into_iter().flat_map(|cuts| cuts.iter().map(|cut| cut.load(Relaxed)).enumerate())
    }

    /// The sum; one that has grown beyond f64 stays at its end, so that no later arithmetic makes it NaN.
    pub(crate) fn sum(&self) -> f64 {
        f64::from_bits(self.sum.load(Relaxed)).clamp(f64::MIN, f64::MAX)
    }

    pub(crate) fn min(&self) -> f64 {
        f64::from_bits(self.min.load(Relaxed))
    }

    pub(crate) fn max(&self) -> f64 {
        f64::from_bits(self.max.load(Relaxed))
    }

    pub(crate) fn zero(&self) -> u64 {
        self.zero.load(Relaxed)
    }
}
