//! One `[[objective]]`, and what `[objectives]` says of all.

use std::collections::BTreeMap;

use bellwether_core::nearest;

use super::{alerting, correction};
use crate::format::cursor::{Cursor, Fields};
use crate::format::indicator::{self, INDICATORS, length};
use crate::format::node::{Node, Value};
use crate::format::words::duration;
use crate::{
    Alerting, Budgeting, Calendar, Counting, Empty, Indicator, Period, Policies, Share, Slo, Target, Unit, Weekday,
    Zone,
};

/// What is the same for all objectives, unless one says otherwise.
#[derive(Default)]
pub(super) struct Defaults {
    span: Span,
    labels: BTreeMap<String, String>,
    policies: Policies,
    alerting: Option<Alerting>,
}

/// The parts of a period, which may be said in two places.
#[derive(Clone, Default)]
struct Span {
    length: Option<Length>,
    zone: Option<Zone>,
    week_starts: Option<Weekday>,
}

#[derive(Clone)]
enum Length {
    Rolling(Period),
    Of(Unit),
}

const SHARED: [&str; 8] = ["period", "zone", "week_starts", "labels", "no_traffic", "unknown", "stopped", "alerting"];

pub(super) fn defaults(cursor: &Cursor<'_>) -> Option<Defaults> {
    let fields = cursor.fields(&SHARED)?;
    let none = Defaults::default();
    Some(Defaults {
        span: span(&fields, &none.span),
        labels: labels(&fields, BTreeMap::new()),
        policies: policies(&fields, none.policies),
        alerting: fields.get("alerting").and_then(|given| alerting::read(&given)),
    })
}

/// Reads an objective; `None` where it is refused.
pub(super) fn read(item: &Cursor<'_>, defaults: &Defaults) -> Option<Slo> {
    let name = item.node.get("name").and_then(Node::text);
    let item = item.titled(&match name {
        Some(name) => format!("objective {}", crate::format::node::cut(name)).trim_end().to_owned(),
        None => item.path().replace(['[', ']'], " ").trim_end().to_owned(),
    });
    let own = ["name", "description", "target", "budgeting", "maintenance", "uptime"];
    let known: Vec<&str> = own.into_iter().chain(SHARED).chain(INDICATORS).collect();
    let fields = item.fields(&known)?;
    let name = fields.required("name", "lower-case letters, digits and hyphens within").and_then(|name| name.text());
    let target =
        fields.required("target", "a share such as 0.999 or \"99.9%\"").and_then(|target| share::<Target>(&target));
    let measured = measured(&fields);
    let budgeting = match fields.get("budgeting") {
        Some(given) => Some(budgeting(&given)?),
        None => None,
    };
    let period = period(&fields, &span(&fields, &defaults.span));
    let labels = labels(&fields, defaults.labels.clone());
    let policies = policies(&fields, defaults.policies);
    let alerting = match fields.get("alerting") {
        Some(given) => alerting::read(&given),
        None => Some(defaults.alerting.clone().unwrap_or_default()),
    };
    let corrections: Vec<_> = fields.get("maintenance").and_then(|given| given.items()).unwrap_or_default();
    let corrections: Option<Vec<_>> = corrections.iter().map(correction::read).collect();

    let (indicator, slices) = measured?;
    if let (Some(_), Some(_), Some(given)) = (slices, budgeting, fields.get("budgeting")) {
        given.refuse("cannot stand beside uptime, which is by slices: accepted is slice and good_from in uptime");
        return None;
    }
    let mut slo = Slo::new(name?, indicator, target?);
    slo.description = fields.get("description").and_then(|text| text.text()).unwrap_or_default().to_owned();
    slo.budgeting = slices.or(budgeting).unwrap_or(slo.budgeting);
    (slo.period, slo.labels, slo.policies) = (period?, labels, policies);
    (slo.alerting, slo.corrections) = (alerting?, corrections?);
    match slo.check() {
        Ok(()) => Some(slo),
        Err(error) => {
            let error = error.to_string();
            let said = format!("objective {:?}: ", slo.name);
            item.refuse(format!("is not accepted: {}", error.strip_prefix(&said).unwrap_or(&error)));
            None
        }
    }
}

/// The one thing that is measured, and how slices are counted, where that is part of it.
fn measured(fields: &Fields<'_>) -> Option<(Indicator, Option<Budgeting>)> {
    let kinds: Vec<&str> = INDICATORS.into_iter().chain(["uptime"]).collect();
    let (kind, given) = fields.exactly_one(&kinds)?;
    if kind != "uptime" {
        return Some((indicator::read(kind, &given)?, None));
    }
    let fields = given.fields(&["route", "routes", "good", "bad", "slice", "good_from"])?;
    let slices = Slo::uptime("", Target::new(0.5).ok()?).budgeting;
    let Budgeting::Timeslices { mut slice, mut good_from } = slices else { return None };
    if let Some(given) = fields.get("slice") {
        slice = length(&given)?;
    }
    if let Some(given) = fields.get("good_from") {
        good_from = share::<Share>(&given)?;
    }
    let requests = indicator::requests(&fields, Counting::requests())?;
    Some((Indicator::Availability(requests), Some(Budgeting::Timeslices { slice, good_from })))
}

/// A share as a number, or as a text that may end in `%`.
pub(super) fn share<T: std::str::FromStr<Err = crate::Error>>(cursor: &Cursor<'_>) -> Option<T> {
    let text = cursor.read("a share such as 0.999 or \"99.9%\"", Node::word)?;
    text.parse().map_err(|error: crate::Error| cursor.refuse(format!("is not accepted: {error}"))).ok()
}

fn budgeting(cursor: &Cursor<'_>) -> Option<Budgeting> {
    if !matches!(cursor.node.value, Value::Table(_)) {
        const ACCEPTED: &str = "\"occurrences\", or a table with timeslices or ratio_timeslices";
        let word = |node: &Node| node.text().filter(|word| *word == "occurrences").map(|_| Budgeting::Occurrences);
        return cursor.read(ACCEPTED, word);
    }
    let fields = cursor.fields(&["timeslices", "ratio_timeslices", "good_from"])?;
    let (kind, slice) = fields.exactly_one(&["timeslices", "ratio_timeslices"])?;
    let slice = length(&slice);
    match (kind, fields.get("good_from")) {
        ("timeslices", _) => {
            let good_from = fields.required("good_from", "a share such as 0.95")?;
            Some(Budgeting::Timeslices { slice: slice?, good_from: share(&good_from)? })
        }
        (_, Some(given)) => {
            given.refuse("has no place beside ratio_timeslices: accepted is none, or timeslices");
            None
        }
        (_, None) => Some(Budgeting::RatioTimeslices { slice: slice? }),
    }
}

pub(super) const UNITS: &[(&str, Unit)] = &[
    ("day", Unit::Day),
    ("week", Unit::Week),
    ("month", Unit::Month),
    ("quarter", Unit::Quarter),
    ("year", Unit::Year),
];

pub(super) const WEEKDAYS: &[(&str, Weekday)] = &[
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

fn span(fields: &Fields<'_>, default: &Span) -> Span {
    const PERIOD: &str = "a length such as 28d, or day, week, month, quarter or year";
    let length = fields.get("period").and_then(|given| {
        let text = given.read(PERIOD, Node::text)?;
        if let Some((_, unit)) = UNITS.iter().find(|(word, _)| *word == text) {
            return Some(Length::Of(*unit));
        }
        // `30m` for half an hour and `90s` are lengths of ours; `4w` is one of OpenSLO's.
        match duration(text).map_or_else(|| text.parse(), Period::rolling) {
            Ok(period) => Some(Length::Rolling(period)),
            Err(error) if text.starts_with(|c: char| c.is_ascii_digit()) => {
                given.refuse(format!("is not accepted: {error}"));
                None
            }
            Err(_) => {
                let near = nearest(text, UNITS.iter().map(|(word, _)| *word));
                let meant = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
                given.read(&format!("{PERIOD}{meant}"), |_| None)
            }
        }
    });
    Span {
        length: length.or_else(|| default.length.clone()),
        zone: fields.get("zone").and_then(|given| zone(&given)).or_else(|| default.zone.clone()),
        week_starts: fields.get("week_starts").and_then(|day| day.one_of(WEEKDAYS)).or(default.week_starts),
    }
}

pub(super) fn zone(cursor: &Cursor<'_>) -> Option<Zone> {
    let name = cursor.read("a time zone such as \"Europe/Berlin\"", Node::text)?;
    name.parse().map_err(|error: crate::Error| cursor.refuse(format!("is not accepted: {error}"))).ok()
}

fn period(fields: &Fields<'_>, span: &Span) -> Option<Period> {
    match (&span.length, &span.zone) {
        (None, _) => Some(Period::default()),
        (Some(Length::Rolling(period)), _) => Some(period.clone()),
        (Some(Length::Of(unit)), Some(zone)) => {
            let calendar = Calendar::new(*unit, zone.clone());
            Some(
                calendar
                    .week_starts(span.week_starts.filter(|_| *unit == Unit::Week).unwrap_or(Weekday::Monday))
                    .into(),
            )
        }
        (Some(Length::Of(_)), None) => {
            // Also where it is only missing because it was refused.
            if !fields.has("zone") {
                fields
                    .required("zone", "a time zone such as \"Europe/Berlin\", since the period is one of the calendar");
            }
            None
        }
    }
}

fn labels(fields: &Fields<'_>, mut labels: BTreeMap<String, String>) -> BTreeMap<String, String> {
    for (entry, label) in fields.get("labels").and_then(|given| given.entries()).unwrap_or_default() {
        if let Some(text) = label.text() {
            labels.insert(entry.key.clone(), text.to_owned());
        }
    }
    labels
}

pub(super) const EMPTY: &[(&str, Empty)] =
    &[("good", Empty::Good), ("bad", Empty::Bad), ("skip", Empty::Skip), ("carry_last", Empty::CarryLast)];

fn policies(fields: &Fields<'_>, default: Policies) -> Policies {
    let policy = |key: &str, default| fields.get(key).and_then(|given| given.one_of(EMPTY)).unwrap_or(default);
    Policies {
        no_traffic: policy("no_traffic", default.no_traffic),
        unknown: policy("unknown", default.unknown),
        stopped: policy("stopped", default.stopped),
    }
}
