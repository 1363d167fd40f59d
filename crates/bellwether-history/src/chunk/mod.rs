//! A chunk: the samples of one series over a stretch of ticks, written one after the other into a few bytes.
//!
//! Times are not in it: all series are sampled by the same ticks, so a chunk says which tick is its first. A chunk
//! begins where a series does, or begins anew: within it counts only go up.

mod bits;
mod block;
mod counts;
mod nibbles;
#[cfg(test)]
mod tests;
mod words;

use std::mem;
use std::num::NonZeroI64;

use crate::bytes;
pub(crate) use block::Block;
pub(crate) use counts::{Counts, Growth, ZERO};
use nibbles::Nibbles;
use words::WordReader;
pub(crate) use words::{Guess, Mark, Shape, Words};

/// Samples of consecutive ticks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunk {
    /// When the series began from nothing, if that was right before the first sample.
    pub(crate) born: Option<NonZeroI64>,
    /// The tick of the first sample.
    pub(crate) first: u32,
    pub(crate) len: u16,
    /// So many samples at the end are as guessed, or absent, and not written yet.
    tail: u16,
    absent: bool,
    samples: Nibbles,
}

/// What stands before the length of a run of histograms that are as before. Odd, which is how one of them never begins.
const SAME: u8 = 0xFF;

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
        Self::OVERHEAD + self.samples.bytes.capacity()
    }

    /// How many bytes its samples take so far.
    pub(crate) fn written(&self) -> usize {
        self.samples.bytes.len()
    }

    /// Appends what a gauge is when nobody knows it.
    pub(crate) fn push_absent(&mut self, shape: Shape) {
        self.repeat(true, shape);
    }

    /// Appends a sample, and says whether it was as guessed.
    #[inline]
    pub(crate) fn push_words(&mut self, guess: &mut Guess, sample: Words) -> bool {
        let same = guess.next() == sample;
        if same {
            self.repeat(false, guess.shape());
        } else {
            self.end_words(guess.shape());
            guess.encode(sample, &mut self.samples);
            self.len += 1;
        }
        guess.learn(sample);
        same
    }

    /// Appends a histogram by how it has grown since `before`.
    pub(crate) fn push_counts(&mut self, before: &Counts, growth: &Growth) {
        if growth.is_none() {
            self.tail += 1;
        } else {
            self.end_counts();
            growth.encode(before, &mut self.samples.bytes);
        }
        self.len += 1;
    }

    /// Nothing will be appended.
    pub(crate) fn seal(&mut self, shape: Option<Shape>) {
        self.end_run(shape);
        self.samples.bytes.shrink_to_fit();
    }

    pub(crate) fn words(&self, shape: Shape) -> WordReader<'_> {
        WordReader::new(self, shape)
    }

    /// Tells all words but the first `skip`, of a shape that has one a sample; `None` of a sample that is absent. What comes
    /// before the mark, which is moved, is not read again.
    #[inline]
    pub(crate) fn each_word(&self, shape: Shape, mark: &mut Mark, skip: u16, tell: impl FnMut(Option<u64>)) {
        // Of a shape that is known, little is left to decide for each.
        match shape {
            Shape::Count => words::each_word(self, Shape::Count, mark, skip, tell),
            _ => words::each_word(self, shape, mark, skip, tell),
        }
    }

    pub(crate) fn counts(&self) -> CountsReader<'_> {
        self.counts_after(Bookmark::default())
    }

    /// Goes on reading this chunk, which may have grown meanwhile.
    pub(crate) fn counts_after(&self, bookmark: Bookmark) -> CountsReader<'_> {
        let Bookmark { counts, read, at, of_run } = bookmark;
        CountsReader { counts, chunk: self, read, at, of_run, run: 0 }
    }

    fn repeat(&mut self, absent: bool, shape: Shape) {
        if self.absent != absent {
            self.end_words(shape);
        }
        self.absent = absent;
        self.tail += 1;
        self.len += 1;
    }

    /// Writes the run at the end.
    fn end_run(&mut self, shape: Option<Shape>) {
        match shape {
            Some(shape) => self.end_words(shape),
            None => self.end_counts(),
        }
    }

    fn end_words(&mut self, shape: Shape) {
        if self.tail > 0 {
            words::put_run(&mut self.samples, shape, self.absent, mem::take(&mut self.tail));
        }
    }

    fn end_counts(&mut self) {
        if self.tail > 0 {
            self.samples.bytes.push(SAME);
            bytes::put(&mut self.samples.bytes, mem::take(&mut self.tail).into());
        }
    }
}

/// Reads histograms, one after the other into the same counts.
#[derive(Debug)]
pub(crate) struct CountsReader<'c> {
    pub(crate) counts: Counts,
    chunk: &'c Chunk,
    /// How many samples were read.
    read: u16,
    /// Where the next token is; while a run is read, where that one is.
    at: usize,
    /// How many samples of the run there were read, and how many are left.
    of_run: u16,
    run: u16,
}

/// Where somebody stopped reading, to go on when there is more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bookmark {
    counts: Counts,
    read: u16,
    at: usize,
    of_run: u16,
}

impl CountsReader<'_> {
    /// Goes on to the next sample, and says whether it has buckets that were not there before. Ends early where the bytes
    /// are not what a chunk writes.
    #[inline]
    pub(crate) fn advance(&mut self) -> Option<bool> {
        if self.read >= self.chunk.len {
            return None;
        }
        while self.run == 0 {
            let mut rest = self.chunk.samples.bytes.get(self.at..)?;
            match rest.first() {
                Some(&SAME) => {
                    rest = &rest[1..];
                    let run = u16::try_from(bytes::take(&mut rest)?).ok()?;
                    if run <= self.of_run {
                        (self.at, self.of_run) = (self.chunk.samples.bytes.len() - rest.len(), 0);
                        continue;
                    }
                    self.run = run - self.of_run;
                }
                Some(_) => {
                    let new = self.counts.decode(&mut rest)?;
                    (self.at, self.read) = (self.chunk.samples.bytes.len() - rest.len(), self.read + 1);
                    return Some(new);
                }
                None => self.run = self.chunk.tail.checked_sub(self.of_run).filter(|run| *run > 0)?,
            }
        }
        (self.run, self.of_run, self.read) = (self.run - 1, self.of_run + 1, self.read + 1);
        Some(false)
    }

    /// How many samples were read so far.
    pub(crate) fn read(&self) -> u16 {
        self.read
    }

    /// Where to go on.
    pub(crate) fn bookmark(self) -> Bookmark {
        Bookmark { counts: self.counts, read: self.read, at: self.at, of_run: self.of_run }
    }
}
