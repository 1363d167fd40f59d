//! A chunk: the samples of one series over a stretch of ticks, written one after the other into a few bytes.
//!
//! Times are not in it: all series are sampled by the same ticks, so a chunk says which tick is its first. A chunk
//! begins where a series does, or begins anew: within it counts only go up.

mod bits;
mod block;
mod counts;
#[cfg(test)]
mod tests;
mod words;

use std::mem;
use std::num::NonZeroI64;

use crate::bytes;
pub(crate) use block::Block;
pub(crate) use counts::{Counts, ZERO};
pub(crate) use words::{Guess, Shape, Words};

/// Samples of consecutive ticks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunk {
    /// When the series began from nothing, if that was right before the first sample.
    pub(crate) born: Option<NonZeroI64>,
    /// The tick of the first sample.
    pub(crate) first: u32,
    pub(crate) len: u16,
    /// So many samples at the end are as guessed, or absent, and not among the bytes yet.
    tail: u16,
    absent: bool,
    bytes: Vec<u8>,
}

/// What stands before the length of a run, of samples as guessed and of absent ones. Odd, which is how a histogram never
/// begins, and beyond what a word begins with.
const SAME: u8 = 0xFD;
const ABSENT: u8 = 0xFF;

impl Chunk {
    /// Memory beside the bytes.
    pub(crate) const OVERHEAD: usize = size_of::<Self>() + 2 * size_of::<usize>();

    pub(crate) fn new(first: u32, born: Option<i64>) -> Self {
        Self { first, born: born.and_then(NonZeroI64::new), ..Self::default() }
    }

    /// The tick after the last sample.
    pub(crate) fn end(&self) -> u32 {
        self.first + u32::from(self.len)
    }

    /// How many bytes of memory it takes.
    pub(crate) fn size(&self) -> usize {
        Self::OVERHEAD + self.bytes.capacity()
    }

    /// How many bytes its samples take so far.
    pub(crate) fn written(&self) -> usize {
        self.bytes.len()
    }

    /// Appends what a gauge is when nobody knows it.
    pub(crate) fn push_absent(&mut self) {
        self.repeat(true);
    }

    /// Appends a sample, and says whether it was as guessed.
    #[inline]
    pub(crate) fn push_words(&mut self, guess: &mut Guess, sample: Words) -> bool {
        let same = guess.next() == sample;
        if same {
            self.repeat(false);
        } else {
            self.end_run();
            guess.encode(sample, &mut self.bytes);
            self.len += 1;
        }
        guess.learn(sample);
        same
    }

    /// Appends a histogram, whose counts are none of them less than before, and says whether nothing was counted.
    pub(crate) fn push_counts(&mut self, before: &Counts, now: &Counts) -> bool {
        let same = now == before;
        if same {
            self.repeat(false);
        } else {
            self.end_run();
            now.encode(before, &mut self.bytes);
            self.len += 1;
        }
        same
    }

    /// Nothing will be appended.
    pub(crate) fn seal(&mut self) {
        self.end_run();
        self.bytes.shrink_to_fit();
    }

    pub(crate) fn words(&self, shape: Shape) -> WordReader<'_> {
        WordReader { guess: Guess::new(shape), runs: Runs::new(self) }
    }

    pub(crate) fn counts(&self) -> CountsReader<'_> {
        CountsReader { counts: Counts::default(), runs: Runs::new(self) }
    }

    fn repeat(&mut self, absent: bool) {
        if self.absent != absent {
            self.end_run();
        }
        self.absent = absent;
        self.tail += 1;
        self.len += 1;
    }

    fn end_run(&mut self) {
        if self.tail > 0 {
            self.bytes.push(if self.absent { ABSENT } else { SAME });
            bytes::put(&mut self.bytes, mem::take(&mut self.tail).into());
        }
    }
}

/// The runs of a chunk, and what is between them.
#[derive(Debug)]
struct Runs<'c> {
    bytes: &'c [u8],
    left: u16,
    run: u16,
    absent: bool,
    tail: (u16, bool),
}

/// What the next sample of a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Absent,
    /// As guessed; of a histogram, the same as before.
    Same,
    /// In the bytes.
    Written,
    /// In the bytes, with buckets that were not there before.
    Wider,
}

impl<'c> Runs<'c> {
    fn new(chunk: &'c Chunk) -> Self {
        let tail = (chunk.tail, chunk.absent);
        Self { bytes: &chunk.bytes, left: chunk.len, run: 0, absent: false, tail }
    }

    #[inline]
    fn next(&mut self) -> Option<Next> {
        self.left = self.left.checked_sub(1)?;
        if self.run == 0 {
            match self.bytes.first() {
                Some(&head @ (SAME | ABSENT)) => {
                    self.bytes = &self.bytes[1..];
                    self.run = u16::try_from(bytes::take(&mut self.bytes)?).ok()?;
                    self.absent = head == ABSENT;
                }
                Some(_) => return Some(Next::Written),
                None => (self.run, self.absent) = mem::take(&mut self.tail),
            }
        }
        self.run = self.run.checked_sub(1)?;
        Some(if self.absent { Next::Absent } else { Next::Same })
    }
}

/// Reads words: `None` of a sample that is absent. Ends early where the bytes are not what a chunk writes.
#[derive(Debug)]
pub(crate) struct WordReader<'c> {
    guess: Guess,
    runs: Runs<'c>,
}

impl Iterator for WordReader<'_> {
    type Item = Option<Words>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let sample = match self.runs.next()? {
            Next::Absent => return Some(None),
            Next::Same => self.guess.next(),
            _ => self.guess.decode(&mut self.runs.bytes)?,
        };
        self.guess.learn(sample);
        Some(Some(sample))
    }
}

/// Reads histograms, one after the other into the same counts.
#[derive(Debug)]
pub(crate) struct CountsReader<'c> {
    pub(crate) counts: Counts,
    runs: Runs<'c>,
}

impl CountsReader<'_> {
    /// Goes on to the next sample and says what changed. Ends early where the bytes are not what a chunk writes.
    #[inline]
    pub(crate) fn advance(&mut self) -> Option<Next> {
        match self.runs.next()? {
            Next::Written if self.counts.decode(&mut self.runs.bytes)? => Some(Next::Wider),
            next => Some(next),
        }
    }
}
