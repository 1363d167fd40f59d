//! Names of days, weeks, months, quarters and years: `2026-10-05`, `2026-W41`, `2026-10`, `2026-Q4`, `2026`.

use bellwether_core::Timestamp;
use jiff::civil::{Date, ISOWeekDate, Weekday};

use super::{Calendar, Unit};
use crate::{Error, Interval};

const EPOCH: Timestamp = Timestamp::from_unix_nanos(0);
/// Where timestamps end, in 2554.
const END: Timestamp = Timestamp::from_unix_seconds(18_429_292_800);

impl Calendar {
    /// The unit of this name: `2026-10-05` for a day, `2026-W41` (ISO 8601) or any of its days for a week, `2026-10` for a
    /// month, `2026-Q4` for a quarter, `2026` for a year.
    ///
    /// # Errors
    /// If there is no such day, week, month or quarter, or it is not one of this calendar's units.
    pub fn named(&self, name: &str) -> Result<Interval, Error> {
        let (what, accepted) = match self.unit {
            Unit::Day => ("day", "give year, month and day, such as 2026-10-05"),
            Unit::Week => ("week", "give an ISO week, such as 2026-W41, or one of its days, such as 2026-10-05"),
            Unit::Month => ("month", "give year and month, such as 2026-10"),
            Unit::Quarter => ("quarter", "give year and quarter, such as 2026-Q4"),
            Unit::Year => ("year", "give a year, such as 2026"),
        };
        let wrong = "does not exist, or is not within 1970 to 2553";
        let found = self.first_day(name.trim()).and_then(|first| {
            let next = first.checked_add(self.step()).ok()?;
            let kept = |interval: &Interval| interval.end > EPOCH && interval.start < END;
            self.between(first, next).filter(kept)
        });
        found.ok_or_else(|| Error::illegal(what, name, wrong, accepted))
    }

    /// The name of a unit of this calendar, which [`named`](Self::named) reads.
    pub fn name_of(&self, one: Interval) -> String {
        // A little after the start, for that is where the epoch cuts.
        let Some(first) = self.zone.date_after(one.start).and_then(|date| self.first_of(date)) else {
            return one.to_string();
        };
        let year = first.year();
        match self.unit {
            Unit::Day => first.to_string(),
            Unit::Week if self.week_starts != Weekday::Monday => first.to_string(),
            Unit::Week => {
                let week = first.iso_week_date();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
            Unit::Month => format!("{year:04}-{:02}", first.month()),
            Unit::Quarter => format!("{year:04}-Q{}", (first.month() + 2) / 3),
            Unit::Year => format!("{year:04}"),
        }
    }

    fn first_day(&self, name: &str) -> Option<Date> {
        let year = number(name.get(..4)?)?;
        let rest = name.get(4..)?;
        match self.unit {
            Unit::Day => name.parse().ok(),
            Unit::Week => match rest.strip_prefix("-W") {
                Some(week) => {
                    let week = i8::try_from(number(week)?).ok()?;
                    self.first_of(ISOWeekDate::new(year, week, Weekday::Monday).ok()?.date())
                }
                None => self.first_of(name.parse().ok()?),
            },
            Unit::Month => month(year, number(rest.strip_prefix('-')?)?),
            Unit::Quarter => month(year, number(rest.strip_prefix("-Q")?)?.checked_mul(3)?.checked_sub(2)?),
            Unit::Year => rest.is_empty().then(|| month(year, 1))?,
        }
    }
}

fn month(year: i16, month: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, 1).ok()
}

fn number(digits: &str) -> Option<i16> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}
