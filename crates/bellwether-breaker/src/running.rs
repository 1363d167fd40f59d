//! Calls that still run, by when they began: a call that hangs is a slow one as soon as it is late, not only when it returns.

use bellwether_core::Instant;

use crate::lane::{Ruler, Totals};

/// What is known of running calls beyond what the lanes count. A stretch of time has a place in the lanes until that is handed
/// on to a later one; what still runs by then is remembered here.
#[derive(Debug)]
pub(crate) struct Running {
    ruler: Ruler,
    slow_after: u64,
    /// The first stretch that has no calls of an earlier generation.
    first: u64,
    /// The last stretch whose place was handed on.
    handed_on: u64,
    /// What still runs of the stretches that had a place before.
    left_over: [u64; Ruler::PLACES as usize],
    /// As much of it as is of this generation.
    hanging: u64,
}

impl Running {
    pub(crate) fn new(ruler: Ruler, slow_after: u64, now: Instant) -> Self {
        let first = ruler.stretch(now);
        let handed_on = first - Ruler::PLACES;
        Self { ruler, slow_after, first, handed_on, left_over: Default::default(), hanging: 0 }
    }

    /// From now on only calls of a new generation are looked at. Older ones may have begun in this very stretch, so it is left
    /// out.
    pub(crate) fn forget(&mut self, now: Instant) {
        (self.first, self.hanging) = (self.ruler.stretch(now) + 1, 0);
    }

    /// When the place of the oldest stretch is needed again.
    pub(crate) fn boundary(&self) -> Instant {
        self.ruler.begins(self.handed_on + Ruler::PLACES + 1)
    }

    /// Hands on the places that are needed now. No call began in a stretch that had no place yet.
    pub(crate) fn hand_on(&mut self, totals: &Totals, now: Instant) {
        let last = self.ruler.stretch(now).saturating_sub(Ruler::PLACES).max(self.handed_on);
        for stretch in self.handed_on + 1..=last.min(self.handed_on + Ruler::PLACES) {
            let running = totals.running(stretch);
            let left_over = &mut self.left_over[(stretch % Ruler::PLACES) as usize];
            if stretch >= self.first {
                self.hanging += running.saturating_sub(*left_over);
            }
            *left_over = running;
        }
        self.handed_on = last;
    }

    /// A call has ended.
    pub(crate) fn end(&mut self, started: Instant, totals: &Totals) {
        let stretch = self.ruler.stretch(started);
        totals.end_in(stretch);
        if stretch <= self.handed_on {
            let left_over = &mut self.left_over[(stretch % Ruler::PLACES) as usize];
            *left_over = left_over.saturating_sub(1);
            self.hanging -= u64::from(stretch >= self.first && self.hanging > 0);
        }
    }

    /// Calls that are late already, to within a stretch.
    pub(crate) fn hung(&self, totals: &Totals, now: Instant) -> u64 {
        let late = Instant::from_nanos(now.as_nanos().saturating_sub(self.slow_after));
        let running = |stretch: u64| {
            let left_over = self.left_over[(stretch % Ruler::PLACES) as usize];
            totals.running(stretch).saturating_sub(left_over)
        };
        let stretches = self.first.max(self.handed_on + 1)..self.ruler.stretch(late);
        self.hanging + stretches.map(running).sum::<u64>()
    }
}
