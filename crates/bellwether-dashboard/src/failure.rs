//! Why there is no answer: what a client is told, in Prometheus's words and with its status codes.

use bellwether_promql::Error;
use http::StatusCode;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The request is wrong.
    BadData,
    /// The request is larger than is read.
    TooLarge,
    /// Its body would have to be unpacked.
    Encoded,
    /// There is no such endpoint.
    NotFound,
    /// It has another method.
    Method,
    /// The series are not what the query needs, or too many.
    Execution,
    /// Nobody waits any more.
    Canceled,
    /// It took too long.
    Timeout,
    /// Too much is asked at once.
    Unavailable,
    /// The storage cannot answer, or there is a bug.
    Internal,
}

impl Kind {
    /// As Prometheus names and numbers it.
    pub(crate) fn told(self) -> (&'static str, StatusCode) {
        match self {
            Self::BadData => ("bad_data", StatusCode::BAD_REQUEST),
            Self::TooLarge => ("bad_data", StatusCode::PAYLOAD_TOO_LARGE),
            Self::Encoded => ("bad_data", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND),
            Self::Method => ("bad_data", StatusCode::METHOD_NOT_ALLOWED),
            Self::Execution => ("execution", StatusCode::UNPROCESSABLE_ENTITY),
            Self::Canceled => ("canceled", StatusCode::SERVICE_UNAVAILABLE),
            Self::Timeout => ("timeout", StatusCode::SERVICE_UNAVAILABLE),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(crate) fn bad_data(message: impl Into<String>) -> Self {
        Self::new(Kind::BadData, message)
    }

    /// A parameter that cannot be read.
    pub(crate) fn parameter(name: &str, why: impl std::fmt::Display) -> Self {
        Self::bad_data(format!("invalid parameter {name:?}: {why}"))
    }
}

/// A query that has no answer. What is wrong with its text is told by the endpoint, which knows the parameter.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = match () {
            () if error.is_canceled() => Kind::Canceled,
            () if error.is_timeout() => Kind::Timeout,
            () if error.is_storage() => Kind::Internal,
            () if error.is_invalid() => Kind::BadData,
            () => Kind::Execution,
        };
        Self::new(kind, error.to_string())
    }
}
