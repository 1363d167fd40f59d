//! The few pieces of protobuf's wire format that the exposition needs.

/// A field of length-delimited bytes.
#[inline]
pub(super) fn bytes(field: u32, bytes: &[u8], out: &mut Vec<u8>) {
    tag(field, 2, out);
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// A field that is an unsigned whole number.
#[inline]
pub(super) fn uint(field: u32, value: u64, out: &mut Vec<u8>) {
    tag(field, 0, out);
    varint(value, out);
}

/// A field that is a signed whole number in zigzag.
#[inline]
pub(super) fn sint(field: u32, value: i64, out: &mut Vec<u8>) {
    uint(field, zigzag(value), out);
}

/// A field that is a double.
#[inline]
pub(super) fn double(field: u32, value: f64, out: &mut Vec<u8>) {
    tag(field, 1, out);
    out.extend_from_slice(&value.to_le_bytes());
}

/// The start of a field that is a message of known length.
#[inline]
pub(super) fn message(field: u32, length: usize, out: &mut Vec<u8>) {
    tag(field, 2, out);
    varint(length as u64, out);
}

/// How many bytes a number takes.
#[inline]
pub(super) fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

#[inline]
pub(super) fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

#[inline]
pub(super) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[inline]
fn tag(field: u32, wire_type: u32, out: &mut Vec<u8>) {
    varint(u64::from(field << 3 | wire_type), out);
}
