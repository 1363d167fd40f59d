//! Reads a protobuf message that came from outside, field by field.

use super::{BYTES, FIXED32, FIXED64, VARINT};

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// The fields of a message, by their numbers, up to the first that is malformed.
pub(crate) fn fields(mut message: &[u8]) -> impl Iterator<Item = (u32, Field<'_>)> {
    std::iter::from_fn(move || {
        let found = next(message);
        message = found.map_or(&[], |(_, _, rest)| rest);
        found.map(|(field, value, _)| (field, value))
    })
}

fn next(message: &[u8]) -> Option<(u32, Field<'_>, &[u8])> {
    let (tag, rest) = varint(message)?;
    let field = u32::try_from(tag >> 3).ok().filter(|field| *field > 0)?;
    let (value, rest) = match tag as u32 & 7 {
        VARINT => varint(rest).map(|(value, rest)| (Field::Varint(value), rest))?,
        FIXED64 => rest.split_first_chunk().map(|(bytes, rest)| (Field::Fixed64(u64::from_le_bytes(*bytes)), rest))?,
        FIXED32 => rest.split_first_chunk().map(|(bytes, rest)| (Field::Fixed32(u32::from_le_bytes(*bytes)), rest))?,
        BYTES => {
            let (len, rest) = varint(rest)?;
            rest.split_at_checked(usize::try_from(len).ok()?).map(|(bytes, rest)| (Field::Bytes(bytes), rest))?
        }
        // Groups are long gone.
        _ => return None,
    };
    Some((field, value, rest))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}
