//! When an objective was down, for how long, and what is known to have caused it.

use std::time::Duration;

use super::{Cause, Causes};
use crate::measure::{Dimension, Measurement, Source, measure};
use crate::objective::{Budgeting, Correction, Effect};
use crate::spending::spending;
use crate::{Error, Interval, Share as Part, Slo};

/// The downtimes of an objective: slices that were bad, and, of one that counts events, minutes of which less than half was
/// good. Time that a correction leaves out is none.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Downtimes {
    /// The longest ones, in the order they came.
    pub longest: Vec<Downtime>,
    /// How many there were.
    pub number: usize,
    /// How long they were together.
    pub total: Duration,
}

/// A stretch of time in which an objective was down.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Downtime {
    /// Which time.
    pub over: Interval,
    /// The bad events in it; `None` where slices are judged that have none.
    pub bad: Option<u64>,
    /// Who has most of them, by each dimension that the source tells by at this resolution.
    pub mostly: Vec<Share>,
    /// What else is known of that time.
    pub causes: Vec<Cause>,
}

/// Who has most of the bad events, by one dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Share {
    /// By what they are told apart.
    pub dimension: Dimension,
    /// The greatest.
    pub name: String,
    /// Its bad events.
    pub bad: u64,
    /// Those of all.
    pub of: u64,
}

/// So many are listed.
const LISTED: usize = 50;
const MINUTE: Duration = Duration::from_secs(60);

impl Downtimes {
    pub(super) fn find(
        slo: &Slo,
        source: &dyn Source,
        causes: &dyn Causes,
        whole: &Measurement,
    ) -> Result<Self, Error> {
        let slices = match &whole.slices {
            Some(slices) => Some(slices.clone()),
            None => {
                let mut by_minutes = slo.clone();
                by_minutes.budgeting = Budgeting::Timeslices { slice: MINUTE, good_from: Part::percent(50) };
                measure(&by_minutes, source, whole.over)?.slices
            }
        };
        let Some(slices) = slices else { return Ok(Self::default()) };
        let mut longest = slices.downtimes;
        let number = longest.len();
        let total = longest.iter().map(|downtime| downtime.length()).sum();
        longest.sort_by_key(|downtime| std::cmp::Reverse(downtime.length()));
        longest.truncate(LISTED);
        longest.sort();
        let longest = longest.into_iter().map(|over| Downtime::look(slo, source, causes, over)).collect();
        Ok(Self { longest, number, total })
    }
}

impl Downtime {
    fn look(slo: &Slo, source: &dyn Source, causes: &dyn Causes, over: Interval) -> Self {
        // What was bad is asked of all events, whatever is forgiven elsewhere.
        let mut counted = slo.clone();
        counted.budgeting = Budgeting::Occurrences;
        counted.corrections.retain(|Correction { effect, .. }| *effect == Effect::Exclude);
        let bad = measure(&counted, source, over).ok().map(|measured| measured.events.bad());
        let mostly = Dimension::ALL.into_iter().filter_map(|dimension| {
            let found = spending(slo, source, dimension, over, None, 1).ok().flatten()?;
            let first = found.spenders.into_iter().find(|spender| !spender.name.is_empty())?;
            Some(Share { dimension, name: first.name, bad: first.bad, of: found.bad })
        });
        Self {
            over,
            bad: bad.filter(|_| slo.indicator.plan().is_some()),
            mostly: mostly.collect(),
            causes: causes.within(slo, over),
        }
    }
}
