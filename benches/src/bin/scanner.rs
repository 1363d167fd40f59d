//! What a scanner does to a service: its throughput beside one, as a share of the bare route's, and what an ordinary request
//! costs before and after: `scanner [WORD..]`.
//!
//! Every second request of `wrk -t1 -c32` has a method, a path and a host that nobody sent before. Each stack is compared with
//! the bare route just before or just after it, by turns. WORDs select stacks by their name; `--rounds N` and `--seconds N` say
//! how much is done.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to its terminal")]

use std::process::ExitCode;

use bellwether_benches::layer::{Load, Pair, Round, Row, Served, take_turns};
use bellwether_benches::rounds::{middle, sorted, spread};

/// What is measured unless WORDs say otherwise.
const STACKS: [&str; 3] = ["bellwether", "bellwether, OTLP 1 %, JSON line", "axum-prometheus"];

/// One process: ordinary load, the same beside a scanner, and ordinary load again.
struct Scan {
    before: Round,
    beside: Round,
    after: Round,
    /// Mebibytes of memory that it has more after the scanner than before.
    grown: f64,
}

fn main() -> ExitCode {
    match take_turns(&STACKS, scan) {
        Ok(rows) => {
            rows.inspect(|rows| print(rows));
            ExitCode::SUCCESS
        }
        Err(missing) => {
            eprintln!("{missing}");
            ExitCode::FAILURE
        }
    }
}

fn scan(server: &mut Served, seconds: u32) -> Scan {
    let before = server.round(Load::Ordinary, seconds);
    let resident = server.resident();
    let beside = server.round(Load::Scanner, seconds);
    let grown = server.resident() - resident;
    Scan { before, beside, after: server.round(Load::Ordinary, seconds), grown }
}

fn print(rows: &[Row<Scan>]) {
    println!(
        "| stack | probes | requests/s beside a scanner | share of bare (min..max) | by CPU (min..max) | ordinary, CPU after / before (min..max) | MiB more |"
    );
    println!("|---|---|---|---|---|---|---|");
    for row in rows {
        let of = |figure: fn(&Pair<Scan>) -> f64| sorted(row.rounds.iter().map(figure));
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
