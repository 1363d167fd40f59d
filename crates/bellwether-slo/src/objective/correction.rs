//! Time that is not to count as it was: maintenance, once or again and again, and what was measured wrongly.

use std::fmt;
use std::time::Duration;

use bellwether_core::Timestamp;
use jiff::civil::Weekday;

use super::Recurrence;
use crate::calendar::{Calendar, Unit, Zone};
use crate::period::short;
use crate::{Error, Interval};

/// Time that is not to count as it was measured. What was measured is kept; reports list it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Correction {
    /// Which time.
    pub when: When,
    /// What becomes of it.
    pub effect: Effect,
    /// Why, for the report.
    pub reason: String,
    /// Who said so, if it was not in a file.
    pub by: Option<String>,
    /// When it was said, if it was not in a file.
    pub set_at: Option<Timestamp>,
}

/// What becomes of corrected time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It is as if it had not been: neither its events nor its slices are counted, so what remains weighs more.
    Exclude,
    /// All its events and slices count as good, so what remains weighs as before.
    CountAsGood,
}

/// Which time is corrected.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum When {
    /// Once.
    Once(Interval),
    /// On some days, from a time on the clock of a zone on.
    Recurring(Recurring),
    /// Again and again, by a rule as calendars have them.
    Repeating(Recurrence),
}

/// The same time on some days, by the clock of a zone. Where that time is skipped by a change of clocks it begins when the
/// gap ends, and where it comes twice with the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Recurring {
    /// On which days of the week; empty for all.
    pub weekdays: Vec<Weekday>,
    /// The hour it begins, 0 to 23.
    pub hour: i8,
    /// The minute of the hour it begins.
    pub minute: i8,
    /// How long it lasts, of real time; a day at most.
    pub length: Duration,
    /// Whose clock.
    pub zone: Zone,
}

impl Correction {
    /// Leaves time out.
    pub fn exclude(when: impl Into<When>, reason: impl Into<String>) -> Self {
        Self::new(when.into(), Effect::Exclude, reason.into())
    }

    /// Counts time as good.
    pub fn count_as_good(when: impl Into<When>, reason: impl Into<String>) -> Self {
        Self::new(when.into(), Effect::CountAsGood, reason.into())
    }

    pub(crate) fn new(when: When, effect: Effect, reason: String) -> Self {
        Self { when, effect, reason, by: None, set_at: None }
    }

    /// Who says so.
    pub fn by(mut self, who: impl Into<String>) -> Self {
        self.by = Some(who.into());
        self
    }

    /// Its parts of a stretch of time, in order.
    pub fn within(&self, over: Interval) -> Vec<Interval> {
        match &self.when {
            When::Once(interval) => interval.intersect(over).into_iter().collect(),
            When::Recurring(recurring) => recurring.within(over),
            When::Repeating(recurrence) => recurrence.within(over),
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let When::Recurring(Recurring { hour, minute, length, .. }) = &self.when else { return Ok(()) };
        if (0..24).contains(hour) && (0..60).contains(minute) && !length.is_zero() && *length <= DAY {
            return Ok(());
        }
        let given = format!("{hour:02}:{minute:02} for {length:?}");
        let accepted = "give an hour up to 23, a minute up to 59 and a length of a day at most";
        Err(Error::illegal("recurring correction", given, "is no time of a day", accepted))
    }
}

/// As one reads it, on one line.
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once(interval) => write!(f, "{interval}"),
            Self::Recurring(Recurring { weekdays, hour, minute, length, zone }) => {
                let days: Vec<String> = weekdays.iter().map(|day| format!("{day:?}")).collect();
                let days = if days.is_empty() { "every day".to_owned() } else { days.join(", ") };
                write!(f, "{days} {hour:02}:{minute:02} {zone} for {}", short(*length))
            }
            Self::Repeating(recurrence) => {
                let text = recurrence.to_string().replace('\n', " ");
                write!(f, "{text} for {}", short(recurrence.length()))
            }
        }
    }
}

const DAY: Duration = Duration::from_secs(86_400);

impl Recurring {
    fn within(&self, over: Interval) -> Vec<Interval> {
        // One that began the day before may reach in, on a day of up to 25 hours.
        let from = over.start.before(2 * DAY);
        let days = Calendar::new(Unit::Day, self.zone.clone());
        let mut found: Vec<Interval> = Vec::new();
        for day in days.tiles(Interval::new(from, over.end)) {
            let Some(date) = self.zone.date_after(day.start) else { continue };
            if !self.weekdays.is_empty() && !self.weekdays.contains(&date.weekday()) {
                continue;
            }
            let Some(start) = self.zone.instant_of(date, self.hour, self.minute) else { continue };
            found.extend(Interval::new(start, start.after(self.length)).intersect(over));
        }
        found.sort();
        found.dedup();
        found
    }
}

impl From<Interval> for When {
    fn from(interval: Interval) -> Self {
        Self::Once(interval)
    }
}

impl From<Recurrence> for When {
    fn from(recurrence: Recurrence) -> Self {
        Self::Repeating(recurrence)
    }
}

impl From<Recurring> for When {
    fn from(recurring: Recurring) -> Self {
        Self::Recurring(recurring)
    }
}

/// A stretch of time and what corrections make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) over: Interval,
    pub(crate) effect: Option<Effect>,
}

/// A stretch of time, cut where corrections begin and end. Where two meet, leaving out wins.
pub(crate) fn pieces(corrections: &[Correction], over: Interval) -> Vec<Piece> {
    let corrected: Vec<(Interval, Effect)> = corrections
        .iter()
        .flat_map(|correction| correction.within(over).into_iter().map(|interval| (interval, correction.effect)))
        .collect();
    let mut cuts: Vec<Timestamp> = corrected.iter().flat_map(|(interval, _)| [interval.start, interval.end]).collect();
    cuts.extend([over.start, over.end]);
    cuts.sort_unstable();
    cuts.dedup();
    let mut pieces: Vec<Piece> = Vec::new();
    for (start, end) in cuts.iter().zip(cuts.iter().skip(1)) {
        let (start, end) = (*start, *end);
        let effect = corrected.iter().filter(|(interval, _)| interval.contains(end)).map(|(_, effect)| *effect).min();
        match pieces.last_mut() {
            Some(last) if last.effect == effect => last.over.end = end,
            _ => pieces.push(Piece { over: Interval { start, end }, effect }),
        }
    }
    pieces
}
