//! The reader of answers, and no client.

#[path = "../../../../../crates/bellwether-export/src/otlp/transport/answer.rs"]
mod answer;

use std::time::SystemTime;

use http::{HeaderMap, StatusCode};

pub(crate) use answer::Answer;

pub(crate) fn of_http(status: StatusCode, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Answer {
    answer::of_http(status, headers, body, now)
}

pub(crate) fn of_grpc(status: StatusCode, trailers: &HeaderMap, body: &[u8]) -> Answer {
    answer::of_grpc(status, trailers, body)
}
