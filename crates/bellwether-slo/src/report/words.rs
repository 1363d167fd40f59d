//! How a report says things: numbers, lengths and times of day, in the same words in every format.

use std::time::Duration;

use bellwether_core::Timestamp;

use super::downtime::{Downtime, Downtimes};
use super::section::{Excluded, Measured, Outcome};
use super::{Cause, Report, State};
use crate::calendar::Zone;
use crate::measure::Measurement;
use crate::objective::{Budgeting, Effect, Empty, Expressions, Indicator, Requests};
use crate::period::short;
use crate::{Counters, Interval, Quantile, Ratio, Slo, Spending};

/// Decimals of a percentage: enough for five nines.
const DECIMALS: u32 = 4;

/// A share in percent, cut and never rounded up.
pub(super) fn percent(ratio: Ratio) -> String {
    format!("{} %", ratio.percent(DECIMALS))
}

/// A share in percent, or that there is none.
pub(super) fn percent_or_none(ratio: Option<Ratio>) -> String {
    ratio.map_or_else(|| "no data".to_owned(), percent)
}

/// A number of events, with what is behind the point if it is not whole.
pub(super) fn number(ratio: Ratio) -> String {
    let text = Ratio::new(1, 100)
        .and_then(|hundredth| ratio.checked_mul(hundredth))
        .map_or_else(String::new, |part| part.percent(2));
    text.strip_suffix(".00").map_or(text.clone(), str::to_owned)
}

/// A length of time for people, in its two greatest units.
pub(super) fn length(length: Duration) -> String {
    let seconds = length.as_secs();
    if seconds == 0 {
        return format!("{} ms", length.as_millis());
    }
    let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let first = units.iter().position(|(unit, _)| seconds >= *unit).unwrap_or(3);
    let (unit, name) = units[first];
    let rest =
        units.get(first + 1).map(|(smaller, name)| (seconds % unit / smaller, name)).filter(|(rest, _)| *rest > 0);
    match rest {
        Some((rest, smaller)) => format!("{} {name} {rest} {smaller}", seconds / unit),
        None => format!("{} {name}", seconds / unit),
    }
}

/// A duration of an operation, three digits.
pub(super) fn seconds(value: f64) -> String {
    let (value, unit) = match value {
        value if value < 1e-3 => (value * 1e6, "µs"),
        value if value < 1.0 => (value * 1e3, "ms"),
        value => (value, "s"),
    };
    let decimals = if value < 10.0 {
        2
    } else if value < 100.0 {
        1
    } else {
        0
    };
    format!("{value:.decimals$} {unit}")
}

/// A quantile, and that there are too few values for one if there are.
pub(super) fn quantile(quantile: &Quantile) -> String {
    let value = seconds(quantile.value);
    if quantile.too_few { format!("{value} (the greatest; too few values)") } else { value }
}

/// An instant by the clock of a zone.
pub(super) fn wall(zone: &Zone, at: Timestamp) -> String {
    zone.wall(at).map_or_else(|| at.unix_millis().to_string(), |wall| wall.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// An instant as RFC 3339 has it, in UTC.
pub(super) fn rfc3339(at: Timestamp) -> String {
    let wall = Zone::utc().wall(at);
    wall.map_or_else(|| at.unix_millis().to_string(), |wall| wall.strftime("%Y-%m-%dT%H:%M:%S%.fZ").to_string())
}

/// The day that a stretch of time begins on.
pub(super) fn day(zone: &Zone, over: Interval) -> String {
    zone.wall(over.start).map_or_else(|| over.to_string(), |wall| wall.date().to_string())
}

/// From when to when, by the clock of a zone; the date once, if it is the same.
pub(super) fn span(zone: &Zone, over: Interval) -> String {
    let (start, end) = (wall(zone, over.start), wall(zone, over.end));
    match (start.split_once(' '), end.split_once(' ')) {
        (Some((date, _)), Some((same, time))) if date == same => format!("{start} to {time}"),
        _ => format!("{start} to {end}"),
    }
}

/// What an objective measures, in a sentence without its end.
pub(super) fn indicator(slo: &Slo) -> String {
    let routes = |requests: &Requests| match requests.routes.len() {
        0 => "requests".to_owned(),
        _ => format!("requests of {}", requests.routes.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
    };
    match &slo.indicator {
        Indicator::Availability(requests) => format!("{} answered well", routes(requests)),
        Indicator::Latency { requests, threshold } => {
            format!("{} answered within {}", routes(requests), short(*threshold))
        }
        Indicator::Dependency { name, .. } => format!("calls to {name} that it answers well"),
        Indicator::Counters(Counters::GoodOfTotal { good, total }) => format!("{good} of {total}"),
        Indicator::Counters(Counters::BadOfTotal { bad, total }) => format!("all but {bad} of {total}"),
        Indicator::Counters(Counters::GoodAndBad { good, bad }) => format!("{good} beside {bad}"),
        Indicator::Promql(Expressions::Counts { good, total }) => format!("{good} of {total}"),
        Indicator::Promql(Expressions::BadCounts { bad, total }) => format!("all but {bad} of {total}"),
        Indicator::Promql(Expressions::Ratio(ratio)) => format!("the ratio {ratio}"),
    }
}

/// Which outcomes count, if any do.
pub(super) fn counting(slo: &Slo) -> Option<String> {
    let counting = slo.indicator.counting()?;
    let list =
        |outcomes: crate::Outcomes| outcomes.iter().map(|outcome| outcome.as_str()).collect::<Vec<_>>().join(", ");
    let sets = [("good", counting.good), ("bad", counting.bad), ("bad if slow", counting.bad_if_slow)];
    let sets = sets.into_iter().filter(|(_, outcomes)| !outcomes.is_empty());
    Some(sets.map(|(name, outcomes)| format!("{name}: {}", list(outcomes))).collect::<Vec<_>>().join("; "))
}

/// How good and bad add up.
pub(super) fn budgeting(budgeting: Budgeting) -> String {
    match budgeting {
        Budgeting::Occurrences => "occurrences".to_owned(),
        Budgeting::Timeslices { slice, good_from } => {
            format!("slices of {}, good from {}", short(slice), percent(good_from.ratio()))
        }
        Budgeting::RatioTimeslices { slice } => format!("ratios of slices of {}", short(slice)),
    }
}

/// The word for a policy.
pub(super) const fn empty(policy: Empty) -> &'static str {
    match policy {
        Empty::Good => "good",
        Empty::Bad => "bad",
        Empty::Skip => "not counted",
        Empty::CarryLast => "as the one before",
    }
}

/// What becomes of time in which there was nothing to tell from.
pub(super) fn policies(slo: &Slo) -> String {
    if slo.budgeting == Budgeting::Occurrences {
        return "only events count".to_owned();
    }
    let policies = slo.policies;
    let [idle, unknown, stopped] = [policies.no_traffic, policies.unknown, policies.stopped].map(empty);
    format!("slices without traffic: {idle}; process gone: {unknown}; shut down: {stopped}")
}

/// The word for what a correction does.
pub(super) const fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Exclude => "left out",
        Effect::CountAsGood => "counted as good",
    }
}

/// Why time was corrected, and who said so when, if it was not in a file.
pub(super) fn reason(zone: &Zone, Excluded { reason, by, set_at, .. }: &Excluded) -> String {
    let by = by.as_ref().map(|by| format!("by {by}"));
    let set = set_at.map(|at| format!("set {}", wall(zone, at)));
    let said: Vec<String> = by.into_iter().chain(set).collect();
    if said.is_empty() { reason.clone() } else { format!("{reason} ({})", said.join(", ")) }
}

/// What is counted: `good / total`, and of what.
pub(super) fn counted(measured: &Measurement) -> String {
    let sli = match &measured.slices {
        Some(slices) => slices.sli(),
        None => measured.events,
    };
    let what = if measured.slices.is_some() { "slices" } else { "events" };
    format!("{} of {} {what}", sli.good, sli.total)
}

/// How sure the numbers are, sentence by sentence.
pub(super) fn certainty(measured: &Measured) -> Vec<String> {
    let whole = &measured.whole;
    let mut said = Vec::new();
    let coverage = whole.coverage;
    let gaps: Vec<String> =
        [(coverage.unknown, "is unknown, since the process was gone"), (coverage.stopped, "it was shut down")]
            .into_iter()
            .filter(|(time, _)| !time.is_zero())
            .map(|(time, what)| format!("{} {what}", length(time)))
            .collect();
    match gaps.is_empty() {
        true => said.push("The process was there all of the time.".to_owned()),
        false => said.push(format!("The process was there for {}; {}.", length(coverage.known), gaps.join("; "))),
    }
    if let Some((low, high)) = measured.uptime_between().filter(|(low, high)| low != high) {
        said.push(format!(
            "Whatever the unknown time was like, between {} and {} of the time was good.",
            percent(low),
            percent(high)
        ));
    }
    if let (None, Some((low, high))) = (&whole.slices, whole.events.failure_interval()) {
        let [low, high] = [low, high].map(|share| format!("{:.4}", share * 100.0));
        said.push(format!("As a sample, the share of bad events lies between {low} % and {high} % (95 %, Wilson)."));
    }
    if whole.counted().is_too_few(whole.target) && whole.counted().total > 0 {
        said.push("There are too few to tell: a single bad one breaks the promise.".to_owned());
    }
    if !whole.excluded.is_zero() {
        let (time, events) = (length(whole.excluded), whole.excluded_events);
        said.push(format!("Corrections leave out {time} with {} events, {} of them bad.", events.total, events.bad()));
    }
    if !whole.counted_as_good.is_zero() {
        let time = length(whole.counted_as_good);
        said.push(format!("Corrections count {time} as good, with {} bad events.", whole.forgiven));
    }
    said
}

/// The whole report in a sentence.
pub(super) fn sentence(report: &Report) -> String {
    let (broken, unknown) = (report.number_of(Outcome::Broken), report.number_of(Outcome::Unknown));
    let all = report.sections.len();
    let promises = if all == 1 { "promise" } else { "promises" };
    let were = match (report.state, broken) {
        (State::Running, 1) => "is",
        (State::Running, _) => "are",
        (_, 1) => "was",
        _ => "were",
    };
    let until = if report.state == State::Running { " so far" } else { "" };
    let mut said = match (broken, unknown) {
        _ if all == 0 => return "There are no objectives.".to_owned(),
        (0, 0) if all == 1 => {
            format!("The promise {} kept{until}.", if report.state == State::Running { "is" } else { "was" })
        }
        (0, 0) => format!("All {all} {promises} {were} kept{until}."),
        (0, _) => format!("None of {all} {promises} {were} broken{until}."),
        _ => format!("{broken} of {all} {promises} {were} broken{until}."),
    };
    if unknown > 0 {
        said.push_str(&format!(" Of {unknown} nothing can be told."));
    }
    said
}

/// When it was made, which revision it is, and how its inputs can be told.
pub(super) fn colophon(report: &Report) -> String {
    let made = wall(&report.calendar.zone, report.made_at);
    let state = match report.state {
        State::Running => "the period is not over",
        State::Provisional => "provisional: the period has just ended",
        State::Final => "final",
    };
    let revised = if report.revision > 1 { ", revised" } else { "" };
    format!(
        "Made {made} ({}), {state}; revision {}{revised}; inputs sha256:{}",
        report.calendar.zone, report.revision, report.inputs
    )
}

/// What is promised, line by line.
pub(super) fn definition(slo: &Slo) -> Vec<String> {
    let mut lines = vec![format!(
        "Promised: {} of {}, by {}.",
        percent(slo.target.ratio()),
        indicator(slo),
        budgeting(slo.budgeting)
    )];
    lines.extend(counting(slo).map(|counting| format!("What counts: {counting}.")));
    lines.push(format!("Without data: {}.", policies(slo)));
    lines
}

/// What was measured, line by line.
pub(super) fn figures(measured: &Measured) -> Vec<String> {
    let whole = &measured.whole;
    let mut lines = vec![format!("Measured: {}, {}.", percent_or_none(whole.ratio()), counted(whole))];
    if let Some(budget) = whole.budget() {
        let [allowed, spent, left] = [budget.allowed, budget.spent, budget.left].map(number);
        lines.push(format!("Error budget: {allowed} allowed, {spent} spent, {left} left ({}).", remaining(whole)));
    }
    if let Some(slices) = &whole.slices {
        lines.push(format!(
            "Uptime: {} up, {} down ({}); {} slices not counted, {} left out.",
            length(slices.up),
            length(slices.down),
            percent_or_none(slices.uptime()),
            slices.skipped,
            slices.excluded,
        ));
    }
    for (quantiles, when) in [(&measured.quantiles, ""), (&measured.previous_quantiles, ", period before")] {
        if let Some(quantiles) = quantiles {
            let [p50, p95, p99] = [&quantiles.p50, &quantiles.p95, &quantiles.p99].map(quantile);
            lines.push(format!("Latency{when}: p50 {p50}, p95 {p95}, p99 {p99}, of {}.", quantiles.count));
        }
    }
    if let Some(before) = &measured.previous {
        let kept = match before.is_kept() {
            Some(true) => "kept",
            Some(false) => "broken",
            None => "not known",
        };
        lines.push(format!("Period before: {}, {}, {kept}.", percent_or_none(before.ratio()), counted(before)));
    }
    lines
}

/// The share of the budget that is left.
pub(super) fn remaining(measured: &Measurement) -> String {
    let remaining = measured.budget().and_then(|budget| budget.remaining());
    remaining.map_or_else(|| "no data".to_owned(), |remaining| format!("{} %", remaining.percent(1)))
}

/// How many downtimes there were, and of which the longest are told.
pub(super) fn downtimes(downtimes: &Downtimes) -> String {
    let (number, total) = (downtimes.number, length(downtimes.total));
    let times = if number == 1 { "downtime" } else { "downtimes" };
    match downtimes.longest.len() {
        told if told < number => format!("{number} {times}, {total} together; the {told} longest:"),
        _ => format!("{number} {times}, {total} together:"),
    }
}

/// What is known of the cause of a downtime.
pub(super) fn because(zone: &Zone, downtime: &Downtime) -> String {
    let mostly = downtime
        .mostly
        .iter()
        .map(|share| format!("{} {}: {} of {}", share.dimension.as_str(), share.name, share.bad, share.of));
    let said: Vec<String> = downtime.causes.iter().map(|cause| self::cause(zone, cause)).chain(mostly).collect();
    if said.is_empty() { "not known".to_owned() } else { said.join("; ") }
}

/// What may have caused a downtime, and from when to when that was so.
pub(super) fn cause(zone: &Zone, Cause { what, from, until }: &Cause) -> String {
    match (from, until) {
        (Some(from), Some(until)) => format!("{what}, {}", span(zone, Interval::new(*from, *until))),
        (Some(from), None) => format!("{what}, from {} on", wall(zone, *from)),
        (None, _) => what.clone(),
    }
}

/// Who spent the budget, as cells of a table.
pub(super) fn spenders(spending: &Spending) -> Vec<[String; 4]> {
    let mut rows: Vec<[String; 4]> = spending
        .spenders
        .iter()
        .map(|spender| {
            let name = Some(spender.name.clone()).filter(|name| !name.is_empty());
            let name = name.unwrap_or_else(|| spending.dimension.unnamed().to_owned());
            let of_budget = spender.of_budget.map_or_else(String::new, |share| format!("{} %", share.percent(1)));
            [name, spender.bad.to_string(), format!("{} %", spender.share.percent(1)), of_budget]
        })
        .collect();
    if spending.others > 0 {
        rows.push(["all others".to_owned(), spending.others.to_string(), String::new(), String::new()]);
    }
    rows
}
