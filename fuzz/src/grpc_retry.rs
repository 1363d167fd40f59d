//! What gRPC says of when to come back, in headers of any bytes: never a panic, and no time out of nothing.
#![no_main]

#[path = "../../crates/bellwether-tower/src/guard/grpc.rs"]
mod grpc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let read = |name: &'static str, value: &[u8]| {
        let Ok(value) = HeaderValue::from_bytes(value) else { return None };
        grpc::retry_after(&HeaderMap::from_iter([(http::HeaderName::from_static(name), value)]))
    };
    if let Some(pushback) = read("grpc-retry-pushback-ms", input) {
        assert!(std::str::from_utf8(input).is_ok_and(|text| text.parse() == Ok(pushback.as_millis() as u64)));
    }
    // As it comes, and as what is in it.
    let _ = read("grpc-status-details-bin", input);
    let padded = read("grpc-status-details-bin", STANDARD.encode(input).as_bytes());
    assert_eq!(read("grpc-status-details-bin", STANDARD_NO_PAD.encode(input).as_bytes()), padded);
    assert!(padded.is_none() || input.windows(9).any(|part| part == b"RetryInfo"), "{padded:?}");
});
