//! The SLO of an OpenSLO file: each of its objectives is one here.

use std::collections::BTreeMap;
use std::time::Duration;

use super::alert::{self, Policy};
use super::metric::{self, Comparison, indicator};
use super::object::{Kind, Metadata, Object, description, inline, left_out, resolve};
use super::sli::{Measured, Sli, sli};
use super::time::{exactly, fixed, period};
use super::{DETECTION, MIN_BAD, MIN_EVENTS, PERIOD, SLICE, policies};
use crate::format::cursor::{Cursor, Fields};
use crate::format::node::Value;
use crate::format::words::decimal;
use crate::{Alerting, Budgeting, Detection, Expressions, Indicator, Period, Share, Slo, Target};

/// How good and bad add up, without the numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Occurrences,
    Timeslices,
    RatioTimeslices,
}

const METHODS: &[(&str, Method)] = &[
    ("Occurrences", Method::Occurrences),
    ("Timeslices", Method::Timeslices),
    ("RatioTimeslices", Method::RatioTimeslices),
];

/// The objectives of an SLO that have a counterpart; why others have none is noted.
pub(super) fn slos<'a>(object: &Object<'a>, objects: &[Object<'a>]) -> Vec<Slo> {
    read(object, objects).unwrap_or_default()
}

fn read<'a>(object: &Object<'a>, objects: &[Object<'a>]) -> Option<Vec<Slo>> {
    let fields = object.spec.fields(&[
        "description",
        "service",
        "indicator",
        "indicatorRef",
        "timeWindow",
        "budgetingMethod",
        "objectives",
        "alertPolicies",
    ])?;
    let service = fields.required("service", "the name of a service").and_then(|service| service.words());
    let accepted = "Occurrences, Timeslices or RatioTimeslices";
    let method = fields.required("budgetingMethod", accepted).and_then(|method| method.one_of(METHODS));
    let span = period(&fields, object.metadata.annotation(PERIOD));
    let objectives = fields.required("objectives", "a list of at least one objective").and_then(|given| {
        let items = given.items()?;
        if items.is_empty() {
            given.refuse("is an empty list: accepted is at least one objective");
        }
        Some(items)
    });
    let is_composite = |item: &Cursor<'_>| ["indicator", "indicatorRef"].iter().any(|key| item.node.get(key).is_some());
    let composite = objectives.iter().flatten().any(is_composite);
    // Checked whatever else is wrong.
    let measured = if composite { None } else { measured(&fields, objects) };
    let read: Vec<_> =
        objectives.iter().flatten().map(|item| objective(item, method, measured.as_ref(), objects)).collect();
    let policies: Vec<_> = fields.get("alertPolicies").and_then(|given| given.items()).unwrap_or_default();
    let policies: Vec<_> = policies.iter().map(|item| alert::item(item, objects)).collect();

    if composite {
        for key in ["indicator", "indicatorRef"] {
            let clash = fields.get(key);
            clash.iter().for_each(|clash| {
                clash.refuse("cannot stand beside indicators of the objectives: accepted is one of them")
            });
        }
        object.spec.note("is left out: objectives put together of several indicators have no counterpart");
        return None;
    }
    let (service, span, measured) = (service?, span?, measured?);
    let policies: Option<Vec<Option<Policy<'a>>>> = policies.into_iter().collect();
    let policies: Vec<Policy<'a>> = policies?.into_iter().flatten().collect();
    if matches!(measured.measured, Measured::Threshold(_)) && read.len() > 1 {
        let given = fields.get("objectives")?;
        given.refuse(format!(
            "has {} objectives of a value: accepted is exactly one with a thresholdMetric",
            read.len()
        ));
    }
    let Some(span) = span else {
        object.spec.note("is left out, since its time window has no counterpart");
        return None;
    };
    let own = description(&fields);
    if let (Some(_), Some(given)) = (own, &measured.described) {
        given.note("is left out: the SLO has a description of its own");
    }
    let description = own.or_else(|| measured.described.as_ref()?.node.text()).unwrap_or_default();
    let common = Common { object, service, description, span, measured };
    let several = read.len() > 1;
    let named = read.into_iter().enumerate().filter_map(|(number, read)| Some((number, read?)));
    Some(named.filter_map(|(number, read)| common.slo(several.then_some(number + 1), read, &policies)).collect())
}

fn measured<'a>(fields: &Fields<'a>, objects: &[Object<'a>]) -> Option<Sli<'a>> {
    let (key, given) = fields.exactly_one(&["indicator", "indicatorRef"])?;
    let object = if key == "indicator" {
        inline(&given, Kind::Sli, false)?
    } else {
        resolve(objects, Kind::Sli, &given)?.clone()
    };
    sli(&object.spec, objects)
}

/// An objective as it is written.
struct Objective<'a> {
    cursor: Cursor<'a>,
    compared: Option<Comparison<'a>>,
    target: Cursor<'a>,
    /// As a text that a target is made of.
    share: String,
    method: Method,
    slice: Option<Duration>,
    good_from: Option<Share>,
}

fn objective<'a>(
    cursor: &Cursor<'a>,
    method: Option<Method>,
    sli: Option<&Sli<'a>>,
    objects: &[Object<'a>],
) -> Option<Objective<'a>> {
    let fields = cursor.fields(&[
        "displayName",
        "op",
        "value",
        "target",
        "targetPercent",
        "timeSliceTarget",
        "timeSliceWindow",
        "indicator",
        "indicatorRef",
        "compositeWeight",
    ])?;
    if fields.has("indicator") || fields.has("indicatorRef") {
        measured(&fields, objects);
    }
    let compared = compared(&fields, sli);
    let target = fields.exactly_one(&["target", "targetPercent"]).and_then(|(key, target)| share(key, target));
    let sliced =
        |needed: bool, key: &str, accepted: &str| if needed { fields.required(key, accepted) } else { fields.get(key) };
    let needs_slice = matches!(method, Some(Method::Timeslices | Method::RatioTimeslices));
    let slice = sliced(needs_slice, "timeSliceWindow", SLICES).map(|window| slice(&window));
    const FROM: &str = "a number above 0 and up to 1, such as 0.95";
    let from = sliced(method == Some(Method::Timeslices), "timeSliceTarget", FROM);
    let from = from.map(|from| from.read(FROM, |node| decimal(node)?.parse::<Share>().ok()));
    left_out(&fields, &["displayName", "compositeWeight"]);
    let needs_from = method == Some(Method::Timeslices);
    if (needs_slice && slice.flatten().is_none()) || (needs_from && from.flatten().is_none()) {
        return None;
    }
    let (target, share) = target?;
    Some(Objective {
        cursor: cursor.clone(),
        compared: compared?,
        target,
        share,
        method: method?,
        slice: slice.flatten(),
        good_from: from.flatten(),
    })
}

/// How a value is compared, for an SLI that is one; the outer `None` is for what is wrong.
fn compared<'a>(fields: &Fields<'a>, sli: Option<&Sli<'a>>) -> Option<Option<Comparison<'a>>> {
    const OPS: &str = "lte, gte, lt or gt";
    const VALUE: &str = "a number";
    let threshold = sli.map(|sli| matches!(sli.measured, Measured::Threshold(_)));
    if threshold != Some(true) {
        for key in ["op", "value"] {
            if let (Some(false), Some(given)) = (threshold, fields.get(key)) {
                given.note("is left out: it says how a thresholdMetric is compared, and there is none");
            }
        }
        return Some(None);
    }
    let op = fields.required("op", OPS).and_then(|op| op.one_of(alert::OPS));
    let value = fields.required("value", VALUE).and_then(|value| value.read(VALUE, decimal));
    Some(Some(Comparison { op: op?, value: value? }))
}

/// A target from 0 to below 1, or in percent, as a text.
fn share<'a>(key: &str, given: Cursor<'a>) -> Option<(Cursor<'a>, String)> {
    let (accepted, unit, most) = match key {
        "target" => ("a number from 0 to below 1, such as 0.999", "", 1.0),
        _ => ("a number from 0 to below 100, such as 99.9", "%", 100.0),
    };
    let is_legal = |text: &&str| text.parse::<f64>().is_ok_and(|number| (0.0..most).contains(&number));
    let text = match (key, decimal(given.node)) {
        ("target", Some(text)) if text.parse::<f64>().is_ok_and(|number| (1.0..100.0).contains(&number)) => {
            let meant = if text.parse::<f64>().is_ok_and(|number| number > 1.0) {
                format!("; for percent write targetPercent: {text}")
            } else {
                String::new()
            };
            given.refuse(format!("is {text}: accepted is {accepted}{meant}"));
            return None;
        }
        _ => given.read(accepted, |node| decimal(node).filter(is_legal))?,
    };
    Some((given, format!("{text}{unit}")))
}

const SLICES: &str = "a length such as 1m, or a whole number of minutes";

fn slice(cursor: &Cursor<'_>) -> Option<Duration> {
    if let Value::Number(minutes) = &cursor.node.value {
        let minutes = cursor.read(SLICES, |_| minutes.parse::<u64>().ok().filter(|minutes| *minutes > 0))?;
        return Some(Duration::from_secs(minutes.saturating_mul(60)));
    }
    fixed(cursor)
}

/// What the objectives of an SLO share.
struct Common<'o, 'a> {
    object: &'o Object<'a>,
    service: &'a str,
    description: &'a str,
    span: Period,
    measured: Sli<'a>,
}

impl Common<'_, '_> {
    fn slo(&self, number: Option<usize>, read: Objective<'_>, alerts: &[Policy<'_>]) -> Option<Slo> {
        let metadata = &self.object.metadata;
        let not_taken = |wrong: String| {
            read.cursor.note(format!("is left out: {wrong}"));
            None
        };
        let slice = read.slice.map(|slice| exactly(slice, metadata.annotation(SLICE), &read.cursor));
        let Some(indicator) = indicator(&self.measured, read.compared, slice) else {
            return not_taken("what it measures has no counterpart".to_owned());
        };
        let target: Target = match read.share.parse() {
            Ok(target) => target,
            Err(error) => {
                read.target.note(format!("has no counterpart: {error}"));
                return not_taken("its target has no counterpart".to_owned());
            }
        };
        let name = match number {
            Some(number) => format!("{}-{number}", metadata.name),
            None => metadata.name.to_owned(),
        };
        let mut slo = Slo::new(name, indicator, target).description(self.description).period(self.span.clone());
        slo.labels = labels(metadata, self.service);
        slo.budgeting = self.budgeting(&slo, &read, slice);
        slo.policies = policies::read(metadata);
        slo.alerting = alerting(metadata, alerts, &slo);
        match slo.check() {
            Ok(()) => Some(slo),
            Err(error) => not_taken(error.to_string()),
        }
    }

    fn budgeting(&self, slo: &Slo, read: &Objective<'_>, slice: Option<Duration>) -> Budgeting {
        match (read.method, slice, read.good_from) {
            (Method::Timeslices, Some(slice), Some(good_from)) => Budgeting::Timeslices { slice, good_from },
            (Method::RatioTimeslices, Some(slice), _) => Budgeting::RatioTimeslices { slice },
            // Events cannot be counted where only their ratio is known.
            (Method::Occurrences, ..) if matches!(slo.indicator, Indicator::Promql(Expressions::Ratio(_))) => {
                let slice = slice.unwrap_or(metric::SLICE);
                let length = crate::format::words::written(slice);
                let what = format!(
                    "is measured as a ratio, of which there are no occurrences: here its mean by {length} is judged"
                );
                self.measured.cursor.note(what);
                Budgeting::RatioTimeslices { slice }
            }
            _ => Budgeting::Occurrences,
        }
    }
}

/// Labels, and the service as one of them.
fn labels(metadata: &Metadata<'_>, service: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([("service".to_owned(), service.to_owned())]);
    if let Some(name) = metadata.fields.get("displayName") {
        name.note("is left out: objectives have one name, in letters, digits and hyphens");
    }
    for (entry, label) in metadata.fields.get("labels").and_then(|labels| labels.entries()).unwrap_or_default() {
        let value = match &label.node.value {
            Value::List(items) => {
                let items: Vec<&str> = items.iter().filter_map(|item| item.text()).collect();
                if items.len() != 1 {
                    label.note(format!("has {} values: here they are one, with commas", items.len()));
                }
                items.join(",")
            }
            _ => label.node.text().unwrap_or_default().to_owned(),
        };
        if entry.key == "service" {
            label.note("is left out: the label is spec.service");
        } else {
            labels.insert(entry.key.clone(), value);
        }
    }
    metadata.note_annotations();
    labels
}

fn alerting(metadata: &Metadata<'_>, alerts: &[Policy<'_>], slo: &Slo) -> Alerting {
    let left_out = |key: &str, wrong: &str| {
        let annotations = metadata.fields.get("annotations");
        annotations.iter().for_each(|given| given.note(format!("have {key}, which is left out: it is {wrong}")));
    };
    let number = |key| {
        let given = metadata.annotation(key)?;
        given.parse::<u64>().map_err(|_| left_out(key, "no whole number")).ok()
    };
    let none = Alerting { scaling: crate::Scaling::Factors, ..Alerting::none() };
    let base = Slo { alerting: none.clone(), ..slo.clone() };
    let rules = alert::rules(alerts, &base);
    if rules.is_empty() {
        return Alerting::none();
    }
    let share = match metadata.annotation(DETECTION) {
        None | Some("burn_rate") => false,
        Some("budget_share") => true,
        Some(_) => {
            left_out(DETECTION, "not budget_share or burn_rate");
            false
        }
    };
    Alerting {
        rules,
        detection: if share { Detection::BudgetShare } else { Detection::BurnRate },
        // A burn rate above its threshold has one bad event at least.
        min_bad: number(MIN_BAD).unwrap_or(1),
        min_events: number(MIN_EVENTS).unwrap_or(0),
        ..none
    }
}
