//! Counts told apart: by a label, by the release that ran, or by whose fault it was.

use std::collections::BTreeMap;

use bellwether_core::MetricKind;
use bellwether_core::prometheus::{Names, label_name};
use bellwether_promql::Labels;

use super::asking::read;
use super::names::matchers;
use super::past::Past;
use super::run::{Ran, releases};
use super::{millis, unreadable};
use crate::objective::{Reading, Selector};
use crate::{Dimension, Error, Interval};

type Sums = BTreeMap<String, u64>;

/// What was counted within an interval, by the values of a dimension.
pub(super) fn count_by(
    past: &Past<'_>,
    (selector, reading): (&Selector, Reading),
    by: Dimension,
    over: Interval,
) -> Result<Vec<(String, u64)>, Error> {
    let whole = || Ran { over: (millis(over.start), millis(over.end)), release: None };
    // A run's last values are kept however long ago it was: where one ends, what was counted is known to the last event.
    let stretches = if by == Dimension::Release { releases(past.runs()?, over) } else { vec![whole()] };
    let mut sums = Sums::new();
    for stretch in stretches {
        add(past, selector, reading, by, &stretch, &mut sums)?;
    }
    if let Some(blamed) = blame(selector).filter(|_| by == Dimension::Dependency) {
        let mut blames = Sums::new();
        if reading == Reading::All {
            add(past, &blamed, reading, by, &whole(), &mut blames)?;
        }
        let known = blames.values().fold(0, |sum: u64, count| sum.saturating_add(*count));
        sums.values_mut().for_each(|rest| *rest = rest.saturating_sub(known));
        sums.extend(blames);
    }
    Ok(sums.into_iter().collect())
}

/// Adds what was counted in a stretch of time.
fn add(
    past: &Past<'_>,
    selector: &Selector,
    reading: Reading,
    by: Dimension,
    Ran { over: (from, to), release }: &Ran,
    sums: &mut Sums,
) -> Result<(), Error> {
    let matchers = matchers(&past.remembered.registry, &past.view, selector)?;
    let kind = if reading == Reading::All { MetricKind::Counter } else { MetricKind::Histogram };
    let labels: Vec<String> = by.labels().iter().map(|label| label_name(Names::Underscored, kind, label)).collect();
    let mut add = |series: &Labels, count: u64| {
        let name = labels.iter().find_map(|label| series.get(label)).or(release.as_deref()).unwrap_or_default();
        let sum = sums.entry(name.to_owned()).or_default();
        *sum = sum.saturating_add(count);
    };
    if reading == Reading::All {
        for found in past.view.increase(&matchers, *from, *to).map_err(unreadable)? {
            add(&found.labels, u64::try_from(found.count).unwrap_or(u64::MAX));
        }
    } else {
        for found in past.view.recorded(&matchers, *from, *to).map_err(unreadable)? {
            add(&found.labels, read(&found.values, reading, selector)?);
        }
    }
    Ok(())
}

/// Where failed requests are counted by whose fault it was, for a selector of requests that tells them by nothing else than is
/// told there.
fn blame(selector: &Selector) -> Option<Selector> {
    let mut blamed = Selector::metric("bellwether.server.failures");
    blamed.tests = selector.tests.clone();
    // What is absent is empty.
    let (own, blamed) = match &*selector.metric {
        "http.server.request.duration" => ("http.route", blamed.is("rpc.method", [""])),
        "rpc.server.call.duration" => ("rpc.method", blamed.is_not("rpc.method", [""])),
        _ => return None,
    };
    let known = |label: &str| label == own || label == "outcome";
    selector.tests.iter().all(|test| known(&test.label)).then_some(blamed)
}
