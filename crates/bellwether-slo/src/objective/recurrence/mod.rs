//! Time that comes again by a recurrence rule of RFC 5545, as calendars have them: the first Sunday of each month, at two.

mod text;

use std::time::Duration;

use bellwether_core::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};

use crate::calendar::Zone;
use crate::{Error, Interval};

/// Time that comes again by a recurrence rule (RFC 5545, `RRULE`), by the clock of a zone.
///
/// Of the standard's rules those by days are understood: `FREQ=DAILY`, `WEEKLY` and `MONTHLY`, with `INTERVAL`, `BYDAY` (of
/// months also `1SU`, the first Sunday, and `-1FR`, the last Friday), `BYMONTHDAY` (`-1` is the last), `WKST`, and an end by
/// `UNTIL` or `COUNT`. The start is the first time only if it is one by the rule. In a month without such a day there is none.
/// Where the time of day is skipped by a change of clocks it begins when the gap ends, which is not left out, as the standard
/// has it: maintenance does take place that night. Where it comes twice, it begins with the first.
///
/// ```
/// use bellwether_slo::Recurrence;
/// use std::time::Duration;
/// # if bellwether_slo::Zone::new("Europe/Berlin").is_err() { return Ok(()) }
///
/// let text = "DTSTART;TZID=Europe/Berlin:20260104T020000\nRRULE:FREQ=MONTHLY;BYDAY=1SU";
/// let first_sundays = Recurrence::parse(text, Duration::from_secs(7200))?;
/// assert_eq!(first_sundays.to_string(), text);
///
/// let wrong = Recurrence::parse(&text.replace("1SU", "1SO"), Duration::from_secs(7200)).unwrap_err();
/// assert!(wrong.to_string().contains("BYDAY=1SO is no day"));
/// # Ok::<(), bellwether_slo::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    /// The first time it can be, and the time of day of all.
    start: DateTime,
    zone: Zone,
    length: Duration,
    frequency: Frequency,
    interval: u32,
    weekdays: Vec<Nth>,
    month_days: Vec<i8>,
    week_start: Weekday,
    end: End,
    /// The last day, of one that ends after a number of times.
    last: Option<Date>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frequency {
    Daily,
    Weekly,
    Monthly,
}

/// A day of the week; or the n-th one of a month, from its end if below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Nth {
    n: Option<i8>,
    day: Weekday,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Never,
    /// With this day.
    With(Date),
    /// It does not begin after this.
    By(Timestamp),
    After(u32),
}

/// Rules are looked at from their start for a hundred years.
const HORIZON: usize = 36_525;
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2450;
/// What takes longer is no maintenance, and would be looked for at each tick.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

impl Recurrence {
    /// A rule and its start, a line each, as calendars have them: `DTSTART;TZID=Europe/Berlin:20260104T020000`, and
    /// `RRULE:FREQ=MONTHLY;BYDAY=1SU`. A start in UTC ends in `Z`. The length is that of each time, a week at most.
    ///
    /// # Errors
    /// If it is no rule of those that are understood, no time comes by it, or the length is zero or too long.
    pub fn parse(text: &str, length: Duration) -> Result<Self, Error> {
        text::parse(text, length)
    }

    /// A rule alone, from a start on the clock of a zone on.
    pub(crate) fn new(start: DateTime, zone: Zone, rule: &str, length: Duration) -> Result<Self, Error> {
        text::rule(start, zone, rule, length)
    }

    fn checked(mut self, given: &str) -> Result<Self, Error> {
        let refuse = |wrong, accepted| Err(Error::illegal("recurrence rule", given, wrong, accepted));
        if self.length.is_zero() || self.length > LONGEST {
            return refuse("has times of no length, or longer than a week", "give a length of a week at most");
        }
        if !YEARS.contains(&self.start.year()) {
            return refuse("starts too long ago, or too far ahead", "give a start within 1970 to 2450");
        }
        let times = match self.end {
            End::After(count) => usize::try_from(count).unwrap_or(usize::MAX),
            _ => 1,
        };
        let all = self.start.date().series(jiff::Span::new().days(1)).take(HORIZON);
        let days = all.filter(|day| self.falls_on(*day) && self.is_before_end(*day)).take(times);
        let Some((number, last)) = days.enumerate().last() else {
            return refuse("does not come within a hundred years", "give one that falls on a day from its start on");
        };
        if let End::After(_) = self.end {
            if number + 1 < times {
                return refuse("takes more than a hundred years", "give a smaller COUNT, or none");
            }
            self.last = Some(last);
        }
        Ok(self)
    }

    fn falls_on(&self, day: Date) -> bool {
        let first = self.start.date();
        let after = |unit: i64| (unit >= 0) && unit % i64::from(self.interval) == 0;
        let is_weekday = || self.weekdays.is_empty() || self.weekdays.iter().any(|nth| nth.is(day));
        let is_month_day = || self.month_days.is_empty() || self.month_days.iter().any(|n| is_nth(*n, day));
        match self.frequency {
            Frequency::Daily => after(days_between(first, day)) && is_weekday() && is_month_day(),
            Frequency::Weekly => {
                let monday = |day: Date| {
                    let into = day.weekday().to_monday_zero_offset() - self.week_start.to_monday_zero_offset();
                    days_between(Date::ZERO, day) - i64::from(into.rem_euclid(7))
                };
                let is_day = if self.weekdays.is_empty() { day.weekday() == first.weekday() } else { is_weekday() };
                is_day && after((monday(day) - monday(first)) / 7)
            }
            Frequency::Monthly => {
                let month = |day: Date| i64::from(day.year()) * 12 + i64::from(day.month());
                let is_plain = self.weekdays.is_empty() && self.month_days.is_empty();
                let is_day = if is_plain { day.day() == first.day() } else { is_weekday() && is_month_day() };
                is_day && after(month(day) - month(first))
            }
        }
    }

    fn is_before_end(&self, day: Date) -> bool {
        match self.end {
            End::Never => true,
            End::With(last) => day <= last,
            End::By(at) => self.begins(day).is_some_and(|start| start <= at),
            End::After(_) => self.last.is_none_or(|last| day <= last),
        }
    }

    fn begins(&self, day: Date) -> Option<Timestamp> {
        self.zone.instant_at(day.to_datetime(self.start.time()))
    }

    pub(super) fn within(&self, over: Interval) -> Vec<Interval> {
        // One that began before may reach in, on days of up to 25 hours.
        let reach = self.length + Duration::from_secs(2 * 86_400);
        let [from, to] = [over.start.before(reach), over.end.after(Duration::from_secs(86_400))];
        let (Some(from), Some(to)) = (self.zone.wall(from), self.zone.wall(to)) else { return Vec::new() };
        let first = self.start.date();
        let from = from.date().max(first);
        if from > to.date() {
            return Vec::new();
        }
        let days = from.series(jiff::Span::new().days(1)).take_while(|day| *day <= to.date());
        let days = days.filter(|day| self.falls_on(*day) && self.is_before_end(*day));
        let mut found: Vec<Interval> = days
            .filter_map(|day| {
                let start = self.begins(day)?;
                Interval::new(start, start.after(self.length)).intersect(over)
            })
            .collect();
        found.sort();
        found.dedup();
        found
    }
}

impl Nth {
    fn is(self, day: Date) -> bool {
        let from_end = || (day.days_in_month() - day.day()) / 7 + 1;
        day.weekday() == self.day
            && match self.n {
                None => true,
                Some(n) if n > 0 => n == (day.day() - 1) / 7 + 1,
                Some(n) => -n == from_end(),
            }
    }
}

/// Whether a day is the n-th of its month, from its end if below zero.
fn is_nth(n: i8, day: Date) -> bool {
    if n > 0 { n == day.day() } else { n == day.day() - day.days_in_month() - 1 }
}

fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}
