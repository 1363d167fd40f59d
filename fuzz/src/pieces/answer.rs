//! How an answer of a collector is read, without the client that gets it.

mod otlp;

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};

pub(crate) use otlp::transport::Answer;

pub(crate) fn of_http(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Answer {
    otlp::transport::of_http(status, headers, body, SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))
}

pub(crate) fn of_grpc(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Answer {
    otlp::transport::of_grpc(status, headers, body)
}
