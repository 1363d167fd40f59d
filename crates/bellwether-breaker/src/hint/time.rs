//! Times as headers write them: seconds, Go durations, HTTP dates, RFC 3339. Whatever is something else is `None`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const NANOS: u128 = 1_000_000_000;
const SECOND: u128 = NANOS;

/// From so many seconds on, a number is a Unix time: it would be more than thirty years otherwise.
const UNIX_TIME: Duration = Duration::from_secs(1_000_000_000);

/// `1234`, `12.5`: milliseconds.
pub(super) fn millis(text: &str) -> Option<Duration> {
    plain(text, 1_000_000)
}

/// `120`, `Wed, 21 Oct 2015 07:28:00 GMT`.
pub(super) fn seconds_or_date(text: &str, now: SystemTime) -> Option<Duration> {
    plain(text, SECOND).or_else(|| httpdate::parse_http_date(text).ok().map(|date| until(date, now)))
}

/// `6m0s`, `30`, `1700000000`, `2024-05-01T12:00:00Z`. A bare zero is Azure's word for "unknown"; Go writes `0s`.
pub(super) fn reset(text: &str, now: SystemTime) -> Option<Duration> {
    match plain(text, SECOND) {
        Some(Duration::ZERO) => None,
        Some(at) if at >= UNIX_TIME => Some(until(UNIX_EPOCH.checked_add(at)?, now)),
        Some(after) => Some(after),
        None => go_duration(text).or_else(|| rfc3339(text).map(|at| until(at, now))),
    }
}

/// `4999`, and of `100, 100;w=60` the 100. Too much to count is as much as can be counted.
pub(super) fn count(text: &str) -> Option<u64> {
    let first = text.split([',', ';']).next().unwrap_or_default().trim_end();
    let digits = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| first.parse().unwrap_or(u64::MAX))
}

fn until(then: SystemTime, now: SystemTime) -> Duration {
    then.duration_since(now).map_or(Duration::ZERO, |until| from_nanos(until.as_nanos()))
}

/// A number and nothing else, of units of so many nanoseconds.
fn plain(text: &str, unit: u128) -> Option<Duration> {
    let (billionths, rest) = number(text)?;
    rest.is_empty().then(|| from_nanos(billionths.saturating_mul(unit) / NANOS))
}

/// As `time.Duration` of Go is written: `12ms`, `1s`, `6m0s`, `1h2m3.5s`.
fn go_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u128); 8] = [
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("μs", 1_000),
        ("ms", 1_000_000),
        ("s", SECOND),
        ("m", 60 * SECOND),
        ("h", 3_600 * SECOND),
    ];
    let mut rest = text;
    let mut nanos = 0_u128;
    while !rest.is_empty() {
        let (billionths, after) = number(rest)?;
        let unit = UNITS.iter().find_map(|(name, unit)| after.strip_prefix(name).map(|rest| (unit, rest)));
        let (unit, after) = unit?;
        nanos = nanos.saturating_add(billionths.saturating_mul(*unit) / NANOS);
        rest = after;
    }
    (!text.is_empty()).then(|| from_nanos(nanos))
}

/// A decimal number in billionths, and what follows it. Digits behind the ninth are dropped.
fn number(text: &str) -> Option<(u128, &str)> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    if whole.is_empty() || rest.starts_with('.') {
        return None;
    }
    let whole = whole.parse::<u64>().unwrap_or(u64::MAX);
    Some((u128::from(whole) * NANOS + u128::from(billionths(fraction)), rest))
}

/// The digits behind a point, in billionths.
fn billionths(fraction: &str) -> u32 {
    fraction.bytes().chain(std::iter::repeat(b'0')).take(9).fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// `2024-05-01T12:00:00.5+02:00`. A moment before 1970 is 1970.
fn rfc3339(text: &str) -> Option<SystemTime> {
    let (year, rest) = field(text, 4, 0..=9999, "-")?;
    let (month, rest) = field(rest, 2, 1..=12, "-")?;
    let (day, rest) = field(rest, 2, 1..=days_in(year, month), "Tt ")?;
    let (hour, rest) = field(rest, 2, 0..=23, ":")?;
    let (minute, rest) = field(rest, 2, 0..=59, ":")?;
    // A leap second is the second behind it.
    let (second, rest) = field(rest, 2, 0..=60, "")?;
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    let east = match rest.split_at_checked(1)? {
        ("Z" | "z", "") => 0,
        (sign @ ("+" | "-"), offset) => {
            let (hours, rest) = field(offset, 2, 0..=23, ":")?;
            let (minutes, rest) = field(rest, 2, 0..=59, "")?;
            let minutes = if rest.is_empty() { hours * 60 + minutes } else { return None };
            if sign == "+" { minutes } else { -minutes }
        }
        _ => return None,
    };
    let seconds = days_since_1970(year, month, day) * 86_400 + (hour * 60 + minute - east) * 60 + second;
    let since_1970 = u64::try_from(seconds).map_or(Duration::ZERO, |s| Duration::new(s, billionths(fraction)));
    UNIX_EPOCH.checked_add(since_1970)
}

/// A number of so many digits, and what follows it and one of the separators, if there are any.
fn field<'a>(
    text: &'a str,
    width: usize,
    range: std::ops::RangeInclusive<i64>,
    separators: &str,
) -> Option<(i64, &'a str)> {
    let (number, rest) = text.split_at_checked(width)?;
    let value = number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())??;
    let rest = if separators.is_empty() { rest } else { rest.strip_prefix(|c| separators.contains(c))? };
    range.contains(&value).then_some((value, rest))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the Gregorian calendar, counted from March so that the leap day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // From March on, the months' lengths repeat every five: 153 days.
    year * 365 + leap_days + (153 * month + 2) / 5 + (day - 1) - 719_468
}

fn from_nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
