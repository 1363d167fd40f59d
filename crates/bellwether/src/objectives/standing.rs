//! How objectives stand, as JSON: ratios are exact, as fractions; what is not known is null.

use bellwether_slo::{Correction, Dimension, Effect, Interval, Ratio, Severity, Slo, Spending, Status, Verdict};
use serde_json::{Value, json};

use super::Objectives;

/// All of them, as of the last tick.
pub(super) fn all(objectives: &Objectives) -> String {
    let all: Vec<Value> = objectives.verdicts().iter().map(|(slo, verdict)| standing(slo, verdict)).collect();
    text(&json!({ "objectives": all }))
}

/// One of them, and who spent its budget, which is asked of history.
pub(super) fn one(objectives: &Objectives, name: &str) -> Option<String> {
    let verdicts = objectives.verdicts();
    let (slo, verdict) = verdicts.iter().find(|(slo, _)| slo.name == name)?;
    let mut one = standing(slo, verdict);
    let spending: Vec<Value> = objectives.spending(name).iter().map(spent).collect();
    one["spending"] = spending.into();
    Some(text(&one))
}

fn text(value: &Value) -> String {
    format!("{value}\n")
}

fn standing(slo: &Slo, verdict: &Verdict) -> Value {
    let evidence = &verdict.evidence;
    let status = match &verdict.status {
        Status::Ok => "ok",
        Status::Breached => "breached",
        Status::Unknown(_) => "unknown",
    };
    let severity = verdict.severity.map(|severity| match severity {
        Severity::Info => "info",
        Severity::Ticket => "ticket",
        Severity::Page => "page",
    });
    json!({
        "name": slo.name,
        "target": slo.target.to_f64(),
        "period": slo.period.to_string(),
        "status": status,
        "severity": severity,
        "good": evidence.sli.good,
        "total": evidence.sli.total,
        "ratio": fraction(evidence.sli.ratio()),
        "remaining": fraction(evidence.budget.and_then(|budget| budget.remaining())),
        "burn_rate": fraction(evidence.burn_rate),
        "seconds_to_exhaustion": evidence.time_to_exhaustion.map(|time| time.as_secs()),
        "hung": evidence.hung,
        "too_few": evidence.too_few,
        "corrections": slo.corrections.iter().map(correction).collect::<Vec<_>>(),
    })
}

fn correction(correction: &Correction) -> Value {
    // An instant as intervals have it.
    let instant = |at| Interval::new(at, at).to_string().split('/').next().map(str::to_owned);
    json!({
        "when": correction.when.to_string(),
        "effect": match correction.effect {
            Effect::Exclude => "exclude",
            Effect::CountAsGood => "count_as_good",
        },
        "reason": correction.reason,
        "by": correction.by,
        "set_at": correction.set_at.and_then(instant),
    })
}

fn spent(spending: &Spending) -> Value {
    let named = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
    let spenders = spending.spenders.iter().map(|spender| {
        json!({
            "name": named(&spender.name),
            "bad": spender.bad,
            "share": spender.share.to_string(),
            "of_budget": fraction(spender.of_budget),
        })
    });
    let Spending { dimension, bad, others, .. } = spending;
    json!({
        "by": Dimension::as_str(*dimension),
        "bad": bad,
        "others": others,
        "unnamed": dimension.unnamed(),
        "spenders": spenders.collect::<Vec<_>>(),
    })
}

fn fraction(ratio: Option<Ratio>) -> Option<String> {
    ratio.map(|ratio| ratio.to_string())
}
