//! Tiers: how fine samples are kept, and for how long; and the times that all series of a tier share.

use std::sync::Arc;
use std::time::Duration;

/// How wide a step of a tier is, and how far back it reaches.
///
/// Each step has the last values at or before its end, so a coarser tier is a selection of what a finer one has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a tier is its two numbers")]
pub struct Tier {
    /// From step to step.
    pub resolution: Duration,
    /// How long samples are kept.
    pub retention: Duration,
}

impl Tier {
    /// A tier of this resolution and retention.
    pub const fn new(resolution: Duration, retention: Duration) -> Self {
        Self { resolution, retention }
    }
}

/// The times of all ticks that are still kept, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Ticks {
    pub(crate) times: Arc<Vec<i64>>,
    /// The number of the first of them.
    pub(crate) base: u32,
}

impl Ticks {
    /// The number of the next tick.
    pub(crate) fn next(&self) -> u32 {
        self.base.wrapping_add(self.times.len() as u32)
    }

    /// When a tick was, if it is not forgotten.
    pub(crate) fn at(&self, tick: u32) -> Option<i64> {
        self.times.get(tick.checked_sub(self.base)? as usize).copied()
    }

    pub(crate) fn last(&self) -> Option<i64> {
        self.times.last().copied()
    }

    pub(crate) fn push(&mut self, time: i64) {
        Arc::make_mut(&mut self.times).push(time);
    }

    /// The first tick at or after a time.
    pub(crate) fn since(&self, time: i64) -> u32 {
        self.base + self.times.partition_point(|tick| *tick < time) as u32
    }

    /// Forgets the ticks before one; now and then, since the rest has to move.
    pub(crate) fn forget_before(&mut self, tick: u32) {
        let old = tick.saturating_sub(self.base) as usize;
        if old > 64 && old * 4 > self.times.len() {
            let times = Arc::make_mut(&mut self.times);
            times.drain(..old.min(times.len()));
            self.base = tick;
        }
    }
}

/// The steps of a coarser tier, and the block of them that is being filled.
#[derive(Debug)]
pub(crate) struct Steps {
    pub(crate) resolution: i64,
    pub(crate) retention: i64,
    /// The end of the step that is under way; `None` before the first tick.
    pub(crate) next: Option<i64>,
    /// When the block of steps starts that is being filled, and their times so far.
    pub(crate) start: i64,
    pub(crate) times: Arc<Vec<i64>>,
}

/// So many steps are a block.
pub(crate) const BLOCK: usize = 60;

impl Steps {
    pub(crate) fn new(tier: Tier) -> Self {
        let (resolution, retention) = (millis(tier.resolution).max(1), millis(tier.retention));
        Self { resolution, retention, next: None, start: 0, times: Arc::default() }
    }

    /// The step that ended before `now`, if one did, is in the block from here on; the next one is that of `now`.
    pub(crate) fn step(&mut self, now: i64) -> bool {
        let ended = self.next.filter(|end| now > *end);
        if let Some(end) = ended {
            if self.times.is_empty() {
                self.start = end;
            }
            Arc::make_mut(&mut self.times).push(end);
        }
        if ended.is_some() || self.next.is_none() {
            self.next = Some(self.end_of(now));
        }
        ended.is_some()
    }

    /// The end of the step that a time is in.
    fn end_of(&self, time: i64) -> i64 {
        let over = time.rem_euclid(self.resolution);
        if over == 0 { time } else { time - over + self.resolution }
    }

    /// How long after its start the last sample of a block may be.
    pub(crate) fn reach(&self) -> i64 {
        self.resolution.saturating_mul(BLOCK as i64 + 1)
    }

    /// Whether the block is full.
    pub(crate) fn is_full(&self) -> bool {
        self.times.len() >= BLOCK
    }

    /// Begins another block.
    pub(crate) fn turn(&mut self) -> Arc<Vec<i64>> {
        std::mem::take(&mut self.times)
    }
}

/// A duration in the milliseconds that times are counted in.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
