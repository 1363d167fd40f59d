//! Errors of sqlx, and what a database answers.

use std::error::Error as StdError;

use bellwether_breaker::{Outcome, sql};
use sqlx::Error;

use super::{Fault, Retry};
use crate::cascade::Failure;

pub(super) fn look(error: &(dyn StdError + 'static)) -> Option<Fault> {
    Some(Fault::new(match error.downcast_ref::<Error>()? {
        Error::Database(answer) => return answer.code().map(|code| of_code(&code)),
        Error::Tls(_) => Failure::Tls,
        // Nobody gave a connection back, or none could be made: which, the pool does not say.
        Error::PoolTimedOut => Failure::Timeout,
        Error::PoolClosed => Failure::Rejected,
        Error::Configuration(_)
        | Error::InvalidArgument(_)
        | Error::TypeNotFound { .. }
        | Error::RowNotFound
        | Error::Encode(_) => Failure::BadRequest,
        Error::Protocol(_)
        | Error::Decode(_)
        | Error::ColumnDecode { .. }
        | Error::ColumnNotFound(_)
        | Error::ColumnIndexOutOfBounds { .. } => Failure::Decode,
        _ => return None,
    }))
}

/// By SQLSTATE, or a number of SQLite's.
fn of_code(code: &str) -> Fault {
    match code {
        _ if code.starts_with("28") => Fault::new(Failure::Auth),
        "57014" => Fault::new(Failure::Timeout),
        "53300" => Fault::new(Failure::RateLimited),
        _ if code.starts_with("08") => Fault::new(Failure::Connect),
        // Another transaction was in the way.
        "40001" | "40P01" | "5" | "6" => Fault::new(Failure::BadRequest).retry(Retry::Helps),
        _ if sql::outcome(code) == Outcome::Failure => Fault::new(Failure::Upstream),
        _ => Fault::new(Failure::BadRequest),
    }
}
