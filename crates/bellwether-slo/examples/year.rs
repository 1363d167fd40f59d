//! Times a month's report over 400 days of history: `cargo run --release -p bellwether-slo --features history,report --example year`
#![allow(clippy::print_stdout, reason = "a measurement is printed")]

use std::time::Duration;

use bellwether_core::{Clock, Registry, Timestamp};
use bellwether_history::{History, Options};
use bellwether_slo::report::Report;
use bellwether_slo::{Calendar, Counters, Remembered, Selector, Slo, Target, Unit, Zone};

/// Objectives, each of two counters.
const OBJECTIVES: usize = 6;
const DAYS: u64 = 400;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::temp_dir().join(format!("bellwether-year-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let path = directory.join("history.bw");
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_759_276_800)); // 2025-10-01
    let registry = Registry::on(clock.clone());
    let slos = (0..OBJECTIVES)
        .map(|number| {
            let [good, total] = ["good", "all"].map(|part| Selector::metric(format!("jobs{number}.{part}")));
            let slo = Slo::counters(format!("jobs{number}"), Counters::GoodOfTotal { good, total }, Target::new(0.99)?);
            // Every other one by minutes, the rest by events.
            let slices = bellwether_slo::Budgeting::Timeslices {
                slice: Duration::from_secs(60),
                good_from: bellwether_slo::Share::new(0.9)?,
            };
            Ok(if number % 2 == 0 { slo.budgeting(slices) } else { slo })
        })
        .collect::<Result<Vec<_>, bellwether_slo::Error>>()?;
    let counters: Vec<_> = (0..OBJECTIVES)
        .flat_map(|number| ["good", "all"].map(|part| registry.counter(&format!("jobs{number}.{part}")).build()))
        .collect::<Result<_, _>>()?;
    let real = Clock::system();
    let began = real.now();
    {
        let history = History::open(&path, Options::new(), clock.timestamp());
        let remembered = Remembered::new(&history, &registry);
        let mut dice = 1_u64;
        for minute in 0..DAYS * 1440 {
            for pair in counters.chunks(2) {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (all, bad) = (dice >> 58, u64::from(dice >> 54 & 0x3ff == 0));
                pair[0].add(all.saturating_sub(bad));
                pair[1].add(all);
            }
            clock.advance(Duration::from_secs(60));
            history.tick(&registry, clock.timestamp(), clock.now());
            if minute % 60 == 0 {
                remembered.keep(&slos, clock.timestamp())?;
                history.flush(clock.timestamp())?;
            }
        }
        remembered.stopped(clock.timestamp());
        history.close(clock.timestamp())?;
    }
    let size = std::fs::metadata(&path)?.len() >> 20;
    println!("{DAYS} days of {OBJECTIVES} objectives written in {:.1?}, {size} MiB", real.now().since(began));
    let began = real.now();
    let history = History::open(&path, Options::new(), clock.timestamp());
    let remembered = Remembered::new(&history, &registry);
    println!("opened in {:.1?}", real.now().since(began));
    for (unit, name) in
        [(Unit::Month, "2025-12"), (Unit::Month, "2026-10"), (Unit::Quarter, "2026-Q3"), (Unit::Year, "2026")]
    {
        let calendar = Calendar::new(unit, Zone::new("Europe/Berlin")?);
        let began = real.now();
        let past = remembered.past();
        let report = Report::make("year", &slos, &past, &(), &calendar, calendar.named(name)?, clock.timestamp())?;
        let made = real.now().since(began);
        let html = report.html().len() >> 10;
        let [kept, broken, unknown] = [
            bellwether_slo::report::Outcome::Kept,
            bellwether_slo::report::Outcome::Broken,
            bellwether_slo::report::Outcome::Unknown,
        ]
        .map(|outcome| report.number_of(outcome));
        println!("{name}: {made:.1?}, {html} KiB of HTML; {kept} kept, {broken} broken, {unknown} unknown");
    }
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}
