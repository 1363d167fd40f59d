//! How a call to a database ended, by the code of its error.

use crate::outcome::Outcome;

/// How a call ended to which a database answered with an error of this code: an SQLSTATE, as of PostgreSQL and MySQL, or a
/// number of SQLite's. What is wrong with the statement or with the data says that the database lives; what is wrong with the
/// database itself is a failure.
///
/// | code | |
/// |---|---|
/// | `08…` connection, `53…` resources, `57…` an operator or a time limit stepped in, `58…` system, `F0…`, `XX…` internal | failure |
/// | `25006` cannot write, since it is a replica now | failure |
/// | SQLite's out of memory, I/O error, corrupt, full, cannot open, not a database | failure |
/// | all others: constraints, syntax, permissions, deadlocks, locks | alive |
///
/// Sources: <https://www.postgresql.org/docs/current/errcodes-appendix.html>, <https://www.sqlite.org/rescode.html>
///
/// ```
/// use bellwether_breaker::{Outcome, sql};
///
/// assert_eq!(sql::outcome("57P01"), Outcome::Failure); // it is being shut down
/// assert_eq!(sql::outcome("23505"), Outcome::Alive); // there is such a row already
/// ```
pub fn outcome(code: &str) -> Outcome {
    let failed = match (code.len(), code.parse::<u32>()) {
        (..5, Ok(sqlite)) => matches!(sqlite & 0xff, 7 | 10 | 11 | 13 | 14 | 26),
        (5, _) => code == "25006" || ["08", "53", "57", "58", "F0", "XX"].iter().any(|class| code.starts_with(class)),
        _ => false,
    };
    if failed { Outcome::Failure } else { Outcome::Alive }
}

#[cfg(test)]
mod tests;
