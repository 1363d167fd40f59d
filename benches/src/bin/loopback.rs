//! Requests a second of each stack as a server on loopback, under `wrk -t1 -c32`, stacks taking turns round by round:
//! `loopback [WORD..]`.
//!
//! Server and wrk share the machine, so what the server needs beyond the bare route is taken from both. Each stack is
//! compared with the bare route just before or just after it, by turns; by requests a second, and by the CPU time that server
//! and wrk took for one, which is the same share where both cores are busy with nothing else, and is to be trusted where they
//! are not. WORDs select stacks by their name; `--rounds N` and `--seconds N` say how much is done.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to its terminal")]

use std::process::ExitCode;

use bellwether_benches::layer::{self, Collector, Load, Round, Served, Stack};
use bellwether_benches::rounds::{middle, sorted, spread};

/// What is measured unless WORDs say otherwise.
const STACKS: [&str; 8] = [
    "bellwether, noop",
    "bellwether",
    "bellwether, OTLP 1 %",
    "bellwether, OTLP 1 %, JSON line",
    "tower-http request id, uuid",
    "axum-prometheus",
    "FULL-otel",
    "FULL",
];

struct Row {
    stack: Stack,
    rounds: Vec<Pair>,
}

/// The bare route and the stack, one right after the other.
struct Pair {
    bare: Round,
    own: Round,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [serve, name] = words.as_slice()
        && serve == "serve"
    {
        layer::serve(layer::stack(name).expect("a stack of this name"));
        return ExitCode::SUCCESS;
    }
    let (mut rounds, mut seconds, mut wanted) = (5_u32, 4_u32, Vec::new());
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let number = |word: Option<String>| word.and_then(|word| word.parse().ok());
        match word.as_str() {
            "--rounds" => rounds = number(words.next()).unwrap_or(rounds),
            "--seconds" => seconds = number(words.next()).unwrap_or(seconds),
            _ => wanted.push(word),
        }
    }
    let Ok(program) = std::env::current_exe() else {
        eprintln!("the program does not know where it is");
        return ExitCode::FAILURE;
    };
    if let Err(missing) = Served::check() {
        eprintln!("{missing}");
        return ExitCode::FAILURE;
    }
    let is_wanted = |stack: &Stack| {
        let words = wanted.iter().any(|word| stack.name.contains(word.as_str()));
        words || (wanted.is_empty() && STACKS.contains(&stack.name))
    };
    let stacks = layer::stacks().into_iter().filter(is_wanted);
    let mut rows: Vec<Row> = stacks.map(|stack| Row { stack, rounds: Vec::new() }).collect();
    let Some(bare) = layer::stack("bare") else { return ExitCode::FAILURE };
    let collector = Collector::start();
    let measure = |stack: Stack| Served::start(&program, stack, collector).round(Load::Ordinary, seconds);
    for round in 1..=rounds {
        for row in &mut rows {
            eprint!("\rround {round} of {rounds}: {:<60}", row.stack.name);
            let bare_first = (round % 2 == 1).then(|| measure(bare));
            let own = measure(row.stack);
            row.rounds.push(Pair { bare: bare_first.unwrap_or_else(|| measure(bare)), own });
        }
    }
    eprintln!();
    print(&rows);
    ExitCode::SUCCESS
}

fn print(rows: &[Row]) {
    println!(
        "| stack | requests/s, median | share of bare (min..max) | share by CPU (min..max) | server CPU us/request | above bare | p99 ms |"
    );
    println!("|---|---|---|---|---|---|---|");
    let all_bare = || rows.iter().flat_map(|row| &row.rounds).map(|pair| pair.bare);
    println!(
        "| bare | {:.0} | 1 | 1 | {:.2} | | {:.2} |",
        middle(&sorted(all_bare().map(|round| round.rate))),
        middle(&sorted(all_bare().map(|round| round.cpu))),
        middle(&sorted(all_bare().map(|round| round.p99))),
    );
    for row in rows {
        let own = || row.rounds.iter().map(|pair| pair.own);
        let share = sorted(row.rounds.iter().map(|Pair { bare, own }| own.rate / bare.rate));
        let by_cpu = sorted(row.rounds.iter().map(|Pair { bare, own }| (bare.cpu + bare.wrk) / (own.cpu + own.wrk)));
        let above = sorted(row.rounds.iter().map(|Pair { bare, own }| own.cpu - bare.cpu));
        println!(
            "| {} | {:.0} | {} | {} | {:.2} | {:+.2} | {:.2} |",
            row.stack.name,
            middle(&sorted(own().map(|round| round.rate))),
            spread(&share),
            spread(&by_cpu),
            middle(&sorted(own().map(|round| round.cpu))),
            middle(&above),
            middle(&sorted(own().map(|round| round.p99))),
        );
    }
}
