//! Request ids: what a client may choose, and what is made up instead.

use std::collections::HashSet;

use bellwether_core::{RequestId, TraceId};

fn check(given: impl AsRef<[u8]>, accepted: bool) {
    let given = given.as_ref();
    let id = RequestId::parse(given);
    assert_eq!(id.as_ref().map(|id| id.as_str().as_bytes()), accepted.then_some(given), "{given:?}");
}

#[test]
fn lengths() {
    for length in [1, 2, 45, 46, 47, 127, 128] {
        check("a".repeat(length), true);
    }
    for length in [0, 129, 1000, 1 << 20] {
        check("a".repeat(length), false);
    }
}

#[test]
fn characters() {
    for byte in 0..=u8::MAX {
        let legal = byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        check([byte], legal);
        check([b'a', byte, b'z'], legal);
        check([[b'a'; 60].as_slice(), &[byte]].concat(), legal);
    }
    check("é", false);
    check("a\r\nSet-Cookie: b", false);
}

#[test]
fn random_ones_are_32_digits_and_differ() {
    let ids: HashSet<RequestId> = (0..1000).map(|_| RequestId::random()).collect();
    assert_eq!(ids.len(), 1000);
    assert!(ids.iter().all(|id| id.as_str().len() == 32 && RequestId::parse(id.as_str().as_bytes()).is_some()));
}

#[test]
fn that_of_a_trace_is_the_trace_id() {
    let trace = TraceId::random();
    let id = RequestId::from(trace);
    assert_eq!(id.to_string(), trace.to_string());
    assert_eq!(id, RequestId::parse(trace.to_string().as_bytes()).unwrap());
    assert_eq!(format!("{id:?}"), format!("RequestId({trace})"));
}
