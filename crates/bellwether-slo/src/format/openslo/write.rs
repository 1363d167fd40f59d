//! Objectives written as OpenSLO documents.

use std::time::Duration;

use super::alert::decimal_of;
use super::object::is_name;
use super::time::{in_minutes, start_of};
use super::{
    BUDGET_SHARE, DETECTION, LOOKBACK, MIN_BAD, MIN_EVENTS, PAIR, PERIOD, PREFIX, SLICE, WINDOW, metric, policies,
};
use crate::format::node::{Node, Value};
use crate::format::words::{exact, written};
use crate::format::{Remark, Written, yaml_out};
use crate::{Budgeting, BurnRule, Detection, Kind, Severity, Slo};

/// Writes objectives as OpenSLO documents. An objective without a label `service` is one of the service named here.
///
/// Of the same objectives it is always the same text. What has no place in it is noted.
///
/// ```
/// use bellwether_slo::format::openslo;
/// use bellwether_slo::{Slo, Target};
///
/// let turns = Slo::availability("turns", Target::new(0.999)?).route("/v1/turns").label("service", "voice");
/// let written = openslo::write([&turns], "voice");
/// assert!(written.notes.is_empty());
/// let read = openslo::read(&written.text, "turns.yaml")?;
/// assert_eq!(read.slos[0].indicator, turns.indicator);
/// assert_eq!(openslo::write(&read.slos, "voice").text, written.text);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write<'s>(slos: impl IntoIterator<Item = &'s Slo>, service: &str) -> Written {
    let mut writer =
        Writer { service, documents: Vec::new(), policies: Vec::new(), severities: Vec::new(), notes: Vec::new() };
    for slo in slos {
        let document = writer.slo(slo);
        writer.documents.push(document);
    }
    let Writer { mut documents, policies, mut severities, notes, .. } = writer;
    documents.extend(policies.into_iter().map(|(_, document)| document));
    severities.sort_unstable();
    documents.extend(severities.into_iter().rev().map(|severity| {
        let word = severity.as_str();
        object("AlertNotificationTarget", named(word), vec![("target", Node::text_of(word))])
    }));
    Written { text: yaml_out::write(&documents), notes }
}

struct Writer<'w> {
    service: &'w str,
    documents: Vec<Node>,
    /// Those that objectives refer to, by their names: objectives with the same rules share them.
    policies: Vec<(String, Node)>,
    severities: Vec<Severity>,
    notes: Vec<Remark>,
}

impl Writer<'_> {
    fn note(&mut self, slo: &Slo, path: &str, what: impl Into<String>) {
        let document = format!("SLO {}", slo.name);
        self.notes.push(Remark { at: None, document, path: path.to_owned(), what: what.into() });
    }

    fn slo(&mut self, slo: &Slo) -> Node {
        let mut metadata = vec![("name".to_owned(), Node::text_of(&slo.name))];
        let labels = self.labels(slo);
        if !labels.is_empty() {
            metadata.push(("labels".to_owned(), Node::table(labels)));
        }
        let mut annotations = policies::write(slo.policies);
        let mut objective = vec![("target", Node::new(Value::Number(slo.target.to_string())))];
        let method = match slo.budgeting {
            Budgeting::Occurrences => "Occurrences",
            Budgeting::Timeslices { good_from, .. } => {
                objective.push(("timeSliceTarget", Node::new(Value::Number(good_from.to_string()))));
                "Timeslices"
            }
            Budgeting::RatioTimeslices { .. } => "RatioTimeslices",
        };
        if let Some(slice) = slo.budgeting.slice() {
            let (minutes, exact) = in_minutes(slice);
            objective.push(("timeSliceWindow", Node::text_of(minutes)));
            annotations.extend(exact.map(|exact| (SLICE, Node::text_of(written(exact)))));
        }
        let (window, exact) = window(slo);
        annotations.extend(exact.map(|exact| (PERIOD, Node::text_of(written(exact)))));
        let alerts = self.alerts(slo);
        if !alerts.is_empty() {
            if slo.alerting.detection == Detection::BudgetShare {
                annotations.push((DETECTION, Node::text_of("budget_share")));
            }
            for (key, events, default) in [(MIN_BAD, slo.alerting.min_bad, 1), (MIN_EVENTS, slo.alerting.min_events, 0)]
            {
                annotations.extend((events != default).then(|| (key, Node::text_of(events.to_string()))));
            }
        }
        if !annotations.is_empty() {
            metadata.push(("annotations".to_owned(), prefixed(annotations)));
        }
        if !slo.corrections.is_empty() {
            self.note(slo, "corrections", "are left out: OpenSLO v1 has none");
        }
        let service = slo.labels.get("service").map_or(self.service, String::as_str);
        let mut spec = self.described(slo);
        spec.extend([
            ("service", Node::text_of(service)),
            ("indicator", self.indicator(slo)),
            ("timeWindow", Node::new(Value::List(vec![window]))),
            ("budgetingMethod", Node::text_of(method)),
            ("objectives", Node::new(Value::List(vec![Node::table(objective)]))),
        ]);
        if !alerts.is_empty() {
            let reference = |name: String| Node::table([("alertPolicyRef", Node::text_of(name))]);
            spec.push(("alertPolicies", Node::new(Value::List(alerts.into_iter().map(reference).collect()))));
        }
        object("SLO", Node::table(metadata), spec)
    }

    fn labels(&mut self, slo: &Slo) -> Vec<(String, Node)> {
        let mut kept = Vec::new();
        for (key, value) in slo.labels.iter().filter(|(key, _)| *key != "service") {
            if super::object::is_key(key) {
                kept.push((key.clone(), Node::text_of(value)));
            } else {
                let key = crate::format::node::cut(key);
                self.note(
                    slo,
                    "labels",
                    format!("have \"{key}\", which is left out: keys are letters, digits and - _ ."),
                );
            }
        }
        kept
    }

    fn described(&mut self, slo: &Slo) -> Vec<(&'static str, Node)> {
        const MOST: usize = 1050;
        if slo.description.is_empty() {
            return Vec::new();
        }
        let kept: String = slo.description.chars().take(MOST).collect();
        if kept.len() < slo.description.len() {
            self.note(slo, "description", format!("is cut: OpenSLO allows {MOST} characters"));
        }
        vec![("description", Node::text_of(kept))]
    }

    fn indicator(&mut self, slo: &Slo) -> Node {
        let (sources, lost) = metric::sources(&slo.indicator);
        if let Some(lost) = lost {
            self.note(slo, "indicator", lost);
        }
        let spec = Node::table([("ratioMetric", Node::table(sources))]);
        Node::table([("metadata", named(&slo.name)), ("spec", spec)])
    }

    /// The names of the policies that an objective refers to.
    fn alerts(&mut self, slo: &Slo) -> Vec<String> {
        match slo.alerting.rules_of(slo) {
            Ok(rules) => rules.iter().flat_map(|rule| self.pair(rule, slo)).collect(),
            Err(error) => {
                self.note(slo, "alerting", format!("is left out: {error}"));
                Vec::new()
            }
        }
    }

    fn pair(&mut self, rule: &BurnRule, slo: &Slo) -> [String; 2] {
        let period = slo.period.nominal();
        if !self.severities.contains(&rule.severity) {
            self.severities.push(rule.severity);
        }
        let factor = rule.factor(period);
        let threshold = decimal_of(factor);
        // What it would be taken for without being told.
        let same =
            |threshold| Some(threshold) == Some(factor) && decimal_of(rule.budget.ratio()) == rule.budget.to_string();
        let is_exact = exact(&threshold).is_some_and(same);
        [("long", rule.long), ("short", rule.short)].map(|(side, length)| {
            let (lookback, odd) = in_minutes(length);
            let mut annotations = vec![(PAIR, Node::text_of(&*rule.name)), (WINDOW, Node::text_of(side))];
            annotations.extend(odd.map(|odd| (LOOKBACK, Node::text_of(written(odd)))));
            annotations.extend((!is_exact).then(|| (BUDGET_SHARE, Node::text_of(rule.budget.to_string()))));
            let condition = Node::table([
                ("kind", Node::text_of("burnrate")),
                ("op", Node::text_of("gt")),
                ("threshold", Node::new(Value::Number(threshold.clone()))),
                ("lookbackWindow", Node::text_of(lookback)),
            ]);
            let severity = rule.severity.as_str();
            let inner = Node::table([("severity", Node::text_of(severity)), ("condition", condition)]);
            let base = label(&rule.name, side);
            let policy = |name: &str| {
                let metadata =
                    Node::table([("name", Node::text_of(name)), ("annotations", prefixed(annotations.clone()))]);
                let condition = Node::table([
                    ("kind", Node::text_of("AlertCondition")),
                    ("metadata", named(&base)),
                    ("spec", inner.clone()),
                ]);
                let target = Node::table([("targetRef", Node::text_of(severity))]);
                let spec = vec![
                    ("alertWhenBreaching", Node::new(Value::Flag(true))),
                    ("conditions", Node::new(Value::List(vec![condition]))),
                    ("notificationTargets", Node::new(Value::List(vec![target]))),
                ];
                object("AlertPolicy", metadata, spec)
            };
            self.shared(&base, policy)
        })
    }

    /// The name of a policy that is like this one, which is added if there is none.
    fn shared(&mut self, base: &str, policy: impl Fn(&str) -> Node) -> String {
        for number in 1.. {
            let name = if number == 1 { base.to_owned() } else { format!("{base}-{number}") };
            let document = policy(&name);
            match self.policies.iter().find(|(known, _)| *known == name) {
                Some((_, known)) if yaml_out::write([known]) == yaml_out::write([&document]) => return name,
                Some(_) => {}
                None => {
                    self.policies.push((name.clone(), document));
                    return name;
                }
            }
        }
        base.to_owned()
    }
}

/// A legal name for a window of a rule, with space for a number behind it.
fn label(rule: &str, side: &str) -> String {
    let name: String = rule.chars().take(40).collect();
    if is_name(&name) { format!("{name}-{side}") } else { format!("burn-{side}") }
}

fn window(slo: &Slo) -> (Node, Option<Duration>) {
    match slo.period.kind() {
        Kind::Rolling(length) => {
            let (duration, exact) = in_minutes(*length);
            let rolling = ("isRolling", Node::new(Value::Flag(true)));
            (Node::table([("duration", Node::text_of(duration)), rolling]), exact)
        }
        Kind::Calendar(calendar) => {
            let duration = match calendar.unit {
                crate::Unit::Day => "1d",
                crate::Unit::Week => "1w",
                crate::Unit::Month => "1M",
                crate::Unit::Quarter => "1Q",
                crate::Unit::Year => "1Y",
            };
            let start = Node::table([
                ("startTime", Node::text_of(start_of(calendar))),
                ("timeZone", Node::text_of(calendar.zone.name())),
            ]);
            let rolling = ("isRolling", Node::new(Value::Flag(false)));
            (Node::table([("duration", Node::text_of(duration)), rolling, ("calendar", start)]), None)
        }
    }
}

fn object(kind: &str, metadata: Node, spec: Vec<(&'static str, Node)>) -> Node {
    Node::table([
        ("apiVersion", Node::text_of("openslo/v1")),
        ("kind", Node::text_of(kind)),
        ("metadata", metadata),
        ("spec", Node::table(spec)),
    ])
}

fn named(name: &str) -> Node {
    Node::table([("name", Node::text_of(name))])
}

fn prefixed(annotations: Vec<(&'static str, Node)>) -> Node {
    Node::table(annotations.into_iter().map(|(key, value)| (format!("{PREFIX}{key}"), value)))
}
