//! The ways a collector fails, and their look on both wires.

use crate::sink::record::Transport;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use prost::Message as _;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// 503 or UNAVAILABLE, with Retry-After (whole seconds) or RetryInfo if there is a duration.
    Unavailable(Option<Duration>),
    /// 429 or RESOURCE_EXHAUSTED, likewise. gRPC clients may retry it only if a duration is given.
    Throttled(Option<Duration>),
    /// 400 or INVALID_ARGUMENT: must not be sent again.
    Invalid,
    /// 401 or UNAUTHENTICATED: must not be sent again.
    Unauthorized,
    /// 500 or INTERNAL: must not be sent again.
    Internal,
    /// Taken, but so many of its items were not, for this reason.
    Partial(i64, String),
    /// No answer, ever.
    Hang,
    /// Taken, and answered after a while.
    Slow(Duration),
    /// Every connection to the sink is reset (RST) instead of an answer.
    Reset,
    /// The answer begins, and then every connection to the sink is reset.
    Cut,
}

impl Fault {
    /// The answer, for those faults that are an error status.
    pub(super) fn refusal(&self, transport: Transport) -> Option<Response> {
        let (status, code, retry_after) = match self {
            Self::Unavailable(after) => (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, *after),
            Self::Throttled(after) => (StatusCode::TOO_MANY_REQUESTS, Code::ResourceExhausted, *after),
            Self::Invalid => (StatusCode::BAD_REQUEST, Code::InvalidArgument, None),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, Code::Unauthenticated, None),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, None),
            Self::Partial(..) | Self::Hang | Self::Slow(_) | Self::Reset | Self::Cut => return None,
        };
        let message = "as the test asked for";
        Some(match transport {
            Transport::Grpc => match retry_after {
                Some(after) => {
                    let details = ErrorDetails::with_retry_info(Some(after));
                    Status::with_error_details(code, message, details).into_http()
                }
                None => Status::new(code, message).into_http(),
            },
            Transport::Http => {
                let body =
                    tonic_types::pb::Status { code: code as i32, message: message.to_owned(), details: Vec::new() };
                let mut response = Response::new(Body::from(body.encode_to_vec()));
                *response.status_mut() = status;
                let headers = response.headers_mut();
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
                if let Some(after) = retry_after {
                    headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
                }
                response
            }
        })
    }

    /// An answer that begins, promises more, and calls `cut` instead of going on.
    pub(super) fn broken_answer(transport: Transport, cut: impl Fn() + Send + 'static) -> Response {
        // A gRPC frame of 16 bytes and the first of them; a protobuf message of 16 bytes and none of them.
        let (content_type, start) = match transport {
            Transport::Grpc => ("application/grpc", &b"\0\0\0\0\x10\x0a"[..]),
            Transport::Http => ("application/x-protobuf", &b"\x0a\x10"[..]),
        };
        let rest = futures_util::stream::unfold((), move |()| {
            cut();
            std::future::pending::<Option<(Result<Bytes, std::io::Error>, ())>>()
        });
        let start = futures_util::stream::once(std::future::ready(Ok(Bytes::from_static(start))));
        // A moment between the two, so that the first is on the wire.
        let pause = futures_util::stream::once(async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok(Bytes::new())
        });
        use futures_util::StreamExt as _;
        let mut response = Response::new(Body::from_stream(start.chain(pause).chain(rest)));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }
}
