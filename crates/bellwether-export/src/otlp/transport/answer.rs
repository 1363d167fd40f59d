//! What a collector's answer means: taken, try again, or no.
//!
//! Source: <https://opentelemetry.io/docs/specs/otlp/>, "Failures" of both transports.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{HeaderMap, StatusCode, header};

use super::super::wire::{Field, cut, fields};

/// As much of a collector's message as is worth a log line.
const MAX_MESSAGE: usize = 256;

/// The collector's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has the request, except so many items of it.
    Taken { rejected: u64, message: String },
    /// It may take it later: after so long, if it says so.
    Again { after: Option<Duration>, why: String },
    /// It will never take it.
    Refused { why: String },
}

/// An answer by HTTP.
pub(super) fn of_http(status: StatusCode, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Answer {
    if status.is_success() {
        return taken(body);
    }
    let message = find_text(body, 2);
    let why = if message.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {message}") };
    match status.as_u16() {
        429 | 502 | 503 | 504 => Answer::Again { after: retry_after(headers, now), why },
        _ => Answer::Refused { why },
    }
}

/// An answer by gRPC; `trailers` are where the status is.
pub(super) fn of_grpc(status: StatusCode, trailers: &HeaderMap, body: &[u8]) -> Answer {
    let text = |name: &str| trailers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let code: Option<u32> = text("grpc-status").parse().ok();
    let message = cut(text("grpc-message"), MAX_MESSAGE);
    let retry_info = trailers.get("grpc-status-details-bin").and_then(|details| retry_info(details.as_bytes()));
    let why = match code {
        Some(code) => format!("gRPC status {code}: {message}"),
        None => format!("no gRPC status, HTTP {status}"),
    };
    match code {
        Some(0) => match body.split_first_chunk::<5>() {
            // We did not say that we read compressed answers.
            Some(([0, ..], message)) => taken(message),
            _ => Answer::Taken { rejected: 0, message: String::new() },
        },
        // Exhausted for good, unless it says when to come back.
        Some(8) if retry_info.is_none() => Answer::Refused { why },
        // Cancelled, deadline exceeded, exhausted, aborted, out of range, unavailable, data loss.
        Some(1 | 4 | 8 | 10 | 11 | 14 | 15) => Answer::Again { after: retry_info, why },
        Some(_) => Answer::Refused { why },
        None => match status.as_u16() {
            200 | 429 | 502 | 503 | 504 => Answer::Again { after: None, why },
            _ => Answer::Refused { why },
        },
    }
}

/// `partial_success` of a response, the same for all signals: how many were rejected, and why.
fn taken(response: &[u8]) -> Answer {
    let partial = find_bytes(response, 1);
    let rejected = fields(partial).filter_map(|(field, value)| match (field, value) {
        (1, Field::Varint(rejected)) => Some(rejected as i64),
        _ => None,
    });
    let rejected = rejected.last().and_then(|rejected| u64::try_from(rejected).ok()).unwrap_or(0);
    Answer::Taken { rejected, message: find_text(partial, 2) }
}

/// `Retry-After`, as seconds or as a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// `google.rpc.RetryInfo` among the details of a `google.rpc.Status`.
fn retry_info(details: &[u8]) -> Option<Duration> {
    let unpadded = details.trim_ascii_end().split(|byte| *byte == b'=').next().unwrap_or_default();
    let status = STANDARD_NO_PAD.decode(unpadded).ok()?;
    let any = fields(&status).filter_map(|(field, value)| match (field, value) {
        (3, Field::Bytes(any)) => Some(any),
        _ => None,
    });
    let info = any.filter(|any| find_bytes(any, 1).ends_with(b"/google.rpc.RetryInfo")).map(|any| find_bytes(any, 2));
    let delay = info.map(|info| find_bytes(info, 1)).last()?;
    let (mut seconds, mut nanos) = (0, 0);
    for (field, value) in fields(delay) {
        match (field, value) {
            (1, Field::Varint(value)) => seconds = value as i64,
            (2, Field::Varint(value)) => nanos = value as i32,
            _ => {}
        }
    }
    let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    Some(seconds.saturating_add(Duration::from_nanos(u64::try_from(nanos).unwrap_or(0).min(999_999_999))))
}

fn find_bytes(message: &[u8], number: u32) -> &[u8] {
    let found = fields(message).filter_map(|(field, value)| match value {
        Field::Bytes(bytes) if field == number => Some(bytes),
        _ => None,
    });
    found.last().unwrap_or_default()
}

fn find_text(message: &[u8], number: u32) -> String {
    let text = String::from_utf8_lossy(find_bytes(message, number));
    cut(&text, MAX_MESSAGE).chars().filter(|c| !c.is_control()).collect()
}
