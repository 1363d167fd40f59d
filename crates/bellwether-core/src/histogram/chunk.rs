//! Half an octave of buckets: 32-bit counts, since most series count few, and what is carried when they do not suffice.

use std::array;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::grid::{self, CHUNK};
use crate::exemplar::Exemplar;
use crate::lanes::Met;
use crate::sync::{AtomicU32, Mutex, OnceBox};

/// A count that reaches this is carried: as much again is left for those who count meanwhile.
pub(super) const CARRY: u32 = 1 << 31;

#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) key: u16,
    /// Which buckets contain declared bounds.
    divided: u16,
    pub(super) counts: [AtomicU32; CHUNK],
    pub(super) next: OnceBox<Chunk>,
    rare: OnceBox<Rare>,
}

/// What few chunks have.
#[derive(Debug, Default)]
struct Rare {
    /// How often [`CARRY`] was taken from each count. Locked while it is taken, and while somebody reads both.
    carried: Mutex<[u32; CHUNK]>,
    /// One for each part that the declared bounds make of the half octave.
    exemplars: OnceBox<Box<[Mutex<Option<Exemplar>>]>>,
}

impl Chunk {
    #[cold]
    pub(super) fn new(key: u16, bounds: &[f64]) -> Self {
        let places = bounds.iter().filter_map(|bound| grid::place(*bound)).filter(|place| place.chunk == key);
        Self {
            key,
            divided: places.fold(0, |divided, place| divided | 1 << place.bucket),
            counts: array::from_fn(|_| AtomicU32::new(0)),
            next: OnceBox::new(),
            rare: OnceBox::new(),
        }
    }

    #[inline]
    pub(super) fn divides(&self, bucket: u8) -> bool {
        self.divided >> bucket & 1 == 1
    }

    /// Counts one, as the only writer.
    #[inline]
    pub(super) fn count_exclusive(&self, bucket: u8) {
        let count = &self.counts[bucket as usize % CHUNK];
        let now = count.load(Relaxed) + 1;
        count.store(now, Release);
        if now == CARRY {
            self.carry(bucket);
        }
    }

    /// Counts one where others may write too.
    #[inline]
    pub(super) fn count_shared(&self, bucket: u8) -> Met {
        let count = &self.counts[bucket as usize % CHUNK];
        let seen = count.load(Relaxed);
        let before = count.fetch_add(1, Release);
        if before == CARRY - 1 {
            self.carry(bucket);
        }
        if before == seen { Met::Nobody } else { Met::Somebody }
    }

    /// Once in two thousand million counts of a bucket, so it may lock. Whoever reads the count after it was reduced finds
    /// that there is something carried.
    #[cold]
    fn carry(&self, bucket: u8) {
        let rare = self.rare.get_or_init(Box::default);
        let mut carried = rare.carried.lock().unwrap_or_else(PoisonError::into_inner);
        let at = bucket as usize % CHUNK;
        self.counts[at].fetch_sub(CARRY, Release);
        carried[at] += 1;
    }

    /// The counts of values above all bounds of their bucket, bucket by bucket.
    pub(super) fn counts(&self) -> [u64; CHUNK] {
        let counts = || array::from_fn(|at| u64::from(self.counts[at].load(Acquire)));
        if self.rare.get().is_none() {
            let counts = counts();
            if self.rare.get().is_none() {
                return counts;
            }
        }
        let carried = self.rare.get().map(|rare| rare.carried.lock().unwrap_or_else(PoisonError::into_inner));
        let mut counts: [u64; CHUNK] = counts();
        for (count, carried) in counts.iter_mut().zip(carried.iter().flat_map(|carried| carried.iter())) {
            *count += u64::from(*carried) * u64::from(CARRY);
        }
        counts
    }

    /// Keeps an exemplar for the part between two bounds: one beyond a bound does not take the place of one before it, or
    /// the classic bucket that ends there would go back to an older one, which scrapers refuse.
    pub(super) fn keep(&self, exemplar: Exemplar, bounds: &[f64]) {
        let own = |bound: &&f64| grid::place(**bound).is_some_and(|place| place.chunk == self.key);
        let make = || (0..=bounds.iter().filter(own).count()).map(|_| Mutex::default()).collect();
        let slots = self.rare.get_or_init(Box::default).exemplars.get_or_init(|| Box::new(make()));
        let part = bounds.iter().filter(own).filter(|bound| **bound < exemplar.value).count();
        // Somebody else is just keeping one here: theirs is as good.
        if let Some(Ok(mut kept)) = slots.get(part).map(Mutex::try_lock) {
            *kept = Some(exemplar);
        }
    }

    /// The kept exemplars, each with the number of its part.
    pub(super) fn exemplars(&self) -> impl Iterator<Item = (usize, Exemplar)> {
        let slots = self.rare.get().and_then(|rare| rare.exemplars.get()).map_or(&[][..], |slots| slots);
        let kept = |slot: &Mutex<Option<Exemplar>>| *slot.lock().unwrap_or_else(PoisonError::into_inner);
        slots.iter().enumerate().filter_map(move |(part, slot)| Some((part, kept(slot)?)))
    }
}
