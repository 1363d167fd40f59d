//! The inputs of a report as one number: the same inputs have the same one, others have not.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::section::Section;
use crate::calendar::Calendar;
use crate::measure::Measurement;
use crate::{Interval, Sli};

/// The SHA-256 of the time, of what was promised, and of what was counted each day and left out. It is taken of text, a line
/// for each, so that whoever has the report's JSON can do it again: the README says how the lines are written.
pub(super) fn of(name: &str, calendar: &Calendar, over: Interval, sections: &[Section]) -> String {
    let text = text(name, calendar, over, sections);
    Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn text(name: &str, calendar: &Calendar, over: Interval, sections: &[Section]) -> String {
    let mut text = format!("{name} {} {over}\n", calendar.zone);
    for Section { slo, measured } in sections {
        let budgeting = super::words::budgeting(slo.budgeting);
        let _ = writeln!(text, "objective {} {} {budgeting}", slo.name, slo.target);
        match measured {
            Ok(measured) => {
                for excluded in &measured.excluded {
                    let _ = writeln!(text, "{} {}", super::words::effect(excluded.effect), excluded.over);
                }
                measured.days.iter().for_each(|day| line(&mut text, day));
            }
            Err(_) => text.push_str("unmeasured\n"),
        }
    }
    text
}

fn line(text: &mut String, day: &Measurement) {
    let Measurement { over, coverage, .. } = day;
    let (events, judged) = (day.events, day.counted());
    let Sli { good, total } = events;
    let seconds = [coverage.known, coverage.unknown, coverage.stopped].map(|part| part.as_millis());
    let [known, unknown, stopped] = seconds;
    let (judged_good, judged_total) = (judged.good, judged.total);
    let _ = writeln!(text, "{over} {good}/{total} {judged_good}/{judged_total} {known} {unknown} {stopped}");
}
