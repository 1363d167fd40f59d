//! What a metric source is asked: PromQL, or one of the indicators that this crate has itself.

use std::time::Duration;

use super::sli::{Measured, Sli};
use crate::format::cursor::Cursor;
use crate::format::indicator::{self, INDICATORS};
use crate::format::node::{Node, Value};
use crate::format::query;
use crate::format::words::written;
use crate::{Expressions, Indicator};

/// The type of sources that are this crate's own indicators.
pub(super) const OWN: &str = "Bellwether";
/// The type of sources that are PromQL.
pub(super) const PROMQL: &str = "Prometheus";

/// How long a slice of a ratio is, unless it is said.
pub(super) const SLICE: Duration = Duration::from_secs(60);

/// Where a number comes from.
#[derive(Clone)]
pub(super) struct Source<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) kind: &'a str,
    pub(super) spec: Cursor<'a>,
}

/// How an objective compares a value with its own.
#[derive(Clone, Copy)]
pub(super) struct Comparison<'a> {
    pub(super) op: &'static str,
    pub(super) value: &'a str,
}

/// What an SLI is here; `None` where it has no counterpart, which is then noted.
pub(super) fn indicator(sli: &Sli<'_>, compared: Option<Comparison<'_>>, slice: Option<Duration>) -> Option<Indicator> {
    let window = written(slice.unwrap_or(SLICE));
    match &sli.measured {
        Measured::Ratio { part, total, .. } if is(part, OWN) && is(total, OWN) => own(sli, part, total),
        Measured::Ratio { part, total, .. } if is(part, OWN) || is(total, OWN) => {
            sli.cursor.refuse(format!("has one source of the type {OWN}: accepted are both or none"));
            None
        }
        Measured::Ratio { good, part, total, counter } => {
            let (part, total) = (promql(part)?, promql(total)?);
            let counts = |total: String, part| match good {
                true => Expressions::Counts { good: part, total },
                false => Expressions::BadCounts { bad: part, total },
            };
            let is_total = |query: &&str| *counter && !query::leaves_window(query);
            let running =
                |query| query::running_total(query).or_else(|| Some(query).filter(is_total).map(str::to_owned));
            if let (Some(part), Some(total)) = (running(part), running(total)) {
                return Some(Indicator::Promql(counts(total, part)));
            }
            let share = format!("({}) / ({})", query::over(part, &window), query::over(total, &window));
            ratio(sli, if *good { share } else { format!("1 - {share}") })
        }
        Measured::Raw { good, share } => {
            let share = query::over(promql(share)?, &window);
            ratio(sli, if *good { share } else { format!("1 - ({share})") })
        }
        Measured::Threshold(value) => {
            let query = query::over(promql(value)?, &window);
            let Comparison { op, value } = compared?;
            ratio(sli, format!("({query}) {op} bool {value}"))
        }
    }
}

fn is(source: &Source<'_>, kind: &str) -> bool {
    source.kind.eq_ignore_ascii_case(kind)
}

fn ratio(sli: &Sli<'_>, share: String) -> Option<Indicator> {
    match query::check(&share) {
        Ok(()) => Some(Indicator::Promql(Expressions::Ratio(share))),
        Err(wrong) => {
            sli.cursor.note(format!("is left out, since what it comes to is no PromQL: {wrong}"));
            None
        }
    }
}

/// The query of a source that is PromQL.
fn promql<'a>(source: &Source<'a>) -> Option<&'a str> {
    if !is(source, PROMQL) {
        let kind = source.kind;
        source.cursor.note(format!("is left out: sources of the type {kind} are not read, those of {PROMQL} are"));
        return None;
    }
    for (_, other) in source.spec.entries()?.into_iter().filter(|(entry, _)| entry.key != "query") {
        other.note(format!("is left out: what {PROMQL} is asked is the query"));
    }
    let Some(query) = source.spec.node.get("query").and_then(Node::text) else {
        source.spec.note("is left out: it has no query, which is what a source of PromQL is asked");
        return None;
    };
    // A window is no PromQL before it is filled in.
    match query::check(&query::over(query, "5m")) {
        Ok(()) => Some(query.trim()),
        Err(wrong) => {
            source.spec.refuse(format!("has a query that is no PromQL: {wrong}"));
            None
        }
    }
}

/// One of this crate's own indicators: both sources name it, and which of its counts they are.
fn own(sli: &Sli<'_>, part: &Source<'_>, total: &Source<'_>) -> Option<Indicator> {
    let read = |source: &Source<'_>| {
        let known: Vec<&str> = std::iter::once("count").chain(INDICATORS).collect();
        let fields = source.spec.fields(&known)?;
        let accepted = [("good", "good"), ("bad", "bad"), ("total", "total")];
        let count = fields.required("count", "good, bad or total").and_then(|count| count.one_of(&accepted))?;
        let (kind, table) = fields.exactly_one(&INDICATORS)?;
        Some((count, indicator::read(kind, &table)?))
    };
    let (named, given) = (read(part), read(total));
    let ((count, indicator), (whole, other)) = (named?, given?);
    let expected = if matches!(sli.measured, Measured::Ratio { good: true, .. }) { "good" } else { "bad" };
    if count != expected || whole != "total" {
        part.spec.refuse(format!("counts {count} of {whole}: accepted is {expected} here and total in total"));
    } else if indicator != other {
        total.spec.refuse("is not the indicator that the other source has: accepted is the same one");
    } else {
        return Some(indicator);
    }
    None
}

/// The sources of an indicator: the part, and the whole.
pub(super) fn sources(indicator: &Indicator) -> (Vec<(&'static str, Node)>, Option<String>) {
    let promql = |query: &str| source(PROMQL, Node::table([("query", Node::text_of(query))]));
    let (counts, lost) = match indicator {
        Indicator::Promql(Expressions::Counts { good, total }) => {
            (vec![("good", promql(good)), ("total", promql(total))], None)
        }
        Indicator::Promql(Expressions::BadCounts { bad, total }) => {
            (vec![("bad", promql(bad)), ("total", promql(total))], None)
        }
        Indicator::Promql(Expressions::Ratio(share)) => {
            return (vec![("rawType", Node::text_of("success")), ("raw", promql(share))], None);
        }
        own => {
            let (key, table, lost) = indicator::write(own);
            let count = |count| source(OWN, Node::table([("count", Node::text_of(count)), (key, table.clone())]));
            (vec![("good", count("good")), ("total", count("total"))], lost)
        }
    };
    let counter = ("counter", Node::new(Value::Flag(true)));
    (std::iter::once(counter).chain(counts).collect(), lost)
}

fn source(kind: &str, spec: Node) -> Node {
    Node::table([("metricSource", Node::table([("type", Node::text_of(kind)), ("spec", spec)]))])
}
