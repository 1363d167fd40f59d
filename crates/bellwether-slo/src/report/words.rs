//! How a report says things: numbers, lengths and times of day, in the same words in every format.

use std::time::Duration;

use bellwether_core::Timestamp;

use super::section::{Measured, Outcome};
use crate::calendar::Zone;
use crate::measure::Measurement;
use crate::objective::{Budgeting, Effect, Empty, Expressions, Indicator, Requests};
use crate::period::short;
use crate::{Counters, Interval, Quantile, Ratio, Slo};

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
    let text = Ratio::new(1, 100).and_then(|hundredth| ratio.checked_mul(hundredth)).map_or_else(String::new, |part| part.percent(2));
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
    let rest = units.get(first + 1).map(|(smaller, name)| (seconds % unit / smaller, name)).filter(|(rest, _)| *rest > 0);
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
    let decimals = if value < 10.0 { 2 } else if value < 100.0 { 1 } else { 0 };
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
    let list = |outcomes: crate::Outcomes| outcomes.iter().map(|outcome| outcome.as_str()).collect::<Vec<_>>().join(", ");
    let mut text = format!("good: {}; bad: {}", list(counting.good), list(counting.bad));
    if !counting.bad_if_slow.is_empty() {
        text.push_str(&format!("; bad if slow: {}", list(counting.bad_if_slow)));
    }
    Some(text)
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
    let gaps: Vec<String> = [(coverage.unknown, "is unknown, since the process was gone"), (coverage.stopped, "it was shut down")]
        .into_iter()
        .filter(|(time, _)| !time.is_zero())
        .map(|(time, what)| format!("{} {what}", length(time)))
        .collect();
    match gaps.is_empty() {
        true => said.push("The process was there all of the time.".to_owned()),
        false => said.push(format!("The process was there for {}; {}.", length(coverage.known), gaps.join("; "))),
    }
    if let Some((low, high)) = measured.uptime_between().filter(|(low, high)| low != high) {
        said.push(format!("Whatever the unknown time was like, between {} and {} of the time was good.", percent(low), percent(high)));
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

/// Whether it was kept, as a word for people.
pub(super) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Kept => "kept",
        Outcome::Broken => "broken",
        Outcome::Unknown => "not known",
    }
}
