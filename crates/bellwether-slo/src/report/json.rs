//! A report as JSON, by its schema.

use bellwether_core::Timestamp;
use serde_json::{Map, Value, json};

use super::downtime::{Downtime, Downtimes};
use super::section::{Measured, Section};
use super::{Report, State, words};
use crate::calendar::Zone;
use crate::measure::{Coverage, Measurement};
use crate::spending::Spending;
use crate::{ErrorBudget, Quantile, Quantiles, Ratio, Sli};

pub(super) fn write(report: &Report) -> String {
    let document = json!({
        "schema": "https://bellwether.rs/schemas/report/1",
        "service": report.service,
        "name": report.name(),
        "period": {
            "unit": words_of_unit(report),
            "zone": report.calendar.zone.name(),
            "start": instant(report.over.start),
            "end": instant(report.over.end),
        },
        "made_at": instant(report.made_at),
        "state": report.state.as_str(),
        "is_whole": report.state != State::Running,
        "revision": report.revision,
        "inputs": format!("sha256:{}", report.inputs),
        "result": report.outcome().as_str(),
        "objectives": report.sections.iter().map(|section| objective(report, section)).collect::<Vec<_>>(),
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn objective(report: &Report, section: &Section) -> Value {
    let slo = &section.slo;
    let policies = [slo.policies.no_traffic, slo.policies.unknown, slo.policies.stopped].map(words::empty);
    let mut object = object(json!({
        "name": slo.name,
        "description": slo.description,
        "labels": slo.labels,
        "indicator": words::indicator(slo),
        "counting": words::counting(slo),
        "target": slo.target.to_string(),
        "budgeting": words::budgeting(slo.budgeting),
        "policies": { "no_traffic": policies[0], "unknown": policies[1], "stopped": policies[2] },
        "result": section.outcome().as_str(),
    }));
    match &section.measured {
        Err(error) => {
            object.insert("error".to_owned(), error.to_string().into());
        }
        Ok(measured) => object.extend(self::measured(report, measured)),
    }
    Value::Object(object)
}

fn measured(report: &Report, measured: &Measured) -> Map<String, Value> {
    let mut object = measurement(&measured.whole);
    let between = measured.uptime_between().map(|(low, high)| json!([ratio(low), ratio(high)]));
    object.extend(self::object(json!({
        "uptime_between": between,
        "failure_interval": measured.whole.events.failure_interval().map(|(low, high)| [low, high]),
        "too_few": measured.whole.counted().is_too_few(measured.whole.target),
        "previous": measured.previous.as_ref().map(|previous| Value::Object(measurement(previous))),
        "latency": measured.quantiles.as_ref().map(quantiles),
        "previous_latency": measured.previous_quantiles.as_ref().map(quantiles),
        "downtimes": downtimes(&report.calendar.zone, &measured.downtimes),
        "excluded": measured.excluded.iter().map(|excluded| json!({
            "start": instant(excluded.over.start),
            "end": instant(excluded.over.end),
            "effect": words::effect(excluded.effect),
            "reason": excluded.reason,
            "by": excluded.by,
            "set_at": excluded.set_at.map(instant),
        })).collect::<Vec<_>>(),
        "spending": measured.spending.iter().map(spending).collect::<Vec<_>>(),
        "days": measured.days.iter().map(|day| {
            let mut object = measurement(day);
            object.insert("day".to_owned(), words::day(&report.calendar.zone, day.over).into());
            Value::Object(object)
        }).collect::<Vec<_>>(),
    })));
    object
}

fn measurement(measured: &Measurement) -> Map<String, Value> {
    object(json!({
        "start": instant(measured.over.start),
        "end": instant(measured.over.end),
        "kept": measured.is_kept(),
        "ratio": measured.ratio().map(ratio),
        "events": sli(measured.events),
        "judged": sli(measured.counted()),
        "slices": measured.slices.as_ref().map(|slices| json!({
            "good": slices.good,
            "bad": slices.bad,
            "skipped": slices.skipped,
            "excluded": slices.excluded,
            "up_seconds": slices.up.as_secs_f64(),
            "down_seconds": slices.down.as_secs_f64(),
            "uptime": slices.uptime().map(ratio),
        })),
        "budget": measured.budget().as_ref().map(budget),
        "coverage": coverage(measured.coverage),
        "excluded_seconds": measured.excluded.as_secs_f64(),
        "excluded_events": sli(measured.excluded_events),
        "counted_as_good_seconds": measured.counted_as_good.as_secs_f64(),
        "forgiven": measured.forgiven,
    }))
}

fn downtimes(zone: &Zone, downtimes: &Downtimes) -> Value {
    let one = |downtime: &Downtime| {
        json!({
            "start": instant(downtime.over.start),
            "end": instant(downtime.over.end),
            "seconds": downtime.over.length().as_secs_f64(),
            "bad": downtime.bad,
            "mostly": downtime.mostly.iter().map(|share| json!({
                "by": share.dimension.as_str(),
                "name": share.name,
                "bad": share.bad,
                "of": share.of,
            })).collect::<Vec<_>>(),
            "causes": downtime.causes.iter().map(|cause| words::cause(zone, cause)).collect::<Vec<_>>(),
        })
    };
    json!({
        "number": downtimes.number,
        "seconds": downtimes.total.as_secs_f64(),
        "longest": downtimes.longest.iter().map(one).collect::<Vec<_>>(),
    })
}

fn spending(spending: &Spending) -> Value {
    json!({
        "by": spending.dimension.as_str(),
        "bad": spending.bad,
        "others": spending.others,
        "spenders": spending.spenders.iter().map(|spender| json!({
            "name": spender.name,
            "bad": spender.bad,
            "share": ratio(spender.share),
            "of_budget": spender.of_budget.map(ratio),
        })).collect::<Vec<_>>(),
    })
}

fn quantiles(quantiles: &Quantiles) -> Value {
    let one = |quantile: &Quantile| {
        let (low, high) = quantile.between;
        json!({ "seconds": quantile.value, "between": [low, high], "too_few": quantile.too_few })
    };
    json!({
        "count": quantiles.count,
        "p50": one(&quantiles.p50),
        "p95": one(&quantiles.p95),
        "p99": one(&quantiles.p99),
    })
}

/// Exact, and for people.
fn ratio(ratio: Ratio) -> Value {
    json!({ "exact": ratio.to_string(), "percent": ratio.percent(6) })
}

fn budget(budget: &ErrorBudget) -> Value {
    json!({
        "allowed": budget.allowed.to_string(),
        "spent": budget.spent.to_string(),
        "left": budget.left.to_string(),
        "remaining": budget.remaining().map(ratio),
    })
}

fn sli(sli: Sli) -> Value {
    json!({ "good": sli.good, "total": sli.total })
}

fn coverage(coverage: Coverage) -> Value {
    json!({
        "known_seconds": coverage.known.as_secs_f64(),
        "unknown_seconds": coverage.unknown.as_secs_f64(),
        "stopped_seconds": coverage.stopped.as_secs_f64(),
    })
}

fn instant(at: Timestamp) -> String {
    words::rfc3339(at)
}

fn words_of_unit(report: &Report) -> &'static str {
    use crate::calendar::Unit;
    match report.calendar.unit {
        Unit::Day => "day",
        Unit::Week => "week",
        Unit::Month => "month",
        Unit::Quarter => "quarter",
        Unit::Year => "year",
    }
}

/// The members of what is known to be an object.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
