//! A report as comma-separated values, for spreadsheets.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::section::{Outcome, Section};
use super::{Report, words};
use crate::measure::Measurement;

const HEAD: &str = "objective,from,to,part,result,target,good,total,ratio_percent,budget_allowed,budget_spent,budget_left,\
                    known_seconds,unknown_seconds,stopped_seconds,excluded_seconds,downtime_seconds\r\n";

pub(super) fn write(report: &Report) -> String {
    let mut out = String::from(HEAD);
    for section in &report.sections {
        let Ok(measured) = &section.measured else {
            line(&mut out, section, "whole", None);
            continue;
        };
        measured.days.iter().for_each(|day| line(&mut out, section, "day", Some(day)));
        line(&mut out, section, "whole", Some(&measured.whole));
    }
    out
}

fn line(out: &mut String, section: &Section, part: &str, measured: Option<&Measurement>) {
    let slo = &section.slo;
    let outcome = match measured.and_then(Measurement::is_kept) {
        Some(true) => Outcome::Kept,
        Some(false) => Outcome::Broken,
        None => Outcome::Unknown,
    };
    let name = cell(&slo.name);
    let span = measured.map_or_else(|| "/".to_owned(), |measured| measured.over.to_string());
    let (from, to) = span.split_once('/').unwrap_or_default();
    let _ = write!(out, "{name},{from},{to},{part},{},{}", outcome.as_str(), slo.target);
    if let Some(measured) = measured {
        let counted = measured.slices.as_ref().map_or(measured.events, crate::Slices::sli);
        let _ = write!(out, ",{},{}", counted.good, counted.total);
        let _ = write!(out, ",{}", measured.ratio().map(|ratio| ratio.percent(6)).unwrap_or_default());
        match measured.budget() {
            Some(budget) => {
                let [allowed, spent, left] = [budget.allowed, budget.spent, budget.left].map(words::number);
                let _ = write!(out, ",{allowed},{spent},{left}");
            }
            None => out.push_str(",,,"),
        }
        let down = measured.slices.as_ref().map(|slices| slices.down.as_secs().to_string()).unwrap_or_default();
        let coverage = measured.coverage;
        for time in [coverage.known, coverage.unknown, coverage.stopped, measured.excluded] {
            let _ = write!(out, ",{}", time.as_secs());
        }
        let _ = write!(out, ",{down}");
    } else {
        out.push_str(",,,,,,,,,,,");
    }
    out.push_str("\r\n");
}

/// A value as a cell: quoted where it must be, and never a formula.
fn cell(text: &str) -> Cow<'_, str> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !formula && !text.contains(['"', ',', '\n', '\r']) {
        return Cow::Borrowed(text);
    }
    let quote = if formula { "'" } else { "" };
    Cow::Owned(format!("\"{quote}{}\"", text.replace('"', "\"\"")))
}
