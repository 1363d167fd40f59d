//! One number a sample, or three: counters, states and gauges, each told by how it differs from a guess.

use super::Chunk;
use super::nibbles::{Nibbles, Reader};
use crate::bytes::{unzigzag, zigzag};

/// What a series' words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A count that goes on as it did.
    Count,
    /// A number that mostly stays.
    State,
    /// A float that mostly stays.
    Level,
    /// The last, the least and the greatest of the floats of a step.
    Extremes,
}

/// A sample: of the three words [`Shape::Extremes`] has all, the others the first.
pub(crate) type Words = [u64; 3];

/// What is known of the samples before, and so of the next one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guess {
    shape: Shape,
    last: u64,
    step: u64,
}

/// A word begins with a half byte. Below this, it is how the word differs from the guess.
const SMALL: u8 = 12;
/// It differs by what the next two say.
const BYTE: u8 = 12;
/// The next one says by how many bytes, which follow.
const WIDE: u8 = 13;
/// Two floats differ in bits: how many of the lowest bytes are equal, how many bytes follow, and those.
const XOR: u8 = 14;
/// In place of samples, a run of them: 0 of those as guessed or 1 of absent ones, and how many.
const RUN: u8 = 15;
/// Runs that are shorter are written sample by sample.
const SHORT: u16 = 4;

impl Guess {
    pub(crate) fn new(shape: Shape) -> Self {
        Self { shape, last: 0, step: 0 }
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// What the next sample will be if nothing happens.
    #[inline]
    pub(crate) fn next(&self) -> Words {
        match self.shape {
            Shape::Count => [self.last.wrapping_add(self.step), 0, 0],
            Shape::State | Shape::Level => [self.last, 0, 0],
            Shape::Extremes => [self.last; 3],
        }
    }

    #[inline]
    pub(crate) fn learn(&mut self, sample: Words) {
        self.step = sample[0].wrapping_sub(self.last);
        self.last = sample[0];
    }

    /// Whether the last sample was what the one before it was.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.shape != Shape::Count || self.step == 0
    }

    pub(super) fn encode(&self, sample: Words, out: &mut Nibbles) {
        match self.shape {
            Shape::Count | Shape::State => put_difference(out, self.next()[0], sample[0]),
            Shape::Level => put_float(out, self.last, sample[0]),
            Shape::Extremes => {
                put_float(out, self.last, sample[0]);
                put_float(out, sample[0], sample[1]);
                put_float(out, sample[0], sample[2]);
            }
        }
    }

    #[inline]
    fn decode(&self, head: u8, from: &mut Reader<'_>) -> Option<Words> {
        match self.shape {
            Shape::Count | Shape::State => Some([take_difference(head, from, self.next()[0])?, 0, 0]),
            Shape::Level => Some([take_float(head, from, self.last)?, 0, 0]),
            Shape::Extremes => {
                let last = take_float(head, from, self.last)?;
                let mut next = || {
                    let head = from.take()?;
                    take_float(head, from, last)
                };
                Some([last, next()?, next()?])
            }
        }
    }
}

/// Writes that so many samples are as guessed, or absent.
pub(super) fn put_run(out: &mut Nibbles, shape: Shape, absent: bool, run: u16) {
    if !absent && run < SHORT {
        let words = if shape == Shape::Extremes { 3 } else { 1 };
        (0..run * words).for_each(|_| out.put(0));
        return;
    }
    out.put(RUN);
    out.put(u8::from(absent));
    out.put_number(run.into());
}

/// Reads words: `None` of a sample that is absent. Ends early where the bytes are not what a chunk writes.
#[derive(Debug)]
pub(crate) struct WordReader<'c> {
    guess: Guess,
    from: Reader<'c>,
    left: u16,
    /// The run that is under way.
    run: u16,
    absent: bool,
    /// The run that is not among the bytes.
    tail: (u16, bool),
}

impl<'c> WordReader<'c> {
    pub(super) fn new(chunk: &'c Chunk, shape: Shape) -> Self {
        let tail = (chunk.tail, chunk.absent);
        let (guess, from) = (Guess::new(shape), chunk.samples.reader());
        Self { guess, from, left: chunk.len, run: 0, absent: false, tail }
    }

    #[cold]
    fn begin_run(&mut self) -> Option<()> {
        self.absent = self.from.take()? == 1;
        self.run = u16::try_from(self.from.take_number()?).ok()?;
        Some(())
    }
}

impl Iterator for WordReader<'_> {
    type Item = Option<Words>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        if self.run == 0 {
            // All written samples come before the tail.
            let head = if self.left < self.tail.0 { None } else { Some(self.from.take()?) };
            match head {
                None => (self.run, self.absent) = std::mem::take(&mut self.tail),
                Some(RUN) => self.begin_run()?,
                Some(head) => {
                    let sample = self.guess.decode(head, &mut self.from)?;
                    self.guess.learn(sample);
                    return Some(Some(sample));
                }
            }
        }
        self.run = self.run.checked_sub(1)?;
        if self.absent {
            return Some(None);
        }
        let sample = self.guess.next();
        self.guess.learn(sample);
        Some(Some(sample))
    }
}

/// Where somebody stopped reading, to go on when there is more: behind so many samples that are written, and will not be
/// written otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mark {
    read: u16,
    halves: usize,
    last: u64,
    step: u64,
}

/// Tells the words of a chunk one after the other, all but the first `skip`; `None` where one is absent. Those before the
/// mark are not read again, and have to be among those that are skipped. For shapes of one word, faster than the iterator.
#[inline]
pub(super) fn each_word(chunk: &Chunk, shape: Shape, mark: &mut Mark, skip: u16, mut tell: impl FnMut(Option<u64>)) {
    let mut from = chunk.samples.reader();
    from.pass(mark.halves);
    let Mark { read: mut at, mut last, mut step, .. } = *mark;
    let written = chunk.len - chunk.tail.min(chunk.len);
    let mut run = |at: &mut u16, length: u16, absent: bool, last: &mut u64, step: u64| {
        let length = length.min(chunk.len - *at);
        let by = if absent || shape != Shape::Count { 0 } else { step };
        let skipped = skip.saturating_sub(*at).min(length);
        *last = last.wrapping_add(by.wrapping_mul(u64::from(skipped)));
        *at += length;
        for _ in skipped..length {
            *last = last.wrapping_add(by);
            tell((!absent).then_some(*last));
        }
    };
    while at < written {
        if from.is_empty() {
            return;
        }
        let word = from.peek();
        from.pass(1);
        let head = word as u8 & 15;
        if head == RUN {
            from.pass(1);
            let length = from.take_number().and_then(|length| u16::try_from(length).ok());
            let Some(length) = length.filter(|length| *length > 0) else { return };
            run(&mut at, length, word >> 4 & 15 == 1, &mut last, step);
            continue;
        }
        let next = match shape {
            Shape::Count => take_difference(head, &mut from, last.wrapping_add(step)),
            Shape::State => take_difference(head, &mut from, last),
            Shape::Level | Shape::Extremes => take_float(head, &mut from, last),
        };
        let Some(next) = next else { return };
        (last, step) = (next, next.wrapping_sub(last));
        // A run of one, by no step.
        run(&mut at, 1, false, &mut last, 0);
    }
    *mark = Mark { read: at, halves: from.taken(), last, step };
    run(&mut at, chunk.tail, chunk.absent, &mut last, step);
}

fn put_difference(out: &mut Nibbles, from: u64, to: u64) {
    let difference = zigzag(to.wrapping_sub(from) as i64);
    if difference < u64::from(SMALL) {
        out.put(difference as u8);
    } else if difference < u64::from(SMALL) + 256 {
        out.put(BYTE);
        out.put_all(difference - u64::from(SMALL), 2);
    } else {
        let length = 8 - difference.leading_zeros() as usize / 8;
        out.put(WIDE);
        out.put(length as u8 - 1);
        out.put_all(difference, 2 * length);
    }
}

/// What a word that begins with `head` adds to `from`. Beyond the end there are zeros, which the caller sees to.
#[inline]
fn take_difference(head: u8, rest: &mut Reader<'_>, from: u64) -> Option<u64> {
    let difference = match head {
        0..SMALL => u64::from(head),
        BYTE => rest.take_all(2) + u64::from(SMALL),
        WIDE => {
            let length = rest.take_all(1) as usize & 7;
            rest.take_all(2 * length + 2)
        }
        _ => return None,
    };
    Some(from.wrapping_add(unzigzag(difference) as u64))
}

/// Whole numbers by their difference, others by the bytes that are not the same.
fn put_float(out: &mut Nibbles, from: u64, to: u64) {
    let bits = from ^ to;
    if bits == 0 {
        return out.put(0);
    }
    if let (Some(from), Some(to)) = (whole(from), whole(to)) {
        return put_difference(out, from as u64, to as u64);
    }
    let equal = bits.trailing_zeros() as usize / 8;
    let length = 8 - bits.leading_zeros() as usize / 8 - equal;
    out.put(XOR);
    out.put(equal as u8);
    out.put(length as u8);
    out.put_all(bits >> (8 * equal), 2 * length);
}

#[inline]
fn take_float(head: u8, rest: &mut Reader<'_>, from: u64) -> Option<u64> {
    match head {
        0 => Some(from),
        XOR => {
            let (equal, length) = (rest.take_all(1) as u32, rest.take_all(1) as usize);
            Some(from ^ rest.take_all(2 * length.min(8)).checked_shl(8 * equal)?)
        }
        _ => Some((take_difference(head, rest, whole(from)? as u64)? as i64 as f64).to_bits()),
    }
}

/// The whole number that a float is, if it is one that floats tell from its neighbors.
#[inline]
fn whole(bits: u64) -> Option<i64> {
    const EXACT: f64 = (1_u64 << 53) as f64;
    let value = f64::from_bits(bits);
    let number = value as i64;
    // Not minus zero, which would come back as zero.
    (value.abs() < EXACT && (number as f64).to_bits() == bits).then_some(number)
}
