//! Why a request could not be served, and how that is told over HTTP and gRPC.

use std::time::Duration;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
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
    /// A provider let us down.
    #[error("{name} {why}")]
    Upstream {
        /// Which one: `stt`, `llm` or `tts`.
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

/// The ways in which a provider fails.
#[derive(Debug, thiserror::Error)]
pub enum Why {
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
    pub fn upstream(name: &'static str, error: &reqwest::Error) -> Self {
        let why = if error.is_timeout() {
            Why::Timeout
        } else if error.is_decode() {
            Why::Broken
        } else {
            Why::Unreachable
        };
        Self::Upstream { name, why }
    }

    /// The HTTP status that says it best.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Upstream { why: Why::Throttled(_), .. } => StatusCode::SERVICE_UNAVAILABLE,
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

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = Json(serde_json::json!({ "error": self.to_string() }));
        let mut response = (self.status(), body).into_response();
        if let Self::Upstream { why: Why::Throttled(wait), .. } = self {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs()));
        }
        response
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        Self::new(failure.code(), failure.to_string())
    }
}
