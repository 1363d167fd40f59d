//! `promtool`: Prometheus's own linter for the classic text format (it reads no OpenMetrics), and its client for queries.

use crate::component::piped;
use std::process::Command;

/// Checks a page of text format 0.0.4.
///
/// # Errors
/// What promtool finds: a parse error, a missing HELP, a counter without `_total`, a unit that is no base unit.
pub fn promtool_check_metrics(page: &str) -> Result<(), String> {
    piped(Command::new("promtool").args(["check", "metrics"]), page).map(|_| ())
}

/// Asks a server: `["query", "labels", "http://127.0.0.1:9090", "job"]`. What it prints.
///
/// # Errors
/// What it says as it fails.
pub fn promtool(args: &[&str]) -> Result<String, String> {
    piped(Command::new("promtool").args(args), "")
}
