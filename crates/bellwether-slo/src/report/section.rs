//! The part of a report that is about one objective.

use std::time::Duration;

use bellwether_core::{HistogramSnapshot, Timestamp};

use super::Causes;
use super::downtime::Downtimes;
use crate::calendar::{Calendar, Unit};
use crate::measure::{Dimension, Measurement, Source, measure};
use crate::objective::{Budgeting, Correction, Effect};
use crate::spending::{Spending, spending_corrected};
use crate::{Error, Interval, Quantiles, Ratio, Slo};

/// What a report says of one objective.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Section {
    /// What was promised.
    pub slo: Slo,
    /// What came of it; why that cannot be told, if it cannot.
    pub measured: Result<Measured, Error>,
}

/// What came of an objective.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Measured {
    /// All of the time.
    pub whole: Measurement,
    /// Day by day, in the calendar's zone; they add up to the whole.
    pub days: Vec<Measurement>,
    /// The unit of the calendar before; `None` if it cannot be measured, or nothing is known of it.
    pub previous: Option<Measurement>,
    /// How long its operations took, if it is of operations and their durations are known.
    pub quantiles: Option<Quantiles>,
    /// The same of the unit before.
    pub previous_quantiles: Option<Quantiles>,
    /// When it was down.
    pub downtimes: Downtimes,
    /// The time that corrections have changed.
    pub excluded: Vec<Excluded>,
    /// Who spent the budget, by each dimension that the source tells by.
    pub spending: Vec<Spending>,
}

/// Time that a correction has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Excluded {
    /// Which time.
    pub over: Interval,
    /// What became of it.
    pub effect: Effect,
    /// Why.
    pub reason: String,
    /// Who said so, if it was not in a file.
    pub by: Option<String>,
    /// When it was said, if it was not in a file.
    pub set_at: Option<Timestamp>,
}

/// Whether a promise was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It was.
    Kept,
    /// It was not.
    Broken,
    /// There was nothing to tell from, or it could not be measured.
    Unknown,
}

/// So many spenders of each dimension are named.
const SPENDERS: usize = 5;

impl Section {
    pub(super) fn make(
        slo: &Slo,
        source: &dyn Source,
        causes: &dyn Causes,
        calendar: &Calendar,
        over: Interval,
        previous: Interval,
    ) -> Self {
        let measured = Measured::make(slo, source, causes, calendar, over, previous);
        Self { slo: slo.clone(), measured }
    }

    /// Whether the promise was kept. Decided on whole numbers.
    pub fn outcome(&self) -> Outcome {
        match self.measured.as_ref().ok().and_then(|measured| measured.whole.is_kept()) {
            Some(true) => Outcome::Kept,
            Some(false) => Outcome::Broken,
            None => Outcome::Unknown,
        }
    }
}

impl Measured {
    fn make(
        slo: &Slo,
        source: &dyn Source,
        causes: &dyn Causes,
        calendar: &Calendar,
        over: Interval,
        previous: Interval,
    ) -> Result<Self, Error> {
        let whole = measure(slo, source, over)?;
        let days = Calendar { unit: Unit::Day, ..calendar.clone() };
        let days = days.tiles(over).map(|day| measure(slo, source, day)).collect::<Result<Vec<_>, Error>>()?;
        let before = measure(slo, source, previous).ok().filter(|before| before.ratio().is_some());
        Ok(Self {
            spending: Dimension::ALL.into_iter().filter_map(|by| spent(slo, source, by, &whole)).collect(),
            downtimes: Downtimes::find(slo, source, causes, &whole)?,
            quantiles: quantiles(slo, source, over),
            previous_quantiles: before.as_ref().and_then(|_| quantiles(slo, source, previous)),
            excluded: excluded(slo, over),
            previous: before,
            days,
            whole,
        })
    }

    /// The least and the greatest share of time that may have been good, whatever the time was like of which nothing is known;
    /// of objectives that are judged by slices. Stopped time is known: it was not good, and is not promised either.
    pub fn uptime_between(&self) -> Option<(Ratio, Ratio)> {
        let slices = self.whole.slices.as_ref()?;
        let unknown = self.whole.coverage.unknown.min(self.whole.over.length());
        let all = slices.up.saturating_add(slices.down).saturating_add(unknown);
        let share = |part: Duration| Ratio::new(nanos(part), nanos(all));
        Some((share(slices.up)?, share(slices.up.saturating_add(unknown))?))
    }
}

impl Outcome {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::Unknown => "unknown",
        }
    }
}

/// Who spent the budget; of slices, which are not events, no one's share of it can be told.
fn spent(slo: &Slo, source: &dyn Source, by: Dimension, whole: &Measurement) -> Option<Spending> {
    let budget = whole.budget().filter(|_| slo.budgeting == Budgeting::Occurrences);
    let found = spending_corrected(slo, source, by, whole.over, budget.as_ref(), SPENDERS).ok()??;
    (found.bad > 0).then_some(found)
}

/// How long operations took that count for an objective, good or bad.
fn quantiles(slo: &Slo, source: &dyn Source, over: Interval) -> Option<Quantiles> {
    let mut all: Option<HistogramSnapshot> = None;
    for selector in slo.indicator.durations() {
        let Some(found) = source.distribution(&selector, over).ok()? else { continue };
        match &mut all {
            Some(all) => all.merge(&found),
            None => all = Some(found),
        }
    }
    Quantiles::of(&all?)
}

fn excluded(slo: &Slo, over: Interval) -> Vec<Excluded> {
    let mut all: Vec<Excluded> = slo
        .corrections
        .iter()
        .flat_map(|correction| {
            let Correction { effect, reason, by, set_at, .. } = correction;
            let one =
                move |over| Excluded { over, effect: *effect, reason: reason.clone(), by: by.clone(), set_at: *set_at };
            correction.within(over).into_iter().map(one)
        })
        .collect();
    all.sort_by_key(|excluded| excluded.over);
    all
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}
