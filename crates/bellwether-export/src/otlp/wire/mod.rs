//! Protobuf, as much of it as OTLP needs: written into one growing buffer, read without copying.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

mod attribute;
mod read;
#[cfg(test)]
mod tests;

pub(crate) use attribute::{any_flag, any_number, any_text, any_whole, flag, list, number, text_attribute, whole};
pub(crate) use read::{Field, fields};

use std::fmt;

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const BYTES: u32 = 2;
const FIXED32: u32 = 5;

#[inline]
pub(crate) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes a varint takes.
#[inline]
pub(crate) const fn varint_len(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    (bits * 9 + 64) / 64
}

#[inline]
fn tag(out: &mut Vec<u8>, field: u32, wire: u32) {
    varint(out, u64::from(field << 3 | wire));
}

/// An unsigned or enum field; the default 0 is left out.
#[inline]
pub(crate) fn uint(out: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        tag(out, field, VARINT);
        varint(out, value);
    }
}

/// A `sint32` field; the default 0 is left out.
#[inline]
pub(crate) fn sint(out: &mut Vec<u8>, field: u32, value: i32) {
    uint(out, field, u64::from(((value << 1) ^ (value >> 31)) as u32));
}

/// A `fixed64` field; the default 0 is left out.
#[inline]
pub(crate) fn fixed64(out: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        fixed64_present(out, field, value);
    }
}

/// A `fixed64` or `sfixed64` field whose presence matters.
#[inline]
pub(crate) fn fixed64_present(out: &mut Vec<u8>, field: u32, value: u64) {
    tag(out, field, FIXED64);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A `double` field whose presence matters.
#[inline]
pub(crate) fn double(out: &mut Vec<u8>, field: u32, value: f64) {
    fixed64_present(out, field, value.to_bits());
}

/// A `fixed32` field; the default 0 is left out.
#[inline]
pub(crate) fn fixed32(out: &mut Vec<u8>, field: u32, value: u32) {
    if value != 0 {
        tag(out, field, FIXED32);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// A `string` or `bytes` field; an empty one is left out.
#[inline]
pub(crate) fn bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    if !value.is_empty() {
        length(out, field, value.len());
        out.extend_from_slice(value);
    }
}

/// The start of a field of a known length: its content must follow.
#[inline]
pub(crate) fn length(out: &mut Vec<u8>, field: u32, len: usize) {
    tag(out, field, BYTES);
    varint(out, len as u64);
}

/// A message, or anything else of a length that is known only after it is written. `guess` is how many bytes its length
/// will probably take: a wrong guess costs a move of the content, no more.
#[inline]
pub(crate) fn nested<T>(out: &mut Vec<u8>, field: u32, guess: usize, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    tag(out, field, BYTES);
    let start = out.len();
    out.resize(start + guess, 0);
    let result = write(out);
    let len = out.len() - start - guess;
    let width = varint_len(len as u64);
    if width != guess {
        resettle(out, start, guess, width);
    }
    if let (1, Some(place)) = (width, out.get_mut(start)) {
        *place = len as u8;
        return result;
    }
    if let (2, Some([low, high])) = (width, out.get_mut(start..start + 2)) {
        (*low, *high) = (len as u8 | 0x80, (len >> 7) as u8);
        return result;
    }
    let mut rest = len as u64;
    for place in out.iter_mut().skip(start).take(width) {
        *place = rest as u8 | 0x80;
        rest >>= 7;
    }
    if let Some(last) = out.get_mut(start + width - 1) {
        *last &= 0x7F;
    }
    result
}

/// Moves what is behind a length that is wider or narrower than was guessed.
#[cold]
fn resettle(out: &mut Vec<u8>, start: usize, guess: usize, width: usize) {
    let end = out.len();
    if width > guess {
        out.resize(end + width - guess, 0);
    }
    out.copy_within(start + guess..end, start + width);
    out.truncate(end + width - guess);
}

/// A packed field of `fixed64` or `double`, whose number is known.
#[inline]
pub(crate) fn packed_fixed64(out: &mut Vec<u8>, field: u32, count: usize, values: impl Iterator<Item = u64>) {
    if count > 0 {
        length(out, field, 8 * count);
        values.take(count).for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
    }
}

/// Text that is formatted right into a buffer and cut, between characters, where it gets too long.
pub(crate) struct Text<'a> {
    out: &'a mut Vec<u8>,
    left: usize,
}

impl<'a> Text<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, max: usize) -> Self {
        Self { out, left: max }
    }
}

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fits = cut(text, self.left);
        self.out.extend_from_slice(fits.as_bytes());
        // Once something was cut nothing may follow, not even what would fit.
        self.left = if fits.len() == text.len() { self.left - fits.len() } else { 0 };
        Ok(())
    }
}

/// At most `max` bytes of a text, cut between characters.
#[inline]
pub(crate) fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let end = (0..=max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}
