//! Requests a second of each stack as a server on loopback, under `wrk -t1 -c32`, stacks taking turns round by round:
//! `loopback [WORD..]`.
//!
//! Server and wrk share the machine, so what the server needs beyond the bare route is taken from both. Each stack is
//! compared with the bare route just before or just after it, by turns; by requests a second, and by the CPU time that server
//! and wrk took for one, which is the same share where both cores are busy with nothing else, and is to be trusted where they
//! are not. WORDs select stacks by their name; `--rounds N` and `--seconds N` say how much is done.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to its terminal")]

use std::process::ExitCode;

use bellwether_benches::layer::{Load, Pair, Round, Row, take_turns};
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

fn main() -> ExitCode {
    match take_turns(&STACKS, |server, seconds| server.round(Load::Ordinary, seconds)) {
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

fn print(rows: &[Row<Round>]) {
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
