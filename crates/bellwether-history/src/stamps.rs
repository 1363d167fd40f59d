//! When a tick was: the wall clock's time, but never twice the same and never back.

use bellwether_core::{Instant, Timestamp};

/// Gives ticks their times.
#[derive(Debug, Default)]
pub(crate) struct Stamps {
    last: Option<Last>,
    /// Nothing at or before this: what was there before a restart.
    floor: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    at: i64,
    wall: i64,
    now: Instant,
}

/// The time of a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) at: i64,
    /// How much of the time since the tick before is accounted for: all, unless the wall clock leapt forward.
    pub(crate) covered: i64,
    /// By how much the wall clock went on more than time did; less, if below zero. Nothing worth telling is 0.
    pub(crate) jump: i64,
}

/// Clocks that differ by no more than this have not jumped, and no more than this share of what passed.
const TOLERANCE: i64 = 1000;
const DRIFT: i64 = 100;

impl Stamps {
    /// Nothing is stamped at or before `time`.
    pub(crate) fn after(&mut self, time: i64) {
        self.floor = Some(self.floor.map_or(time, |floor| floor.max(time)));
    }

    /// While the wall clock is behind what was stamped before, stamps go on by a millisecond a tick: what is counted
    /// then lies where the clock was set back, and nothing is out of order.
    pub(crate) fn stamp(&mut self, wall: Timestamp, now: Instant) -> Stamp {
        let wall = wall.unix_millis() as i64;
        let floor = self.last.map(|last| last.at).max(self.floor);
        let at = floor.map_or(wall, |floor| wall.max(floor + 1));
        let (mut covered, mut jump) = (0, 0);
        if let Some(last) = self.last {
            let passed = i64::try_from(now.since(last.now).as_millis()).unwrap_or(i64::MAX);
            let ahead = wall - last.wall - passed;
            if ahead.abs() > TOLERANCE.max(passed / DRIFT) {
                jump = ahead;
            }
            covered = if jump > 0 { passed.min(at - last.at) } else { at - last.at };
        }
        self.last = Some(Last { at, wall, now });
        Stamp { at, covered, jump }
    }
}
