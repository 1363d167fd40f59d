//! Of every way to say when to come back, and of every way to say it wrongly.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{BASE64, retry_after};
use base64::Engine;

fn check(headers: &[(&'static str, &str)], expect: Option<Duration>) {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    assert_eq!(retry_after(&map), expect, "{headers:?}");
}

/// A field of bytes of a message.
fn bytes(number: u8, value: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(value.len()).unwrap()], value].concat()
}

fn encoded(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// `google.rpc.Status` with one detail of this type.
fn status(kind: &str, detail: &[u8]) -> Vec<u8> {
    let any = [bytes(1, kind.as_bytes()), bytes(2, detail)].concat();
    [vec![1 << 3, 8], bytes(2, b"slow down"), bytes(3, &any)].concat()
}

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

#[test]
fn pushback() {
    for (value, expect) in [
        ("1500", Some(Duration::from_millis(1500))),
        ("0", Some(Duration::ZERO)),
        ("18446744073709551615", Some(Duration::from_millis(u64::MAX))),
        ("18446744073709551616", None),
        ("-1", None),
        ("1.5", None),
        ("", None),
        ("soon", None),
    ] {
        check(&[("grpc-retry-pushback-ms", value)], expect);
    }
    check(&[], None);
}

#[test]
fn retry_info() {
    let info = |delay: &[u8]| encoded(&status(RETRY_INFO, &bytes(1, delay)));
    for (delay, expect) in [
        (&[8, 30][..], Some(Duration::from_secs(30))),
        (&[8, 2, 16, 0x80, 0xca, 0xb5, 0xee, 0x01], Some(Duration::from_millis(2500))),
        (&[], Some(Duration::ZERO)),
        // -1 s, and a billion nanoseconds.
        (&[8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], None),
        (&[16, 0x80, 0x94, 0xeb, 0xdc, 0x03], None),
    ] {
        check(&[("grpc-status-details-bin", &info(delay))], expect);
    }
    check(&[("grpc-status-details-bin", &encoded(&status("type.googleapis.com/google.rpc.Help", &[])))], None);
    let both = [("grpc-retry-pushback-ms", "7"), ("grpc-status-details-bin", &info(&[8, 30]))];
    check(&both, Some(Duration::from_millis(7)));
}

/// Cut anywhere, or with any byte changed, it is a time or none, and no panic.
#[test]
fn mangled() {
    let whole = status(RETRY_INFO, &bytes(1, &[8, 30]));
    for end in 0..whole.len() {
        check(&[("grpc-status-details-bin", &encoded(&whole[..end]))], None);
        for byte in 0..=u8::MAX {
            let mut changed = whole.clone();
            changed[end] = byte;
            let value = HeaderValue::from_str(&encoded(&changed)).unwrap();
            retry_after(&HeaderMap::from_iter([(HeaderName::from_static("grpc-status-details-bin"), value)]));
        }
    }
    check(&[("grpc-status-details-bin", "%%%")], None);
    check(&[("grpc-status-details-bin", &"A".repeat(20_000))], None);
}

#[test]
fn base64_with_and_without_padding() {
    let mut padded = 0;
    for seconds in 0..100 {
        let detail = encoded(
            &[status(RETRY_INFO, &bytes(1, &[8, seconds])), [0x78, 1].repeat(usize::from(seconds % 3))].concat(),
        );
        padded += usize::from(detail.ends_with('='));
        for detail in [detail.as_str(), detail.trim_end_matches('=')] {
            check(&[("grpc-status-details-bin", detail)], Some(Duration::from_secs(seconds.into())));
        }
    }
    assert!((20..80).contains(&padded), "{padded}");
}
