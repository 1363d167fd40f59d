//! `promtool check metrics`: Prometheus's own linter for the classic text format (it reads no OpenMetrics).

use crate::component::piped;
use std::process::Command;

/// Checks a page of text format 0.0.4.
///
/// # Errors
/// What promtool finds: a parse error, a missing HELP, a counter without `_total`, a unit that is no base unit.
pub fn promtool_check_metrics(page: &str) -> Result<(), String> {
    piped(Command::new("promtool").args(["check", "metrics"]), page).map(|_| ())
}
