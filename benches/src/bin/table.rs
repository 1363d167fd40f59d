//! Nanoseconds of every case, on one thread and on each of two, cases taking turns round by round: `table [WORD..]`.
//!
//! A busy machine slows whoever runs just then; taking turns spreads that over all cases, and the least of the rounds is
//! nearest to what the operation itself costs. Prints the least and the median. WORDs select cases by their name.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to its terminal")]

use std::sync::Arc;

use bellwether_benches::{Case, Pinned, Run, cases};

const ROUNDS: usize = 101;
/// One measurement of a case takes about this long: less than a scheduler's slice, so that many are undisturbed.
const NANOS: f64 = 1e6;

struct Row {
    case: Case,
    run: Arc<Run>,
    times: u64,
    one: Vec<f64>,
    two: Vec<f64>,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |case: &Case| words.is_empty() || words.iter().any(|word| case.to_string().contains(word));
    let Some(pinned) = Pinned::new(2) else {
        eprintln!("this needs two CPUs");
        return;
    };
    let mut rows: Vec<Row> = cases()
        .into_iter()
        .filter(wanted)
        .map(|case| Row { case, run: Arc::new((case.make)()), times: 10_000, one: Vec::new(), two: Vec::new() })
        .collect();
    for row in &mut rows {
        pinned.time(2, &row.run, row.times);
        row.times = (NANOS / each(&pinned, 1, row)) as u64;
    }
    for _ in 0..ROUNDS {
        for row in &mut rows {
            row.one.push(each(&pinned, 1, row));
            row.two.push(each(&pinned, 2, row));
        }
    }
    println!("| what | who | 1 thread, least / median ns | each of 2, least / median ns |\n|---|---|---|---|");
    for mut row in rows {
        let [one, two] = [least_and_median(&mut row.one), least_and_median(&mut row.two)];
        println!("| {} | {} | {one} | {two} |", row.case.group, row.case.name);
    }
}

fn each(pinned: &Pinned, threads: usize, row: &Row) -> f64 {
    pinned.time(threads, &row.run, row.times).as_nanos() as f64 / row.times as f64
}

fn least_and_median(times: &mut [f64]) -> String {
    times.sort_by(f64::total_cmp);
    format!("{:.1} / {:.1}", times[0], times[times.len() / 2])
}
