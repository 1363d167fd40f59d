//! Which call of a piece of work failed last, and was not made up for by a later one that went well: one word.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};

use crate::cascade::Failure;
use crate::sync::AtomicU64;

/// The low bits are when it failed, in units; above them how, of which edge, and of which generation of its slot.
const TIME: u32 = 36;
const CLASS: u32 = 4;
const CUT: u32 = TIME + CLASS;
const EDGE: u32 = CUT + 1;
const GENERATION: u32 = 56;

#[derive(Debug, Default)]
pub(super) struct LastFailed(AtomicU64);

/// A call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failed {
    /// The number of the edge along which it was made.
    pub(super) edge: u32,
    pub(super) class: Failure,
    /// It was given up, rather than failed by itself.
    pub(super) cut: bool,
}

impl LastFailed {
    /// None did, of this generation.
    #[inline]
    pub(super) fn reset(&self, generation: u32) {
        self.0.store(none(generation), Release);
    }

    /// The call, if one did.
    #[inline]
    pub(super) fn get(&self, generation: u32) -> Option<Failed> {
        failed(self.0.load(Acquire), generation)
    }

    /// A call failed. One that was given up says less than one that failed by itself.
    #[cold]
    pub(super) fn set(&self, generation: u32, call: Failed, at: u64) {
        let new = none(generation)
            | u64::from(call.edge + 1) << EDGE
            | u64::from(call.cut) << CUT
            | (call.class as u64) << TIME
            | at & ((1 << TIME) - 1);
        let change = |now: u64| {
            let counts = |there: Failed| there.cut || !call.cut;
            (now >> GENERATION == new >> GENERATION && failed(now, generation).is_none_or(counts)).then_some(new)
        };
        let _ = self.0.fetch_update(AcqRel, Acquire, change);
    }

    /// A call that began then went well: whatever failed before was made up for.
    #[inline]
    pub(super) fn made_up_for(&self, generation: u32, began: u64) {
        if self.get(generation).is_some() {
            self.forget(generation, began);
        }
    }

    #[cold]
    fn forget(&self, generation: u32, began: u64) {
        let change = |now: u64| {
            let later = began.wrapping_sub(now) << (64 - TIME);
            (failed(now, generation).is_some() && later >> 63 == 0).then(|| none(generation))
        };
        let _ = self.0.fetch_update(AcqRel, Acquire, change);
    }
}

#[inline]
fn none(generation: u32) -> u64 {
    u64::from(generation) << GENERATION
}

#[inline]
fn failed(word: u64, generation: u32) -> Option<Failed> {
    let edge = (word << (64 - GENERATION)) >> (64 - GENERATION + EDGE);
    if edge == 0 || word >> GENERATION != u64::from(generation as u8) {
        return None;
    }
    let class = (word >> TIME) as usize & ((1 << CLASS) - 1);
    let class = Failure::ALL.get(class).copied().unwrap_or(Failure::Unknown);
    Some(Failed { edge: edge as u32 - 1, class, cut: word >> CUT & 1 == 1 })
}
