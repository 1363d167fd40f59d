//! Numbers as the text formats write them.

use bellwether_core::Timestamp;

/// A whole number.
#[inline]
pub(super) fn write_u64(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// The shortest text that reads back as the same number. What is not finite is written as the nearest that is.
#[inline]
pub(super) fn write_f64(value: f64, out: &mut Vec<u8>) {
    const EXACT: f64 = (1_u64 << 53) as f64;
    let value = if value.is_nan() { 0.0 } else { value.clamp(f64::MIN, f64::MAX) };
    if value.trunc() == value && value.abs() < EXACT {
        out.extend_from_slice(itoa::Buffer::new().format(value as i64).as_bytes());
    } else {
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    }
}

/// Seconds with milliseconds, which is what Prometheus keeps.
pub(super) fn write_timestamp(at: Timestamp, out: &mut Vec<u8>) {
    let millis = at.unix_millis();
    write_u64(millis / 1000, out);
    let rest = (millis % 1000) as u16;
    let digit = |divisor: u16| b'0' + (rest / divisor % 10) as u8;
    out.extend_from_slice(&[b'.', digit(100), digit(10), digit(1)]);
}
