//! Days, weeks, months, quarters and years as people in a time zone have them.

mod named;
mod zone;

use bellwether_core::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

use crate::Interval;
pub use zone::Zone;

/// A unit that a calendar divides time into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// From midnight to midnight.
    Day,
    /// Seven days, from Monday on unless the calendar says otherwise.
    Week,
    /// A month.
    Month,
    /// Three months, the first of January, April, July or October.
    Quarter,
    /// A year.
    Year,
}

/// Time divided into equal units of the calendar, as a clock on the wall of a time zone shows it.
///
/// They tile: each instant is in exactly one, and the next begins where one ends, also where clocks are changed, midnight
/// does not exist or a whole day is skipped. Their lengths are of real time.
///
/// ```
/// use bellwether_slo::{Calendar, Unit, Zone};
/// # if Zone::new("Europe/Berlin").is_err() { return Ok(()) }
///
/// let months = Calendar::new(Unit::Month, Zone::new("Europe/Berlin")?);
/// let march = months.named("2026-03")?;
/// assert_eq!(march.length().as_secs(), 743 * 3600);      // an hour is lost to summer
/// assert_eq!(months.name_of(march), "2026-03");
/// assert_eq!(months.previous(march), months.named("2026-02")?);
/// # Ok::<(), bellwether_slo::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Calendar {
    /// What it divides time into.
    pub unit: Unit,
    /// Whose clock it goes by.
    pub zone: Zone,
    /// The first day of a week.
    pub week_starts: Weekday,
}

impl Calendar {
    /// A calendar whose weeks start on Monday.
    pub fn new(unit: Unit, zone: Zone) -> Self {
        Self { unit, zone, week_starts: Weekday::Monday }
    }

    /// The first day of a week.
    pub fn week_starts(mut self, day: Weekday) -> Self {
        self.week_starts = day;
        self
    }

    /// The unit that an instant is in. The instant at which one ends and the next begins is in the one that ends.
    pub fn at(&self, at: Timestamp) -> Interval {
        let before = Timestamp::from_unix_nanos(at.unix_nanos().saturating_sub(1));
        let found = self.zone.date_after(before).and_then(|date| {
            let first = self.first_of(date)?;
            let next = first.checked_add(self.step()).ok()?;
            let interval = self.between(first, next)?;
            // Where clocks went back over midnight, part of the day before comes after the day began.
            if interval.contains(at) { Some(interval) } else { self.between(next, next.checked_add(self.step()).ok()?) }
        });
        found.unwrap_or(Interval::new(before, at))
    }

    /// The unit after one.
    pub fn next(&self, one: Interval) -> Interval {
        self.at(Timestamp::from_unix_nanos(one.end.unix_nanos().saturating_add(1)))
    }

    /// The unit before one.
    pub fn previous(&self, one: Interval) -> Interval {
        self.at(one.start)
    }

    /// The units that tile a stretch of time, the first and the last cut to it.
    pub fn tiles(&self, over: Interval) -> impl Iterator<Item = Interval> {
        let mut from = over.start;
        std::iter::from_fn(move || {
            let rest = Interval { start: from, end: over.end };
            if rest.is_empty() {
                return None;
            }
            let unit = self.at(Timestamp::from_unix_nanos(from.unix_nanos().saturating_add(1)));
            let tile = rest.intersect(unit).unwrap_or(rest);
            from = tile.end;
            Some(tile)
        })
    }

    /// The first day of the unit that has this day.
    fn first_of(&self, date: Date) -> Option<Date> {
        let month = |month: i8| Date::new(date.year(), month, 1).ok();
        match self.unit {
            Unit::Day => Some(date),
            Unit::Week => {
                let into = date.weekday().to_monday_zero_offset() - self.week_starts.to_monday_zero_offset();
                date.checked_sub(i32::from(into.rem_euclid(7)).days()).ok()
            }
            Unit::Month => month(date.month()),
            Unit::Quarter => month((date.month() - 1) / 3 * 3 + 1),
            Unit::Year => month(1),
        }
    }

    fn step(&self) -> Span {
        match self.unit {
            Unit::Day => 1.day(),
            Unit::Week => 7.days(),
            Unit::Month => 1.month(),
            Unit::Quarter => 3.months(),
            Unit::Year => 1.year(),
        }
    }

    fn between(&self, first: Date, next: Date) -> Option<Interval> {
        Some(Interval::new(self.zone.start_of(first)?, self.zone.start_of(next)?))
    }
}
