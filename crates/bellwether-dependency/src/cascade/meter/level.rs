//! How many there are over time, in one word: whoever reads it has the number and the integral of the same moment.
//!
//! The low bits count those that entered and have not left; the high bits add up when they left less when they entered.
//! Both are sums, so words of several threads add up. Until `at`, the integral is the count times `at`, plus those times.

use bellwether_core::Instant;

/// Bits of the count, which is a signed number: of several words one may count who leaves before another counts that it came.
const COUNT: u32 = 20;
/// Bits that make a number of nanoseconds one of units. A unit is 1.024 µs.
const UNIT: u32 = 10;
/// Seconds of a unit.
const SECONDS: f64 = (1_u64 << UNIT) as f64 / 1e9;

/// A moment in units, as words count time.
#[inline]
pub(super) fn units(at: Instant) -> u64 {
    at.as_nanos() >> UNIT
}

/// A time in units, in seconds.
#[inline]
pub(super) fn seconds(units: u64) -> f64 {
    units as f64 * SECONDS
}

/// What is added to a word when somebody enters.
#[inline]
pub(super) fn enter(at: u64) -> u64 {
    1_u64.wrapping_sub(at << COUNT)
}

/// What is added to a word when somebody leaves.
#[inline]
pub(super) fn leave(at: u64) -> u64 {
    (at << COUNT).wrapping_sub(1)
}

/// What a word, or a sum of words, said at one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Level {
    count: i64,
    /// The integral so far, in units, modulo 2⁴⁴.
    integral: u64,
}

impl Level {
    pub(super) fn read(word: u64, at: u64) -> Self {
        let count = (word << (64 - COUNT)) as i64 >> (64 - COUNT);
        let times = word.wrapping_sub(count as u64) >> COUNT;
        Self { count, integral: times.wrapping_add((count as u64).wrapping_mul(at)) }
    }

    /// How many there were.
    pub(super) fn count(self) -> u64 {
        self.count.max(0) as u64
    }

    /// The integral since `before`, in seconds.
    pub(super) fn since(self, before: Self) -> f64 {
        // Who left while the words were read may be missing from one of them, and makes up for it the next time.
        let units = (self.integral.wrapping_sub(before.integral) << COUNT) as i64 >> COUNT;
        units.max(0) as f64 * SECONDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Visits (from, until), and what they come to between two readings.
    #[track_caller]
    fn check(visits: &[(u64, u64)], between: (u64, u64), expect: (u64, u64)) {
        let word = |at: u64| {
            let entered = visits.iter().filter(|visit| visit.0 <= at).map(|visit| enter(visit.0));
            let left = visits.iter().filter(|visit| visit.1 <= at).map(|visit| leave(visit.1));
            Level::read(entered.chain(left).fold(0, u64::wrapping_add), at)
        };
        let (first, second) = (word(between.0), word(between.1));
        assert_eq!((second.count(), second.since(first)), (expect.0, seconds(expect.1)), "{visits:?} {between:?}");
    }

    #[test]
    fn counts_and_integrates() {
        check(&[], (0, 10), (0, 0));
        check(&[(2, 5)], (0, 10), (0, 3));
        check(&[(2, 50)], (0, 10), (1, 8));
        check(&[(2, 50)], (10, 20), (1, 10));
        check(&[(2, 50), (15, 18), (15, 100)], (10, 20), (2, 18));
        // Later than the bits of a word reach: all is modulo.
        let late = 3 << 43;
        check(&[(late - 7, late + 3), (late - 1, late + 20)], (late - 5, late + 10), (1, 8 + 11));
    }

    #[test]
    fn who_leaves_before_it_came_is_made_up_for() {
        let (came, left) = (enter(100), leave(900));
        let torn = Level::read(left, 901);
        assert_eq!((torn.count(), torn.since(Level::default())), (0, 0.0));
        let whole = Level::read(came.wrapping_add(left), 1000);
        assert_eq!(whole.since(torn), seconds(801));
    }
}
