//! `traceparent`: what W3C Trace Context level 2 has accepted, and every malformed kind its own test suite sends.

use bellwether_core::{SpanId, TraceContext, TraceId};
use proptest::prelude::*;

const TRACE: &str = "12345678901234567890123456789012";
const SPAN: &str = "1234567890123456";

/// Accepted, with the flags that are kept, or refused.
fn check(header: impl AsRef<[u8]>, flags: Option<(bool, bool)>) {
    let header = header.as_ref();
    let context = TraceContext::parse(header);
    let shown = String::from_utf8_lossy(header);
    assert_eq!(context.map(|context| (context.sampled(), context.random())), flags, "{shown:?}");
    if let Some(context) = context {
        assert_eq!((context.trace_id().to_string(), context.span_id().to_string()), (TRACE.into(), SPAN.into()));
    }
}

fn accepted(header: String, sampled: bool, random: bool) {
    check(header, Some((sampled, random)));
}

fn refused(header: impl AsRef<[u8]>) {
    check(header, None);
}

#[test]
fn flags() {
    accepted(format!("00-{TRACE}-{SPAN}-00"), false, false);
    accepted(format!("00-{TRACE}-{SPAN}-01"), true, false);
    accepted(format!("00-{TRACE}-{SPAN}-02"), false, true);
    accepted(format!("00-{TRACE}-{SPAN}-03"), true, true);
    accepted(format!("00-{TRACE}-{SPAN}-ff"), true, true);
    accepted(format!("00-{TRACE}-{SPAN}-fc"), false, false);
    // Flags that nobody defined are not passed on.
    let context = TraceContext::parse(format!("00-{TRACE}-{SPAN}-ff").as_bytes()).unwrap();
    assert_eq!(context.to_string(), format!("00-{TRACE}-{SPAN}-03"));
    for flags in [".0", "0.", "0G", "1", "001", "", "0A", " 1", "1 "] {
        refused(format!("00-{TRACE}-{SPAN}-{flags}"));
    }
}

#[test]
fn versions() {
    accepted(format!("cc-{TRACE}-{SPAN}-01"), true, false);
    accepted(format!("cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like"), true, false);
    accepted(format!("01-{TRACE}-{SPAN}-03-"), true, true);
    accepted(format!("fe-{TRACE}-{SPAN}-00"), false, false);
    refused(format!("cc-{TRACE}-{SPAN}-01.what-the-future-will-not-be-like"));
    refused(format!("cc-{TRACE}-{SPAN}-011"));
    refused(format!("ff-{TRACE}-{SPAN}-01"));
    refused(format!("ff-{TRACE}-{SPAN}-01-and-more"));
    // Version 00 ends where it ends.
    for more in [".", "-", "-what-the-future-will-be-like", ".what", " ", "0"] {
        refused(format!("00-{TRACE}-{SPAN}-01{more}"));
    }
    for version in [".0", "0.", "0", "000", "", "0x", "CC", "-0"] {
        refused(format!("{version}-{TRACE}-{SPAN}-01"));
    }
}

#[test]
fn trace_ids() {
    for id in [
        "00000000000000000000000000000000",
        ".2345678901234567890123456789012",
        "1234567890123456789012345678901.",
        "1234567890123456789012345678901",
        "123456789012345678901234567890123",
        "ABCDEF78901234567890123456789012",
        "1234567890123456789012345678901g",
        "",
    ] {
        refused(format!("00-{id}-{SPAN}-01"));
    }
}

#[test]
fn span_ids() {
    for id in [
        "0000000000000000",
        ".234567890123456",
        "123456789012345.",
        "123456789012345",
        "12345678901234567",
        "ABCDEF7890123456",
        "",
    ] {
        refused(format!("00-{TRACE}-{id}-01"));
    }
}

#[test]
fn shapes() {
    refused("");
    refused("00");
    refused([0xFF; 55]);
    refused([b'-'; 55]);
    refused(vec![b'0'; 1 << 20]);
    refused(format!("00_{TRACE}-{SPAN}-01"));
    refused(format!("00-{TRACE}_{SPAN}-01"));
    refused(format!("00-{TRACE}-{SPAN}_01"));
    refused(format!("00-{TRACE}-{SPAN}"));
    refused(format!("00-{TRACE}-{SPAN}-"));
    refused(format!(" 00-{TRACE}-{SPAN}-01"));
    refused(format!("00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01"));
    refused(format!("00-{TRACE}-{SPAN}-0ä"));
}

#[test]
fn a_child_keeps_the_trace_and_its_randomness() {
    let parent = TraceContext::parse(format!("00-{TRACE}-{SPAN}-03").as_bytes()).unwrap();
    let child = parent.child(false);
    assert_eq!((child.trace_id(), child.random(), child.sampled()), (parent.trace_id(), true, false));
    assert_ne!(child.span_id(), parent.span_id());
    let root = TraceContext::root(true);
    assert!(root.random() && root.sampled());
    assert_ne!(root.trace_id(), TraceContext::root(true).trace_id());
}

#[test]
fn ids_are_never_zero() {
    assert_eq!((TraceId::from_bytes([0; 16]), SpanId::from_bytes([0; 8])), (None, None));
    assert_eq!(TraceId::from_bytes([0xFF; 16]).unwrap().randomness(), u64::MAX >> 1);
    let mut least = [0; 16];
    least[15] = 1;
    assert_eq!(TraceId::from_bytes(least).unwrap().randomness(), 0);
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(trace in 1..=u128::MAX, span in 1..=u64::MAX, sampled: bool, random: bool) {
        let trace_id = TraceId::from_bytes(trace.to_be_bytes()).unwrap();
        let span_id = SpanId::from_bytes(span.to_be_bytes()).unwrap();
        let context = TraceContext::new(trace_id, span_id, sampled, random);
        let flags = u8::from(sampled) | u8::from(random) << 1;
        let header = context.to_traceparent();
        prop_assert_eq!(std::str::from_utf8(&header).unwrap(), format!("00-{trace:032x}-{span:016x}-{flags:02x}"));
        prop_assert_eq!(TraceContext::parse(&header), Some(context));
        prop_assert_eq!((trace_id.to_bytes(), span_id.to_bytes()), (trace.to_be_bytes(), span.to_be_bytes()));
    }

    #[test]
    fn anything_else_does_no_harm(header in prop::collection::vec(any::<u8>(), 0..80)) {
        prop_assert_eq!(TraceContext::parse(&header), None);
    }

    #[test]
    fn one_wrong_byte_is_one_too_many(at in 0..55_usize, byte in any::<u8>()) {
        let mut header = format!("00-{TRACE}-{SPAN}-01").into_bytes();
        header[at] = byte;
        if let Some(context) = TraceContext::parse(&header) {
            prop_assert!(byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte) || byte == b'-');
            prop_assert!(!(2..=52).contains(&at) || context.to_traceparent()[..53] == header[..53]);
        }
    }
}
