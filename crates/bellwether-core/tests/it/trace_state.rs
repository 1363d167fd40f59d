//! `tracestate`: joined and passed on, or dropped whole, as W3C's own test suite has it.

use bellwether_core::TraceState;
use proptest::prelude::*;

fn check(headers: &[&str], expected: Option<&str>) {
    let state = TraceState::parse(headers.iter().map(|header| header.as_bytes()));
    assert_eq!(state.as_ref().map(TraceState::as_str), expected, "{headers:?}");
}

fn passed_on(header: &str) {
    check(&[header], Some(header));
}

fn refused(header: &str) {
    check(&[header], None);
    check(&["a=1", header], None);
}

#[test]
fn lists() {
    passed_on("foo=1");
    passed_on("foo=1,bar=2");
    check(&["foo=1", "bar=2"], Some("foo=1,bar=2"));
    check(&["foo=1", "", "bar=2"], Some("foo=1,bar=2"));
    check(&["foo=1,", ",bar=2"], Some("foo=1,bar=2"));
    check(&["foo=1 \t , \t bar=2, \t baz=3"], Some("foo=1,bar=2,baz=3"));
    check(&["\tfoo=1"], Some("foo=1"));
    check(&["foo=1\t \t"], Some("foo=1"));
    check(&[], None);
    check(&[""], None);
    check(&[" , \t,,"], None);
    // A key that is there twice is the next one's to sort out.
    passed_on("foo=1,foo=2");
}

#[test]
fn keys() {
    let longest = "z".repeat(256);
    for key in ["a", "0", "0a", "foo-_*/bar", "tenant@system", "foo@", "a@b@c", "t0/5", &longest] {
        passed_on(&format!("{key}=1"));
    }
    let too_long = "z".repeat(257);
    for key in
        ["", "@foo", "-a", "_a", "*a", "/a", "FOO", "foo.bar", "foo ", "foo bar", "fo\u{7f}o", "größe", &too_long]
    {
        refused(&format!("{key}=1"));
    }
    refused("foo");
    refused("=");
    refused("=1");
}

#[test]
fn values() {
    let longest = "v".repeat(256);
    for value in ["1", "a b", " 1", "!\"#$%&'()*+-./0189:;<>?@AZ[\\]^_`az{|}~", &longest] {
        passed_on(&format!("foo={value}"));
    }
    let too_long = "v".repeat(257);
    for value in ["", " ", "1=2", "=", "é", "\u{7f}", "\n", &too_long] {
        refused(&format!("foo={value}"));
    }
}

#[test]
fn sizes() {
    let members = |count: usize| (0..count).map(|n| format!("k{n:02}=1")).collect::<Vec<_>>().join(",");
    passed_on(&members(32));
    refused(&members(33));
    let of_length = |length: usize| format!("a={},b={}", "x".repeat(250), "x".repeat(length - 255));
    assert_eq!(of_length(511).len(), 511);
    passed_on(&of_length(511));
    let exactly = format!("a={},b={},c=x", "x".repeat(252), "x".repeat(251));
    assert_eq!(exactly.len(), 512);
    passed_on(&exactly);
    check(&[&format!("{exactly}x")], None);
    check(&[&",".repeat(1 << 20)], None);
    check(&[&"a=1,".repeat(1 << 18)], None);
}

#[test]
fn bytes_that_are_no_text() {
    assert_eq!(TraceState::parse([&b"a=\xFF"[..]]), None);
    assert_eq!(TraceState::parse([&b"\xFF=a"[..], b"a=1"]), None);
}

proptest! {
    #[test]
    fn what_is_passed_on_is_passed_on_again(headers in prop::collection::vec("[ a-c@=,\t]{0,20}", 0..4)) {
        let state = TraceState::parse(headers.iter().map(|header| header.as_bytes()));
        if let Some(state) = state {
            prop_assert!(state.as_str().len() <= 512);
            prop_assert_eq!(TraceState::parse([state.as_str().as_bytes()]), Some(state.clone()));
        }
    }
}
