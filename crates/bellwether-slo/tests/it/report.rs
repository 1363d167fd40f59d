//! Reports: a month of a shop in Berlin, written four ways, and what hostile names do to them.

use bellwether_core::{Outcome, Timestamp};
use bellwether_slo::report::{Cause, Causes, Outcome as Result, Report, State};
use bellwether_slo::{Calendar, Correction, Interval, Slo, Unit, Zone};
use std::sync::LazyLock;
use std::time::Duration;

use crate::log::{DAY, HOUR, Log, at, secs, slo, span, target};

/// October 2026 in Berlin has 745 hours.
fn october() -> (Calendar, Interval) {
    let months = Calendar::new(Unit::Month, Zone::new("Europe/Berlin").unwrap());
    let october = months.named("2026-10").unwrap();
    (months, october)
}

fn seconds(at: Timestamp) -> u64 {
    at.unix_nanos() / 1_000_000_000
}

/// Ten requests an hour; an outage of half an hour on the fifth, the process killed for an hour on the tenth, maintenance on
/// the twentieth.
fn month() -> Log {
    let (months, october) = october();
    let mut log = Log::default();
    let start = seconds(months.previous(october).start);
    for hour in (start..seconds(october.end)).step_by(HOUR as usize) {
        log.add(hour + 600, 10, 0);
    }
    let day = |day: u64| seconds(october.start) + (day - 1) * DAY;
    for minute in 0..30 {
        let event = |log: &mut Log| {
            log.many(day(5) + 12 * HOUR + minute * 60 + 30, 2, Outcome::Failure);
        };
        event(&mut log);
    }
    log.events.iter_mut().filter(|event| event.outcome == Outcome::Failure).for_each(|event| event.error = "timeout");
    log.unknown.push(span(day(10), day(10) + HOUR));
    log.events.retain(|event| !(event.at > at(day(10)) && event.at <= at(day(10) + HOUR)));
    log.add(day(20) + 60, 0, 7);
    log
}

fn slos() -> Vec<Slo> {
    let day = seconds(october().1.start) + 19 * DAY;
    let maintenance = Correction::exclude(span(day, day + HOUR), "new database");
    vec![
        slo(0.99).description("Requests are answered.").correction(maintenance.clone()),
        Slo::uptime("up", target(0.9995)).correction(maintenance),
        Slo::latency("fast", Duration::from_millis(100), target(0.9)),
        Slo::dependency("stt", "stt", target(0.9)),
    ]
}

struct Deploys;

impl Causes for Deploys {
    fn within(&self, slo: &Slo, over: Interval) -> Vec<Cause> {
        let deploy = Cause::from(format!("deploy of 1.8.3 {} s before", over.length().as_secs().min(60)));
        let (from, until) = (Some(over.start.before(secs(90))), Some(over.end.after(secs(1))));
        let what = "stt fails (timeout), incident 17".to_owned();
        // The one of slices is down until the end of one.
        let until = if slo.name == "up" { None } else { until };
        vec![deploy, Cause { what, from, until }]
    }
}

fn report(slos: &[Slo], log: &Log, now: Timestamp) -> Report {
    let (months, october) = october();
    Report::make("shop", slos, log, &Deploys, &months, october, now).unwrap()
}

/// Made once: debug builds take their time over 44,700 minutes.
fn whole() -> Report {
    static WHOLE: LazyLock<Report> = LazyLock::new(|| report(&slos(), &month(), october().1.end.after(secs(DAY))));
    WHOLE.clone()
}

#[test]
fn markdown() {
    insta::assert_snapshot!(whole().markdown());
}

#[test]
fn html() {
    insta::assert_snapshot!(whole().html());
}

#[test]
fn csv() {
    let csv = whole().csv();
    let lines: Vec<&str> = csv.split_terminator("\r\n").collect();
    // A head; 31 days and a whole for each of four.
    assert_eq!(lines.len(), 1 + 4 * 32);
    let columns = |line: &str| line.split(',').count();
    assert!(lines.iter().all(|line| columns(line) == columns(lines[0])), "{csv}");
    insta::assert_snapshot!(
        lines[..1].iter().chain(&lines[5..7]).chain(&lines[32..33]).copied().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn json_is_as_its_schema_says() {
    let schema: serde_json::Value = serde_json::from_str(Report::JSON_SCHEMA).unwrap();
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("report.json", schema).unwrap();
    let schema = compiler.compile("report.json", &mut schemas).unwrap();
    let early = report(&slos(), &Log::default(), october().1.start.after(secs(60)));
    for report in [whole(), early] {
        let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
        if let Err(wrong) = schemas.validate(&json, schema) {
            panic!("{wrong:#}\n{json:#}");
        }
        let mut broken = json.clone();
        broken["objectives"][0]["kept"] = "perhaps".into();
        assert!(schemas.validate(&broken, schema).is_err(), "the schema lets everything pass");
    }
}

#[test]
fn days_add_up() {
    let report = whole();
    for section in &report.sections {
        let measured = section.measured.as_ref().unwrap();
        let (first, rest) = measured.days.split_first().unwrap();
        let sum = rest.iter().fold(first.clone(), |sum, day| sum.followed_by(day));
        assert_eq!(sum, measured.whole, "{}", section.slo.name);
    }
}

#[test]
fn results() {
    let report = whole();
    let of: Vec<Result> = report.sections.iter().map(|section| section.outcome()).collect();
    // 60 of some 7,500 failed, less than 1 %; half an hour is more than 0.05 % of a month.
    assert_eq!(of, [Result::Kept, Result::Broken, Result::Kept, Result::Unknown]);
    assert_eq!((report.outcome(), report.state), (Result::Broken, State::Final));
    let down = &report.sections[0].measured.as_ref().unwrap().downtimes;
    assert_eq!((down.number, down.total), (2, secs(29 * 60)), "a minute with ten good ones divides it");
}

#[test]
fn a_report_is_running_then_provisional_then_final() {
    let end = october().1.end;
    for (now, state) in [
        (end.before(secs(1)), State::Running),
        (end, State::Provisional),
        (end.after(secs(899)), State::Provisional),
        (end.after(secs(900)), State::Final),
    ] {
        assert_eq!(report(&slos(), &month(), now).state, state);
    }
}

#[test]
fn revisions() {
    let first = whole().after(None);
    assert_eq!(first.revision, 1);
    let again = whole().after(Some(&first.issued()));
    assert_eq!((again.revision, &again.inputs), (1, &first.inputs));
    let mut corrected = slos();
    let day = seconds(october().1.start) + 4 * DAY;
    corrected[0] = corrected[0].clone().correction(Correction::exclude(span(day, day + DAY), "theirs"));
    let later = october().1.end.after(secs(DAY));
    let revised = report(&corrected, &month(), later).after(Some(&again.issued()));
    assert_eq!(revised.revision, 2);
    assert_ne!(revised.inputs, first.inputs);
    assert!(revised.markdown().contains("revision 2, revised"));
    // One event more is another input.
    let mut log = month();
    log.add(seconds(october().1.start) + 90, 1, 0);
    assert_ne!(report(&slos(), &log, later).inputs, first.inputs);
}

#[test]
fn times_that_are_none() {
    let (months, october) = october();
    let make = |over: Interval, now| Report::make("shop", &[], &Log::default(), &(), &months, over, now).unwrap_err();
    let now = october.end;
    insta::assert_snapshot!(make(Interval::new(october.start.after(secs(1)), october.end), now), @r#"time of a report "2026-09-30T22:00:01Z/2026-10-31T23:00:00Z": is no unit of the calendar; give a whole unit of the calendar that has begun, as Calendar::named or Calendar::at has it"#);
    insta::assert_snapshot!(make(months.next(october), now), @r#"time of a report "2026-10-31T23:00:00Z/2026-11-30T23:00:00Z": has not begun; give a whole unit of the calendar that has begun, as Calendar::named or Calendar::at has it"#);
}

#[test]
fn hostile_names() {
    const HOSTILE: &str = "</title><script>alert(1)</script>|`*=1+1\",'\r\n\u{1b}[31m";
    let (months, october) = october();
    let mut hostile = slo(0.99).description(HOSTILE).label(HOSTILE, HOSTILE);
    hostile.name = format!("={HOSTILE}");
    let day = seconds(october.start);
    hostile = hostile.correction(Correction::exclude(span(day, day + 1), HOSTILE));
    let report = Report::make(HOSTILE, &[hostile], &month(), &(), &months, october, october.end).unwrap();
    let html = report.html();
    assert!(!html.contains("<script") && !html.contains('\u{1b}'));
    let markdown = report.markdown();
    assert!(!markdown.contains("<script") && !markdown.contains('\u{1b}'));
    let csv = report.csv();
    assert!(csv.split("\r\n").skip(1).all(|line| !line.starts_with('=')), "{csv}");
    assert!(serde_json::from_str::<serde_json::Value>(&report.json()).is_ok());
}
