//! The last N results: a bit each for failures and slow ones, and what is not bad is good.

use super::{Bad, Counts};

/// A ring of bits. Result number `n` has the place `n mod N`; good results leave no mark but make room, all at once when the
/// next bad one comes.
#[derive(Debug)]
pub(crate) struct Calls {
    size: u64,
    failures: Bits,
    slow: Bits,
    /// Results so far, and the bad ones among them.
    seen: u64,
    bad: u64,
}

/// A ring of bits that knows how many are set.
#[derive(Debug)]
struct Bits {
    words: Box<[u64]>,
    set: u64,
}

impl Calls {
    pub(crate) fn new(size: u32) -> Self {
        let size = u64::from(size);
        Self { size, failures: Bits::new(size), slow: Bits::new(size), seen: 0, bad: 0 }
    }

    pub(crate) fn restart(&mut self) {
        self.failures.clear();
        self.slow.clear();
        (self.seen, self.bad) = (0, 0);
    }

    pub(crate) fn counts(&mut self, good: u64) -> Counts {
        self.make_room(good.saturating_add(self.bad).saturating_sub(self.seen));
        let (slow, failures) = (self.slow.set, self.failures.set);
        Counts { successes: self.seen.min(self.size) - slow - failures, slow, failures }
    }

    pub(crate) fn push(&mut self, bad: Bad, good: u64) {
        self.counts(good);
        let place = self.seen % self.size;
        self.make_room(1);
        self.bad += 1;
        match bad {
            Bad::Failure => self.failures.insert(place),
            Bad::Slow => self.slow.insert(place),
        }
    }

    /// Whether more results came than it holds.
    pub(crate) fn has_passed(&self) -> bool {
        self.seen > self.size
    }

    /// Lets so many more results in, as good ones.
    fn make_room(&mut self, results: u64) {
        let from = self.seen % self.size;
        self.seen += results;
        if results >= self.size {
            self.failures.clear();
            self.slow.clear();
            return;
        }
        let to = from + results;
        for bits in [&mut self.failures, &mut self.slow] {
            bits.remove(from, to.min(self.size));
            bits.remove(0, to.saturating_sub(self.size));
        }
    }
}

impl Bits {
    fn new(size: u64) -> Self {
        Self { words: vec![0; size.div_ceil(64) as usize].into(), set: 0 }
    }

    fn clear(&mut self) {
        if self.set > 0 {
            self.words.fill(0);
            self.set = 0;
        }
    }

    fn insert(&mut self, place: u64) {
        if let Some(word) = self.words.get_mut((place / 64) as usize) {
            self.set += u64::from(*word & (1 << (place % 64)) == 0);
            *word |= 1 << (place % 64);
        }
    }

    /// Clears the places `from..to`, a word at a time.
    fn remove(&mut self, from: u64, to: u64) {
        let mut place = from;
        while self.set > 0 && place < to {
            let end = to.min((place / 64 + 1) * 64);
            let mask = (u64::MAX >> (64 - (end - place))) << (place % 64);
            if let Some(word) = self.words.get_mut((place / 64) as usize) {
                self.set -= u64::from((*word & mask).count_ones());
                *word &= !mask;
            }
            place = end;
        }
    }
}
