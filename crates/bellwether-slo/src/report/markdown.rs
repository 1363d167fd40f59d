//! A report as Markdown.

use std::fmt::Write as _;

use super::downtime::Downtime;
use super::section::{Measured, Outcome, Section};
use super::{Report, words};
use crate::calendar::Zone;

pub(super) fn write(report: &Report) -> String {
    let mut out = String::new();
    let zone = &report.calendar.zone;
    let _ = writeln!(out, "# {}: {}\n", escaped(&report.service), report.name());
    let _ = writeln!(out, "**{}**\n", words::sentence(report));
    let _ = writeln!(out, "{}, {} ({zone}).\n", report.title(), words::span(zone, report.over));
    out.push_str("| objective | result | promised | measured | counted | budget left | period before |\n");
    out.push_str("|---|---|---|---|---|---|---|\n");
    report.sections.iter().for_each(|section| row(&mut out, section));
    for section in &report.sections {
        self::section(&mut out, zone, section);
    }
    let _ = writeln!(out, "\n---\n\n{}", words::colophon(report));
    out
}

fn row(out: &mut String, section: &Section) {
    let slo = &section.slo;
    let outcome = match section.outcome() {
        Outcome::Kept => "kept",
        Outcome::Broken => "**broken**",
        Outcome::Unknown => "not known",
    };
    let _ = write!(out, "| {} | {outcome} | {} |", escaped(&slo.name), words::percent(slo.target.ratio()));
    let Ok(measured) = &section.measured else {
        out.push_str(" not measured | | | |\n");
        return;
    };
    let whole = &measured.whole;
    let before = measured.previous.as_ref().and_then(|before| before.ratio());
    let _ = writeln!(
        out,
        " {} | {} | {} | {} |",
        words::percent_or_none(whole.ratio()),
        words::counted(whole),
        words::remaining(whole),
        words::percent_or_none(before),
    );
}

fn section(out: &mut String, zone: &Zone, section: &Section) {
    let slo = &section.slo;
    let _ = writeln!(out, "\n## {}\n", escaped(&slo.name));
    if !slo.description.is_empty() {
        let _ = writeln!(out, "{}\n", escaped(&slo.description));
    }
    words::definition(slo).iter().for_each(|line| {
        let _ = writeln!(out, "- {}", escaped(line));
    });
    match &section.measured {
        Err(error) => {
            let _ = writeln!(out, "- Not measured: {}", escaped(&error.to_string()));
        }
        Ok(measured) => self::measured(out, zone, measured),
    }
}

fn measured(out: &mut String, zone: &Zone, measured: &Measured) {
    for line in words::figures(measured).iter().chain(&words::certainty(measured)) {
        let _ = writeln!(out, "- {}", escaped(line));
    }
    let downtimes = &measured.downtimes;
    if downtimes.number > 0 {
        let _ = writeln!(
            out,
            "\n{}\n\n| down | for | bad events | because |\n|---|---|---|---|",
            words::downtimes(downtimes)
        );
        downtimes.longest.iter().for_each(|downtime| self::downtime(out, zone, downtime));
    }
    if !measured.excluded.is_empty() {
        out.push_str("\n| corrected | effect | reason |\n|---|---|---|\n");
        for excluded in &measured.excluded {
            let (span, effect) = (words::span(zone, excluded.over), words::effect(excluded.effect));
            let _ = writeln!(out, "| {span} | {effect} | {} |", escaped(&words::reason(zone, excluded)));
        }
    }
    for spending in &measured.spending {
        let by = spending.dimension.as_str();
        let _ = writeln!(out, "\n| {by} | bad events | of all bad | of the budget |\n|---|---|---|---|");
        for [name, bad, share, of_budget] in words::spenders(spending) {
            let _ = writeln!(out, "| {} | {bad} | {share} | {of_budget} |", escaped(&name));
        }
    }
}

fn downtime(out: &mut String, zone: &Zone, downtime: &Downtime) {
    let (span, length) = (words::span(zone, downtime.over), words::length(downtime.over.length()));
    let bad = downtime.bad.map_or_else(String::new, |bad| bad.to_string());
    let because = words::because(zone, downtime);
    let _ = writeln!(out, "| {span} | {length} | {bad} | {} |", escaped(&because));
}

/// A text that is no markup, on one line.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '>' | '|' | '#' | '~' | '!' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
