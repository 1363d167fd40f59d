//! Turns seconds since 1970 into a date and a time of day in UTC, once a second.

/// The text of one second, kept for as long as lines are of that second.
#[derive(Debug, Default)]
pub(super) struct Civil {
    second: u64,
    text: [u8; 19],
}

impl Civil {
    /// `2026-11-24T08:14:05`. Right until the year 9999.
    #[inline]
    pub(super) fn at(&mut self, second: u64) -> &[u8; 19] {
        if second != self.second || self.text[0] == 0 {
            self.second = second;
            self.text = text(second);
        }
        &self.text
    }
}

fn text(second: u64) -> [u8; 19] {
    let (year, month, day) = date(second / 86_400);
    let of_day = second % 86_400;
    let mut text = *b"0000-00-00T00:00:00";
    for (at, length, mut number) in [
        (0, 4, year),
        (5, 2, month),
        (8, 2, day),
        (11, 2, of_day / 3600),
        (14, 2, of_day / 60 % 60),
        (17, 2, of_day % 60),
    ] {
        for place in text.iter_mut().skip(at).take(length).rev() {
            *place = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
    text
}

/// Year, month and day of a day since 1970-01-01, by the proleptic Gregorian calendar.
///
/// Years are counted from March, so that the leap day is the last of a year, and in eras of 400 years, which all have
/// 146,097 days; 1970-01-01 is day 719,468 of that count.
fn date(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Months from March have 31, 30, 31, 30, 31 days, twice over: 153 days in five.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (400 * era + year + next, month, day)
}

#[cfg(test)]
mod tests;
