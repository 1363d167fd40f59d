//! An objective measured over a stretch of the past, corrections and policies applied: exact, and adding up.

mod coverage;
mod ratios;
mod slices;
mod source;

use std::time::Duration;

use bellwether_core::Timestamp;

use crate::burn::{Counted, Verdict, judge};
use crate::objective::{Count, Effect, Expressions, Indicator, Piece, Plan, Slo, pieces};
use crate::{Error, ErrorBudget, Interval, Ratio, Sli, Target};

pub(crate) use coverage::Presence;
pub use coverage::{Coverage, Slot, Slots};
use ratios::Ratios;
pub use slices::Slices;
pub(crate) use slices::{Open, Seen, counts_as, is_good};
pub(crate) use source::tiles;
pub use source::{Dimension, Source};

/// What an objective comes to over a stretch of time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Measurement {
    /// Which time.
    pub over: Interval,
    /// The share that must be good.
    pub target: Target,
    /// The events that count: those left out are not among them, those counted as good are good.
    pub events: Sli,
    /// The slices, where they are what is judged.
    pub slices: Option<Slices>,
    /// For how much of the time the process was there; time left out included.
    pub coverage: Coverage,
    /// How much of the time was left out by corrections.
    pub excluded: Duration,
    /// The events in it, which count for nothing.
    pub excluded_events: Sli,
    /// How much of the time was counted as good by corrections.
    pub counted_as_good: Duration,
    /// The bad events in it, which count as good.
    pub forgiven: u64,
    ratios: Option<Ratios>,
}

/// Measures an objective over a stretch of the past.
///
/// # Errors
/// If the source cannot answer.
pub fn measure(slo: &Slo, source: &dyn Source, over: Interval) -> Result<Measurement, Error> {
    let counter = Counter { plan: slo.indicator.plan(), slo, source };
    let pieces = pieces(&slo.corrections, over);
    let parts = match slo.budgeting.slice() {
        Some(length) => slices::cut(&pieces, over, length),
        None => pieces,
    };
    let mut cuts = vec![over.start];
    cuts.extend(parts.iter().map(|part| part.over.end));
    let (slis, coverages) = (counter.counts(&cuts)?, source.coverages(&cuts)?);
    let mut measured = Measurement::empty(slo.target, over);
    let mut slicing = slices::Slicing::new(slo, over.start);
    for ((Piece { over, effect }, sli), coverage) in parts.into_iter().zip(slis).zip(coverages) {
        measured.coverage = measured.coverage.plus(coverage);
        match effect {
            None => {}
            Some(Effect::Exclude) => measured.excluded += over.length(),
            Some(Effect::CountAsGood) => measured.counted_as_good += over.length(),
        }
        measured.take(sli, effect);
        if let Some(slicing) = &mut slicing {
            slicing.take(over, sli, coverage, effect);
        }
    }
    if let Some(slicing) = slicing {
        (measured.slices, measured.ratios) = slicing.finish(over.end);
    }
    Ok(measured)
}

/// What an objective counted between each cut and the next, corrections not applied.
#[cfg(feature = "history")]
pub(crate) fn events(slo: &Slo, source: &dyn Source, cuts: &[Timestamp]) -> Result<Vec<Sli>, Error> {
    Counter { plan: slo.indicator.plan(), slo, source }.counts(cuts)
}

/// The verdict on an objective at an instant of the past: what [`judge`] said, or would have said, then.
///
/// # Errors
/// If the source cannot answer.
pub fn judge_past(slo: &Slo, source: &dyn Source, now: Timestamp) -> Result<Verdict, Error> {
    struct Asked<'a> {
        slo: &'a Slo,
        source: &'a dyn Source,
        failed: std::cell::RefCell<Option<Error>>,
    }
    impl Counted for Asked<'_> {
        fn counted(&self, over: Interval) -> (Sli, Interval) {
            let sli = measure(self.slo, self.source, over).map(|measured| measured.counted());
            let sli = sli.unwrap_or_else(|error| {
                self.failed.borrow_mut().get_or_insert(error);
                Sli::default()
            });
            (sli, over)
        }
    }
    let asked = Asked { slo, source, failed: None.into() };
    let verdict = judge(slo, &slo.alerting.rules_of(slo)?, &asked, 0, now, None);
    match asked.failed.into_inner() {
        Some(error) => Err(error),
        None => Ok(verdict),
    }
}

/// Counts events of an objective.
struct Counter<'a> {
    plan: Option<Plan>,
    slo: &'a Slo,
    source: &'a dyn Source,
}

/// Parts of one, for ratios that have no counts.
pub(crate) const PARTS: u64 = 1 << 40;

impl Counter<'_> {
    /// What was counted between each cut and the next.
    fn counts(&self, cuts: &[Timestamp]) -> Result<Vec<Sli>, Error> {
        let named = |error: Error| Error::objective(&self.slo.name, error);
        let Some(plan) = &self.plan else {
            let Indicator::Promql(Expressions::Ratio(expression)) = &self.slo.indicator else {
                return Ok(vec![Sli::default(); cuts.len()]);
            };
            let of = |over| Ok(self.source.ratio(expression, over)?.map_or(Sli::default(), in_parts));
            return tiles(cuts).map(of).collect::<Result<_, _>>().map_err(named);
        };
        let sum = |counts: &[Count]| -> Result<Vec<u64>, Error> {
            let mut sums = vec![0_u64; cuts.len().saturating_sub(1)];
            for count in counts {
                let more = self.source.counts(count, cuts).map_err(named)?;
                sums.iter_mut().zip(more).for_each(|(sum, more)| *sum = sum.saturating_add(more));
            }
            Ok(sums)
        };
        let (good, bad) = (sum(&plan.good)?, sum(&plan.bad)?);
        let pairs = good.into_iter().zip(bad);
        Ok(match &plan.total {
            None => pairs.map(|(good, bad)| Sli::new(good, good.saturating_add(bad))).collect(),
            Some(total) => {
                let of_bad = plan.good.is_empty();
                let sli = |((good, bad), total): ((u64, u64), u64)| {
                    Sli::new(if of_bad { total.saturating_sub(bad) } else { good }, total)
                };
                pairs.zip(sum(total)?).map(sli).collect()
            }
        })
    }
}

/// A ratio as so many parts of one.
pub(crate) fn in_parts(ratio: Ratio) -> Sli {
    let parts = ratio.clamp(Ratio::ZERO, Ratio::ONE).checked_mul(Ratio::from(PARTS));
    Sli::new(parts.and_then(|parts| u64::try_from(parts.floor()).ok()).unwrap_or(0), PARTS)
}

impl Measurement {
    fn empty(target: Target, over: Interval) -> Self {
        Self {
            over,
            target,
            events: Sli::default(),
            slices: None,
            coverage: Coverage::default(),
            excluded: Duration::ZERO,
            excluded_events: Sli::default(),
            counted_as_good: Duration::ZERO,
            forgiven: 0,
            ratios: None,
        }
    }

    fn take(&mut self, sli: Sli, effect: Option<Effect>) {
        match effect {
            None => self.events = self.events.plus(sli),
            Some(Effect::Exclude) => self.excluded_events = self.excluded_events.plus(sli),
            Some(Effect::CountAsGood) => {
                self.events = self.events.plus(Sli::new(sli.total, sli.total));
                self.forgiven = self.forgiven.saturating_add(sli.bad());
            }
        }
    }

    /// Good ones of all, of what is judged: events or slices. Of slices judged by their ratios, parts of 2⁻⁴⁰ of a slice.
    pub fn counted(&self) -> Sli {
        match (&self.ratios, &self.slices) {
            (Some(ratios), _) => {
                let of_one = ratios.mean().map_or(Sli::default(), in_parts);
                let times = |parts: u64| parts.saturating_mul(ratios.slices().min(1 << 20));
                Sli::new(times(of_one.good), times(of_one.total))
            }
            (None, Some(slices)) => slices.sli(),
            (None, None) => self.events,
        }
    }

    /// The share that was good; `None` if there was nothing to tell from. Exact, but for the mean of very many ratios, which
    /// is cut by less than 2⁻⁴⁰ where 128 bits do not hold it; [`is_kept`](Self::is_kept) is exact also then.
    pub fn ratio(&self) -> Option<Ratio> {
        match &self.ratios {
            Some(ratios) => ratios.mean(),
            None => self.counted().ratio(),
        }
    }

    /// The budget, in events or slices; `None` if there was nothing to tell from.
    pub fn budget(&self) -> Option<ErrorBudget> {
        let Some(ratios) = &self.ratios else {
            let counted = self.counted();
            return (counted.total > 0).then(|| ErrorBudget::new(counted, self.target));
        };
        let slices = Ratio::from(ratios.slices());
        let spent = Ratio::ONE.checked_sub(ratios.mean()?)?.checked_mul(slices)?;
        Some(ErrorBudget::of(self.target.budget().checked_mul(slices)?, spent))
    }

    /// Whether the promise was kept; `None` if there was nothing to tell from. Decided on whole numbers.
    pub fn is_kept(&self) -> Option<bool> {
        match &self.ratios {
            Some(ratios) if ratios.slices() == 0 => None,
            Some(ratios) => Some(ratios.mean_is_at_least(self.target.ratio())),
            None => self.budget().map(|budget| budget.is_kept()),
        }
    }

    /// This and the measurement of the time right after it together, as if measured at once. Slices that the border between
    /// the two cuts are counted on both sides.
    pub fn followed_by(mut self, next: &Self) -> Self {
        self.over.end = next.over.end;
        self.events = self.events.plus(next.events);
        self.excluded_events = self.excluded_events.plus(next.excluded_events);
        self.coverage = self.coverage.plus(next.coverage);
        self.excluded += next.excluded;
        self.counted_as_good += next.counted_as_good;
        self.forgiven = self.forgiven.saturating_add(next.forgiven);
        match (&mut self.slices, &next.slices) {
            (Some(slices), Some(next)) => slices.extend(next),
            (slices, next) => *slices = slices.take().or_else(|| next.clone()),
        }
        match (&mut self.ratios, &next.ratios) {
            (Some(ratios), Some(next)) => ratios.merge(next),
            (ratios, next) => *ratios = ratios.take().or_else(|| next.clone()),
        }
        self
    }
}
