//! Times and durations as requests give them: numbers of seconds, RFC 3339, and Prometheus's own `5m`.

use bellwether_promql::duration;

/// As far as times reach: 64 bits of milliseconds, with room for ranges and offsets. What no one gave is as far away.
pub(crate) const FOREVER_MS: i64 = i64::MAX / 8;

/// Seconds since the Unix epoch, or a date and time, in milliseconds.
pub(crate) fn time(text: &str) -> Result<i64, String> {
    let bad = || format!("cannot parse {text:?} to a valid timestamp");
    if let Ok(seconds) = text.parse::<f64>() {
        let ms = seconds.trunc() * 1000.0 + (seconds.fract() * 1000.0).round();
        return if ms.abs() <= FOREVER_MS as f64 { Ok(ms as i64) } else { Err(bad()) };
    }
    match text {
        // The ends of time as Prometheus's clients write them: beyond years of four digits.
        "-292273086-05-16T16:47:06Z" => Ok(-FOREVER_MS),
        "292277025-08-18T07:12:54.999999999Z" => Ok(FOREVER_MS),
        _ => rfc3339(text).ok_or_else(bad),
    }
}

/// Seconds, or a duration such as `5m`, in nanoseconds.
pub(crate) fn nanos(text: &str) -> Result<i64, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        let nanos = seconds * 1e9;
        // What is no number is no duration either.
        if nanos.is_nan() || nanos.abs() >= i64::MAX as f64 {
            return Err(format!("cannot parse {text:?} to a valid duration. It overflows int64"));
        }
        return Ok(nanos as i64);
    }
    let length = duration(text).and_then(|length| i64::try_from(length.as_nanos()).ok());
    length.ok_or_else(|| format!("cannot parse {text:?} to a valid duration"))
}

/// `2026-11-25T20:11:02.5Z` or `...+01:00` in milliseconds since the Unix epoch.
fn rfc3339(text: &str) -> Option<i64> {
    let (date, time) = text.split_once('T')?;
    let zone = time.find(['Z', '+', '-'])?;
    let (time, zone) = time.split_at(zone);
    let (time, fraction) = time.split_once('.').map_or((time, None), |(time, fraction)| (time, Some(fraction)));
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let ms = fraction.map_or(Some(0), milliseconds)?;
    let ahead = match zone.split_at(1) {
        ("Z", "") => 0,
        (sign, zone) => {
            let [hours, minutes] = numbers(zone, ':', [2, 2])?;
            let minutes = (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)?;
            if sign == "-" { -minutes } else { minutes }
        }
    };
    Some(((days_since_1970(year, month, day) * 24 + hour) * 60 + minute - ahead) * 60_000 + second * 1000 + ms)
}

/// Numbers of so many digits each, and nothing else.
fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut all = [0; N];
    for (number, digits) in all.iter_mut().zip(digits) {
        let part =
            parts.next().filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(all)
}

/// The digits behind the point.
fn milliseconds(fraction: &str) -> Option<i64> {
    let plain = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| format!("{fraction:0<3}")[..3].parse().ok())?
}

/// By Hinnant's algorithm: years begin in March, so that the day of a leap year is the last one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

// Named, since the fuzz target of the parameters has this file for a module elsewhere.
#[cfg(test)]
#[path = "time/tests.rs"]
mod tests;
