//! OTLP's `KeyValue`: the lengths are computed beforehand, so nothing moves.

use super::{BYTES, FIXED64, VARINT, bytes, length, nested, tag, varint, varint_len};

/// Fields of `AnyValue`.
const STRING: u32 = 1;
const BOOL: u32 = 2;
const INT: u32 = 3;
const DOUBLE: u32 = 4;
const ARRAY: u32 = 5;

/// An attribute whose value is text, in `field` of the message that has it.
#[inline]
pub(crate) fn text_attribute(out: &mut Vec<u8>, field: u32, key: &str, value: &str) {
    if let (1..=120, true, 0..=15) = (key.len(), key.len() + value.len() <= 120, field) {
        // Most of them: every length is one byte, and there are four pieces.
        let (name, text) = (key.len() as u8, value.len() as u8);
        out.reserve(8 + key.len() + value.len());
        out.extend_from_slice(&[(field << 3 | BYTES) as u8, name + text + 6, 0x0A, name]);
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(&[0x12, text + 2, 0x0A, text]);
        out.extend_from_slice(value.as_bytes());
        return;
    }
    attribute(out, field, key, 1 + varint_len(value.len() as u64) + value.len(), |out| any_text(out, value));
}

/// An attribute whose value is a whole number.
#[inline]
pub(crate) fn whole(out: &mut Vec<u8>, field: u32, key: &str, value: i64) {
    attribute(out, field, key, 1 + varint_len(value as u64), |out| any_whole(out, value));
}

/// An attribute whose value is yes or no.
#[inline]
pub(crate) fn flag(out: &mut Vec<u8>, field: u32, key: &str, value: bool) {
    attribute(out, field, key, 2, |out| any_flag(out, value));
}

/// An attribute whose value is a number.
#[inline]
pub(crate) fn number(out: &mut Vec<u8>, field: u32, key: &str, value: f64) {
    attribute(out, field, key, 9, |out| any_number(out, value));
}

/// An attribute whose value is a list, of which `items` writes each by [`nested`] in field 1 and one of the `any_`s.
pub(crate) fn list(out: &mut Vec<u8>, field: u32, key: &str, items: impl FnOnce(&mut Vec<u8>)) {
    nested(out, field, 1, |out| {
        bytes(out, 1, key.as_bytes());
        nested(out, 2, 1, |out| nested(out, ARRAY, 1, items));
    });
}

/// The content of an `AnyValue` that is text. An empty text is a value too.
#[inline]
pub(crate) fn any_text(out: &mut Vec<u8>, value: &str) {
    tag(out, STRING, BYTES);
    varint(out, value.len() as u64);
    out.extend_from_slice(value.as_bytes());
}

/// The content of an `AnyValue` that is a whole number.
#[inline]
pub(crate) fn any_whole(out: &mut Vec<u8>, value: i64) {
    tag(out, INT, VARINT);
    varint(out, value as u64);
}

/// The content of an `AnyValue` that is yes or no.
#[inline]
pub(crate) fn any_flag(out: &mut Vec<u8>, value: bool) {
    tag(out, BOOL, VARINT);
    out.push(u8::from(value));
}

/// The content of an `AnyValue` that is a number.
#[inline]
pub(crate) fn any_number(out: &mut Vec<u8>, value: f64) {
    tag(out, DOUBLE, FIXED64);
    out.extend_from_slice(&value.to_le_bytes());
}

/// An attribute whose value `write` writes, in `len` bytes.
#[inline]
fn attribute(out: &mut Vec<u8>, field: u32, key: &str, len: usize, write: impl FnOnce(&mut Vec<u8>)) {
    let key_len = if key.is_empty() { 0 } else { 1 + varint_len(key.len() as u64) + key.len() };
    length(out, field, key_len + 1 + varint_len(len as u64) + len);
    bytes(out, 1, key.as_bytes());
    length(out, 2, len);
    write(out);
}
