//! What is under way: a slot for each piece of work, claimed and given back by a bit, in chunks that never move.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::num::NonZeroU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use bellwether_core::Work;
use bellwether_core::lanes::this_thread;

use super::slot::{Done, Live, Slot};
use crate::sync::{AtomicU32, AtomicU64, OnceBox};

/// Slots of a chunk: a bit each.
const SLOTS: usize = 64;
/// The most chunks there may be: 65,536 pieces of work under way.
const CHUNKS: usize = 1024;
/// Chunks that are looked into before a piece of work is let go unfollowed.
const TRIES: usize = 64;
/// Where threads begin to look: a few places each, so that they seldom meet.
const HINTS: usize = 64;
/// Bits of a work's number that tell the slot, counted from one; between them and the generation is the slab's tag.
const PLACE: u32 = 17;
const TAG: u32 = 32 - PLACE;

#[derive(Debug)]
pub(super) struct Slab {
    /// What numbers of this slab's work have in common, and those of another's do not, but by a rare chance.
    tag: u64,
    chunks: Box<[OnceBox<Chunk>]>,
    hints: Box<[Hint]>,
    turned_away: AtomicU64,
}

#[derive(Debug)]
#[repr(align(64))]
struct Hint(AtomicU32);

#[derive(Debug)]
struct Chunk {
    /// A bit for each slot that nobody has.
    free: AtomicU64,
    slots: [Slot; SLOTS],
}

impl Slab {
    pub(super) fn new() -> Self {
        let step = (CHUNKS / HINTS) as u32;
        Self {
            tag: RandomState::new().build_hasher().finish() >> (64 - TAG),
            chunks: (0..CHUNKS).map(|_| OnceBox::new()).collect(),
            hints: (0..HINTS as u32).map(|hint| Hint(AtomicU32::new(hint * step))).collect(),
            turned_away: AtomicU64::new(0),
        }
    }

    /// Begins a piece of work of a node; `None` if there is no slot.
    #[inline]
    pub(super) fn begin(&self, node: u32, at: u64) -> Option<Work> {
        let home = (this_thread() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58;
        let hint = &self.hints[home as usize % HINTS].0;
        let first = hint.load(Relaxed) as usize;
        for step in 0..TRIES {
            let at_chunk = (first + step) % CHUNKS;
            let chunk = self.chunks[at_chunk].get_or_init(Box::default);
            let Some(place) = chunk.claim() else { continue };
            if step > 0 {
                hint.store(at_chunk as u32, Relaxed);
            }
            let generation = chunk.slots[place].begin(node, at);
            let number = (at_chunk * SLOTS + place + 1) as u64;
            return NonZeroU64::new(u64::from(generation) << 32 | self.tag << PLACE | number).map(Work::new);
        }
        self.turned_away.fetch_add(1, Relaxed);
        None
    }

    /// A piece of work, if it is still under way.
    #[inline]
    pub(super) fn find(&self, work: Work) -> Option<Live<'_>> {
        let (chunk, place, generation) = self.parts(work)?;
        self.chunks.get(chunk)?.get()?.slots[place].live(generation)
    }

    /// Ends a piece of work and gives its slot back; `None` if it had ended.
    #[inline]
    pub(super) fn end(&self, work: Work, at: u64) -> Option<Done> {
        let (chunk, place, generation) = self.parts(work)?;
        let chunk = self.chunks.get(chunk)?.get()?;
        let done = chunk.slots[place].end(generation, at)?;
        chunk.free.fetch_or(1 << place, Release);
        Some(done)
    }

    /// All that is under way: the node, and when it began.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u64)> {
        let slots = self.chunks.iter().filter_map(OnceBox::get).flat_map(|chunk| &chunk.slots);
        slots.filter_map(Slot::who)
    }

    /// How many pieces of work there was no slot for.
    pub(super) fn turned_away(&self) -> u64 {
        self.turned_away.load(Relaxed)
    }

    /// Chunk, place and generation of a piece of work; `None` if it is another slab's.
    #[inline]
    fn parts(&self, work: Work) -> Option<(usize, usize, u32)> {
        let number = work.number().get();
        let slot = ((number & ((1 << PLACE) - 1)) as usize).wrapping_sub(1);
        let ours = number >> PLACE & ((1 << TAG) - 1) == self.tag;
        ours.then_some((slot / SLOTS, slot % SLOTS, (number >> 32) as u32))
    }
}

impl Default for Chunk {
    fn default() -> Self {
        Self { free: AtomicU64::new(u64::MAX), slots: std::array::from_fn(|_| Slot::default()) }
    }
}

impl Chunk {
    #[inline]
    fn claim(&self) -> Option<usize> {
        let mut free = self.free.load(Relaxed);
        while free != 0 {
            let place = free.trailing_zeros();
            match self.free.compare_exchange_weak(free, free & (free - 1), Acquire, Relaxed) {
                Ok(_) => return Some(place as usize),
                Err(now) => free = now,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
