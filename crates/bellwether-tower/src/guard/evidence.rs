//! What a guarded call is judged by, and how it is unless told otherwise.

use std::error::Error;
use std::time::Duration;

use bellwether_breaker::{Hint, Outcome, Rejected};
use bellwether_core::Timestamp;
use http::{HeaderMap, StatusCode, header};

use super::error::GuardError;
use super::grpc;
use crate::names::{self, Code};

/// What there is to judge a call by, as it comes. What is said of the head or the trailers counts when the body has ended well,
/// or was read no further.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Evidence<'a> {
    /// The head of an answer.
    Head {
        /// Its status.
        status: StatusCode,
        /// Its headers.
        headers: &'a HeaderMap,
    },
    /// The trailers behind its body.
    Trailers(&'a HeaderMap),
    /// The error of the service, or of the body of an answer that was good so far.
    Error(&'a (dyn Error + 'static)),
}

/// How a call is judged, and when to come back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judgement {
    pub(crate) outcome: Outcome,
    pub(crate) retry_after: Option<Duration>,
}

impl Judgement {
    pub(crate) const SUCCESS: Self = Self { outcome: Outcome::Success, retry_after: None };
    pub(crate) const FAILURE: Self = Self { outcome: Outcome::Failure, retry_after: None };

    fn new(outcome: Outcome, retry_after: Option<Duration>) -> Self {
        let outcome = match outcome {
            Outcome::Throttled(None) => Outcome::Throttled(retry_after),
            other => other,
        };
        Self { outcome, retry_after }
    }

    #[inline]
    pub(crate) fn of_head(status: StatusCode, headers: &HeaderMap, now: impl Fn() -> Timestamp) -> Self {
        match status.as_u16() {
            ..400 => Self::SUCCESS,
            status => Self::of_bad_status(status, headers, now()),
        }
    }

    #[cold]
    fn of_bad_status(status: u16, headers: &HeaderMap, now: Timestamp) -> Self {
        let outcome = match status {
            429 => Outcome::Throttled(None),
            500.. => Outcome::Failure,
            _ => Outcome::Alive,
        };
        let hint = Hint::read(now, |name| headers.get(name)?.to_str().ok());
        // How long an exhausted limit takes is asked for by a 429 only: others fail for other reasons.
        let retry_after = if status == 429 { hint.pause(Duration::MAX) } else { hint.retry_after };
        Self::new(outcome, retry_after)
    }

    /// By gRPC's status, in trailers or in a head that has none; `None` if there is no status.
    pub(crate) fn of_grpc(headers: &HeaderMap) -> Option<Self> {
        let code = Code::parse(headers.get("grpc-status")?.as_bytes());
        let outcome = Outcome::from(code.client_outcome());
        Some(match outcome {
            Outcome::Success => Self::SUCCESS,
            other => Self::new(other, grpc::retry_after(headers)),
        })
    }

    /// An error counts against whoever was called, unless it is a refusal of ours further in.
    pub(crate) fn of_error(error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            if is_ours(error) {
                return Self { outcome: Outcome::Neutral, retry_after: None };
            }
            next = error.source();
        }
        Self::FAILURE
    }
}

fn is_ours(error: &(dyn Error + 'static)) -> bool {
    let refused = error.downcast_ref::<GuardError>().is_some_and(|error| error.rejected().is_some());
    refused || error.is::<Rejected>() || is_ours_of_reqwest(error)
}

/// A request that was never one, or a refusal by a middleware. An error of reqwest-middleware is not among its own sources.
#[cfg(feature = "reqwest")]
fn is_ours_of_reqwest(error: &(dyn Error + 'static)) -> bool {
    match error.downcast_ref() {
        Some(reqwest_middleware::Error::Middleware(error)) => error.chain().any(is_ours),
        Some(reqwest_middleware::Error::Reqwest(error)) => error.is_builder(),
        None => error.downcast_ref().is_some_and(reqwest::Error::is_builder),
    }
}

#[cfg(not(feature = "reqwest"))]
fn is_ours_of_reqwest(_: &(dyn Error + 'static)) -> bool {
    false
}

/// What kind of body a head announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Grpc,
    Events,
    Other,
}

impl Kind {
    #[inline]
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(header::CONTENT_TYPE) else { return Self::Other };
        let essence = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        if names::is_grpc(value) {
            Self::Grpc
        } else if essence.trim_ascii().eq_ignore_ascii_case(b"text/event-stream") {
            Self::Events
        } else {
            Self::Other
        }
    }
}
