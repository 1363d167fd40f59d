//! A compliance report: what was promised for a week, a month or a quarter, and whether it was kept.

mod csv;
mod digest;
mod downtime;
mod html;
mod json;
mod markdown;
mod section;
mod words;

use std::time::Duration;

use bellwether_core::Timestamp;

use crate::calendar::{Calendar, Unit};
use crate::measure::Source;
use crate::{Error, Interval, Slo};

pub use downtime::{Downtime, Downtimes, Share as CauseShare};
pub use section::{Excluded, Measured, Outcome, Section};

/// What was promised for a unit of the calendar, and whether it was kept.
///
/// It is plain data, made from whole numbers; [`html`](Self::html), [`markdown`](Self::markdown), [`csv`](Self::csv) and
/// [`json`](Self::json) write the same data.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// Whose objectives these are.
    pub service: String,
    /// The calendar that the time is a unit of.
    pub calendar: Calendar,
    /// Which time.
    pub over: Interval,
    /// When it was made.
    pub made_at: Timestamp,
    /// Whether the time is over.
    pub state: State,
    /// How many times it has been issued with other numbers, this time included; 1 at first.
    pub revision: u32,
    /// The SHA-256, in hexadecimal, of the objectives and of what was counted for them each day: who has the same numbers has
    /// the same one.
    pub inputs: String,
    /// Objective by objective, in the order they were given.
    pub sections: Vec<Section>,
}

/// Whether the time of a report is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is not: the numbers are of its part until now.
    Running,
    /// It is, but so recently that a last flush may be missing.
    Provisional,
    /// It is. Only corrections change it now, and make it a revision.
    Final,
}

/// What became of a report that was issued before: kept by whoever issues them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the two lines of a report that tell it from another")]
pub struct Issued {
    /// Its revision.
    pub revision: u32,
    /// Its inputs.
    pub inputs: String,
}

/// Something that may have caused a downtime.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is made by whoever knows of it")]
pub struct Cause {
    /// What, as a part of a sentence: `stt fails (timeout)`.
    pub what: String,
    /// From when it was so, if that matters.
    pub from: Option<Timestamp>,
    /// Until when; `None` if it still is, or does not matter.
    pub until: Option<Timestamp>,
}

impl From<String> for Cause {
    fn from(what: String) -> Self {
        Self { what, ..Self::default() }
    }
}

/// What may have caused a downtime, from whoever knows more than counts tell: `Past` of the feature `history` knows of incidents.
pub trait Causes {
    /// What is known to have gone wrong within a time that may concern an objective.
    fn within(&self, slo: &Slo, over: Interval) -> Vec<Cause>;
}

/// Nobody knows more.
impl Causes for () {
    fn within(&self, _: &Slo, _: Interval) -> Vec<Cause> {
        Vec::new()
    }
}

/// For so long after its end a report is provisional: flushes are a minute apart, and a request may take some.
const GRACE: Duration = Duration::from_secs(15 * 60);

impl Report {
    /// Makes the report of a unit of a calendar, as of `now`. What cannot be measured is said in its section; the others are
    /// made all the same.
    ///
    /// # Errors
    /// If the time is not a unit of the calendar, or has not begun.
    pub fn make(
        service: impl Into<String>,
        slos: &[Slo],
        source: &dyn Source,
        causes: &dyn Causes,
        calendar: &Calendar,
        over: Interval,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let accepted = "give a whole unit of the calendar that has begun, as Calendar::named or Calendar::at has it";
        if calendar.at(over.end) != over {
            return Err(Error::illegal("time of a report", over, "is no unit of the calendar", accepted));
        }
        if now <= over.start {
            return Err(Error::illegal("time of a report", over, "has not begun", accepted));
        }
        let state = match now {
            now if now < over.end => State::Running,
            now if now.since(over.end) < GRACE => State::Provisional,
            _ => State::Final,
        };
        let until = Interval::new(over.start, over.end.min(now));
        let sections: Vec<Section> = slos
            .iter()
            .map(|slo| Section::make(slo, source, causes, calendar, until, calendar.previous(over)))
            .collect();
        let inputs = digest::of(&calendar.name_of(over), calendar, until, &sections);
        let (service, calendar) = (service.into(), calendar.clone());
        Ok(Self { service, calendar, over, made_at: now, state, revision: 1, inputs, sections })
    }

    /// The same, known to come after one that was issued before: of the same revision if nothing has changed, else of the
    /// next one.
    pub fn after(mut self, issued: Option<&Issued>) -> Self {
        self.revision = match issued {
            Some(issued) if issued.inputs == self.inputs => issued.revision,
            Some(issued) => issued.revision.saturating_add(1),
            None => 1,
        };
        self
    }

    /// What to keep of it, for [`after`](Self::after).
    pub fn issued(&self) -> Issued {
        Issued { revision: self.revision, inputs: self.inputs.clone() }
    }

    /// The name of its time: `2026-W41`, `2026-10`, `2026-Q4`.
    pub fn name(&self) -> String {
        self.calendar.name_of(self.over)
    }

    /// Whether all promises were kept: broken if one was, and otherwise not known if that of one is not.
    pub fn outcome(&self) -> Outcome {
        let outcomes = || self.sections.iter().map(Section::outcome);
        match () {
            () if outcomes().any(|outcome| outcome == Outcome::Broken) => Outcome::Broken,
            () if outcomes().any(|outcome| outcome == Outcome::Unknown) || self.sections.is_empty() => Outcome::Unknown,
            () => Outcome::Kept,
        }
    }

    /// How many promises came out like this.
    pub fn number_of(&self, outcome: Outcome) -> usize {
        self.sections.iter().filter(|section| section.outcome() == outcome).count()
    }

    /// As a page that stands alone and prints well: no script, nothing loaded from elsewhere.
    pub fn html(&self) -> String {
        html::write(self)
    }

    /// As Markdown, for a chat or a repository.
    pub fn markdown(&self) -> String {
        markdown::write(self)
    }

    /// As comma-separated values (RFC 4180): a line for each day of each objective, and one for the whole of each.
    pub fn csv(&self) -> String {
        csv::write(self)
    }

    /// As JSON, by [`JSON_SCHEMA`](Self::JSON_SCHEMA).
    pub fn json(&self) -> String {
        json::write(self)
    }

    /// The JSON Schema (2020-12) of [`json`](Self::json). Names and meanings stay as they are within a version, of which
    /// this is the first; more names may come.
    pub const JSON_SCHEMA: &str = include_str!("report.schema.json");

    /// The weekly, monthly or quarterly kind, as a title has it.
    fn title(&self) -> &'static str {
        match self.calendar.unit {
            Unit::Day => "Daily report",
            Unit::Week => "Weekly report",
            Unit::Month => "Monthly report",
            Unit::Quarter => "Quarterly report",
            Unit::Year => "Yearly report",
        }
    }
}

impl State {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Provisional => "provisional",
            Self::Final => "final",
        }
    }
}
