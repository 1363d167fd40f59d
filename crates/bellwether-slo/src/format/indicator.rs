//! An indicator as a table: the same words in every format.

use std::collections::BTreeSet;

use bellwether_core::Outcome;

use super::cursor::{Cursor, Fields};
use super::node::{Entry, Node, Value};
use super::query;
use super::words::{DURATION, duration, written};
use crate::{Counters, Counting, Expressions, Indicator, LabelTest, Outcomes, Requests, Selector, Test};

/// What can be measured; each is the key of a table.
pub(super) const INDICATORS: [&str; 5] = ["availability", "latency", "dependency", "counters", "promql"];

/// Reads the table behind one of [`INDICATORS`].
pub(super) fn read(kind: &str, cursor: &Cursor<'_>) -> Option<Indicator> {
    match kind {
        "availability" => {
            let fields = cursor.fields(&["route", "routes", "good", "bad"])?;
            Some(Indicator::Availability(requests(&fields, Counting::requests())?))
        }
        "latency" => {
            let fields = cursor.fields(&["route", "routes", "threshold", "good", "bad", "bad_if_slow"])?;
            let threshold = fields.required("threshold", DURATION).and_then(|threshold| length(&threshold));
            let requests = requests(&fields, Counting::latency());
            Some(Indicator::Latency { requests: requests?, threshold: threshold? })
        }
        "dependency" => {
            if let Some(name) = cursor.node.text() {
                return Some(Indicator::Dependency { name: name.to_owned(), counting: Counting::dependency() });
            }
            let fields = cursor.fields(&["name", "good", "bad"])?;
            let name = fields.required("name", "the name of a dependency").and_then(|name| name.words());
            let counting = counting(&fields, Counting::dependency())?;
            Some(Indicator::Dependency { name: name?.to_owned(), counting })
        }
        "counters" => counters(cursor).map(Indicator::Counters),
        _ => promql(cursor).map(Indicator::Promql),
    }
}

pub(super) fn length(cursor: &Cursor<'_>) -> Option<std::time::Duration> {
    cursor.read(DURATION, |node| duration(node.text()?))
}

pub(super) fn requests(fields: &Fields<'_>, default: Counting) -> Option<Requests> {
    let mut routes = BTreeSet::new();
    let given = [fields.get("route").map(|route| vec![route]), fields.get("routes").and_then(|routes| routes.items())];
    for route in given.into_iter().flatten().flatten() {
        routes.insert(route.words()?.to_owned());
    }
    Some(Requests { routes, counting: counting(fields, default)? })
}

fn counting(fields: &Fields<'_>, default: Counting) -> Option<Counting> {
    let set = |key: &str, default: Outcomes| match fields.get(key) {
        Some(given) => outcomes(&given),
        None => Some(default),
    };
    Some(Counting {
        good: set("good", default.good)?,
        bad: set("bad", default.bad)?,
        bad_if_slow: set("bad_if_slow", default.bad_if_slow)?,
    })
}

fn outcomes(cursor: &Cursor<'_>) -> Option<Outcomes> {
    let known: Vec<_> = Outcome::ALL.into_iter().map(|outcome| (outcome.as_str(), outcome)).collect();
    cursor.items()?.iter().try_fold(Outcomes::NONE, |set, item| Some(set.union(Outcomes::of([item.one_of(&known)?]))))
}

fn counters(cursor: &Cursor<'_>) -> Option<Counters> {
    let fields = cursor.fields(&["good", "bad", "total"])?;
    let [good, bad, total] = ["good", "bad", "total"].map(|key| Some(selector(&fields.get(key)?)));
    match (good, bad, total) {
        (Some(good), None, Some(total)) => Some(Counters::GoodOfTotal { good: good?, total: total? }),
        (None, Some(bad), Some(total)) => Some(Counters::BadOfTotal { bad: bad?, total: total? }),
        (Some(good), Some(bad), None) => Some(Counters::GoodAndBad { good: good?, bad: bad? }),
        _ => {
            cursor.refuse("are not two counters: accepted is good and total, bad and total, or good and bad");
            None
        }
    }
}

/// A counter: its name, or a table that says which of its series.
pub(super) fn selector(cursor: &Cursor<'_>) -> Option<Selector> {
    if cursor.node.text().is_some() {
        return cursor.words().map(Selector::metric);
    }
    let fields = cursor.fields(&["metric", "is", "is_not"])?;
    let metric = fields.required("metric", "the name of a metric").and_then(|metric| metric.words())?;
    let mut selector = Selector::metric(metric);
    for (kind, is) in [("is", true), ("is_not", false)] {
        let mut tests = fields.get(kind).and_then(|tests| tests.entries()).unwrap_or_default();
        // Their order is no matter; this is the one they are written in.
        tests.sort_by(|(a, _), (b, _)| a.key.cmp(&b.key));
        for (entry, cursor) in tests {
            let values = match &cursor.node.value {
                Value::List(_) => cursor.items()?.iter().map(|item| item.text().map(str::to_owned)).collect(),
                _ => cursor.text().map(|text| BTreeSet::from([text.to_owned()])),
            }?;
            let value = if is { Test::Is(values) } else { Test::IsNot(values) };
            selector.tests.push(LabelTest { label: entry.key.clone(), value });
        }
    }
    Some(selector)
}

fn promql(cursor: &Cursor<'_>) -> Option<Expressions> {
    let fields = cursor.fields(&["good", "bad", "total", "ratio"])?;
    let [good, bad, total, ratio] = ["good", "bad", "total", "ratio"].map(|key| Some(expression(&fields.get(key)?)));
    match (good, bad, total, ratio) {
        (Some(good), None, Some(total), None) => Some(Expressions::Counts { good: good?, total: total? }),
        (None, Some(bad), Some(total), None) => Some(Expressions::BadCounts { bad: bad?, total: total? }),
        (None, None, None, Some(ratio)) => Some(Expressions::Ratio(ratio?)),
        _ => {
            cursor.refuse("does not say what is good: accepted is good and total, bad and total, or ratio alone");
            None
        }
    }
}

fn expression(cursor: &Cursor<'_>) -> Option<String> {
    let text = cursor.words()?;
    match query::check(text) {
        Ok(()) => Some(text.to_owned()),
        Err(wrong) => {
            cursor.refuse(format!("is no PromQL: {wrong}"));
            None
        }
    }
}

/// The key and the table of an indicator, and what of it cannot be said in one.
pub(super) fn write(indicator: &Indicator) -> (&'static str, Node, Option<String>) {
    let mut lost = None;
    let (key, entries) = match indicator {
        Indicator::Availability(requests) => ("availability", of_requests(requests, Counting::requests())),
        Indicator::Latency { requests, threshold } => {
            let mut entries = of_requests(requests, Counting::latency());
            entries.insert(usize::from(!requests.routes.is_empty()), Entry::text("threshold", written(*threshold)));
            ("latency", entries)
        }
        Indicator::Dependency { name, counting } => {
            let mut entries = vec![Entry::text("name", name.as_str())];
            entries.extend(of_counting(*counting, Counting::dependency()));
            ("dependency", entries)
        }
        Indicator::Counters(counters) => {
            let pair = match counters {
                Counters::GoodOfTotal { good, total } => [("good", good), ("total", total)],
                Counters::BadOfTotal { bad, total } => [("bad", bad), ("total", total)],
                Counters::GoodAndBad { good, bad } => [("good", good), ("bad", bad)],
            };
            let pair = pair.map(|(key, selector)| {
                let (node, also) = of_selector(selector);
                lost = lost.take().or(also);
                Entry::new(key, node)
            });
            ("counters", pair.to_vec())
        }
        Indicator::Promql(expressions) => {
            let entries = match expressions {
                Expressions::Counts { good, total } => vec![Entry::text("good", good), Entry::text("total", total)],
                Expressions::BadCounts { bad, total } => vec![Entry::text("bad", bad), Entry::text("total", total)],
                Expressions::Ratio(ratio) => vec![Entry::text("ratio", ratio)],
            };
            ("promql", entries)
        }
    };
    (key, Node::new(Value::Table(entries)), lost)
}

fn of_requests(requests: &Requests, default: Counting) -> Vec<Entry> {
    let routes = (!requests.routes.is_empty()).then(|| Entry::new("routes", Node::texts(&requests.routes)));
    routes.into_iter().chain(of_counting(requests.counting, default)).collect()
}

fn of_counting(counting: Counting, default: Counting) -> impl Iterator<Item = Entry> {
    let sets = [
        ("good", counting.good, default.good),
        ("bad", counting.bad, default.bad),
        ("bad_if_slow", counting.bad_if_slow, default.bad_if_slow),
    ];
    let given = sets.into_iter().filter(|(_, set, default)| set != default);
    given.map(|(key, set, _)| Entry::new(key, Node::texts(set.iter().map(Outcome::as_str))))
}

fn of_selector(selector: &Selector) -> (Node, Option<String>) {
    if selector.tests.is_empty() {
        return (Node::text_of(&selector.metric), None);
    }
    let mut lost = None;
    let mut entries = vec![Entry::text("metric", &selector.metric)];
    for kind in ["is", "is_not"] {
        let mut tests: Vec<Entry> = Vec::new();
        for LabelTest { label, value } in &selector.tests {
            let values = match (kind, value) {
                ("is", Test::Is(values)) | ("is_not", Test::IsNot(values)) => values,
                _ => continue,
            };
            if tests.iter().any(|test| test.key == *label) {
                lost = Some(format!("tests the label {label} twice, of which the second is left out"));
            } else {
                tests.push(Entry::new(label, Node::texts(values)));
            }
        }
        tests.sort_by(|a, b| a.key.cmp(&b.key));
        if !tests.is_empty() {
            entries.push(Entry::new(kind, Node::new(Value::Table(tests))));
        }
    }
    (Node::new(Value::Table(entries)), lost)
}
