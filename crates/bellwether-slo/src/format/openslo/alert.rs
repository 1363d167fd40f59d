//! Alert policies of OpenSLO, each with one condition over one window, as burn rules, each with two.

use std::borrow::Cow;
use std::time::Duration;

use super::object::{Kind, Object, description, find, inline, left_out, resolve};
use super::time::{exactly, fixed};
use super::{BUDGET_SHARE, LOOKBACK, PAIR, WINDOW};
use crate::format::cursor::{Cursor, Fields};
use crate::format::node::Value;
use crate::format::words::{decimal, exact, written};
use crate::{Alerting, BurnRule, Ratio, Severity, Share, Slo};

/// One condition over one window.
#[derive(Clone)]
pub(super) struct Policy<'a> {
    /// Where to speak about it.
    cursor: Cursor<'a>,
    /// What its annotations say: the rule it belongs to, and as which window.
    pair: Option<(&'a str, Side)>,
    name: &'a str,
    severity: Severity,
    threshold: Ratio,
    lookback: Duration,
    share: Option<Share>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Long,
    Short,
}

/// Reads an item of `alertPolicies`: a reference, or a policy itself.
pub(super) fn item<'a>(cursor: &Cursor<'a>, objects: &[Object<'a>]) -> Option<Option<Policy<'a>>> {
    // The specification's own examples have bare names.
    if cursor.node.text().is_some() {
        return policy(resolve(objects, Kind::AlertPolicy, cursor)?, objects, Some(cursor));
    }
    match cursor.node.get("alertPolicyRef") {
        Some(_) => {
            let reference = cursor.fields(&["alertPolicyRef"])?.get("alertPolicyRef")?;
            policy(resolve(objects, Kind::AlertPolicy, &reference)?, objects, Some(&reference))
        }
        None => policy(&inline(cursor, Kind::AlertPolicy, true)?, objects, None),
    }
}

/// Reads a policy; the inner `None` is for one that has no counterpart, which is noted where it is referred to.
pub(super) fn policy<'a>(
    object: &Object<'a>,
    objects: &[Object<'a>],
    referred: Option<&Cursor<'a>>,
) -> Option<Option<Policy<'a>>> {
    let fields = object.spec.fields(&[
        "description",
        "alertWhenNoData",
        "alertWhenBreaching",
        "alertWhenResolved",
        "conditions",
        "notificationTargets",
    ])?;
    description(&fields);
    left_out(&fields, &["description"]);
    let flag = |key| fields.get(key).map(|flag| (flag.flag(), flag));
    let breaching = flag("alertWhenBreaching");
    for key in ["alertWhenNoData", "alertWhenResolved"] {
        if let (true, Some((Some(true), cursor))) = (referred.is_none(), flag(key)) {
            cursor.note("is left out: whom to tell what is not part of an objective");
        }
    }
    targets(&fields, objects, referred.is_none());
    let conditions = fields.required("conditions", "a list of exactly one condition")?;
    let items = conditions.items()?;
    let [given] = items.as_slice() else {
        conditions.refuse(format!("has {} conditions: accepted is exactly one", items.len()));
        return None;
    };
    let condition = match given.node.get("conditionRef") {
        Some(_) => {
            let reference = given.fields(&["conditionRef"])?.get("conditionRef")?;
            resolve(objects, Kind::AlertCondition, &reference)?.clone()
        }
        None => inline(given, Kind::AlertCondition, true)?,
    };
    let condition = condition_of(&condition)?;
    let spoken = referred.unwrap_or(&object.spec);
    if breaching.is_none_or(|(breaching, _)| breaching != Some(true)) {
        spoken.note("is left out: it does not alert when its condition is breached");
        return Some(None);
    }
    Some(burning(object, &condition, spoken))
}

/// Who is told; checked, and otherwise the matter of delivery.
fn targets<'a>(policy: &Fields<'a>, objects: &[Object<'a>], speak: bool) {
    let Some(targets) = policy.required("notificationTargets", "a list of targets") else { return };
    for given in targets.items().unwrap_or_default() {
        let target = match given.node.get("targetRef") {
            Some(_) => {
                let reference = given.fields(&["targetRef"]).and_then(|fields| fields.get("targetRef"));
                let named = reference.and_then(|reference| super::object::name(&reference));
                named.and_then(|name| find(objects, Kind::AlertNotificationTarget, name)).cloned()
            }
            None => inline(&given, Kind::AlertNotificationTarget, true),
        };
        let own = target.as_ref().and_then(target_of);
        if speak && own.is_none_or(|name| severity(name).is_none()) {
            given.note("is left out: whom to tell is not part of an objective");
        }
    }
}

/// Reads a notification target: what kind of target it is.
pub(super) fn target_of<'a>(object: &Object<'a>) -> Option<&'a str> {
    let fields = object.spec.fields(&["description", "target"])?;
    description(&fields);
    fields.required("target", "a text such as slack")?.words()
}

/// A condition as it is written.
pub(super) struct Condition<'a> {
    severity: Cursor<'a>,
    op: Option<(Cursor<'a>, &'static str)>,
    threshold: (Cursor<'a>, Ratio),
    lookback: (Cursor<'a>, Duration),
    after: Option<Cursor<'a>>,
}

pub(super) const OPS: &[(&str, &str)] = &[("gt", ">"), ("gte", ">="), ("lt", "<"), ("lte", "<=")];

/// Reads the `spec` of a condition.
pub(super) fn condition_of<'a>(object: &Object<'a>) -> Option<Condition<'a>> {
    let fields = object.spec.fields(&["severity", "condition", "description"])?;
    description(&fields);
    left_out(&fields, &["description"]);
    let severity =
        fields.required("severity", "a text such as page or ticket").filter(|severity| severity.words().is_some());
    let condition = fields.required("condition", "a table")?;
    let fields = condition.fields(&["kind", "op", "threshold", "lookbackWindow", "alertAfter"])?;
    if let Some(kind) = fields.get("kind") {
        kind.one_of(&[("burnrate", ())])?;
    }
    let op = match fields.get("op") {
        Some(op) => Some((op.one_of(OPS)?, op)).map(|(sign, op)| (op, sign)),
        None => None,
    };
    const THRESHOLD: &str = "a number, the burn rate, such as 14.4";
    let threshold = fields.required("threshold", THRESHOLD).and_then(|threshold| {
        let value = threshold.read(THRESHOLD, |node| exact(decimal(node)?))?;
        Some((threshold, value))
    });
    let lookback = fields
        .required("lookbackWindow", "a length such as 1h")
        .and_then(|lookback| Some((lookback.clone(), fixed(&lookback)?)));
    let after = fields.get("alertAfter").filter(|after| match &after.node.value {
        // No time at all, which the specification has as the default.
        Value::Text(text) if text == "0m" => false,
        _ => fixed(after).is_some(),
    });
    Some(Condition { severity: severity?, op, threshold: threshold?, lookback: lookback?, after })
}

/// The condition as a half of a burn rule.
fn burning<'a>(object: &Object<'a>, condition: &Condition<'a>, spoken: &Cursor<'a>) -> Option<Policy<'a>> {
    let (cursor, threshold) = &condition.threshold;
    match &condition.op {
        Some((op, sign @ ("<" | "<="))) => {
            let rate = decimal_of(*threshold);
            let what =
                format!("is left out: its op says to alert while the burn rate is {sign} {rate}; gt is above it");
            spoken.note(if spoken.at() == object.spec.at() {
                what.clone()
            } else {
                format!("{what} (line {})", op.at().line)
            });
            return None;
        }
        Some((op, ">=")) => op.note("is gte: here a burn rate is too fast above its threshold, not at it"),
        _ => {}
    }
    if *threshold <= Ratio::ZERO {
        cursor.note("is left out: a burn rate above that is no trouble");
        return None;
    }
    if let Some(after) = &condition.after {
        after.note("is left out: here a second, short window tells trouble that goes on from trouble that is over");
    }
    let given = condition.severity.node.text().unwrap_or_default();
    let severity = severity(given).unwrap_or_else(|| {
        let alike = match given.to_lowercase().as_str() {
            "critical" | "high" | "sev1" | "p1" | "error" => Severity::Page,
            "info" | "low" | "notice" => Severity::Info,
            _ => Severity::Ticket,
        };
        condition.severity.note(format!("is \"{}\": here it is {alike}", crate::format::node::cut(given)));
        alike
    });
    let metadata = &object.metadata;
    let side = match metadata.annotation(WINDOW) {
        Some("long") => Some(Side::Long),
        Some("short") => Some(Side::Short),
        _ => None,
    };
    let (written_at, lookback) = &condition.lookback;
    let share = metadata.annotation(BUDGET_SHARE).map(str::parse);
    if let (Some(Err(error)), Some(annotations)) = (&share, metadata.fields.get("annotations")) {
        annotations.note(format!("have a share of the budget that is left out: {error}"));
    }
    Some(Policy {
        cursor: spoken.clone(),
        pair: metadata.annotation(PAIR).zip(side),
        name: metadata.name,
        severity,
        threshold: *threshold,
        lookback: exactly(*lookback, metadata.annotation(LOOKBACK), written_at),
        share: share.and_then(Result::ok),
    })
}

pub(super) fn severity(word: &str) -> Option<Severity> {
    [Severity::Info, Severity::Ticket, Severity::Page].into_iter().find(|severity| severity.as_str() == word)
}

/// The burn rules that policies come to for an objective; each that could not be is noted.
pub(super) fn rules(policies: &[Policy<'_>], slo: &Slo) -> Vec<BurnRule> {
    let mut rules: Vec<BurnRule> = Vec::new();
    for policy in policies {
        let rule = match policy.pair {
            Some((pair, Side::Short)) => {
                let is_long = |other: &&Policy<'_>| other.pair == Some((pair, Side::Long));
                if policies.iter().find(is_long).is_none() {
                    policy.cursor.note(format!("is left out: there is no policy for the long window of {pair}"));
                }
                continue;
            }
            Some((pair, Side::Long)) => {
                let short = policies.iter().find(|other| other.pair == Some((pair, Side::Short)));
                if short.is_none() {
                    policy.cursor.note(format!(
                        "has no partner for the short window of {pair}: that is a twelfth of the long one"
                    ));
                } else if short
                    .is_some_and(|short| short.threshold != policy.threshold || short.severity != policy.severity)
                {
                    policy.cursor.note(format!(
                        "differs from its partner of {pair} in threshold or severity: this one's are taken"
                    ));
                }
                rule(policy, pair, short.map(|short| short.lookback), slo)
            }
            None => {
                let slice = slo.budgeting.slice().unwrap_or_default();
                let short = written((policy.lookback / 12).max(slice));
                policy.cursor.note(format!("looks at one window: here the last {short} of it must burn as fast, too"));
                rule(policy, policy.name, None, slo)
            }
        };
        let Some(rule) = rule else { continue };
        let alone = Slo { alerting: Alerting { rules: vec![rule.clone()], ..slo.alerting.clone() }, ..slo.clone() };
        if rules.iter().any(|other| other.name == rule.name) {
            policy.cursor.note(format!("is left out: there is another rule of the name {}", rule.name));
            continue;
        }
        // As it is for the objective's slices: so it is written again.
        match alone.alerting.rules_of(&alone) {
            Ok(effective) => rules.extend(effective),
            Err(error) => policy.cursor.note(format!("is left out: {error}")),
        }
    }
    rules
}

fn rule(policy: &Policy<'_>, name: &str, short: Option<Duration>, slo: &Slo) -> Option<BurnRule> {
    let Policy { severity, lookback: long, threshold, share, .. } = policy;
    let period = slo.period.nominal();
    let rule = |budget| BurnRule {
        name: Cow::Owned(name.to_owned()),
        severity: *severity,
        budget,
        long: *long,
        short: short.unwrap_or(*long / 12),
    };
    // Believed where it comes to the same threshold, which may have been cut to be written.
    let same = |share: &Share| decimal_of(rule(*share).factor(period)) == decimal_of(*threshold);
    if share.is_some_and(|share| !same(&share)) {
        policy.cursor.note("does not agree with its annotation of a share of the budget, which is left out");
    }
    let share = share.filter(same).or_else(|| {
        let share = threshold.checked_div(crate::burn::over(period, *long)?)?;
        decimal_of(share).parse().ok()
    });
    if share.is_none() {
        policy.cursor.note("is left out: at its threshold more than the whole budget would be spent within its window");
    }
    share.map(rule)
}

/// A fraction with up to twelve decimals, cut.
pub(super) fn decimal_of(ratio: Ratio) -> String {
    const UNIT: i128 = 1_000_000_000_000;
    let units = Ratio::new(UNIT, 1).and_then(|unit| ratio.checked_mul(unit)).map_or(0, Ratio::floor);
    let text = format!("{}.{:012}", units / UNIT, (units % UNIT).abs());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
