//! Lengths of time and numbers, as people write them in every format.

use std::time::Duration;

use super::node::{Node, Value};

/// Units of time and their nanoseconds, the greatest first; a text is read with any, and written with the greatest that it
/// is whole in.
const UNITS: &[(&str, u128)] = &[
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

pub(super) const DURATION: &str = "a length of time such as 800ms, 5m or 1h30m";

/// A length such as `800ms`, `1.5s` or `1h30m`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let number = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let (digits, after) = rest.split_at_checked(rest.len() - number.len())?;
        let unit = after.trim_start_matches(|c: char| c.is_ascii_lowercase());
        let (unit, after) = after.split_at_checked(after.len() - unit.len())?;
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
        nanos = nanos.checked_add(scaled(digits, *size)?)?;
        rest = after.trim_start();
    }
    let nanos = u64::try_from(nanos).ok().filter(|_| !text.trim().is_empty())?;
    Some(Duration::from_nanos(nanos))
}

/// A decimal so many times, if that is whole.
fn scaled(decimal: &str, by: u128) -> Option<u128> {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, "0"));
    let unit = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = fraction.parse::<u128>().ok()?.checked_mul(by)?;
    let whole = whole.parse::<u128>().ok()?.checked_mul(by)?;
    (part % unit == 0).then_some(whole.checked_add(part / unit)?)
}

/// A length as text, exact.
pub(super) fn written(length: Duration) -> String {
    let nanos = length.as_nanos();
    let whole = UNITS.iter().find(|(_, size)| nanos >= *size && nanos.is_multiple_of(*size));
    whole.map_or("0s".to_owned(), |(unit, size)| format!("{}{unit}", nanos / size))
}

/// The decimal digits of a number without exponent: `0.999`, `14.4`.
pub(super) fn decimal(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Number(text) => Some(text.as_str()).filter(|text| is_decimal(text)),
        _ => None,
    }
}

fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction)
}

/// The decimal as an exact fraction, for decimals of reasonable length.
pub(super) fn exact(decimal: &str) -> Option<crate::Ratio> {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let fraction = fraction.trim_end_matches('0');
    if whole.len() > 18 || fraction.len() > 18 {
        return None;
    }
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    crate::Ratio::new(digits, 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?)
}
