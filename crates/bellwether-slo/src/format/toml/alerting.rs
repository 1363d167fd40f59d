//! The table `alerting` of an objective: which burn rules it has.

use std::borrow::Cow;

use super::objective::share;
use crate::format::cursor::Cursor;
use crate::format::indicator::length;
use crate::format::node::{Entry, Node, Value};
use crate::format::words::{DURATION, decimal, written};
use crate::{Alerting, BurnRule, Detection, Scaling, Severity};

pub(super) const SEVERITIES: &[(&str, Severity)] =
    &[("info", Severity::Info), ("page", Severity::Page), ("ticket", Severity::Ticket)];
const SCALING: &[(&str, Scaling)] = &[("windows", Scaling::Windows), ("factors", Scaling::Factors)];
const DETECTION: &[(&str, Detection)] = &[("budget_share", Detection::BudgetShare), ("burn_rate", Detection::BurnRate)];

/// Reads `alerting`, which is a table, or `false` for none.
pub(super) fn read(cursor: &Cursor<'_>) -> Option<Alerting> {
    if !matches!(cursor.node.value, Value::Table(_)) {
        let alerting = |flag| if flag { Alerting::default() } else { Alerting::none() };
        return cursor.read("a table, or false for no alerts", |node| node.flag().map(alerting));
    }
    let fields = cursor.fields(&["rules", "fast", "without", "scaling", "detection", "min_bad", "min_events"])?;
    let mut alerting = Alerting::default();
    if let Some(rules) = fields.get("rules") {
        let items = rules.items()?;
        alerting.rules = items.iter().map(rule).collect::<Option<_>>()?;
    }
    if fields.get("fast").and_then(|fast| fast.flag()) == Some(true) {
        alerting.rules.push(BurnRule::FAST);
    }
    for name in fields.get("without").and_then(|names| names.items()).unwrap_or_default() {
        alerting.without.insert(name.words()?.to_owned());
    }
    if let Some(given) = fields.get("scaling") {
        alerting.scaling = given.one_of(SCALING)?;
    }
    if let Some(given) = fields.get("detection") {
        alerting.detection = given.one_of(DETECTION)?;
    }
    for (key, events) in [("min_bad", &mut alerting.min_bad), ("min_events", &mut alerting.min_events)] {
        if let Some(given) = fields.get(key) {
            *events = given.read("a whole number of events", |node| decimal(node)?.parse().ok())?;
        }
    }
    Some(alerting)
}

fn rule(cursor: &Cursor<'_>) -> Option<BurnRule> {
    let fields = cursor.fields(&["name", "severity", "budget", "long", "short"])?;
    let name = fields.required("name", "a text").and_then(|name| name.words());
    let severity = fields.required("severity", "info, page or ticket").and_then(|severity| severity.one_of(SEVERITIES));
    let budget = fields.required("budget", "a share such as \"2%\"").and_then(|budget| share(&budget));
    let window = |key| fields.required(key, DURATION).and_then(|window| length(&window));
    let (long, short) = (window("long"), window("short"));
    let name = Cow::Owned(name?.to_owned());
    Some(BurnRule { name, severity: severity?, budget: budget?, long: long?, short: short? })
}

/// The value of `alerting`, unless it is the default.
pub(super) fn write(alerting: &Alerting) -> Option<Node> {
    let default = Alerting::default();
    if *alerting == default {
        return None;
    }
    if *alerting == Alerting::none() {
        return Some(Node::new(Value::Flag(false)));
    }
    let mut entries = Vec::new();
    match alerting.rules.split_last() {
        _ if alerting.rules == default.rules => {}
        Some((last, rest)) if *last == BurnRule::FAST && rest == default.rules => {
            entries.push(Entry::new("fast", Node::new(Value::Flag(true))));
        }
        _ => entries.push(Entry::new("rules", Node::new(Value::List(alerting.rules.iter().map(of_rule).collect())))),
    }
    if !alerting.without.is_empty() {
        entries.push(Entry::new("without", Node::texts(&alerting.without)));
    }
    let word = |key, word: Option<&str>| word.map(|word| Entry::text(key, word));
    let scaling = SCALING.iter().find(|(_, known)| *known == alerting.scaling && *known != default.scaling);
    entries.extend(word("scaling", scaling.map(|(word, _)| *word)));
    let detection = DETECTION.iter().find(|(_, known)| *known == alerting.detection && *known != default.detection);
    entries.extend(word("detection", detection.map(|(word, _)| *word)));
    for (key, events, usual) in
        [("min_bad", alerting.min_bad, default.min_bad), ("min_events", alerting.min_events, default.min_events)]
    {
        entries.extend((events != usual).then(|| Entry::new(key, Node::new(Value::Number(events.to_string())))));
    }
    Some(Node::new(Value::Table(entries)))
}

fn of_rule(rule: &BurnRule) -> Node {
    Node::table([
        ("name", Node::text_of(&*rule.name)),
        ("severity", Node::text_of(rule.severity.as_str())),
        ("budget", Node::new(Value::Number(rule.budget.to_string()))),
        ("long", Node::text_of(written(rule.long))),
        ("short", Node::text_of(written(rule.short))),
    ])
}
