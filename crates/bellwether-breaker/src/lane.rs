//! What every call counts, in words that only its own thread writes.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use bellwether_core::Instant;

use crate::lanes::{Lanes, Met, add_exclusive, add_shared};
use crate::sync::AtomicU64;

/// Running calls are told apart by when they began, in so many stretches of time.
const STRETCHES: usize = 16;
/// Bits of a word that count; those above tell the generation.
const COUNT_BITS: u32 = 40;
const COUNT: u64 = (1 << COUNT_BITS) - 1;

/// Generations are told apart modulo this, wherever they are packed beside something else.
pub(crate) const GENERATIONS: u32 = 1 << (64 - COUNT_BITS);

/// One thread's counts. The first words are what an ordinary call touches: a line of the cache.
#[derive(Debug, Default)]
#[repr(C, align(64))]
struct Lane {
    admitted: AtomicU64,
    /// Successes, ever.
    successes: AtomicU64,
    /// Successes of one generation, and which: a straggler's success is counted where it belongs, or not at all.
    current: AtomicU64,
    open: AtomicU64,
    forced: AtomicU64,
    /// Calls by the stretch they began in, modulo their number, and how many of those have ended.
    began: Stretches,
    ended: Stretches,
}

#[derive(Debug, Default)]
struct Stretches([AtomicU64; STRETCHES]);

/// The counts of all threads.
#[derive(Debug, Default)]
pub(crate) struct Totals(Lanes<Lane>);

/// Which of a stretch of time a moment is in: a power of two of nanoseconds, an eighth to a quarter of what is called slow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ruler {
    shift: u32,
}

impl Totals {
    #[inline]
    pub(crate) fn admit(&self) {
        self.add(|lane| &lane.admitted);
    }

    #[inline]
    pub(crate) fn admit_in(&self, stretch: u64) {
        self.0.write(
            |lane| {
                add_exclusive(&lane.admitted, 1);
                add_exclusive(lane.began.of(stretch), 1);
            },
            |lane| {
                add_shared(lane.began.of(stretch), 1);
                add_shared(&lane.admitted, 1)
            },
        );
    }

    #[inline]
    pub(crate) fn succeed(&self, generation: u32) {
        self.0.write(|lane| lane.succeed(generation), |lane| lane.succeed_shared(generation));
    }

    #[inline]
    pub(crate) fn succeed_in(&self, generation: u32, stretch: u64) {
        self.0.write(
            |lane| {
                lane.succeed(generation);
                add_exclusive(lane.ended.of(stretch), 1);
            },
            |lane| {
                add_shared(lane.ended.of(stretch), 1);
                lane.succeed_shared(generation)
            },
        );
    }

    /// A success that no window wants to know of.
    pub(crate) fn succeed_unseen(&self) {
        self.0.write(Lane::succeed_once, |lane| {
            lane.successes.fetch_add(1, Release);
            Met::Nobody
        });
    }

    pub(crate) fn end_in(&self, stretch: u64) {
        self.add(|lane| lane.ended.of(stretch));
    }

    #[inline]
    pub(crate) fn reject_open(&self) {
        self.add(|lane| &lane.open);
    }

    #[inline]
    pub(crate) fn reject_forced(&self) {
        self.add(|lane| &lane.forced);
    }

    #[inline]
    fn add(&self, of: impl Fn(&Lane) -> &AtomicU64) {
        self.0.write(|lane| add_exclusive(of(lane), 1), |lane| add_shared(of(lane), 1));
    }

    pub(crate) fn admitted(&self) -> u64 {
        self.sum(|lane| lane.admitted.load(Relaxed))
    }

    pub(crate) fn successes(&self) -> u64 {
        self.sum(|lane| lane.successes.load(Acquire))
    }

    pub(crate) fn rejected_open(&self) -> u64 {
        self.sum(|lane| lane.open.load(Relaxed))
    }

    pub(crate) fn rejected_forced(&self) -> u64 {
        self.sum(|lane| lane.forced.load(Relaxed))
    }

    /// The successes of a generation.
    pub(crate) fn successes_of(&self, generation: u32) -> u64 {
        self.sum(|lane| {
            let word = lane.current.load(Relaxed);
            if word >> COUNT_BITS == u64::from(generation) { word & COUNT } else { 0 }
        })
    }

    /// Calls that began in a stretch, or in another that shares its place, and have not ended.
    pub(crate) fn running(&self, stretch: u64) -> u64 {
        // What has ended is read first: whatever ends meanwhile is still seen as running, and not the other way round.
        let ended = self.sum(|lane| lane.ended.of(stretch).load(Relaxed));
        self.sum(|lane| lane.began.of(stretch).load(Relaxed)).saturating_sub(ended)
    }

    fn sum(&self, of: impl Fn(&Lane) -> u64) -> u64 {
        self.0.iter().fold(0, |sum, lane| sum.wrapping_add(of(lane)))
    }
}

impl Lane {
    #[inline]
    fn succeed(&self, generation: u32) {
        self.succeed_once();
        if let Some(next) = counted(self.current.load(Relaxed), generation) {
            self.current.store(next, Relaxed);
        }
    }

    /// Whoever sees a success sees that its call was admitted, too.
    #[inline]
    fn succeed_once(&self) {
        self.successes.store(self.successes.load(Relaxed) + 1, Release);
    }

    fn succeed_shared(&self, generation: u32) -> Met {
        let seen = self.successes.load(Relaxed);
        let met = if self.successes.fetch_add(1, Release) == seen { Met::Nobody } else { Met::Somebody };
        // Loses nothing: whoever is beaten looks again.
        let mut seen = self.current.load(Relaxed);
        while let Some(next) = counted(seen, generation) {
            match self.current.compare_exchange_weak(seen, next, Relaxed, Relaxed) {
                Ok(_) => break,
                Err(now) => seen = now,
            }
        }
        met
    }
}

/// The word with one more success of a generation; `None` if it has gone on to a later one.
#[inline]
fn counted(word: u64, generation: u32) -> Option<u64> {
    let (known, generation) = (word >> COUNT_BITS, u64::from(generation));
    if known == generation {
        return Some(word + 1);
    }
    // Later by less than half of all there are, the numbers being a circle.
    let later = generation.wrapping_sub(known) % u64::from(GENERATIONS) < u64::from(GENERATIONS / 2);
    later.then_some(generation << COUNT_BITS | 1)
}

impl Stretches {
    #[inline]
    fn of(&self, stretch: u64) -> &AtomicU64 {
        &self.0[stretch as usize % STRETCHES]
    }
}

impl Ruler {
    /// How many stretches have a place of their own at one time: more than twice what is called slow.
    pub(crate) const PLACES: u64 = STRETCHES as u64;

    /// For calls that are slow after so many nanoseconds.
    pub(crate) fn new(slow_after: u64) -> Self {
        Self { shift: (slow_after / 8).max(1).checked_next_power_of_two().unwrap_or(1 << 63).ilog2() }
    }

    /// The stretch a moment is in. No moment is in one of the first.
    #[inline]
    pub(crate) fn stretch(self, at: Instant) -> u64 {
        (at.as_nanos() >> self.shift) + Self::PLACES
    }

    /// When a stretch begins.
    pub(crate) fn begins(self, stretch: u64) -> Instant {
        Instant::from_nanos(stretch.saturating_sub(Self::PLACES).saturating_mul(1 << self.shift))
    }
}
