//! The span an objective is judged over: the last so many days, or a unit of the calendar.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bellwether_core::Timestamp;

use crate::calendar::{Calendar, Unit, Zone};
use crate::{Error, Interval};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The span an objective is judged over.
///
/// ```
/// use bellwether_slo::{Period, Unit, Zone};
///
/// let rolling: Period = "28d".parse()?;
/// assert_eq!(rolling, Period::days(28)?);
/// let calendar = Period::calendar(Unit::Month, Zone::utc());
/// assert_eq!(calendar.nominal().as_secs(), 30 * 86_400);
/// assert!("1M".parse::<Period>().unwrap_err().to_string().contains("calendar"));
/// # Ok::<(), bellwether_slo::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period(Kind);

/// The two kinds of period.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The last so much time; it moves with the clock.
    Rolling(Duration),
    /// A unit of the calendar; its budget is fresh when it begins.
    Calendar(Calendar),
}

impl Period {
    /// The last so much time: whole seconds, from a minute to 400 days, which is what history keeps.
    ///
    /// # Errors
    /// If it is shorter, longer or not whole seconds.
    pub fn rolling(length: Duration) -> Result<Self, Error> {
        if length.subsec_nanos() != 0 || !(MINUTE..=400 * DAY).contains(&length.as_secs()) {
            let wrong = "is no length to judge an objective over";
            let accepted = "give whole seconds, from a minute to 400 days; 28d is customary";
            return Err(Error::illegal("period", format!("{length:?}"), wrong, accepted));
        }
        Ok(Self(Kind::Rolling(length)))
    }

    /// The last so many days.
    ///
    /// # Errors
    /// As [`rolling`](Self::rolling).
    pub fn days(days: u32) -> Result<Self, Error> {
        Self::rolling(Duration::from_secs(u64::from(days) * DAY))
    }

    /// Days, weeks, months, quarters or years of the calendar of a zone; weeks start on Monday.
    pub fn calendar(unit: Unit, zone: Zone) -> Self {
        Calendar::new(unit, zone).into()
    }

    /// Which kind it is.
    pub fn kind(&self) -> &Kind {
        &self.0
    }

    /// The period that is judged at an instant: rolling, the one that ends there; of the calendar, the one it is in, to its
    /// very end.
    pub fn at(&self, now: Timestamp) -> Interval {
        match &self.0 {
            Kind::Rolling(length) => Interval::before(now, *length),
            Kind::Calendar(calendar) => calendar.at(now),
        }
    }

    /// The period before the one that is judged at an instant.
    pub fn previous(&self, now: Timestamp) -> Interval {
        self.at(self.at(now).start)
    }

    /// Its length for the arithmetic of alerts, which always look at rolling time: an incident is as urgent on the last of
    /// a month as on the first. Of months 30 days, of quarters 90, of years 365.
    pub fn nominal(&self) -> Duration {
        let days = match &self.0 {
            Kind::Rolling(length) => return *length,
            Kind::Calendar(calendar) => match calendar.unit {
                Unit::Day => 1,
                Unit::Week => 7,
                Unit::Month => 30,
                Unit::Quarter => 90,
                Unit::Year => 365,
            },
        };
        Duration::from_secs(days * DAY)
    }
}

impl From<Calendar> for Period {
    fn from(calendar: Calendar) -> Self {
        Self(Kind::Calendar(calendar))
    }
}

/// A length as OpenSLO writes it: a number and m, h, d, w; or M, Q, Y, which only a calendar has.
impl FromStr for Period {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let accepted = "give a number and m, h, d or w, such as 28d";
        let refuse = |wrong| Error::illegal("period", text, wrong, accepted);
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = match text.get(digits.len()..).unwrap_or_default() {
            "m" => MINUTE,
            "h" => HOUR,
            "d" => DAY,
            "w" => 7 * DAY,
            "M" | "Q" | "Y" => {
                return Err(refuse("is not always equally long, so it needs a calendar and its time zone"));
            }
            _ => return Err(refuse("has no unit that is known")),
        };
        let seconds = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
        Self::rolling(Duration::from_secs(seconds.ok_or_else(|| refuse("is no whole number of them"))?))
    }
}

/// `28d`, or `month in Europe/Berlin`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Rolling(length) => f.write_str(&short(*length)),
            Kind::Calendar(Calendar { unit, zone, .. }) => {
                let unit = match unit {
                    Unit::Day => "day",
                    Unit::Week => "week",
                    Unit::Month => "month",
                    Unit::Quarter => "quarter",
                    Unit::Year => "year",
                };
                write!(f, "{unit} in {zone}")
            }
        }
    }
}

/// A length as PromQL and OpenSLO write it, in the greatest unit that it is whole in: `5m`, `1h`, `28d`.
pub(crate) fn short(length: Duration) -> String {
    let seconds = length.as_secs();
    if length.subsec_nanos() != 0 {
        return format!("{}ms", length.as_millis());
    }
    match [(DAY, "d"), (HOUR, "h"), (MINUTE, "m")].iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit))
    {
        Some((unit, name)) => format!("{}{name}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

/// The last 30 days.
impl Default for Period {
    fn default() -> Self {
        Self(Kind::Rolling(Duration::from_secs(30 * DAY)))
    }
}
