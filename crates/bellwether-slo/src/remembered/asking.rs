//! What history itself says of what is asked, between many cuts.

use bellwether_core::{HistogramSnapshot, Timestamp};

use super::asked::{Asked, What};
use super::names::matchers;
use super::number::number;
use super::past::Past;
use super::{millis, unreadable};
use crate::Error;
use crate::measure::{PARTS, tiles};
use crate::objective::{Count, Reading, Selector};

impl Past<'_> {
    /// What was counted between each cut and the next, as history says; of a ratio its parts of 2⁴⁰ at the end of each stretch,
    /// `None` without a value.
    pub(super) fn ask(&self, asked: &Asked, cuts: &[Timestamp]) -> Result<Vec<Option<u64>>, Error> {
        cuts.iter().try_for_each(|cut| self.check(*cut))?;
        // Before the beginning nothing was counted, and there may be many cuts.
        let first = self.first()?;
        let before = cuts.partition_point(|cut| millis(*cut) <= first).saturating_sub(1);
        let nothing = if matches!(asked.what, What::Ratio(_)) { None } else { Some(0) };
        let mut counted = vec![nothing; before];
        counted.extend(self.ask_history(asked, cuts.get(before..).unwrap_or_default())?);
        Ok(counted)
    }

    fn ask_history(&self, asked: &Asked, cuts: &[Timestamp]) -> Result<Vec<Option<u64>>, Error> {
        match &asked.what {
            What::Count(Count::Series { selector, reading }) => {
                let (matchers, cuts) = (
                    matchers(&self.remembered.registry, &self.view, selector)?,
                    cuts.iter().map(|cut| millis(*cut)).collect::<Vec<_>>(),
                );
                if *reading == Reading::All {
                    let counts = self.view.increases(&matchers, &cuts).map_err(unreadable)?;
                    return Ok(counts
                        .into_iter()
                        .map(|count| Some(u64::try_from(count).unwrap_or(u64::MAX)))
                        .collect());
                }
                let merged = self.view.merged_between(&matchers, &cuts).map_err(unreadable)?;
                merged
                    .iter()
                    .map(|values| values.as_ref().map_or(Ok(0), |values| read(values, *reading, selector)).map(Some))
                    .collect()
            }
            What::Count(Count::Expression(expression)) => {
                let totals = cuts.iter().map(|cut| self.evaluate(expression, *cut)).collect::<Result<Vec<_>, _>>()?;
                let mut before = totals.first().copied().flatten();
                Ok(totals
                    .iter()
                    .skip(1)
                    .map(|now| {
                        let counted = match (before, *now) {
                            (Some(before), Some(now)) if now >= before => now - before,
                            (_, Some(anew)) => anew,
                            (_, None) => 0.0,
                        };
                        before = now.or(before);
                        Some(counted as u64)
                    })
                    .collect())
            }
            What::Ratio(expression) => tiles(cuts)
                .map(|over| {
                    let share = self.evaluate(expression, over.end)?.filter(|share| (0.0..=1.0).contains(share));
                    Ok(share.map(|share| (share * PARTS as f64) as u64))
                })
                .collect(),
        }
    }

    /// What a PromQL expression comes to at an instant.
    fn evaluate(&self, expression: &str, at: Timestamp) -> Result<Option<f64>, Error> {
        number(&self.engine, &self.view, expression, millis(at)).map_err(Error::unmeasured)
    }
}

/// What is read of a histogram.
pub(super) fn read(values: &HistogramSnapshot, reading: Reading, selector: &Selector) -> Result<u64, Error> {
    let at_most = |bound: f64| {
        let missing = || Error::unmeasured(format!("{selector} has no count at {bound}: declare it as a bound"));
        if values.is_empty() { Ok(0) } else { values.count_le(bound).ok_or_else(missing) }
    };
    match reading {
        Reading::All => Ok(values.count()),
        Reading::AtMost(bound) => at_most(bound),
        Reading::Above(bound) => Ok(values.count().saturating_sub(at_most(bound)?)),
    }
}
