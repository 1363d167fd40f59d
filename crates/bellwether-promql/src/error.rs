//! The error of the crate.

use crate::Stop;

/// Why a query has no answer. The text is for people, worded as Prometheus words it where clients look at it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: Kind,
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Invalid,
    Execution,
    Limit,
    Canceled,
    TimedOut,
    Storage,
}

impl Error {
    /// The expression cannot be read, or a function is used wrongly: the caller's mistake (HTTP 400, `bad_data`).
    pub fn is_invalid(&self) -> bool {
        self.kind == Kind::Invalid
    }

    /// The expression is fine, but the series are not what it needs (HTTP 422, `execution`).
    pub fn is_execution(&self) -> bool {
        self.kind == Kind::Execution
    }

    /// The query wants more than its limits allow: samples, series, steps or depth.
    pub fn is_limit(&self) -> bool {
        self.kind == Kind::Limit
    }

    /// The query was canceled.
    pub fn is_canceled(&self) -> bool {
        self.kind == Kind::Canceled
    }

    /// The query took the time it may take.
    pub fn is_timeout(&self) -> bool {
        self.kind == Kind::TimedOut
    }

    /// The storage could not answer.
    pub fn is_storage(&self) -> bool {
        self.kind == Kind::Storage
    }

    /// For a [`Storage`](crate::Storage) that cannot answer.
    pub fn storage(message: impl Into<String>) -> Self {
        Self { kind: Kind::Storage, message: message.into() }
    }

    #[cold]
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self { kind: Kind::Invalid, message: message.into() }
    }

    #[cold]
    pub(crate) fn execution(message: impl Into<String>) -> Self {
        Self { kind: Kind::Execution, message: message.into() }
    }

    #[cold]
    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self { kind: Kind::Limit, message: message.into() }
    }

    #[cold]
    pub(crate) fn stopped(stop: Stop) -> Self {
        let (kind, how) = match stop {
            Stop::Canceled => (Kind::Canceled, "was canceled"),
            Stop::TimedOut => (Kind::TimedOut, "timed out"),
        };
        Self { kind, message: format!("query {how} in expression evaluation") }
    }
}
