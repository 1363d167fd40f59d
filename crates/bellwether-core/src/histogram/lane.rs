//! What one lane of a histogram keeps: sum, extremes, and the buckets that were ever touched.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use once_cell::race::OnceBox;

use super::grid::{self, CHUNK, CHUNKS, Place};
use crate::exemplar::Exemplar;
use crate::lanes::{Met, add_exclusive, add_shared, update_f64};

/// Chunks that fit without another table: neighbors, four octaves of them.
const NEAR: usize = 8;
/// A wider table for wider spreads, and one for all there is.
const FAR: usize = 64;

type Table<const N: usize> = [OnceBox<Chunk>; N];

#[derive(Debug)]
pub(crate) struct Lane {
    sum: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
    zero: AtomicU64,
    near: Table<NEAR>,
    far: OnceBox<Table<FAR>>,
    all: OnceBox<Box<[OnceBox<Chunk>]>>,
}

/// Half an octave of buckets.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) key: u16,
    /// Which buckets are divided by cuts.
    divided: u16,
    counts: [AtomicU64; CHUNK],
    cuts: Option<Box<[Cut]>>,
    /// One for each part that the cuts make of it.
    exemplars: OnceBox<Box<[Mutex<Option<Exemplar>>]>>,
}

/// A declared bound inside a bucket, and how many values lie between it and the one before.
#[derive(Debug)]
pub(crate) struct Cut {
    bucket: u8,
    /// Which of the metric's bounds this is.
    at: u16,
    bound: f64,
    count: AtomicU64,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            sum: AtomicU64::default(),
            min: AtomicU64::new(f64::INFINITY.to_bits()),
            max: AtomicU64::new(f64::NEG_INFINITY.to_bits()),
            zero: AtomicU64::default(),
            near: [const { OnceBox::new() }; NEAR],
            far: OnceBox::new(),
            all: OnceBox::new(),
        }
    }
}

impl Lane {
    /// Counts a finite value, as the only writer.
    #[inline]
    pub(crate) fn record_exclusive(&self, value: f64, bounds: &[f64]) {
        match grid::place(value) {
            None => add_exclusive(&self.zero, 1),
            Some(place) => add_exclusive(self.chunk(place.chunk, bounds).counter(place, value), 1),
        }
        let sum = f64::from_bits(self.sum.load(Relaxed)) + value;
        self.sum.store(sum.to_bits(), Relaxed);
        if value < f64::from_bits(self.min.load(Relaxed)) {
            self.min.store(value.to_bits(), Relaxed);
        }
        if value > f64::from_bits(self.max.load(Relaxed)) {
            self.max.store(value.to_bits(), Relaxed);
        }
    }

    /// Counts a finite value where others may write too.
    #[inline]
    pub(crate) fn record_shared(&self, value: f64, bounds: &[f64]) -> Met {
        let bucket = match grid::place(value) {
            None => add_shared(&self.zero, 1),
            Some(place) => add_shared(self.chunk(place.chunk, bounds).counter(place, value), 1),
        };
        let sum = update_f64(&self.sum, |sum| sum + value);
        if value < f64::from_bits(self.min.load(Relaxed)) {
            update_f64(&self.min, |min| min.min(value));
        }
        if value > f64::from_bits(self.max.load(Relaxed)) {
            update_f64(&self.max, |max| max.max(value));
        }
        if bucket == Met::Somebody { bucket } else { sum }
    }

    /// Keeps an exemplar for the half octave of its value; the zero bucket keeps none.
    pub(crate) fn keep(&self, exemplar: Exemplar, bounds: &[f64]) {
        if let Some(place) = grid::place(exemplar.value) {
            self.chunk(place.chunk, bounds).keep(exemplar);
        }
    }

    #[inline]
    fn chunk(&self, key: u16, bounds: &[f64]) -> &Chunk {
        match self.near[key as usize % NEAR].get() {
            Some(chunk) if chunk.key == key => chunk,
            _ => self.chunk_beyond(key, bounds),
        }
    }

    /// Finds or makes a chunk that is not at its place in the nearest table. Each table has one place for a key, and the
    /// last has a place of its own for every key.
    fn chunk_beyond(&self, key: u16, bounds: &[f64]) -> &Chunk {
        let make = || Box::new(Chunk::new(key, bounds));
        let chunk = self.near[key as usize % NEAR].get_or_init(make);
        if chunk.key == key {
            return chunk;
        }
        let far = self.far.get_or_init(|| Box::new([const { OnceBox::new() }; FAR]));
        let chunk = far[key as usize % FAR].get_or_init(make);
        if chunk.key == key {
            return chunk;
        }
        let all = self.all.get_or_init(|| Box::new((0..CHUNKS).map(|_| OnceBox::new()).collect()));
        all[key as usize % CHUNKS].get_or_init(make)
    }

    /// Every chunk ever touched, in no particular order.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        let far = self.far.get().map_or(&[][..], |table| table);
        let all = self.all.get().map_or(&[][..], |table| table);
        self.near.iter().chain(far).chain(all).filter_map(OnceBox::get)
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

impl Chunk {
    #[cold]
    fn new(key: u16, bounds: &[f64]) -> Self {
        let mut divided = 0;
        let mut cuts = Vec::new();
        for (at, &bound) in (0..).zip(bounds) {
            if let Some(Place { chunk, bucket }) = grid::place(bound)
                && chunk == key
            {
                divided |= 1 << bucket;
                cuts.push(Cut { bucket, at, bound, count: AtomicU64::new(0) });
            }
        }
        let cuts = (!cuts.is_empty()).then(|| cuts.into_boxed_slice());
        Self { key, divided, counts: Default::default(), cuts, exemplars: OnceBox::new() }
    }

    #[inline]
    fn counter(&self, place: Place, value: f64) -> &AtomicU64 {
        if self.divided >> place.bucket & 1 == 1 {
            // Ascending: the first bound that holds the value is its cut; above all of them is the bucket's own counter.
            for cut in self.cuts.iter().flatten() {
                if cut.bucket == place.bucket && value <= cut.bound {
                    return &cut.count;
                }
            }
        }
        &self.counts[place.bucket as usize % CHUNK]
    }

    /// The counts above all cuts, bucket by bucket.
    pub(crate) fn counts(&self) -> impl Iterator<Item = u64> {
        self.counts.iter().map(|count| count.load(Relaxed))
    }

    /// The cuts: bucket, position among the bounds, and how many values lie between it and the one before.
    pub(crate) fn cuts(&self) -> impl Iterator<Item = (u8, u16, u64)> {
        self.cuts.iter().flatten().map(|cut| (cut.bucket, cut.at, cut.count.load(Relaxed)))
    }

    /// Keeps an exemplar for the part between two cuts: one beyond a cut does not take the place of one before it, or the
    /// classic bucket that ends there would go back to an older one, which scrapers refuse.
    fn keep(&self, exemplar: Exemplar) {
        let cuts = self.cuts.as_deref().unwrap_or_default();
        let slots = self.exemplars.get_or_init(|| Box::new((0..=cuts.len()).map(|_| Mutex::default()).collect()));
        let part = cuts.partition_point(|cut| cut.bound < exemplar.value);
        // Somebody else is just keeping one here: theirs is as good.
        if let Some(Ok(mut kept)) = slots.get(part).map(Mutex::try_lock) {
            *kept = Some(exemplar);
        }
    }

    /// The kept exemplars, each with the number of its part.
    pub(crate) fn exemplars(&self) -> impl Iterator<Item = (usize, Exemplar)> {
        let slots = self.exemplars.get().map_or(&[][..], |slots| slots);
        let kept = |slot: &Mutex<Option<Exemplar>>| *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        slots.iter().enumerate().filter_map(move |(part, slot)| Some((part, kept(slot)?)))
    }
}
