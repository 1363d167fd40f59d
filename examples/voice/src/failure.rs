//! Why a request could not be served, and how that is told over HTTP and gRPC.

use std::{error::Error, time::Duration};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use bellwether::breaker::Rejected;
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use tonic::{Code, Status};

/// The one error of this service.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The caller's mistake.
    #[error("{0}")]
    BadRequest(String),
    /// Nothing has this id.
    #[error("there is no {what} {id}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// The id that was asked for.
        id: i64,
    },
    /// Somebody whom we need let us down.
    #[error("{name} {why}")]
    Upstream {
        /// Who: `stt`, `llm`, `tts` or `orders-db`.
        name: &'static str,
        /// In which way.
        why: Why,
    },
    /// The database let us down; the caller is not told its words.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// Our own mistake.
    #[error("{0}")]
    Bug(String),
}

/// The ways in which somebody lets us down.
#[derive(Debug, thiserror::Error)]
pub enum Why {
    /// We did not even ask: the breaker knows better.
    #[error("was {0}")]
    Refused(Rejected),
    /// It asked us to slow down (HTTP 429).
    #[error("asks us to come back in {} s", .0.as_secs())]
    Throttled(Duration),
    /// It did not answer in time.
    #[error("did not answer in time")]
    Timeout,
    /// It could not be reached, or the connection broke.
    #[error("cannot be reached")]
    Unreachable,
    /// It answered with a status that is not a success.
    #[error("answered {0}")]
    Status(u16),
    /// Its answer ended early or made no sense.
    #[error("sent a broken answer")]
    Broken,
}

impl Failure {
    /// A provider's failure, from what the HTTP client reports.
    pub fn upstream(name: &'static str, error: &(dyn Error + 'static)) -> Self {
        let broken = error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_decode);
        let otherwise = if broken { Why::Broken } else { Why::Unreachable };
        Self::Upstream { name, why: causes(error).find_map(Why::of).unwrap_or(otherwise) }
    }

    /// Whether it was not even tried.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Upstream { why: Why::Refused(_), .. })
    }

    /// The HTTP status that says it best.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Upstream { why: Why::Throttled(_) | Why::Refused(_), .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Upstream { why: Why::Timeout, .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::Upstream { .. } => StatusCode::BAD_GATEWAY,
            Self::Database(_) | Self::Bug(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> Code {
        match self {
            Self::BadRequest(_) => Code::InvalidArgument,
            Self::NotFound { .. } => Code::NotFound,
            Self::Upstream { why: Why::Timeout, .. } => Code::DeadlineExceeded,
            Self::Upstream { .. } => Code::Unavailable,
            Self::Database(_) | Self::Bug(_) => Code::Internal,
        }
    }
}

impl Why {
    /// `None` if this error says nothing by itself.
    fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        error.downcast_ref::<reqwest::Error>().filter(|error| error.is_timeout()).map(|_| Self::Timeout)
    }

    /// When to come back, if that is known.
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled(wait) => Some(*wait),
            Self::Refused(rejected) => rejected.retry_after,
            _ => None,
        }
    }
}

/// The error, what caused it, what caused that.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = Json(serde_json::json!({ "error": self.to_string() }));
        let mut response = (self.status(), body).into_response();
        if let Self::Upstream { why, .. } = self
            && let Some(wait) = why.retry_after()
        {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_millis().div_ceil(1000) as u64));
        }
        response
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        Self::new(failure.code(), failure.to_string())
    }
}
