//! Lengths of time and time windows as OpenSLO has them.

use std::time::Duration;

use jiff::civil::{DateTime, Weekday};

use crate::format::cursor::{Cursor, Fields};
use crate::format::node::cut;
use crate::format::words::duration;
use crate::{Calendar, Period, Unit, Zone};

/// A whole number of a unit: `5m`, `4w`, `1M`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shorthand {
    /// Minutes, hours, days, weeks: always equally long.
    Fixed(Duration),
    /// Months, of which a quarter has three and a year twelve.
    Months(u64),
}

const SHORTHAND: &str = "a whole number above 0 and m, h, d, w, M, Q or Y, such as 5m or 4w";
const FIXED: &str = "a whole number above 0 and m, h, d or w, such as 5m or 4w";
const MINUTE: u64 = 60;

fn shorthand(text: &str) -> Option<Shorthand> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number = digits.parse::<u64>().ok().filter(|number| *number > 0 && !digits.starts_with('+'))?;
    let fixed = |minutes: u64| {
        let seconds = number.checked_mul(minutes)?.checked_mul(MINUTE)?;
        Some(Shorthand::Fixed(Duration::from_secs(seconds)))
    };
    match text.get(digits.len()..)? {
        "m" => fixed(1),
        "h" => fixed(60),
        "d" => fixed(24 * 60),
        "w" => fixed(7 * 24 * 60),
        "M" => Some(Shorthand::Months(number)),
        "Q" => Some(Shorthand::Months(number.checked_mul(3)?)),
        "Y" => Some(Shorthand::Months(number.checked_mul(12)?)),
        _ => None,
    }
}

/// A length that is always the same.
pub(super) fn fixed(cursor: &Cursor<'_>) -> Option<Duration> {
    match cursor.read(FIXED, |node| shorthand(node.text()?))? {
        Shorthand::Fixed(length) => Some(length),
        Shorthand::Months(_) => {
            let given = cursor.node.shown();
            cursor.refuse(format!("is {given}, which is not always equally long: accepted is {FIXED}"));
            None
        }
    }
}

/// A length that is written as a whole number of minutes, upwards, with what it is exactly, if that is something else.
pub(super) fn in_minutes(length: Duration) -> (String, Option<Duration>) {
    let minutes = length.as_nanos().div_ceil(u128::from(MINUTE) * 1_000_000_000).max(1);
    let (number, unit) = match minutes {
        days if days % (24 * 60) == 0 => (days / (24 * 60), "d"),
        hours if hours % 60 == 0 => (hours / 60, "h"),
        minutes => (minutes, "m"),
    };
    let rounded = u128::from(MINUTE) * 1_000_000_000 * minutes != length.as_nanos();
    (format!("{number}{unit}"), rounded.then_some(length))
}

/// What an annotation says a length is exactly; believed where the length is what [`in_minutes`] makes of it.
pub(super) fn exactly(length: Duration, annotation: Option<&str>, cursor: &Cursor<'_>) -> Duration {
    let Some(text) = annotation else { return length };
    let rounds_to = |exact: &Duration| shorthand(&in_minutes(*exact).0) == Some(Shorthand::Fixed(length));
    duration(text).filter(rounds_to).unwrap_or_else(|| {
        cursor.note(format!("does not agree with the annotation \"{}\", which is left out", cut(text)));
        length
    })
}

/// Reads `timeWindow`; `exact` is what an annotation says of a rolling one. What has no counterpart is noted; the outer
/// `None` is for what is wrong.
pub(super) fn period(spec: &Fields<'_>, exact: Option<&str>) -> Option<Option<Period>> {
    let windows = spec.required("timeWindow", "a list of exactly one window")?;
    let items = windows.items()?;
    let [window] = items.as_slice() else {
        windows.refuse(format!("has {} windows: accepted is exactly one", items.len()));
        return None;
    };
    let fields = window.fields(&["duration", "isRolling", "calendar"])?;
    let length = fields.required("duration", SHORTHAND);
    let parsed = length.as_ref().and_then(|length| length.read(SHORTHAND, |node| shorthand(node.text()?)));
    let calendar = fields.get("calendar");
    let rolling = fields.get("isRolling").map(|rolling| rolling.flag());
    let (length, parsed) = (length?, parsed?);
    match (rolling, calendar) {
        (Some(None), _) => None,
        (Some(Some(true)), Some(calendar)) => {
            calendar.refuse("cannot stand beside isRolling: true: accepted is one of them");
            None
        }
        (Some(Some(false)) | None, None) => {
            window.refuse("neither rolls nor has a calendar: accepted is isRolling: true or a calendar");
            None
        }
        (_, Some(calendar)) => aligned(&calendar, &length, parsed),
        (Some(Some(true)), None) => match parsed {
            Shorthand::Months(_) => {
                let given = length.node.shown();
                length.refuse(format!(
                    "is {given}, which is not always equally long: accepted is {FIXED}, or a calendar"
                ));
                None
            }
            Shorthand::Fixed(fixed) => Some(noted(&length, Period::rolling(exactly(fixed, exact, &length)))),
        },
    }
}

fn noted(cursor: &Cursor<'_>, period: Result<Period, crate::Error>) -> Option<Period> {
    period.map_err(|error| cursor.note(format!("has no counterpart: {error}"))).ok()
}

/// A period of the calendar: days, weeks, months, quarters, years, from where such units begin.
fn aligned(calendar: &Cursor<'_>, length: &Cursor<'_>, parsed: Shorthand) -> Option<Option<Period>> {
    let fields = calendar.fields(&["startTime", "timeZone"])?;
    let start = fields.required("startTime", START).and_then(|cursor| Some((start_time(&cursor)?, cursor)));
    let zone = fields.required("timeZone", "a time zone such as Europe/Berlin").and_then(|zone| {
        let given = zone.words()?;
        given.parse::<Zone>().map_err(|error| zone.refuse(format!("is not accepted: {error}"))).ok()
    });
    let ((start, cursor), zone) = (start?, zone?);
    const DAY: u64 = 24 * 60 * MINUTE;
    let unit = match parsed {
        Shorthand::Fixed(fixed) if fixed.as_secs() == DAY => Unit::Day,
        Shorthand::Fixed(fixed) if fixed.as_secs() == 7 * DAY => Unit::Week,
        Shorthand::Months(1) => Unit::Month,
        Shorthand::Months(3) => Unit::Quarter,
        Shorthand::Months(12) => Unit::Year,
        _ => {
            length
                .note("has no counterpart: of the calendar there are periods of one day, week, month, quarter or year");
            return Some(None);
        }
    };
    let begins = match unit {
        Unit::Day | Unit::Week => None,
        Unit::Month => (start.day() != 1).then_some("on the first of a month"),
        Unit::Quarter => {
            (start.day() != 1 || start.month() % 3 != 1).then_some("on the first of January, April, July or October")
        }
        Unit::Year => (start.day() != 1 || start.month() != 1).then_some("on the first of January"),
    };
    let given = cursor.node.shown();
    if let Some(begins) = begins {
        cursor.note(format!("is {given}: here such a period begins {begins}, at midnight"));
    } else if start.time() != jiff::civil::Time::midnight() {
        cursor.note(format!("is {given}: here a period begins at midnight"));
    }
    Some(Some(Calendar::new(unit, zone).week_starts(start.weekday()).into()).map(|period| match unit {
        Unit::Week => period,
        // The day a week starts is no matter to other units.
        _ => unweekly(period),
    }))
}

fn unweekly(period: Period) -> Period {
    match period.kind() {
        crate::Kind::Calendar(calendar) => calendar.clone().week_starts(Weekday::Monday).into(),
        crate::Kind::Rolling(_) => period,
    }
}

const START: &str = "a date and a time without zone, such as 2026-01-01 00:00:00";

fn start_time(cursor: &Cursor<'_>) -> Option<DateTime> {
    let shape = |text: &&str| text.len() == 19 && text.as_bytes().get(10) == Some(&b' ');
    cursor.read(START, |node| node.text().filter(shape)?.parse().ok())
}

/// A start of the calendar's periods.
pub(super) fn start_of(calendar: &Calendar) -> String {
    // A Monday, and the first of a year.
    let day = 1 + calendar.week_starts.to_monday_zero_offset();
    let day = if calendar.unit == Unit::Week { day } else { 1 };
    format!("2024-01-{day:02} 00:00:00")
}
