//! Running totals at the ends of slots: what happened since any instant is one subtraction. Fine slots for what was just now,
//! coarser ones for long ago; memory does not grow.

use std::time::Duration;

use bellwether_core::Timestamp;

/// Running totals of good (or bad) events and of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Totals {
    /// Good ones, or bad ones where only those are counted.
    pub(super) part: u64,
    pub(super) total: u64,
}

impl Totals {
    pub(super) fn plus(self, other: Self) -> Self {
        Self { part: self.part.saturating_add(other.part), total: self.total.saturating_add(other.total) }
    }
}

/// How fine slots are, and how far back they reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tier {
    pub(super) resolution: Duration,
    pub(super) retention: Duration,
}

/// Running totals at the ends of the slots of several tiers, the finest first.
#[derive(Debug)]
pub(super) struct Rings {
    rings: Vec<Ring>,
    start: Timestamp,
}

#[derive(Debug)]
struct Ring {
    /// Nanoseconds.
    resolution: u64,
    /// The totals at the end of slot `n`, counted from the epoch, are at `n` modulo the length.
    ends: Box<[Totals]>,
    /// The first slot whose end is known, and the first whose end is not.
    first: u64,
    next: u64,
}

impl Rings {
    pub(super) fn new(tiers: &[Tier]) -> Self {
        Self { rings: tiers.iter().map(|tier| Ring::new(*tier)).collect(), start: Timestamp::default() }
    }

    /// Nothing was counted before this.
    pub(super) fn begin(&mut self, start: Timestamp) {
        self.start = start;
        for ring in &mut self.rings {
            ring.first = start.unix_nanos() / ring.resolution;
            ring.next = ring.first + 1;
        }
    }

    /// Time has come to `now`, and what was counted since the last time to `after`.
    pub(super) fn advance(&mut self, before: Totals, after: Totals, now: Timestamp) {
        for ring in &mut self.rings {
            ring.advance(before, after, now);
        }
    }

    pub(super) fn start(&self) -> Timestamp {
        self.start
    }

    /// The totals at an instant, and the instant they are of: the end of the slot at or before it; the very start if it is
    /// earlier than anything known.
    pub(super) fn at(&self, at: Timestamp) -> (Totals, Timestamp) {
        let found = self.rings.iter().find_map(|ring| ring.at(at));
        found.filter(|(_, of)| *of >= self.start).unwrap_or((Totals::default(), self.start))
    }
}

impl Ring {
    fn new(Tier { resolution, retention }: Tier) -> Self {
        let resolution = u64::try_from(resolution.as_nanos()).unwrap_or(u64::MAX).max(1);
        let slots = retention.as_nanos().div_ceil(resolution.into());
        // One more for the slot that the start of a window is within, one for the open one.
        let length = usize::try_from(slots).unwrap_or(usize::MAX).saturating_add(2);
        Self { resolution, ends: vec![Totals::default(); length].into(), first: 0, next: 1 }
    }

    fn advance(&mut self, before: Totals, after: Totals, now: Timestamp) {
        let (ended, exactly) = (now.unix_nanos() / self.resolution, now.unix_nanos().is_multiple_of(self.resolution));
        let length = self.ends.len() as u64;
        // Of slots that a jump of the clock passes over, no more than there is room for.
        let mut slot = self.next.max((ended + 1).saturating_sub(length));
        while slot <= ended {
            let at = (slot % length) as usize;
            if let Some(end) = self.ends.get_mut(at) {
                // What was counted since the last time is counted when it was seen.
                *end = if slot == ended && exactly { after } else { before };
            }
            slot += 1;
        }
        self.next = self.next.max(ended + 1);
        self.first = self.first.max(self.next.saturating_sub(length));
    }

    fn at(&self, at: Timestamp) -> Option<(Totals, Timestamp)> {
        let slot = (at.unix_nanos() / self.resolution).min(self.next - 1);
        let totals = self.ends.get((slot % self.ends.len() as u64) as usize).filter(|_| slot >= self.first)?;
        Some((*totals, Timestamp::from_unix_nanos(slot * self.resolution)))
    }
}

/// The tiers that a tick, the longest window of a rule and a period need: the start of a window is known to a sixtieth of it.
pub(super) fn tiers(tick: Duration, longest_window: Duration, period: Duration) -> Vec<Tier> {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let rows = [(tick, hours(1)), (minutes(1), hours(6)), (minutes(10), longest_window), (hours(1), period)];
    let tiers = rows.map(|(resolution, retention)| Tier { resolution, retention: retention.min(period) });
    tiers.into_iter().filter(|tier| tier.resolution <= tier.retention).collect()
}
