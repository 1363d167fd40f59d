//! Objectives written as tables of `bellwether.toml`.

use super::objective::{EMPTY, UNITS, WEEKDAYS};
use super::{alerting, correction};
use crate::format::node::{Entry, Node, Value};
use crate::format::words::written;
use crate::format::{Remark, Written, indicator, toml_out};
use crate::{Budgeting, Expressions, Indicator, Kind, Period, Policies, Slo, Unit, Weekday};

/// Writes objectives as tables of `bellwether.toml`: what is not the default. Of the same objectives it is always the same
/// text, and [`read`](super::read) makes the same objectives of it.
///
/// ```
/// use bellwether_slo::format::toml;
/// use bellwether_slo::{Slo, Target};
///
/// let written = toml::write([&Slo::availability("turns", Target::new(0.999)?).route("/v1/turns")]);
/// assert_eq!(written.text, "[[objective]]\nname = \"turns\"\ntarget = 0.999\navailability = { routes = [\"/v1/turns\"] }\n");
/// # Ok::<(), bellwether_slo::Error>(())
/// ```
pub fn write<'s>(slos: impl IntoIterator<Item = &'s Slo>) -> Written {
    let mut notes = Vec::new();
    let tables: Vec<Node> = slos.into_iter().map(|slo| table(slo, &mut notes)).collect();
    Written { text: toml_out::write("objective", &tables), notes }
}

fn table(slo: &Slo, notes: &mut Vec<Remark>) -> Node {
    let mut entries = vec![Entry::text("name", &slo.name)];
    if !slo.description.is_empty() {
        entries.push(Entry::text("description", &slo.description));
    }
    entries.push(Entry::new("target", Node::new(Value::Number(slo.target.to_string()))));
    let (kind, measured, lost) = indicator::write(&slo.indicator);
    entries.push(Entry::new(kind, measured));
    notes.extend(lost.map(|what| Remark {
        at: None,
        document: format!("objective {}", slo.name),
        path: kind.to_owned(),
        what,
    }));
    if slo.period != Period::default() {
        period(&slo.period, &mut entries);
    }
    budgeting(slo, &mut entries);
    let default = Policies::default();
    for (key, policy, usual) in [
        ("no_traffic", slo.policies.no_traffic, default.no_traffic),
        ("unknown", slo.policies.unknown, default.unknown),
        ("stopped", slo.policies.stopped, default.stopped),
    ] {
        let word = EMPTY.iter().find(|(_, known)| *known == policy && policy != usual);
        entries.extend(word.map(|(word, _)| Entry::text(key, *word)));
    }
    entries.extend(alerting::write(&slo.alerting).map(|node| Entry::new("alerting", node)));
    if !slo.labels.is_empty() {
        let labels = slo.labels.iter().map(|(key, value)| (key, Node::text_of(value)));
        entries.push(Entry::new("labels", Node::table(labels)));
    }
    if !slo.corrections.is_empty() {
        let tables = slo.corrections.iter().map(correction::write).collect();
        entries.push(Entry::new("maintenance", Node::new(Value::List(tables))));
    }
    Node::new(Value::Table(entries))
}

fn period(period: &Period, entries: &mut Vec<Entry>) {
    match period.kind() {
        Kind::Rolling(length) => entries.push(Entry::text("period", written(*length))),
        Kind::Calendar(calendar) => {
            let unit = UNITS.iter().find(|(_, known)| *known == calendar.unit);
            entries.extend(unit.map(|(word, _)| Entry::text("period", *word)));
            entries.push(Entry::text("zone", calendar.zone.name()));
            let starts = WEEKDAYS.iter().find(|(_, day)| *day == calendar.week_starts && *day != Weekday::Monday);
            let starts = starts.filter(|_| calendar.unit == Unit::Week);
            entries.extend(starts.map(|(word, _)| Entry::text("week_starts", *word)));
        }
    }
}

fn budgeting(slo: &Slo, entries: &mut Vec<Entry>) {
    let is_ratio = matches!(slo.indicator, Indicator::Promql(Expressions::Ratio(_)));
    let node = match slo.budgeting {
        Budgeting::Occurrences if !is_ratio => return,
        Budgeting::Occurrences => Node::text_of("occurrences"),
        Budgeting::Timeslices { slice, good_from } => Node::table([
            ("timeslices", Node::text_of(written(slice))),
            ("good_from", Node::new(Value::Number(good_from.to_string()))),
        ]),
        Budgeting::RatioTimeslices { slice } => Node::table([("ratio_timeslices", Node::text_of(written(slice)))]),
    };
    entries.push(Entry::new("budgeting", node));
}
