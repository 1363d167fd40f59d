//! `pino-pretty` (npm): the reader of pino's log lines that people use.

use crate::component::{piped, tool};
use std::process::Command;

/// What pino-pretty makes of `lines`. A line it cannot read it passes through unchanged.
///
/// # Panics
/// If it is missing (with the command that installs it) or fails.
#[must_use]
pub fn pino_pretty(lines: &str) -> String {
    let script = tool("npm/node_modules/pino-pretty/bin.js");
    assert!(script.exists(), "pino-pretty is missing. To install it: {}", crate::component::INSTALL);
    let mut command = Command::new("node");
    command.arg(script).args(["--colorize=false", "--translateTime=UTC:yyyy-mm-dd'T'HH:MM:ss.l'Z'"]);
    piped(&mut command, lines).expect("pino-pretty")
}
