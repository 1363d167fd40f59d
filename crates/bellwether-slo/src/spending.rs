//! Who spends the budget: bad events by route, outcome, kind of error, dependency or release.

use std::collections::BTreeMap;

use crate::measure::{Dimension, Source};
use crate::objective::{Count, Slo, pieces};
use crate::{Error, ErrorBudget, Interval, Ratio};

/// Who spent the budget within a time. Its parts add up: those named, and the others.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spending {
    /// By what they are told apart.
    pub dimension: Dimension,
    /// The greatest spenders, the greatest first.
    pub spenders: Vec<Spender>,
    /// The bad events of all others.
    pub others: u64,
    /// All bad events.
    pub bad: u64,
}

/// Somebody who spent part of the budget.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spender {
    /// The value of the dimension; empty for what has none: [`Dimension::unnamed`].
    pub name: String,
    /// Its bad events.
    pub bad: u64,
    /// Its share of all bad events.
    pub share: Ratio,
    /// Its share of the budget of the time; more than 1 if it alone broke the promise. `None` without a budget.
    pub of_budget: Option<Ratio>,
}

/// The greatest spenders of an objective's budget within a stretch of time, `limit` at most; `None` if the source does not
/// tell by this dimension. What corrections leave out is in it: the budget given is what its shares are of.
///
/// # Errors
/// If the source cannot answer.
pub fn spending(
    slo: &Slo,
    source: &dyn Source,
    dimension: Dimension,
    over: Interval,
    budget: Option<&ErrorBudget>,
    limit: usize,
) -> Result<Option<Spending>, Error> {
    Ok(bad_by(slo, source, dimension, over)?.and_then(|bad| told_apart(dimension, bad, budget, limit)))
}

/// The same, of the time that corrections leave as it was.
///
/// # Errors
/// If the source cannot answer; also where it cannot tell to the minute, and a correction begins or ends within an hour.
pub fn spending_corrected(
    slo: &Slo,
    source: &dyn Source,
    dimension: Dimension,
    over: Interval,
    budget: Option<&ErrorBudget>,
    limit: usize,
) -> Result<Option<Spending>, Error> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for piece in pieces(&slo.corrections, over).iter().filter(|piece| piece.effect.is_none()) {
        let Some(bad) = bad_by(slo, source, dimension, piece.over)? else { return Ok(None) };
        bad.into_iter().for_each(|(name, bad)| *sums.entry(name).or_default() += bad);
    }
    Ok(told_apart(dimension, sums, budget, limit))
}

/// The bad events by the values of a dimension; `None` if the source does not tell by it.
fn bad_by(
    slo: &Slo,
    source: &dyn Source,
    dimension: Dimension,
    over: Interval,
) -> Result<Option<BTreeMap<String, u64>>, Error> {
    let Some(plan) = slo.indicator.plan() else { return Ok(None) };
    let mut by: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut add = |counts: &[Count], add: fn(&mut (u64, u64), u64)| -> Result<bool, Error> {
        for count in counts {
            let Some(found) = source.count_by(count, dimension, over)? else { return Ok(false) };
            found.into_iter().for_each(|(name, events)| add(by.entry(name).or_default(), events));
        }
        Ok(true)
    };
    let told = match &plan.total {
        // All that are not good are bad.
        Some(total) if plan.bad.is_empty() => {
            add(total, |(bad, _), events| *bad += events)? && add(&plan.good, |(_, good), events| *good += events)?
        }
        _ => add(&plan.bad, |(bad, _), events| *bad += events)?,
    };
    let bad = by.into_iter().map(|(name, (all, good))| (name, all.saturating_sub(good))).filter(|(_, bad)| *bad > 0);
    Ok(told.then(|| bad.collect()))
}

/// Where nobody has a name, nobody can be told apart.
fn told_apart(
    dimension: Dimension,
    bad: BTreeMap<String, u64>,
    budget: Option<&ErrorBudget>,
    limit: usize,
) -> Option<Spending> {
    let tells = bad.is_empty() || bad.keys().any(|name| !name.is_empty());
    tells.then(|| Spending::of(dimension, bad.into_iter().collect(), budget, limit))
}

impl Spending {
    /// The greatest of these, each name with its bad events; `limit` at most. Of equals the first by name is the greater.
    pub fn of(
        dimension: Dimension,
        mut spenders: Vec<(String, u64)>,
        budget: Option<&ErrorBudget>,
        limit: usize,
    ) -> Self {
        spenders.sort_by(|(a, one), (b, other)| other.cmp(one).then_with(|| a.cmp(b)));
        let sum = |spenders: &[(String, u64)]| spenders.iter().fold(0_u64, |sum, (_, bad)| sum.saturating_add(*bad));
        let bad = sum(&spenders);
        let others = sum(spenders.get(limit..).unwrap_or_default());
        spenders.truncate(limit);
        let one = |(name, events): (String, u64)| Spender {
            share: Ratio::new(events, bad).unwrap_or(Ratio::ZERO),
            of_budget: budget.and_then(|budget| Ratio::from(events).checked_div(budget.allowed)),
            name,
            bad: events,
        };
        Self { dimension, spenders: spenders.into_iter().map(one).collect(), others, bad }
    }
}
