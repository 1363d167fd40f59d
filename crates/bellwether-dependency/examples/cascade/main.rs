//! Runs the cascade judge through simulated faults and days without any, and prints how it did.
//!
//! `cargo run --release -p bellwether-dependency --example cascade -- --from-seed 0 --seeds 4`
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to its terminal")]

mod fault;
mod past;
mod random;
mod report;
mod run;
mod sim;
mod world;

use fault::Scenario;
use world::Shape;

fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: u64| {
        let at = words.iter().position(|word| word == name);
        at.and_then(|at| words.get(at + 1)?.parse().ok()).unwrap_or(default)
    };
    let (from, seeds, every) = (number("--from-seed", 0), number("--seeds", 1), number("--every", 1).max(1));
    let only = words.iter().position(|word| word == "--only").and_then(|at| words.get(at + 1));
    let (mut report, mut further) = (report::Report::default(), report::Report::default());
    for seed in (0..seeds).map(|i| from + i * every) {
        for scenario in Scenario::ALL.into_iter().chain(Scenario::FURTHER) {
            if only.is_some_and(|only| format!("{scenario:?}") != *only) {
                continue;
            }
            let report = if Scenario::ALL.contains(&scenario) { &mut report } else { &mut further };
            for shape in Shape::ALL {
                report.add(shape, seed, run::run(scenario, shape, seed));
            }
        }
        if only.is_none_or(|only| only == "Quiet") {
            let shape = Shape::ALL[random::Random::part(seed, 999).below(Shape::ALL.len())];
            report.quiet(run::quiet_day(shape, seed, 24.0));
        }
    }
    further.print_further();
    report.print();
    std::process::ExitCode::SUCCESS
}
