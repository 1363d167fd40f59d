//! From `http.server.request.duration` in `s` to `http_server_request_duration_seconds`.

use super::units;
use crate::registry::MetricKind;

/// What becomes of the dotted names of OpenTelemetry. Either way a name gets its unit and, for a counter, `_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Names {
    /// Dots and other characters become underscores, whatever the scraper could read: one spelling in every query, rule
    /// and dashboard.
    #[default]
    Underscored,
    /// Names stay dotted: `{"http.server.request.duration_seconds_bucket"}`, for scrapers that ask for
    /// `escaping=allow-utf-8` (Prometheus 3 does). Others get what the escaping they ask for makes of it.
    Dotted,
}

/// The name of a metric without `_total`, and its unit if that is how the name ends. `None` if nothing is left of a name.
///
/// ```
/// use bellwether_core::MetricKind;
/// use bellwether_core::prometheus::{Names, metric_name};
///
/// let name = metric_name(Names::Underscored, "http.server.request.duration", "s", MetricKind::Histogram);
/// assert_eq!(name, Some(("http_server_request_duration_seconds".to_owned(), Some("seconds".to_owned()))));
/// ```
pub fn metric_name(names: Names, name: &str, unit: &str, kind: MetricKind) -> Option<(String, Option<String>)> {
    let (main, per) = units::suffixes(unit);
    let ratio = unit == "1" && kind == MetricKind::Gauge;
    let mut name = match names {
        Names::Underscored => underscored(name, &main, &per, kind, ratio),
        Names::Dotted => dotted(name, &main, &per, kind, ratio),
    };
    if name.bytes().all(|c| c == b'_') {
        return None;
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert(0, '_');
    }
    let unit = match (main.is_empty(), per.is_empty()) {
        _ if ratio => "ratio".to_owned(),
        (false, false) => format!("{main}_{per}"),
        _ => main + &per,
    };
    let ends_so = name.strip_suffix(&unit).is_some_and(|rest| rest.ends_with('_'));
    Some((name, (ends_so && !unit.is_empty()).then_some(unit)))
}

fn underscored(name: &str, main: &str, per: &str, kind: MetricKind, ratio: bool) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == ':';
    let mut words: Vec<&str> = name.split(|c| !legal(c)).filter(|word| !word.is_empty()).collect();
    let (main, per) = (Some(main), Some(per));
    let main = main.filter(|unit| !unit.is_empty() && !words.contains(unit));
    let spelled = format!("_{}_", words.join("_"));
    let per = per.filter(|unit| !unit.is_empty() && !spelled.contains(&format!("_{unit}_")));
    words.extend(main);
    words.extend(per);
    if kind == MetricKind::Counter {
        words.retain(|word| *word != "total");
    }
    if ratio {
        words.retain(|word| *word != "ratio");
        words.push("ratio");
    }
    words.join("_")
}

fn dotted(name: &str, main: &str, per: &str, kind: MetricKind, ratio: bool) -> String {
    let without = |name: &str, suffix: &str| {
        let cut = name.strip_suffix(suffix).and_then(|rest| rest.strip_suffix(['.', '_', '-', '/', ':']));
        cut.filter(|rest| !rest.is_empty()).unwrap_or(name).to_owned()
    };
    let mut name = if kind == MetricKind::Counter { without(name, "total") } else { name.to_owned() };
    if ratio {
        return without(&name, "ratio") + "_ratio";
    }
    let suffix = if main.is_empty() || per.is_empty() { format!("{main}{per}") } else { format!("{main}_{per}") };
    if !suffix.is_empty() {
        name = without(&name, &suffix) + "_" + &suffix;
    }
    name
}

/// A label name of OpenTelemetry as Prometheus has it, on a metric of this kind.
pub fn label_name(names: Names, kind: MetricKind, name: &str) -> String {
    let mut name = match names {
        Names::Underscored => underscore(name),
        Names::Dotted => name.to_owned(),
    };
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert_str(0, "key_");
    }
    // The bound of a bucket is called so; Prometheus renames in the same way what collides with its own labels.
    if kind == MetricKind::Histogram && name == "le" {
        return "exported_le".to_owned();
    }
    // Two underscores in front are reserved for Prometheus itself.
    let reserved = name.bytes().take_while(|c| *c == b'_').count();
    name.split_off(reserved.saturating_sub(1))
}

/// Every run of characters that are not letters or digits is one underscore.
pub(super) fn underscore(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    out
}
