//! Whatever a collector answers: never a panic, and a message that is short and harmless.
#![no_main]

mod pieces {
    pub mod answer;
}

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;
use pieces::answer::{Answer, of_grpc, of_http};

fuzz_target!(|input: (u16, &str, &str, &[u8], bool, &[u8])| {
    let (status, code, text, details, encode, body) = input;
    let Ok(status) = StatusCode::from_u16(100 + status % 900) else { return };
    let mut headers = HeaderMap::new();
    let details = if encode { base64(details) } else { details.to_vec() };
    for (name, value) in [
        ("grpc-status", code.as_bytes()),
        ("grpc-message", text.as_bytes()),
        ("retry-after", text.as_bytes()),
        ("grpc-status-details-bin", &details),
    ] {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(name, value);
        }
    }
    let framed = [&[0, 0, 0, 0, 0], body].concat();
    for answer in [of_http(status, &headers, body), of_grpc(status, &headers, body), of_grpc(status, &headers, &framed)]
    {
        let message = match answer {
            Answer::Taken { message, .. } => message,
            Answer::Again { after, why } => {
                assert!(after.is_none_or(|after| after <= Duration::MAX));
                why
            }
            Answer::Refused { why } => why,
        };
        assert!(message.len() <= 1024 && !message.contains(['\n', '\r', '\x1b', '\u{9b}']), "{message:?}");
    }
});

fn base64(bytes: &[u8]) -> Vec<u8> {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes).into_bytes()
}
