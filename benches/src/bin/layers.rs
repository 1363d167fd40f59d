//! What each stack costs a request beyond the route alone, stacks taking turns round by round: `layers [WORD..]`.
//!
//! Every stack of every round is a process of its own, on one CPU with whatever threads it starts. Its CPU time is taken,
//! not the time of day, and compared with that of the bare route in the same round. WORDs select stacks by their name;
//! `--rounds N` and `--requests N` say how much is done.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to its terminal")]

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use bellwether_benches::Counting;
use bellwether_benches::layer::{self, Child, Collector, Sample, Stack};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Row {
    stack: Stack,
    rounds: Vec<Sample>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [child, name] = words.as_slice()
        && child == "child"
    {
        let stack = layer::stack(name).expect("a stack of this name");
        layer::answer(stack);
        return ExitCode::SUCCESS;
    }
    let (mut rounds, mut requests, mut wanted) = (11, 51_200, Vec::new());
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let number = |word: Option<String>| word.and_then(|word| word.parse().ok());
        match word.as_str() {
            "--rounds" => rounds = number(words.next()).unwrap_or(rounds),
            "--requests" => requests = number(words.next()).unwrap_or(requests),
            _ => wanted.push(word),
        }
    }
    let Ok(program) = std::env::current_exe() else {
        eprintln!("the program does not know where it is");
        return ExitCode::FAILURE;
    };
    let is_wanted = |stack: &Stack| {
        stack.name == "bare" || wanted.is_empty() || wanted.iter().any(|word| stack.name.contains(word.as_str()))
    };
    let stacks = layer::stacks().into_iter().filter(is_wanted);
    let mut rows: Vec<Row> = stacks.map(|stack| Row { stack, rounds: Vec::new() }).collect();
    let collector = Collector::start();
    for round in 1..=rounds {
        eprint!("\rround {round} of {rounds}");
        measure(&mut rows, &program, collector, requests);
    }
    eprintln!();
    print(&rows);
    ExitCode::SUCCESS
}

fn measure(rows: &mut [Row], program: &Path, collector: SocketAddr, requests: u64) {
    for row in rows {
        row.rounds.push(Child::start(program, row.stack, collector).ask(requests));
    }
}

/// The table: the bare route as it is, all others above it.
fn print(rows: &[Row]) {
    println!(
        "| stack | request thread, median ns (min..max) | all CPU, mean of a round, ns (min..max) | allocations | bytes | lost |"
    );
    println!("|---|---|---|---|---|---|");
    let Some((bare, others)) = rows.split_first() else { return };
    println!("{}", line(bare, None));
    for row in others {
        println!("{}", line(row, Some(bare)));
    }
}

fn line(row: &Row, bare: Option<&Row>) -> String {
    let above = |value: fn(&Sample) -> f64| -> Vec<f64> {
        let mut all: Vec<f64> = match bare {
            None => row.rounds.iter().map(value).collect(),
            Some(bare) => row.rounds.iter().zip(&bare.rounds).map(|(own, bare)| value(own) - value(bare)).collect(),
        };
        all.sort_by(f64::total_cmp);
        all
    };
    let thread = above(|sample| sample.thread);
    let all = above(|sample| sample.all);
    let middle = |sorted: &[f64]| sorted[sorted.len() / 2];
    let (sign, range) = (if bare.is_some() { "+" } else { "" }, |sorted: &[f64]| {
        format!("({:.0}..{:.0})", sorted[0], sorted[sorted.len() - 1])
    });
    let once = |value: fn(&Sample) -> f64| middle(&above(value));
    format!(
        "| {} | {sign}{:.0} {} | {sign}{:.0} {} | {sign}{:.1} | {sign}{:.0} | {:.1} % |",
        row.stack.name,
        middle(&thread),
        range(&thread),
        middle(&all),
        range(&all),
        once(|sample| sample.allocations),
        once(|sample| sample.bytes),
        100.0 * row.rounds.iter().map(|sample| sample.lost).sum::<f64>() / row.rounds.len() as f64,
    )
}
