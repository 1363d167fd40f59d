//! The head of any request for `/metrics`: who is let in is what a few plain sentences say.
#![no_main]

#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../crates/bellwether/src/access.rs"]
mod access;

use std::net::IpAddr;

use access::Access;
use http::Request;
use libfuzzer_sys::fuzz_target;

const TOKEN: &str = "0123456789abcdef";

fuzz_target!(|input: &[u8]| {
    let Some((choice, head)) = input.split_first() else { return };
    let mut request = Request::get("/metrics");
    for line in head.split(|byte| *byte == b'\n') {
        let mut halves = line.splitn(2, |byte| *byte == b':');
        if let (Some(name), Some(value)) = (halves.next(), halves.next()) {
            let value = value.trim_ascii();
            if let (Ok(name), Ok(value)) = (http::HeaderName::from_bytes(name), http::HeaderValue::from_bytes(value)) {
                request = request.header(name, value);
            }
        }
    }
    let Ok(request) = request.body(()) else { return };
    let (parts, ()) = request.into_parts();
    let peers = ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "::"];
    let peer: Option<IpAddr> = peers.get(usize::from(choice & 7)).map(|peer| peer.parse().expect("an address"));
    let only_loopback = choice & 8 != 0;

    let admits = |access: Access| access.check(&parts, peer, || only_loopback).is_ok();
    let near = peer.map_or(only_loopback, |peer| peer.to_canonical().is_loopback());
    let by_loopback = admits(Access::loopback());
    assert!(admits(Access::anyone()) && !admits(Access::nobody()));
    assert!(!by_loopback || near, "nobody from elsewhere");
    let passed_on = parts.headers.contains_key("x-forwarded-for") || parts.headers.contains_key("forwarded");
    assert!(!by_loopback || !passed_on, "nobody through a proxy");
    let sites = parts.headers.get_all("sec-fetch-site").into_iter().any(|site| site == "cross-site");
    let followed = parts.headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
    assert!(!by_loopback || !sites || followed, "no page of another site");
    let public = parts.headers.get_all("host").iter().any(|host| {
        let host = host.as_bytes();
        host.ends_with(b".example") && !host.contains(&b':')
    });
    assert!(!by_loopback || !public, "nobody by a name of the world's");
    assert!(by_loopback || !near || !parts.headers.is_empty(), "whoever says nothing of others is let in");

    let bearer = parts.headers.get("authorization").map(http::HeaderValue::as_bytes).is_some_and(|given| {
        given.len() > 7 && given[..7].eq_ignore_ascii_case(b"bearer ") && &given[7..] == TOKEN.as_bytes()
    });
    assert_eq!(admits(Access::nobody().or_token(TOKEN)), bearer);
    assert_eq!(admits(Access::nobody().or_token("another-one-of-16").or_token(TOKEN)), bearer);
});
