//! What history remembers, as the source of counts: exact by minutes for as long as reports look back.

mod apart;
mod asked;
mod asking;
mod corrected;
mod hour;
mod incident;
mod names;
mod number;
mod past;
mod run;
mod slots;
mod stop;
mod text;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bellwether_core::{Registry, Timestamp};
use bellwether_history::History;
use bellwether_history::file::{Limits, Log, Query};
use bellwether_promql::Engine;

use crate::Error;
use crate::measure::Source;
use crate::objective::Slo;

use asked::Asked;
use corrected::Corrected;
use hour::{Hour, MINUTES, Minutes};
pub use incident::Incident;
pub use past::Past;
use run::Began;
use slots::known_from;
use stop::Stop;

/// What a history remembers of objectives.
///
/// A history keeps samples of a minute for two days and of an hour for a year. Objectives that are judged by minutes, corrections,
/// and zones whose days do not begin on the hour need more: so what each objective counts is kept by minutes, one small record
/// an hour for all of them, in the same file. The records are made of what history has, by [`keep`](Self::keep), so that a crash
/// loses no more of them than it loses of history.
///
/// ```
/// use bellwether_core::{Clock, Registry, Timestamp};
/// use bellwether_history::{History, Options};
/// use bellwether_slo::{Interval, Remembered, Selector, Counters, Slo, Target, measure};
/// use std::time::Duration;
///
/// let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
/// let registry = Registry::on(clock.clone());
/// let history = History::in_memory(Options::new());
/// let [good, all] = ["jobs.good", "jobs.all"].map(|name| registry.counter(name).build().unwrap());
/// let start = clock.timestamp();
/// for job in 0..120 {
///     good.add(u64::from(job != 70));
///     all.inc();
///     history.tick(&registry, clock.timestamp(), clock.now());
///     clock.advance(Duration::from_secs(5));
/// }
///
/// let counters = Counters::GoodOfTotal { good: Selector::metric("jobs.good"), total: Selector::metric("jobs.all") };
/// let jobs = Slo::counters("jobs", counters, Target::new(0.9)?);
/// let remembered = Remembered::new(&history, &registry);
/// let over = Interval::new(start, clock.timestamp());
/// let measured = measure(&jobs, &remembered.past(), over)?;
/// assert_eq!((measured.events.bad(), measured.is_kept()), (1, Some(true)));
/// # Ok::<(), bellwether_slo::Error>(())
/// ```
pub struct Remembered {
    history: History,
    registry: Registry,
    hours: Log<Hour>,
    runs: Log<Began>,
    stops: Log<Stop>,
    incidents: Log<Incident>,
    corrections: Log<Corrected>,
    /// The first hour that is not kept yet; `None` until it is looked for.
    next: Mutex<Option<u64>>,
    /// The last that an earlier run saw, in milliseconds.
    before: Option<i64>,
}

const MINUTE: Duration = Duration::from_secs(60);
/// What history keeps by minutes unless it is told otherwise; hours that are longer ago cannot be kept by minutes any more.
const FINE: u64 = 46;

impl Remembered {
    /// What this history remembers; the registry knows what its metrics are called there.
    pub fn new(history: &History, registry: &Registry) -> Self {
        let limits = Limits::default().bytes(256 << 20).record(1 << 20);
        Self {
            history: history.clone(),
            registry: registry.clone(),
            hours: history.log(limits),
            runs: history.log(Limits::default()),
            stops: history.log(Limits::default()),
            incidents: history.log(Limits::default()),
            corrections: history.log(Limits::default()),
            next: Mutex::new(None),
            before: history.view().until(),
        }
    }

    /// What is remembered up to the last tick. It is read as it is asked for, and what was read is held: for one report or one
    /// start, not for ever.
    pub fn past(&self) -> Past<'_> {
        Past::new(self, self.history.view())
    }

    /// What a PromQL expression comes to as of the last tick: for [`Readings::evaluate`](crate::Readings::evaluate). `None` without
    /// a value, and where it is no finite number.
    ///
    /// # Errors
    /// A sentence that says why it is no number.
    pub fn evaluate(&self, engine: &Engine, expression: &str) -> Result<Option<f64>, String> {
        let view = self.history.view();
        let Some(until) = view.until() else { return Ok(None) };
        number::number(engine, &view, expression, until)
    }

    /// Keeps by minutes what these objectives counted in hours that have ended since it was last called. To be called about
    /// once a minute, before history is flushed; most calls find nothing to do. Returns how many hours were kept.
    ///
    /// To be called at the start too, before history ticks: once that knows what time it is, the minutes before a long
    /// downtime are too long ago for it.
    ///
    /// # Errors
    /// If history cannot be read; the next call tries again.
    pub fn keep<'s>(&self, slos: impl IntoIterator<Item = &'s Slo>, now: Timestamp) -> Result<usize, Error> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let view = self.history.view();
        let Some(seen) = view.until() else { return Ok(0) };
        // What was counted by the end of an hour is told by the first sample after it; to what an earlier run saw last, nothing
        // is added any more.
        let told = hour_of(time(seen)) + u64::from(self.before == Some(seen));
        let ended = told.min(hour_of(now));
        let hour = match *next {
            Some(next) => next,
            None => self.first_to_keep(ended)?,
        };
        let first = hour.max(ended.saturating_sub(FINE));
        *next = Some(first);
        if first >= ended {
            return Ok(0);
        }
        let asked: BTreeSet<Asked> = slos.into_iter().flat_map(Asked::all_of).collect();
        let past = Past::of_history(self, view);
        let mut kept = 0;
        for hour in first..ended {
            let record = record(&past, hour, &asked);
            self.hours.append(&record, millis(start_of(hour))).map_err(|error| Error::unmeasured(error.to_string()))?;
            *next = Some(hour + 1);
            kept += 1;
        }
        Ok(kept)
    }

    /// Notes that the process stops in order: the time until the next start is then no riddle. To be called before history is
    /// flushed for the last time.
    pub fn stopped(&self, now: Timestamp) {
        // It is a few bytes, which every limit allows.
        let _ = self.stops.append(&Stop, millis(now));
    }

    /// Hour by hour on, from the last one kept; from what history has by minutes, if none is.
    fn first_to_keep(&self, ended: u64) -> Result<u64, Error> {
        let page = self.hours.page(&Query::newest().limit(1)).map_err(unreadable)?;
        let after = page.entries.first().map(|entry| entry.record.hour + 1);
        let oldest = ended.saturating_sub(FINE);
        let known = || Ok(hour_of(known_from(&self.history.view(), start_of(oldest), start_of(ended))?));
        after.map_or_else(known, Ok)
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").field("history", &self.history).finish_non_exhaustive()
    }
}

fn record(past: &Past<'_>, hour: u64, asked: &BTreeSet<Asked>) -> Hour {
    let cuts: Vec<Timestamp> =
        (0..=MINUTES as u64).map(|minute| start_of(hour).after(MINUTE * minute as u32)).collect();
    let mut record = Hour { hour, ..Hour::default() };
    for asked in asked {
        // What cannot be told now is not kept, and so not known later: never a 0.
        let Ok(counted) = past.ask(asked, &cuts) else { continue };
        record.counts.insert(asked.key(), Minutes::from_iter(counted));
    }
    if let Ok(coverages) = past.coverages(&cuts) {
        record.coverage = coverages.into_iter().collect();
    }
    record
}

fn unreadable(error: impl fmt::Display) -> Error {
    Error::unmeasured(error.to_string())
}

fn hour_of(at: Timestamp) -> u64 {
    at.unix_millis() / 3_600_000
}

fn start_of(hour: u64) -> Timestamp {
    Timestamp::from_unix_seconds(hour.saturating_mul(3600))
}

fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.unix_millis()).unwrap_or(i64::MAX)
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_unix_nanos(u64::try_from(millis).unwrap_or(0).saturating_mul(1_000_000))
}
