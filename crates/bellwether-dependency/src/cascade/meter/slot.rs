//! A piece of work under way, from its beginning to its end: a few words that several threads may change, since calls of one
//! request can run side by side. A call that outlives the work that made it finds another generation, and does nothing.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use super::last_failed::LastFailed;
use crate::sync::{AtomicU32, AtomicU64};

/// Bits of a slot's word that count open calls.
const OPEN: u32 = 16;
const MOST_OPEN: u64 = (1 << OPEN) - 1;
/// Bits of [`Slot::who`] that tell the node.
const NODE: u32 = 13;

/// A piece of work under way.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct Slot {
    /// When it began, and the node it is of, plus one; 0 while nobody has the slot.
    who: AtomicU64,
    /// How many calls it waits for, and when it began and ceased to work by itself: the latter less the former, in units.
    word: AtomicU64,
    /// Which of its calls failed last, and was not made up for.
    failed: LastFailed,
    /// Permits that it holds: the number of their edge plus one, and how many.
    held: AtomicU64,
    /// Of how many pieces of work it was the slot, counting an end as one more.
    generation: AtomicU32,
}

/// A piece of work that is still under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Live<'a> {
    slot: &'a Slot,
    generation: u32,
}

/// What a piece of work came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Done {
    /// The number of its node.
    pub(super) node: u32,
    /// How long it took, and how much of that was its own, in units.
    pub(super) took: u64,
    pub(super) own: u64,
    /// It still waited for a call.
    pub(super) waiting: bool,
    /// Permits that it still held: of which edge, and how many.
    pub(super) held: Option<(u32, u32)>,
}

/// Whose it is and since when, if it is somebody's.
#[inline]
fn whose(who: u64) -> Option<(u32, u64)> {
    let node = (who & ((1 << NODE) - 1)) as u32;
    Some((node.checked_sub(1)?, who >> NODE))
}

impl Slot {
    /// The work of this generation, if it is still under way.
    #[inline]
    pub(super) fn live(&self, generation: u32) -> Option<Live<'_>> {
        (self.generation.load(Acquire) == generation).then_some(Live { slot: self, generation })
    }

    /// The node of whoever has it, and since when.
    pub(super) fn who(&self) -> Option<(u32, u64)> {
        whose(self.who.load(Relaxed))
    }

    /// Begins a piece of work in a slot that was claimed. Its generation.
    #[inline]
    pub(super) fn begin(&self, node: u32, at: u64) -> u32 {
        // Nobody else has the slot: what finds it by an old number sees that the generation is another.
        let generation = self.generation.load(Relaxed);
        self.failed.reset(generation);
        self.held.store(0, Relaxed);
        self.word.store(0_u64.wrapping_sub(at << OPEN), Release);
        self.who.store(at << NODE | u64::from(node + 1), Relaxed);
        generation
    }

    #[inline]
    pub(super) fn end(&self, generation: u32, at: u64) -> Option<Done> {
        // First it is gone, then it is read: a call that comes now either is in the word or finds nobody.
        let next = generation.wrapping_add(1);
        self.generation.compare_exchange(generation, next, AcqRel, Relaxed).ok()?;
        let word = self.word.swap(0, AcqRel);
        let (node, began) = whose(self.who.swap(0, Relaxed))?;
        let waiting = word & MOST_OPEN > 0;
        let own = (word >> OPEN).wrapping_add(if waiting { 0 } else { at });
        let held = self.held.swap(0, Relaxed);
        Some(Done {
            node,
            took: at.saturating_sub(began),
            own: own << OPEN >> OPEN,
            waiting,
            held: (held > 0).then(|| ((held >> 32) as u32 - 1, held as u32)),
        })
    }
}

impl Live<'_> {
    /// A call begins on its behalf. Whether it is the only one; `None` if the work has ended, or waits for too many.
    #[inline]
    pub(super) fn waits(self, at: u64) -> Option<bool> {
        let alone = |word: u64| word & MOST_OPEN == 0;
        let change = |word: u64| word.wrapping_add(if alone(word) { at << OPEN } else { 0 }).wrapping_add(1);
        self.update(change, |word| word & MOST_OPEN < MOST_OPEN).map(alone)
    }

    /// Such a call is over. Whether it was the only one; `None` if the work has ended.
    #[inline]
    pub(super) fn goes_on(self, at: u64) -> Option<bool> {
        let alone = |word: u64| word & MOST_OPEN == 1;
        let change = |word: u64| word.wrapping_sub(if alone(word) { at << OPEN } else { 0 }).wrapping_sub(1);
        self.update(change, |word| word & MOST_OPEN > 0).map(alone)
    }

    #[inline]
    fn update(self, change: impl Fn(u64) -> u64, may: impl Fn(u64) -> bool) -> Option<u64> {
        let mut word = self.slot.word.load(Acquire);
        loop {
            if self.slot.generation.load(Acquire) != self.generation || !may(word) {
                return None;
            }
            // Once the work has ended the word is another one: it holds a time.
            match self.slot.word.compare_exchange_weak(word, change(word), AcqRel, Acquire) {
                Ok(before) => return Some(before),
                Err(now) => word = now,
            }
        }
    }

    #[inline]
    pub(super) fn failed(&self) -> &LastFailed {
        &self.slot.failed
    }

    #[inline]
    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    /// The node that it is of.
    pub(super) fn node(&self) -> Option<u32> {
        self.slot.who().map(|(node, _)| node)
    }

    /// A permit is held on its behalf. `false` if it has ended, or holds permits of something else.
    pub(super) fn takes(&self, edge: u32) -> bool {
        let mine = |held: u64| held == 0 || (held >> 32) as u32 == edge + 1;
        let more = |held: u64| mine(held).then_some((u64::from(edge + 1) << 32 | held & 0xffff_ffff) + 1);
        self.slot.generation.load(Acquire) == self.generation
            && self.slot.held.fetch_update(Relaxed, Relaxed, more).is_ok()
    }

    /// Such a permit is given back. `false` if the work has ended: then it no longer held it.
    pub(super) fn gives_back(&self, edge: u32) -> bool {
        let mine = |held: u64| (held >> 32) as u32 == edge + 1 && held as u32 > 0;
        let less = |held: u64| mine(held).then(|| if held as u32 == 1 { 0 } else { held - 1 });
        self.slot.generation.load(Acquire) == self.generation
            && self.slot.held.fetch_update(Relaxed, Relaxed, less).is_ok()
    }
}
