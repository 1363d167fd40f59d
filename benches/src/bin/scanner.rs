//! What a scanner does to a service: its throughput beside one, as a share of the bare route's, and what an ordinary request
//! costs before and after: `scanner [WORD..]`.
//!
//! Every second request of `wrk -t1 -c32` has a method, a path and a host that nobody sent before. Each stack is compared with
//! the bare route just before or just after it, by turns. WORDs select stacks by their name; `--rounds N` and `--seconds N` say
//! how much is done.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to its terminal")]

use std::process::ExitCode;

use bellwether_benches::layer::{self, Collector, Load, Round, Served, Stack};
use bellwether_benches::rounds::{middle, sorted, spread};

/// What is measured unless WORDs say otherwise.
const STACKS: [&str; 3] = ["bellwether", "bellwether, OTLP 1 %, JSON line", "axum-prometheus"];

struct Row {
    stack: Stack,
    rounds: Vec<Pair>,
}

/// The bare route and the stack, one right after the other.
struct Pair {
    bare: Scan,
    own: Scan,
}

/// One process: ordinary load, the same beside a scanner, and ordinary load again.
struct Scan {
    before: Round,
    beside: Round,
    after: Round,
    /// Mebibytes of memory that it has more after the scanner than before.
    grown: f64,
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
    let measure = |stack: Stack| scan(&mut Served::start(&program, stack, collector), seconds);
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

fn scan(server: &mut Served, seconds: u32) -> Scan {
    let before = server.round(Load::Ordinary, seconds);
    let resident = server.resident();
    let beside = server.round(Load::Scanner, seconds);
    let grown = server.resident() - resident;
    Scan { before, beside, after: server.round(Load::Ordinary, seconds), grown }
}

fn print(rows: &[Row]) {
    println!(
        "| stack | probes | requests/s beside a scanner | share of bare (min..max) | by CPU (min..max) | ordinary, CPU after / before (min..max) | MiB more |"
    );
    println!("|---|---|---|---|---|---|---|");
    for row in rows {
        let of = |figure: fn(&Pair) -> f64| sorted(row.rounds.iter().map(figure));
        println!(
            "| {} | {:.0} | {:.0} | {} | {} | {} | {:.1} |",
            row.stack.name,
            middle(&of(|pair| pair.own.beside.requests / 2.0)),
            middle(&of(|pair| pair.own.beside.rate)),
            spread(&of(|Pair { bare, own }| own.beside.rate / bare.beside.rate)),
            spread(&of(|Pair { bare, own }| {
                (bare.beside.cpu + bare.beside.wrk) / (own.beside.cpu + own.beside.wrk)
            })),
            spread(&of(|pair| pair.own.after.cpu / pair.own.before.cpu)),
            middle(&of(|pair| pair.own.grown)),
        );
    }
}
