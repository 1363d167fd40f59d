//! The repository's own commands, one row each: `cargo xtask <command>`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to its terminal")]

mod bench;
mod callgrind;
mod cascade;
mod conformance;
mod damage;
mod deny;
mod fuzz;
mod install;
mod kill;
mod metadata;
mod msrv;
mod step;
mod test;
mod tidy;

use std::process::ExitCode;

/// One command: what is typed, what it is for, and what it does with the words that follow.
struct Command {
    name: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<(), String>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        help: "install what the tests need and run all of them; --quick: no installs, no real servers, no fuzzing",
        run: test::run,
    },
    Command {
        name: "install",
        help: "only the installs of `test`: Prometheus, rotel, PostgreSQL, Redis, gRPC for Python, pino-pretty, aimock and what they stand on",
        run: install::run,
    },
    Command {
        name: "tidy",
        help: "the house rules that a program can check: first lines, crate arrows, file lengths, names",
        run: tidy::run,
    },
    Command {
        name: "deny",
        help: "licenses, sources and banned crates of every dependency (deny.toml)",
        run: deny::run,
    },
    Command {
        name: "msrv",
        help: "the promised rust-version: stated everywhere, kept by the dependencies and by our code",
        run: msrv::run,
    },
    Command {
        name: "fuzz",
        help: "each fuzz target, at random for [--seconds N], default 10, or as `test` does: [--short] [TARGET ..]",
        run: fuzz::run,
    },
    Command {
        name: "conformance",
        help: "PromQL against a folder of Prometheus's test scripts: DIR [--least N%] [--verbose]",
        run: conformance::run,
    },
    Command {
        name: "bench",
        help: "criterion benches, rivals in the same run; further words go to criterion",
        run: bench::run,
    },
    Command {
        name: "cascade",
        help: "the cascade judge on simulated faults: --from-seed N --seeds M [--every K], default one seed from 0",
        run: cascade::run,
    },
    Command {
        name: "kill",
        help: "history's file in processes that are killed at any moment: [--times N], default 1000",
        run: kill::run,
    },
    Command {
        name: "damage",
        help: "history's file with damage of all sorts, each drawn from a seed: [--times N], default 20000",
        run: damage::run,
    },
    Command {
        name: "callgrind",
        help: "instructions per operation, which do not wobble: [CASE ..]",
        run: callgrind::run,
    },
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match words.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", &[][..]),
    };
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        println!("cargo xtask <command>\n\n{}", help());
        return match name {
            "help" | "--help" | "-h" => ExitCode::SUCCESS,
            _ => {
                eprintln!("no command `{name}`");
                ExitCode::from(2)
            }
        };
    };
    match (command.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("\ncargo xtask {name}: {what}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    let width = COMMANDS.iter().map(|c| c.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Command { name, help, .. } in COMMANDS {
        text += &format!("  {name:width$}  {help}\n");
    }
    text
}
