//! The referee in Python: recomputes everything from the raw event log, with its own time zones and its own fractions.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use bellwether_core::Outcome;
use bellwether_slo::{
    Budgeting, Calendar, Correction, Empty, Interval, Measurement, Ratio, Share, Slo, Unit, Zone, measure,
};

use crate::log::{HOUR, Log, secs, span, target};

const PROGRAM: &str = include_str!("recount.py");

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// One case as Python reads it, and what came of it here.
struct Case {
    input: String,
    output: String,
}

fn fraction(ratio: Option<Ratio>) -> String {
    ratio.map_or("none".to_owned(), |ratio| format!("{}/{}", ratio.numerator(), ratio.denominator()))
}

fn told(measured: &Measurement) -> String {
    let kept = measured.is_kept().map_or("none", |kept| if kept { "kept" } else { "broken" });
    let slices = measured.slices.clone().unwrap_or_default();
    format!(
        "{} {} {kept} {} {} {}",
        fraction(measured.ratio()),
        fraction(measured.budget().map(|budget| budget.left)),
        slices.good + slices.bad,
        measured.excluded.as_secs(),
        measured.coverage.unknown.as_secs(),
    )
}

fn case(dice: &mut Dice, zones: &[Zone]) -> Case {
    let zone = &zones[dice.below(zones.len() as u64) as usize];
    let (year, month) = (1971 + dice.below(66), 1 + dice.below(12));
    let unit = dice.one_of(&[Unit::Day, Unit::Week, Unit::Month, Unit::Quarter]);
    let calendar = Calendar::new(unit, zone.clone());
    let name = match unit {
        Unit::Day => format!("{year:04}-{month:02}-{:02}", 1 + dice.below(28)),
        Unit::Week => format!("{year:04}-W{:02}", 1 + dice.below(52)),
        Unit::Month => format!("{year:04}-{month:02}"),
        _ => format!("{year:04}-Q{}", month.div_ceil(3)),
    };
    let over = calendar.named(&name).unwrap();
    let (start, end) = (over.start.unix_nanos() / 1_000_000_000, over.end.unix_nanos() / 1_000_000_000);
    let length = end - start;
    let mut input = format!("case {zone} {name}\n");
    let within = |dice: &mut Dice, longest: u64| {
        let from = start + dice.below(length.max(1));
        span(from, from + 1 + dice.below(longest))
    };
    let seconds = |interval: Interval| [interval.start, interval.end].map(|at| at.unix_nanos() / 1_000_000_000);

    let units = 500_000 + dice.below(499_999);
    let (slice, good_from) = (dice.one_of(&[60, 300, 900, 3600]), dice.one_of(&["0.5", "0.9", "1"]));
    let slice = slice.max(match unit {
        Unit::Day => 60,
        Unit::Week => 300,
        Unit::Month => 900,
        _ => 3600,
    });
    let (budgeting, method) = match dice.below(3) {
        0 => (Budgeting::Occurrences, "occurrences"),
        1 => {
            let good_from: Share = good_from.parse().unwrap();
            (Budgeting::Timeslices { slice: secs(slice), good_from }, "timeslices")
        }
        _ => (Budgeting::RatioTimeslices { slice: secs(slice) }, "ratios"),
    };
    let policy = |dice: &mut Dice| {
        dice.one_of(&[(Empty::Good, "good"), (Empty::Bad, "bad"), (Empty::Skip, "skip"), (Empty::CarryLast, "carry")])
    };
    let (no_traffic, unknown) = (policy(dice), policy(dice));
    let mut slo = Slo::availability("case", target(units as f64 / 1e6))
        .budgeting(budgeting)
        .no_traffic(no_traffic.0)
        .unknown(unknown.0);
    writeln!(input, "judge {units}/1000000 {method} {slice} {good_from} {} {}", no_traffic.1, unknown.1).unwrap();

    let mut log = Log::default();
    for _ in 0..dice.below(4) {
        let gap = within(dice, length / 4 + 1);
        // Gaps do not overlap.
        if log.unknown.iter().all(|other| other.intersect(gap).is_none()) {
            log.unknown.push(gap);
            let [from, to] = seconds(gap);
            writeln!(input, "gap {from} {to}").unwrap();
        }
    }
    for _ in 0..dice.below(3) {
        let when = within(dice, 3 * HOUR);
        let (correction, effect) = match dice.below(2) {
            0 => (Correction::exclude(when, ""), "exclude"),
            _ => (Correction::count_as_good(when, ""), "good"),
        };
        slo = slo.correction(correction);
        let [from, to] = seconds(when);
        writeln!(input, "correct {from} {to} {effect}").unwrap();
    }
    // Bursts here and there, some on borders of slices, some outside the period.
    let base = start.saturating_sub(HOUR);
    let mut second = base;
    while second < end + HOUR {
        let outcome = dice.one_of(&[
            Outcome::Success,
            Outcome::Success,
            Outcome::Success,
            Outcome::Failure,
            Outcome::ClientError,
            Outcome::Cancelled,
            Outcome::Rejected,
        ]);
        let events = 1 + dice.below(3);
        log.many(second, events, outcome);
        writeln!(input, "event {second} {events} {outcome}").unwrap();
        second += dice.one_of(&[1, 7, 60, length / 50 + 1, length / 20 + 1]);
        second -= if dice.below(4) == 0 { second % 60 } else { 0 }.min(second - base);
        second += u64::from(second == base);
    }
    let measured = measure(&slo, &log, over).unwrap();
    Case { input, output: format!("{start} {end} {}", told(&measured)) }
}

/// Random zones, periods, methods, gaps and corrections come to the same in Python.
#[test]
fn recounted() {
    let Ok(mut python) = Command::new("python3")
        .args(["-c", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
    else {
        return; // No Python here: nothing is refereed.
    };
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    // Names that are no places go by other rules, and some machines have them in one database only.
    let zones: Vec<Zone> = names
        .iter()
        .filter(|name| name.contains('/') && !name.starts_with("Etc/"))
        .filter_map(|name| Zone::new(name).ok())
        .collect();
    let mut dice = Dice(42);
    let cases: Vec<Case> = (0..300).map(|_| case(&mut dice, &zones)).collect();
    let input: String = cases.iter().map(|case| case.input.as_str()).collect();
    let mut stdin = python.stdin.take().unwrap();
    let feed = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = python.wait_with_output().unwrap();
    feed.join().unwrap().unwrap();
    assert!(output.status.success());
    let output = String::from_utf8(output.stdout).unwrap();
    let recounted: Vec<&str> = output.lines().collect();
    if recounted == ["no zones"] {
        return; // Python has no time zone database here.
    }
    assert_eq!(recounted.len(), cases.len());
    let wrong = cases.iter().zip(&recounted).find(|(case, recounted)| case.output != **recounted);
    if let Some((case, recounted)) = wrong {
        panic!("{}here:   {}\nPython: {recounted}", case.input, case.output);
    }
}
