//! Whether the parts of an objective fit each other.

use std::time::Duration;

use super::{Counters, Counting, Expressions, Indicator, Slo};
use crate::{Budgeting, Error};

/// The longest name, which is that of a DNS label.
const NAME: usize = 63;

pub(super) fn check(slo: &Slo) -> Result<(), Error> {
    name(&slo.name)?;
    let refuse = |wrong: String| Error::objective(&slo.name, wrong);
    indicator(&slo.indicator).map_err(refuse)?;
    budgeting(slo.budgeting, &slo.indicator).map_err(refuse)?;
    for correction in &slo.corrections {
        correction.check().map_err(|error| refuse(error.to_string()))?;
    }
    slo.alerting.rules_of(slo).map(drop)
}

fn name(name: &str) -> Result<(), Error> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=NAME).contains(&name.len()) && name.chars().all(legal) && !name.starts_with('-') && !name.ends_with('-') {
        return Ok(());
    }
    let accepted = "give lower-case letters, digits and hyphens within, 63 at most, such as checkout-fast";
    Err(Error::illegal("name of an objective", name, "is not legal", accepted))
}

fn indicator(indicator: &Indicator) -> Result<(), String> {
    if let Some(Counting { good, bad, bad_if_slow }) = indicator.counting() {
        for (a, b) in [(good, bad), (good, bad_if_slow), (bad, bad_if_slow)] {
            if let Some(twice) = a.intersection(b).iter().next() {
                return Err(format!("outcome {twice} counts in two ways; let it count in one"));
            }
        }
        if good.is_empty() {
            return Err("no outcome counts as good; name one, such as success".to_owned());
        }
    }
    match indicator {
        Indicator::Latency { threshold, .. } if threshold.is_zero() => {
            Err("the threshold is 0, which nothing is faster than; give one above, such as 300ms".to_owned())
        }
        Indicator::Dependency { name, .. } if name.is_empty() => {
            Err("the dependency has no name; give the one it was registered with".to_owned())
        }
        Indicator::Counters(counters) => {
            let (a, b) = match counters {
                Counters::GoodOfTotal { good, total } => (good, total),
                Counters::BadOfTotal { bad, total } => (bad, total),
                Counters::GoodAndBad { good, bad } => (good, bad),
            };
            match (a.metric.is_empty() || b.metric.is_empty(), a == b) {
                (true, _) => Err("a counter has no name; give that of a metric".to_owned()),
                (_, true) => Err(format!("both counters are {a}; give two that differ")),
                _ => Ok(()),
            }
        }
        Indicator::Promql(Expressions::Counts { good: part, total } | Expressions::BadCounts { bad: part, total })
            if part.trim().is_empty() || total.trim().is_empty() =>
        {
            Err("an expression is empty; give one such as sum(jobs_done_total)".to_owned())
        }
        Indicator::Promql(Expressions::Ratio(ratio)) if ratio.trim().is_empty() => {
            Err("the expression is empty; give one for a share from 0 to 1".to_owned())
        }
        _ => Ok(()),
    }
}

fn budgeting(budgeting: Budgeting, indicator: &Indicator) -> Result<(), String> {
    match budgeting.slice() {
        None if indicator.plan().is_none() => Err("a ratio has no events to count: judge it by slices, \
             Budgeting::Timeslices or RatioTimeslices, or give two expressions for counts"
            .to_owned()),
        None => Ok(()),
        Some(slice) if is_slice(slice) => Ok(()),
        Some(slice) => {
            Err(format!("slices of {slice:?} do not divide an hour; give whole seconds that do, such as 1m or 5m"))
        }
    }
}

/// Slices divide an hour, so that they do not run over the end of a day in any zone of today by more than their own part.
fn is_slice(slice: Duration) -> bool {
    slice.subsec_nanos() == 0 && (1..=3600).contains(&slice.as_secs()) && 3600 % slice.as_secs() == 0
}
