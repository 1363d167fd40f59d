//! Recurrence rules as text, read and written.

use std::fmt;
use std::time::Duration;

use bellwether_core::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};

use super::{End, Frequency, Nth, Recurrence};
use crate::Error;
use crate::calendar::Zone;

const ACCEPTED: &str = "give FREQ=DAILY, WEEKLY or MONTHLY, with INTERVAL, BYDAY (MO; of months also 1SU or -1FR), BYMONTHDAY, WKST, \
                        and UNTIL or COUNT";
const LINES: &str = "give a line such as DTSTART;TZID=Europe/Berlin:20260104T020000 and one such as \
                     RRULE:FREQ=MONTHLY;BYDAY=1SU";
const DAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];
const FREQUENCIES: [(&str, Frequency); 3] =
    [("DAILY", Frequency::Daily), ("WEEKLY", Frequency::Weekly), ("MONTHLY", Frequency::Monthly)];
const DATE: &str = "%Y%m%d";
const DATE_TIME: &str = "%Y%m%dT%H%M%S";
/// No rule of days is longer.
const MAX_BYTES: usize = 1024;

fn refuse(given: &str, wrong: impl Into<String>, accepted: &str) -> Error {
    Error::illegal("recurrence rule", given.trim(), wrong, accepted)
}

pub(super) fn parse(text: &str, length: Duration) -> Result<Recurrence, Error> {
    let (mut start, mut rule) = (None, None);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or_else(|| refuse(line, "has no colon", LINES))?;
        let twice = match name.split(';').next().unwrap_or_default() {
            "DTSTART" => start.replace(self::start(line, name, value)?).is_some(),
            "RRULE" => rule.replace(value).is_some(),
            other => return Err(refuse(line, format!("{other} is not understood"), LINES)),
        };
        if twice {
            return Err(refuse(line, "comes twice", LINES));
        }
    }
    let (Some((start, zone)), Some(rule)) = (start, rule) else {
        return Err(refuse(text, "is not whole", LINES));
    };
    self::rule(start, zone, rule, length)
}

fn start(line: &str, name: &str, value: &str) -> Result<(DateTime, Zone), Error> {
    let at = |text: &str| {
        DateTime::strptime(DATE_TIME, text).map_err(|_| refuse(line, "has no time such as 20260104T020000", LINES))
    };
    match (name.split_once(";TZID="), value.strip_suffix('Z')) {
        (Some((_, zone)), None) => Ok((at(value)?, Zone::new(zone)?)),
        (None, Some(utc)) if name == "DTSTART" => Ok((at(utc)?, Zone::utc())),
        (Some(_), Some(_)) => Err(refuse(line, "has a zone and ends in Z, which is UTC", LINES)),
        (None, _) => Err(refuse(line, "does not say whose clock it is by", LINES)),
    }
}

/// A rule alone: what comes behind `RRULE:`, which may be there.
pub(super) fn rule(start: DateTime, zone: Zone, given: &str, length: Duration) -> Result<Recurrence, Error> {
    if given.len() > MAX_BYTES {
        return Err(refuse(given, "is longer than 1024 bytes", ACCEPTED));
    }
    let upper = given.trim().to_ascii_uppercase();
    let parts = upper.strip_prefix("RRULE:").unwrap_or(&upper);
    let mut all: Vec<(&str, &str)> = Vec::new();
    for part in parts.split(';') {
        let wrong = |what: &str| refuse(given, format!("{part:?} {what}"), ACCEPTED);
        let (name, value) = part.split_once('=').ok_or_else(|| wrong("is no part of a rule"))?;
        if all.iter().any(|(known, _)| *known == name) {
            return Err(wrong("comes after another of its kind"));
        }
        all.push((name, value));
    }
    let wrong = |(name, value): (&str, &str), what: &str| refuse(given, format!("{name}={value} {what}"), ACCEPTED);
    let mut frequency = None;
    let (mut interval, mut week_start, mut end) = (1, Weekday::Monday, End::Never);
    let (mut weekdays, mut month_days) = (Vec::new(), Vec::new());
    for part in &all {
        let (part, value) = (*part, part.1);
        match part.0 {
            "FREQ" => {
                let known = FREQUENCIES.iter().find(|(word, _)| *word == value);
                frequency = Some(known.ok_or_else(|| wrong(part, "is not understood"))?.1);
            }
            "INTERVAL" => {
                interval =
                    number(value).filter(|n| *n > 0).ok_or_else(|| wrong(part, "is no number from 1 to 9999"))?;
            }
            "COUNT" => {
                let count = number(value).filter(|n| *n > 0);
                end = End::After(count.ok_or_else(|| wrong(part, "is no number from 1 to 9999"))?);
            }
            "UNTIL" => {
                end = until(value)
                    .ok_or_else(|| wrong(part, "is no day and no time in UTC, such as 20261231 or 20261231T235959Z"))?
            }
            "BYDAY" => weekdays = list(value, nth).ok_or_else(|| wrong(part, "is no day"))?,
            "BYMONTHDAY" => month_days = list(value, month_day).ok_or_else(|| wrong(part, "is no day of a month"))?,
            "WKST" => {
                let known = DAYS.iter().find(|(word, _)| *word == value);
                week_start = known.ok_or_else(|| wrong(part, "is no day"))?.1;
            }
            _ => return Err(wrong(part, "is not understood")),
        }
    }
    let whole = |what: &str| refuse(given, what, ACCEPTED);
    let frequency = frequency.ok_or_else(|| whole("has no FREQ"))?;
    let has = |name: &str| all.iter().any(|(known, _)| *known == name);
    match frequency {
        _ if has("UNTIL") && has("COUNT") => return Err(whole("ends twice, by UNTIL and by COUNT")),
        Frequency::Daily | Frequency::Weekly if weekdays.iter().any(|nth: &Nth| nth.n.is_some()) => {
            return Err(whole("numbers days of the week, which is for months"));
        }
        Frequency::Weekly if has("BYMONTHDAY") => return Err(whole("has days of months in weeks")),
        _ => {}
    }
    let last = None;
    let rule = Recurrence { start, zone, length, frequency, interval, weekdays, month_days, week_start, end, last };
    rule.checked(given)
}

fn list<T>(value: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    value.split(',').map(read).collect()
}

fn number(value: &str) -> Option<u32> {
    let digits = (1..=4).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| value.parse().ok())?
}

fn nth(value: &str) -> Option<Nth> {
    let (n, name) = value.split_at_checked(value.len().checked_sub(2)?)?;
    let day = DAYS.iter().find(|(word, _)| *word == name)?.1;
    let n = if n.is_empty() { None } else { Some(signed(n, 5)?) };
    Some(Nth { n, day })
}

fn month_day(value: &str) -> Option<i8> {
    signed(value, 31)
}

/// A number that is not 0, of this size at most.
fn signed(value: &str, most: u32) -> Option<i8> {
    let n = number(value.strip_prefix(['+', '-']).unwrap_or(value)).filter(|n| (1..=most).contains(n))?;
    let n = i8::try_from(n).ok()?;
    Some(if value.starts_with('-') { -n } else { n })
}

fn until(value: &str) -> Option<End> {
    match value.strip_suffix('Z') {
        Some(utc) => Some(End::By(Zone::utc().instant_at(DateTime::strptime(DATE_TIME, utc).ok()?)?)),
        None if value.len() == 8 => Some(End::With(Date::strptime(DATE, value).ok()?)),
        None => None,
    }
}

impl Recurrence {
    /// Where it starts, on the clock of its zone.
    pub(crate) fn start(&self) -> DateTime {
        self.start
    }

    /// Whose clock it is.
    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// How long each time lasts.
    pub fn length(&self) -> Duration {
        self.length
    }

    /// The rule alone, as it is behind `RRULE:`.
    pub fn rule(&self) -> String {
        let word = |day: Weekday| DAYS.iter().find(|(_, known)| *known == day).map_or("", |(word, _)| *word);
        let frequency = FREQUENCIES.iter().find(|(_, known)| *known == self.frequency).map_or("", |(word, _)| *word);
        let mut text = format!("FREQ={frequency}");
        let mut add = |name: &str, value: String| text.extend([";", name, "=", &value]);
        if self.interval > 1 {
            add("INTERVAL", self.interval.to_string());
        }
        if !self.weekdays.is_empty() {
            let one = |nth: &Nth| format!("{}{}", nth.n.map_or(String::new(), |n| n.to_string()), word(nth.day));
            add("BYDAY", self.weekdays.iter().map(one).collect::<Vec<_>>().join(","));
        }
        if !self.month_days.is_empty() {
            add("BYMONTHDAY", self.month_days.iter().map(i8::to_string).collect::<Vec<_>>().join(","));
        }
        if self.week_start != Weekday::Monday {
            add("WKST", word(self.week_start).to_owned());
        }
        match self.end {
            End::Never => {}
            End::With(day) => add("UNTIL", day.strftime(DATE).to_string()),
            End::By(at) => add("UNTIL", format!("{}Z", utc(at))),
            End::After(count) => add("COUNT", count.to_string()),
        }
        text
    }
}

fn utc(at: Timestamp) -> String {
    Zone::utc().wall(at).map_or_else(String::new, |wall| wall.strftime(DATE_TIME).to_string())
}

/// Two lines, which [`Recurrence::parse`] reads.
impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.start.strftime(DATE_TIME);
        match self.zone.name() {
            "UTC" => writeln!(f, "DTSTART:{start}Z")?,
            name => writeln!(f, "DTSTART;TZID={name}:{start}")?,
        }
        write!(f, "RRULE:{}", self.rule())
    }
}
