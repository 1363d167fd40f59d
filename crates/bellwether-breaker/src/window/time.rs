//! The results of the last span of time, in ten buckets: fixed memory, however many calls there are.

use std::time::Duration;

use bellwether_core::Instant;

use super::{Bad, Counts};

const BUCKETS: usize = 10;

/// Ten buckets, the current one growing: what is in them is at most the span old, and at least nine tenths of it are in.
#[derive(Debug)]
pub(crate) struct Time {
    /// Nanoseconds of a bucket.
    width: u64,
    buckets: [Counts; BUCKETS],
    current: usize,
    /// When it was made or restarted.
    since: Instant,
    /// When the current bucket began. Moves by whole buckets, so that nothing is lost between two of them.
    began: Instant,
    /// The good results before those of the current bucket that are still to come.
    good: u64,
    sum: Counts,
}

impl Time {
    pub(crate) fn new(span: Duration, now: Instant) -> Self {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let width = nanos.div_ceil(BUCKETS as u64).max(1);
        Self { width, buckets: Default::default(), current: 0, since: now, began: now, good: 0, sum: Counts::default() }
    }

    pub(crate) fn restart(&mut self, now: Instant) {
        *self = Self { width: self.width, ..Self::new(Duration::ZERO, now) };
    }

    pub(crate) fn counts(&mut self, good: u64, now: Instant) -> Counts {
        // What was counted since the last look came before the boundary that is looked at now.
        let more = good.saturating_sub(self.good);
        self.good += more;
        self.add(|counts| counts.successes += more);
        self.rotate(now);
        self.sum
    }

    pub(crate) fn push(&mut self, bad: Bad, good: u64, now: Instant) {
        self.counts(good, now);
        self.add(|counts| match bad {
            Bad::Slow => counts.slow += 1,
            Bad::Failure => counts.failures += 1,
        });
    }

    pub(crate) fn boundary(&self) -> Instant {
        Instant::from_nanos(self.began.as_nanos().saturating_add(self.width))
    }

    /// Whether more time has gone by than it holds.
    pub(crate) fn has_passed(&self, now: Instant) -> bool {
        now.as_nanos().saturating_sub(self.since.as_nanos()) > self.width.saturating_mul(BUCKETS as u64)
    }

    fn add(&mut self, add: impl Fn(&mut Counts)) {
        add(&mut self.buckets[self.current]);
        add(&mut self.sum);
    }

    /// Opens the bucket that `now` is in. A clock that stands still or goes back opens none.
    fn rotate(&mut self, now: Instant) {
        let past = now.as_nanos().saturating_sub(self.began.as_nanos()) / self.width;
        for _ in 0..past.min(BUCKETS as u64) {
            self.current = (self.current + 1) % BUCKETS;
            let old = std::mem::take(&mut self.buckets[self.current]);
            self.sum.successes -= old.successes;
            self.sum.slow -= old.slow;
            self.sum.failures -= old.failures;
        }
        self.began = Instant::from_nanos(self.began.as_nanos().saturating_add(past.saturating_mul(self.width)));
    }
}
