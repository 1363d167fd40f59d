//! One `[[maintenance]]`: time that is not to count as it was measured, once, on days of the week or by a rule.

use bellwether_core::Timestamp;
use jiff::civil::DateTime;

use super::objective::{WEEKDAYS, zone};
use crate::format::cursor::{Cursor, Fields};
use crate::format::indicator::length;
use crate::format::node::{Entry, Node, Value};
use crate::format::words::{DURATION, written};
use crate::{Correction, Effect, Interval, Recurrence, Recurring, Slo, When, Zone};

const EFFECTS: &[(&str, Effect)] = &[("exclude", Effect::Exclude), ("count_as_good", Effect::CountAsGood)];
const KEYS: [&str; 9] = ["reason", "from", "to", "for", "rule", "at", "weekdays", "zone", "effect"];

/// Reads one of an objective's own.
pub(super) fn read(cursor: &Cursor<'_>) -> Option<Correction> {
    correction(&cursor.fields(&KEYS)?)
}

/// Reads one of all objectives, or of those that it names.
pub(super) fn share(cursor: &Cursor<'_>, slos: &mut [Slo]) {
    let known: Vec<&str> = KEYS.into_iter().chain(["objectives"]).collect();
    let Some(fields) = cursor.fields(&known) else { return };
    let mut named = Vec::new();
    for name in fields.get("objectives").and_then(|names| names.items()).unwrap_or_default() {
        let known: Vec<(&str, &str)> = slos.iter().map(|slo| (&*slo.name, &*slo.name)).collect();
        named.extend(name.one_of(&known).map(str::to_owned));
    }
    let all = !fields.has("objectives");
    let Some(correction) = correction(&fields) else { return };
    for slo in slos.iter_mut().filter(|slo| all || named.contains(&slo.name)) {
        slo.corrections.push(correction.clone());
    }
}

fn correction(fields: &Fields<'_>) -> Option<Correction> {
    let reason = fields.required("reason", "a text, for the report").and_then(|reason| reason.words());
    let effect = fields.get("effect").map_or(Some(Effect::Exclude), |effect| effect.one_of(EFFECTS));
    let when = match fields.exactly_one(&["from", "at"])? {
        ("from", from) => match fields.get("rule") {
            Some(rule) => repeating(fields, &from, &rule).map(When::Repeating),
            None => once(fields, &from).map(When::Once),
        },
        (_, at) => recurring(fields, &at).map(When::Recurring),
    };
    let correction = Correction::new(when?, effect?, reason?.to_owned());
    match correction.check() {
        Ok(()) => Some(correction),
        Err(error) => {
            fields.table.refuse(format!("is not accepted: {error}"));
            None
        }
    }
}

const INSTANT: &str = "a date and a time such as 2026-11-01T02:00:00Z; without an offset, zone says whose clock it is";

fn once(fields: &Fields<'_>, from: &Cursor<'_>) -> Option<Interval> {
    misplaced(fields, &["weekdays"], "goes with at, not with from");
    let clock = match fields.get("zone") {
        Some(given) => Some(zone(&given)?),
        None => None,
    };
    let start = instant(from, clock.as_ref());
    let end = match fields.exactly_one(&["to", "for"])? {
        ("to", to) => instant(&to, clock.as_ref()),
        (_, length_of) => length(&length_of).and_then(|length| Some(start?.after(length))),
    };
    let (start, end) = (start?, end?);
    if start >= end {
        from.refuse("is not before the end: accepted is an end after it");
        return None;
    }
    Some(Interval::new(start, end))
}

const START: &str = "a date and a time by the clock of the zone, such as 2026-01-04T02:00:00, without an offset";

fn repeating(fields: &Fields<'_>, from: &Cursor<'_>, rule: &Cursor<'_>) -> Option<Recurrence> {
    misplaced(fields, &["to"], "goes with from alone; a rule has UNTIL or COUNT, and each time lasts for");
    misplaced(fields, &["weekdays"], "goes with at; a rule has BYDAY");
    let start: Option<DateTime> = from.read(START, |node| match &node.value {
        Value::Date(text) | Value::Text(text) if text.parse::<jiff::Timestamp>().is_err() => text.parse().ok(),
        _ => None,
    });
    let length = fields.required("for", DURATION).and_then(|given| length(&given));
    let zone = fields.required("zone", "a time zone such as \"Europe/Berlin\"").and_then(|given| zone(&given));
    let text = rule.words();
    match Recurrence::new(start?, zone?, text?, length?) {
        Ok(recurrence) => Some(recurrence),
        Err(error) => {
            rule.refuse(format!("is not accepted: {error}"));
            None
        }
    }
}

fn recurring(fields: &Fields<'_>, at: &Cursor<'_>) -> Option<Recurring> {
    misplaced(fields, &["to", "rule"], "goes with from, not with at");
    let time = at.read("a time of the day such as \"02:30\"", |node| {
        let (hour, minute) = node.text()?.split_once(':')?;
        let part = |text: &str| text.parse().ok().filter(|_| text.len() == 2 && !text.starts_with(['+', '-']));
        Some((part(hour)?, part(minute)?))
    });
    let length = fields.required("for", DURATION).and_then(|given| length(&given));
    let zone = fields.required("zone", "a time zone such as \"Europe/Berlin\"").and_then(|given| zone(&given));
    let days = fields.get("weekdays").and_then(|days| days.items()).unwrap_or_default();
    let weekdays: Option<Vec<_>> = days.iter().map(|day| day.one_of(WEEKDAYS)).collect();
    let (hour, minute) = time?;
    Some(Recurring { weekdays: weekdays?, hour, minute, length: length?, zone: zone? })
}

fn misplaced(fields: &Fields<'_>, keys: &[&str], what: &str) {
    keys.iter().filter_map(|key| fields.get(key)).for_each(|given| given.refuse(what));
}

fn instant(cursor: &Cursor<'_>, clock: Option<&Zone>) -> Option<Timestamp> {
    cursor.read(INSTANT, |node| {
        let text = match &node.value {
            Value::Date(text) | Value::Text(text) => text,
            _ => return None,
        };
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return u64::try_from(at.as_nanosecond()).ok().map(Timestamp::from_unix_nanos);
        }
        let wall: DateTime = text.parse().ok()?;
        clock?.instant_at(wall)
    })
}

/// The tables of corrections, and what of them cannot be said in one.
pub(super) fn write(correction: &Correction) -> Node {
    let mut entries = vec![Entry::text("reason", &correction.reason)];
    match &correction.when {
        When::Once(Interval { start, end }) => {
            entries.extend([("from", start), ("to", end)].map(|(key, at)| Entry::new(key, date(*at))));
        }
        When::Repeating(recurrence) => {
            entries.push(Entry::new("from", Node::new(Value::Date(recurrence.start().to_string()))));
            entries.push(Entry::text("rule", recurrence.rule()));
            entries.push(Entry::text("for", written(recurrence.length())));
            entries.push(Entry::text("zone", recurrence.zone().name()));
        }
        When::Recurring(Recurring { weekdays, hour, minute, length, zone }) => {
            let word = |day| WEEKDAYS.iter().find(|(_, known)| known == day).map(|(word, _)| *word);
            if !weekdays.is_empty() {
                entries.push(Entry::new("weekdays", Node::texts(weekdays.iter().filter_map(word))));
            }
            entries.push(Entry::text("at", format!("{hour:02}:{minute:02}")));
            entries.push(Entry::text("for", written(*length)));
            entries.push(Entry::text("zone", zone.name()));
        }
    }
    if correction.effect == Effect::CountAsGood {
        entries.push(Entry::text("effect", "count_as_good"));
    }
    Node::new(Value::Table(entries))
}

fn date(at: Timestamp) -> Node {
    let at = jiff::Timestamp::from_nanosecond(at.unix_nanos().into()).unwrap_or_default();
    Node::new(Value::Date(at.to_string()))
}
