//! Selectors by the names that history has for metrics and labels: those of Prometheus.

use bellwether_core::prometheus::{Names, label_name, metric_name};
use bellwether_core::{MetricKind, Registry};
use bellwether_history::{Metadata, View};
use bellwether_promql::{MatchOp, Matcher};

use super::unreadable;
use crate::Error;
use crate::objective::{Selector, Test};

/// A selector as history has it: by the names of Prometheus.
pub(super) fn matchers(registry: &Registry, view: &View, selector: &Selector) -> Result<Vec<Matcher>, Error> {
    let registered = registry.metric(&selector.metric);
    let kind = registered.as_ref().map_or(MetricKind::Counter, |metric| metric.kind());
    let unit = registered.as_ref().map_or("", |metric| metric.unit());
    let Some((name, _)) = metric_name(Names::Underscored, &selector.metric, unit, kind) else {
        return Err(Error::unmeasured(format!("{:?} is no name of a metric", selector.metric)));
    };
    let name = match registered {
        Some(_) if kind == MetricKind::Counter => Matcher::new("__name__", MatchOp::Equal, format!("{name}_total")),
        Some(_) => Matcher::new("__name__", MatchOp::Equal, name),
        // It was registered by a process before this one, with a unit and of a kind that history knows.
        None => Matcher::new("__name__", MatchOp::Regex, known(view, &name).join("|")),
    };
    let tests = selector.tests.iter().map(|test| {
        let label = label_name(Names::Underscored, kind, &test.label);
        let (op, values) = match &test.value {
            Test::Is(values) => (MatchOp::Regex, values),
            Test::IsNot(values) => (MatchOp::NotRegex, values),
        };
        let values: Vec<String> = values
            .iter()
            .map(|value| match value.strip_suffix('*') {
                Some(start) => format!("{}.*", escaped(start)),
                None => escaped(value),
            })
            .collect();
        Matcher::new(label, op, values.join("|"))
    });
    std::iter::once(name).chain(tests).collect::<Result<_, _>>().map_err(unreadable)
}

/// What metrics are called, as regular expressions, that have this name but for a unit at its end; this name if there are none.
fn known(view: &View, name: &str) -> Vec<String> {
    let is = |metadata: &Metadata| {
        let rest = metadata.name.strip_prefix(name)?;
        let rest = rest.strip_suffix("_total").unwrap_or(rest);
        Some(rest.is_empty() || rest.strip_prefix('_').is_some_and(|unit| unit == metadata.unit))
    };
    let all = view.metadata().into_iter().filter(|metadata| is(metadata) == Some(true));
    let known: Vec<String> = all.map(|metadata| escaped(&metadata.name)).collect();
    if known.is_empty() { vec![escaped(name)] } else { known }
}

/// A text as a regular expression that matches just it.
fn escaped(text: &str) -> String {
    let is_meta = |c: char| "\\.+*?()|[]{}^$#&-~".contains(c);
    text.chars().flat_map(|c| is_meta(c).then_some('\\').into_iter().chain([c])).collect()
}
