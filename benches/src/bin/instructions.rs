//! One case or stack, a given number of times, for callgrind: `instructions CASE TIMES`, and `--list` prints the cases.
#![allow(clippy::print_stdout, reason = "a command-line tool speaks to its terminal")]

use std::process::ExitCode;

use bellwether_benches::layer::{Driver, stack, stacks};
use bellwether_benches::{Run, cases};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--list"] => {
            for case in cases() {
                println!("{case}");
            }
            for stack in stacks() {
                println!("layer/{}", stack.word());
            }
            ExitCode::SUCCESS
        }
        [name, times] => {
            let (Some(run), Ok(times)) = (run(name), times.parse()) else {
                println!("no case {name:?}, or {times:?} is no number; --list prints the cases");
                return ExitCode::FAILURE;
            };
            measured(&run, times);
            ExitCode::SUCCESS
        }
        _ => {
            println!("usage: instructions CASE TIMES | --list");
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str) -> Option<Run> {
    if let Some(word) = name.strip_prefix("layer/") {
        return Some(Driver::new(stack(word)?).into_run());
    }
    Some((cases().into_iter().find(|case| case.to_string() == name)?.make)())
}

/// All that callgrind counts: `cargo xtask callgrind` collects inside this function only.
#[inline(never)]
fn measured(run: &Run, times: u64) {
    run(times);
}
