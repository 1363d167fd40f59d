//! Corrections that were given while a service ran: kept, so that they outlive it; and taken back, if they were wrong.

use std::time::Duration;

use bellwether_core::Timestamp;
use bellwether_history::file::{Query, Record, Undecodable};
use jiff::civil::Weekday;

use super::text::{put, put_number, take, take_number};
use super::{Remembered, millis, unreadable};
use crate::calendar::Zone;
use crate::objective::{Correction, Effect, Recurrence, Recurring, Slo, When};
use crate::{Error, Interval};

/// What was said of an objective's time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Corrected {
    objective: String,
    said: Said,
}

#[derive(Debug, Clone, PartialEq)]
enum Said {
    Corrects(Correction),
    /// Those that were given at that time are taken back.
    TakesBack(Timestamp),
}

const TAKES_BACK: u64 = 0;
const ONCE: u64 = 1;
const RECURRING: u64 = 2;
const REPEATING: u64 = 3;

/// Numbers as LEB128, times in nanoseconds, texts after their length: what it is, the objective, when it was given, and, unless
/// it takes back, the effect, who, why, and which time.
impl Record for Corrected {
    const LOG: &'static str = "slo.corrections";
    const VERSION: u16 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        let Self { objective, said } = self;
        let correction = match said {
            Said::Corrects(correction) => correction,
            Said::TakesBack(at) => {
                put_number(out, TAKES_BACK);
                put(out, objective);
                put_number(out, at.unix_nanos());
                return;
            }
        };
        let kind = match &correction.when {
            When::Once(_) => ONCE,
            When::Recurring(_) => RECURRING,
            When::Repeating(_) => REPEATING,
        };
        put_number(out, kind);
        put(out, objective);
        put_number(out, correction.set_at.unwrap_or_default().unix_nanos());
        put_number(out, u64::from(correction.effect == Effect::CountAsGood));
        put(out, correction.by.as_deref().unwrap_or_default());
        put(out, &correction.reason);
        match &correction.when {
            When::Once(Interval { start, end }) => {
                [start, end].into_iter().for_each(|at| put_number(out, at.unix_nanos()));
            }
            When::Recurring(Recurring { weekdays, hour, minute, length, zone }) => {
                put_number(out, weekdays.len() as u64);
                weekdays.iter().for_each(|day| put_number(out, day.to_monday_one_offset().unsigned_abs().into()));
                [hour, minute].into_iter().for_each(|part| put_number(out, part.unsigned_abs().into()));
                put_number(out, nanos(*length));
                put(out, zone.name());
            }
            When::Repeating(recurrence) => {
                put_number(out, nanos(recurrence.length()));
                put(out, &recurrence.to_string());
            }
        }
    }

    fn decode(_: u16, bytes: &[u8]) -> Result<Self, Undecodable> {
        let mut bytes = bytes;
        read(&mut bytes).filter(|_| bytes.is_empty()).ok_or(Undecodable)
    }
}

fn read(bytes: &mut &[u8]) -> Option<Corrected> {
    let (kind, objective) = (take_number(bytes)?, take(bytes)?);
    let set_at = Timestamp::from_unix_nanos(take_number(bytes)?);
    if kind == TAKES_BACK {
        return Some(Corrected { objective, said: Said::TakesBack(set_at) });
    }
    let effect = if take_number(bytes)? == 0 { Effect::Exclude } else { Effect::CountAsGood };
    let (by, reason) = (Some(take(bytes)?).filter(|by| !by.is_empty()), take(bytes)?);
    let when = match kind {
        ONCE => {
            let [start, end] = [take_number(bytes)?, take_number(bytes)?].map(Timestamp::from_unix_nanos);
            When::Once(Interval { start, end })
        }
        RECURRING => {
            let number = take_number(bytes)?.min(7);
            let day = |bytes: &mut &[u8]| Weekday::from_monday_one_offset(i8::try_from(take_number(bytes)?).ok()?).ok();
            let weekdays = (0..number).map(|_| day(bytes)).collect::<Option<_>>()?;
            let [hour, minute] = [take_number(bytes)?, take_number(bytes)?].map(|part| i8::try_from(part).ok());
            let length = Duration::from_nanos(take_number(bytes)?);
            let zone = Zone::new(&take(bytes)?).ok()?;
            When::Recurring(Recurring { weekdays, hour: hour?, minute: minute?, length, zone })
        }
        REPEATING => {
            let length = Duration::from_nanos(take_number(bytes)?);
            When::Repeating(Recurrence::parse(&take(bytes)?, length).ok()?)
        }
        _ => return None,
    };
    let mut correction = Correction::new(when, effect, reason);
    (correction.by, correction.set_at) = (by, Some(set_at));
    correction.check().ok()?;
    Some(Corrected { objective, said: Said::Corrects(correction) })
}

fn nanos(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

impl Remembered {
    /// Keeps a correction of an objective, as of the instant that it was set at.
    ///
    /// # Errors
    /// If it says more than there is room for.
    pub fn corrected(&self, objective: &str, correction: &Correction) -> Result<(), Error> {
        self.say(objective, Said::Corrects(correction.clone()), correction.set_at.unwrap_or_default())
    }

    /// Takes back the corrections of an objective that were set at an instant.
    ///
    /// # Errors
    /// As [`corrected`](Self::corrected).
    pub fn taken_back(&self, objective: &str, set_at: Timestamp, now: Timestamp) -> Result<(), Error> {
        self.say(objective, Said::TakesBack(set_at), now)
    }

    fn say(&self, objective: &str, said: Said, at: Timestamp) -> Result<(), Error> {
        let record = Corrected { objective: objective.to_owned(), said };
        let kept = self.corrections.append(&record, millis(at));
        kept.map(drop).map_err(|error| Error::objective(objective, format!("a correction is not kept: {error}")))
    }

    /// Gives objectives the corrections that were kept of them.
    ///
    /// # Errors
    /// If history cannot be read, or some of them make no sense any more; the others are given all the same.
    pub fn correct(&self, slos: &mut [Slo]) -> Result<(), Error> {
        let page = self.corrections.page(&Query::oldest().limit(usize::MAX)).map_err(unreadable)?;
        for Corrected { objective, said } in page.entries.into_iter().map(|entry| entry.record) {
            let Some(slo) = slos.iter_mut().find(|slo| slo.name == objective) else { continue };
            match said {
                Said::Corrects(correction) => slo.corrections.push(correction),
                Said::TakesBack(set_at) => slo.corrections.retain(|one| one.set_at != Some(set_at)),
            }
        }
        match page.damaged + page.newer {
            0 => Ok(()),
            number => Err(Error::unmeasured(format!("{number} corrections that were kept cannot be read"))),
        }
    }
}

#[cfg(test)]
mod tests;
