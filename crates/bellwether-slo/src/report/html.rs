//! A report as a page that stands alone and prints well.

use std::fmt::Write as _;

use super::section::{Measured, Outcome, Section};
use super::{Report, words};
use crate::Ratio;
use crate::calendar::Zone;
use crate::measure::Measurement;

const STYLE: &str = include_str!("report.css");

pub(super) fn write(report: &Report) -> String {
    let mut out = String::new();
    let zone = &report.calendar.zone;
    let (service, name) = (escaped(&report.service), report.name());
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{service}: {name}</title>\n<style>\n{STYLE}</style></head>\n<body>\n"
    );
    let _ = writeln!(out, "<header><p class=\"meta\">{service} · {} · {name}</p>", report.title());
    let _ = writeln!(out, "<h1>{}</h1>", escaped(&words::sentence(report)));
    let (span, zone_name) = (words::span(zone, report.over), escaped(zone.name()));
    let _ = writeln!(out, "<p class=\"meta\">{span} ({zone_name})</p></header>\n<main>");
    summary(&mut out, report);
    report.sections.iter().for_each(|section| self::section(&mut out, zone, section));
    let _ =
        write!(out, "</main>\n<footer class=\"foot\">{}</footer>\n</body></html>\n", escaped(&words::colophon(report)));
    out
}

fn summary(out: &mut String, report: &Report) {
    let head = ["objective", "result", "promised", "measured", "counted", "budget left", "period before"];
    out.push_str("<div class=\"summary\">");
    table(out, &head, 2, |out| {
        for section in &report.sections {
            let slo = &section.slo;
            let name = escaped(&slo.name);
            let _ = write!(out, "<tr><td><a href=\"#{name}\">{name}</a></td><td>{}</td>", state(section.outcome()));
            let promised = words::percent(slo.target.ratio());
            let cells = match &section.measured {
                Ok(Measured { whole, previous, .. }) => [
                    words::percent_or_none(whole.ratio()),
                    words::counted(whole),
                    words::remaining(whole),
                    words::percent_or_none(previous.as_ref().and_then(Measurement::ratio)),
                ],
                Err(_) => ["not measured", "", "", ""].map(str::to_owned),
            };
            for cell in [promised].iter().chain(&cells) {
                let _ = write!(out, "<td class=\"r\">{}</td>", escaped(cell));
            }
            out.push_str("</tr>\n");
        }
    });
    out.push_str("</div>\n");
}

fn section(out: &mut String, zone: &Zone, section: &Section) {
    let slo = &section.slo;
    let name = escaped(&slo.name);
    let _ = writeln!(
        out,
        "<section id=\"{name}\"><div class=\"head\"><h2>{name}</h2><span class=\"meta\">{}</span>{}</div>",
        escaped(&slo.description),
        state(section.outcome())
    );
    match &section.measured {
        Ok(measured) => self::measured(out, zone, section, measured),
        Err(error) => {
            list(out, &words::definition(slo));
            let _ = writeln!(out, "<p class=\"unknown\">Not measured: {}</p>", escaped(&error.to_string()));
        }
    }
    out.push_str("</section>\n");
}

fn measured(out: &mut String, zone: &Zone, section: &Section, measured: &Measured) {
    let whole = &measured.whole;
    let (ratio, target) = (words::percent_or_none(whole.ratio()), words::percent(section.slo.target.ratio()));
    let _ = writeln!(out, "<div class=\"big\">{ratio} <small>of {target}</small></div>");
    bar(out, whole, section.outcome());
    days(out, zone, &measured.days);
    let lines = [words::definition(&section.slo), words::figures(measured), words::certainty(measured)].concat();
    list(out, &lines);
    if measured.downtimes.number > 0 {
        let _ = writeln!(out, "<h3>{}</h3>", words::downtimes(&measured.downtimes));
        table(out, &["down", "for", "bad events", "because"], usize::MAX, |out| {
            for downtime in &measured.downtimes.longest {
                let (span, length) = (words::span(zone, downtime.over), words::length(downtime.over.length()));
                let bad = downtime.bad.map_or_else(String::new, |bad| bad.to_string());
                let because = escaped(&words::because(zone, downtime));
                let _ = writeln!(out, "<tr><td>{span}</td><td>{length}</td><td>{bad}</td><td>{because}</td></tr>");
            }
        });
    }
    if !measured.excluded.is_empty() {
        out.push_str("<h3>Corrected time</h3>");
        table(out, &["corrected", "effect", "reason"], usize::MAX, |out| {
            for excluded in &measured.excluded {
                let (span, effect) = (words::span(zone, excluded.over), words::effect(excluded.effect));
                let _ = writeln!(
                    out,
                    "<tr><td>{span}</td><td>{effect}</td><td>{}</td></tr>",
                    escaped(&words::reason(zone, excluded))
                );
            }
        });
    }
    for spending in &measured.spending {
        let by = spending.dimension.as_str();
        let _ = writeln!(out, "<h3>Who spent the budget, by {by}</h3>");
        table(out, &[by, "bad events", "of all bad", "of the budget"], 1, |out| {
            for [name, cells @ ..] in words::spenders(spending) {
                let _ = write!(out, "<tr><td>{}</td>", escaped(&name));
                cells.iter().for_each(|cell| {
                    let _ = write!(out, "<td class=\"r\">{cell}</td>");
                });
                out.push_str("</tr>\n");
            }
        });
    }
}

/// A table whose columns from one on are of numbers.
fn table(out: &mut String, head: &[&str], numbers_from: usize, rows: impl FnOnce(&mut String)) {
    out.push_str("<table><thead><tr>");
    for (at, name) in head.iter().enumerate() {
        let class = if numbers_from <= at { " class=\"r\"" } else { "" };
        let _ = write!(out, "<th scope=\"col\"{class}>{name}</th>");
    }
    out.push_str("</tr></thead><tbody>\n");
    rows(out);
    out.push_str("</tbody></table>\n");
}

fn list(out: &mut String, lines: &[String]) {
    out.push_str("<ul>\n");
    lines.iter().for_each(|line| {
        let _ = writeln!(out, "<li>{}</li>", escaped(line));
    });
    out.push_str("</ul>\n");
}

/// The share of the budget that is left, or how far beyond it is.
fn bar(out: &mut String, whole: &Measurement, outcome: Outcome) {
    let Some(remaining) = whole.budget().and_then(|budget| budget.remaining()) else { return };
    let left = remaining.clamp(Ratio::ZERO, Ratio::ONE).to_f64() * 100.0;
    let (class, said) = (outcome.as_str(), words::remaining(whole));
    let shape = match remaining < Ratio::ZERO {
        // Beyond the budget there is no length left to show.
        true => {
            "<path d=\"M0 4h100\" stroke=\"currentColor\" stroke-width=\"8\" stroke-dasharray=\"1\" opacity=\".5\"/>"
                .to_owned()
        }
        false => format!("<rect width=\"{left:.1}\" height=\"8\" fill=\"currentColor\"/>"),
    };
    let _ = writeln!(
        out,
        "<svg class=\"bar {class}\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"budget left {said}\"><title>budget left {said}</title>\
         {shape}</svg>"
    );
}

/// A stroke for each day: high and green if its own share was good enough, low and red if not, hollow if nothing is known.
fn days(out: &mut String, zone: &Zone, days: &[Measurement]) {
    if days.len() < 2 {
        return;
    }
    let width = days.len() * 10;
    let bad = days.iter().filter(|day| day.is_kept() == Some(false)).count();
    let _ = writeln!(
        out,
        "<svg class=\"days\" viewBox=\"0 0 {width} 26\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{} days, {bad} of them below the promise\">",
        days.len()
    );
    for (at, day) in days.iter().enumerate() {
        let x = at * 10 + 1;
        let (class, shape) = match day.is_kept() {
            Some(true) => ("kept", "y=\"4\" height=\"22\" fill=\"currentColor\""),
            Some(false) => ("broken", "y=\"14\" height=\"12\" fill=\"currentColor\""),
            None => (
                "unknown",
                "y=\"4\" height=\"22\" fill=\"none\" stroke=\"currentColor\" vector-effect=\"non-scaling-stroke\"",
            ),
        };
        let (name, ratio) = (words::day(zone, day.over), words::percent_or_none(day.ratio()));
        let _ = writeln!(
            out,
            "<g class=\"{class}\"><title>{name}: {ratio}, {}</title><rect x=\"{x}\" width=\"8\" {shape}/></g>",
            words::counted(day)
        );
    }
    out.push_str("</svg>\n");
}

/// A shape, a word and a color, so that no one of them is needed.
fn state(outcome: Outcome) -> String {
    let (shape, word) = match outcome {
        Outcome::Kept => ("<circle cx=\"6\" cy=\"6\" r=\"5\" fill=\"currentColor\"/>", "kept"),
        Outcome::Broken => ("<path d=\"M6 0l6 6-6 6-6-6z\" fill=\"currentColor\"/>", "broken"),
        Outcome::Unknown => (
            "<rect x=\"1.5\" y=\"1.5\" width=\"9\" height=\"9\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\"/>",
            "not known",
        ),
    };
    let class = outcome.as_str();
    format!("<span class=\"state {class}\"><svg viewBox=\"0 0 12 12\" aria-hidden=\"true\">{shape}</svg>{word}</span>")
}

/// A text that is no markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
