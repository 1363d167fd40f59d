//! One number a sample, or three: counters, states and gauges, each told by how it differs from a guess.

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

/// A difference below this is one byte.
const SMALL: u8 = 0xC0;
/// From here on: a difference of one to eight bytes.
const WIDE: u8 = 0xC0;
/// From here on: the bits in which two floats differ, by how many of the lowest bytes are equal and how many are not.
const XOR: u8 = 0xC8;
/// Beyond those.
pub(super) const END: u8 = XOR + 36;

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

    pub(super) fn encode(&self, sample: Words, out: &mut Vec<u8>) {
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
    pub(super) fn decode(&self, bytes: &mut &[u8]) -> Option<Words> {
        match self.shape {
            Shape::Count | Shape::State => Some([take_difference(bytes, self.next()[0])?, 0, 0]),
            Shape::Level => Some([take_float(bytes, self.last)?, 0, 0]),
            Shape::Extremes => {
                let last = take_float(bytes, self.last)?;
                Some([last, take_float(bytes, last)?, take_float(bytes, last)?])
            }
        }
    }
}

fn put_difference(out: &mut Vec<u8>, from: u64, to: u64) {
    let difference = zigzag(to.wrapping_sub(from) as i64);
    if difference < u64::from(SMALL) {
        out.push(difference as u8);
        return;
    }
    let length = 8 - difference.leading_zeros() as usize / 8;
    out.push(WIDE + length as u8 - 1);
    out.extend_from_slice(&difference.to_le_bytes()[..length]);
}

#[inline]
fn take_difference(bytes: &mut &[u8], from: u64) -> Option<u64> {
    let (head, rest) = bytes.split_first()?;
    *bytes = rest;
    let difference = match *head {
        0..SMALL => u64::from(*head),
        WIDE..XOR => take_low(bytes, usize::from(head - WIDE) + 1)?,
        _ => return None,
    };
    Some(from.wrapping_add(unzigzag(difference) as u64))
}

/// Whole numbers by their difference, others by the bytes that are not the same.
fn put_float(out: &mut Vec<u8>, from: u64, to: u64) {
    if let (Some(from), Some(to)) = (whole(from), whole(to)) {
        return put_difference(out, from as u64, to as u64);
    }
    let bits = from ^ to;
    // A difference of nothing is none in the last byte.
    let equal = if bits == 0 { 7 } else { bits.trailing_zeros() as usize / 8 };
    let length = (8 - bits.leading_zeros() as usize / 8).max(equal + 1) - equal;
    out.push(XOR + form(equal, length));
    out.extend_from_slice(&bits.to_le_bytes()[equal..equal + length]);
}

#[inline]
fn take_float(bytes: &mut &[u8], from: u64) -> Option<u64> {
    let head = *bytes.first()?;
    if head < XOR {
        return Some((take_difference(bytes, whole(from)? as u64)? as i64 as f64).to_bits());
    }
    let (equal, length) = FORMS.get(usize::from(head - XOR)).copied()?;
    *bytes = &bytes[1..];
    Some(from ^ take_low(bytes, length)? << (8 * equal))
}

#[inline]
fn take_low(bytes: &mut &[u8], length: usize) -> Option<u64> {
    let (own, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(own.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
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

/// All pairs of equal low bytes and differing ones that fit in a word.
const FORMS: [(usize, usize); 36] = {
    let mut forms = [(0, 0); 36];
    let (mut at, mut equal) = (0, 0);
    while equal < 8 {
        let mut length = 1;
        while equal + length <= 8 {
            forms[at] = (equal, length);
            at += 1;
            length += 1;
        }
        equal += 1;
    }
    forms
};

fn form(equal: usize, length: usize) -> u8 {
    // Before those of `equal` there are 8 + 7 + … forms of fewer equal bytes.
    (equal * (17 - equal) / 2 + length - 1) as u8
}
