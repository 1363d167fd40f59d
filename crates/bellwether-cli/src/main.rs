//! `bellwether`: checks settings and objectives, and writes compliance reports.
#![doc = include_str!("../README.md")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to its terminal")]

mod ask;
mod check;
mod report;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Checks settings and objectives, and writes compliance reports.
#[derive(Debug, Parser)]
#[command(name = "bellwether", version, max_term_width = 100)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Report(Box<report::Report>),
}

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Check(check) => check.run(),
        Command::Report(report) => report.run(),
    };
    done.unwrap_or_else(|error| {
        eprintln!("bellwether: {error}");
        ExitCode::FAILURE
    })
}
