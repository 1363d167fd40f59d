//! What answers mean, by either wire; and that no answer whatever does more than be refused.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, StatusCode};
use proptest::prelude::*;

use super::answer::{of_grpc, of_http};
use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect()
}

fn again(after: Option<Duration>, why: &str) -> Answer {
    Answer::Again { after, why: why.to_owned() }
}

fn refused(why: &str) -> Answer {
    Answer::Refused { why: why.to_owned() }
}

fn taken(rejected: u64, message: &str) -> Answer {
    Answer::Taken { rejected, message: message.to_owned() }
}

/// A partial success: so many rejected, and why.
const PARTIAL: &[u8] = b"\x0a\x06\x08\x03\x12\x02no";

#[test]
fn by_http() {
    fn check(status: u16, fields: &[(&'static str, &str)], body: &[u8], expected: Answer) {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(of_http(StatusCode::from_u16(status).unwrap(), &headers(fields), body, now), expected);
    }
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    check(200, &[], b"", taken(0, ""));
    check(202, &[], b"", taken(0, ""));
    check(200, &[], PARTIAL, taken(3, "no"));
    // A negative number of rejected items is nonsense.
    check(200, &[], b"\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", taken(0, ""));
    check(503, &[], b"", again(None, "HTTP 503 Service Unavailable"));
    check(429, &[("retry-after", "7")], b"\x12\x04slow", again(seconds(7), "HTTP 429 Too Many Requests: slow"));
    let date = [("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")];
    check(502, &date, b"", again(seconds(10), "HTTP 502 Bad Gateway"));
    check(504, &[("retry-after", "soon")], b"", again(None, "HTTP 504 Gateway Timeout"));
    check(400, &[("retry-after", "7")], b"", refused("HTTP 400 Bad Request"));
    check(301, &[], b"<html>", refused("HTTP 301 Moved Permanently"));
    check(500, &[], b"", refused("HTTP 500 Internal Server Error"));
}

#[test]
fn by_grpc() {
    fn check(fields: &[(&'static str, &str)], body: &[u8], expected: Answer) {
        assert_eq!(of_grpc(StatusCode::OK, &headers(fields), body), expected);
    }
    let frame = [&[0, 0, 0, 0, PARTIAL.len() as u8], PARTIAL].concat();
    check(&[("grpc-status", "0")], &frame, taken(3, "no"));
    check(&[("grpc-status", "0")], b"\0\0\0\0\0", taken(0, ""));
    check(&[("grpc-status", "14"), ("grpc-message", "down")], b"", again(None, "gRPC status 14: down"));
    check(&[("grpc-status", "8")], b"", refused("gRPC status 8: "));
    check(&[("grpc-status", "3")], b"", refused("gRPC status 3: "));
    check(&[("grpc-status", "x")], b"", again(None, "no gRPC status, HTTP 200 OK"));
    check(&[], b"", again(None, "no gRPC status, HTTP 200 OK"));
    // What tonic makes of a status with RetryInfo.
    let details = tonic_types::ErrorDetails::with_retry_info(Some(Duration::from_millis(1_500)));
    for code in [tonic::Code::ResourceExhausted, tonic::Code::Unavailable] {
        let status = <tonic::Status as tonic_types::StatusExt>::with_error_details(code, "full", details.clone());
        let response = status.into_http::<()>();
        let why = format!("gRPC status {}: full", code as i32);
        let expected = again(Some(Duration::from_millis(1_500)), &why);
        assert_eq!(of_grpc(StatusCode::OK, response.headers(), b""), expected);
    }
    assert_eq!(
        of_grpc(StatusCode::BAD_GATEWAY, &HeaderMap::new(), b"<html>"),
        again(None, "no gRPC status, HTTP 502 Bad Gateway")
    );
    assert_eq!(of_grpc(StatusCode::FORBIDDEN, &HeaderMap::new(), b""), refused("no gRPC status, HTTP 403 Forbidden"));
}

proptest! {
    #[test]
    fn any_answer_is_understood_somehow(
        status in 100..600_u16,
        code in prop::option::of(".{0,4}"),
        details in prop::collection::vec(any::<u8>(), 0..60),
        body in prop::collection::vec(any::<u8>(), 0..100),
        after in "[ -~]{0,30}",
    ) {
        let mut all = HeaderMap::new();
        if let Some(code) = code.and_then(|code| HeaderValue::from_str(&code).ok()) {
            all.insert("grpc-status", code);
        }
        use base64::Engine as _;
        let details = base64::engine::general_purpose::STANDARD.encode(details);
        all.insert("grpc-status-details-bin", HeaderValue::from_str(&details).unwrap());
        all.insert("retry-after", HeaderValue::from_str(&after).unwrap());
        let status = StatusCode::from_u16(status).unwrap();
        of_grpc(status, &all, &body);
        of_http(status, &all, &body, SystemTime::UNIX_EPOCH);
    }
}
