//! Classes of errors, by their types.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

use bellwether_breaker::{Breaker, CallError, Outcome as Evidence};
use bellwether_core::Outcome;
use bellwether_dependency::{Failure, Fault, Limit, Retry};

fn check(error: impl Error + 'static, failure: Failure) {
    assert_eq!(Fault::of(&error).failure, failure, "{error:?}");
    assert_eq!(Fault::of(&Wrapped(Box::new(error))).failure, failure, "wrapped");
}

/// An error around another.
#[derive(Debug)]
struct Wrapped(Box<dyn Error>);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out: connection refused: 429") // the text says nothing
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// An error that is its own source.
#[derive(Debug)]
struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("endless")
    }
}

impl Error for Endless {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&Endless)
    }
}

#[test]
fn of_the_operating_system() {
    for (kind, failure) in [
        (ErrorKind::TimedOut, Failure::Timeout),
        (ErrorKind::WouldBlock, Failure::Timeout),
        (ErrorKind::ConnectionRefused, Failure::Refused),
        (ErrorKind::ConnectionReset, Failure::Connect),
        (ErrorKind::BrokenPipe, Failure::Connect),
        (ErrorKind::UnexpectedEof, Failure::Connect),
        (ErrorKind::NetworkUnreachable, Failure::Connect),
        (ErrorKind::InvalidData, Failure::Decode),
        (ErrorKind::InvalidInput, Failure::BadRequest),
        (ErrorKind::NotFound, Failure::Unknown),
    ] {
        check(io::Error::from(kind), failure);
        check(io::Error::other(io::Error::from(kind)), failure);
    }
    // What is inside counts for more than the kind around it, and the exact for more than the vague.
    check(io::Error::new(ErrorKind::TimedOut, Fault::new(Failure::Quota)), Failure::Quota);
    check(io::Error::new(ErrorKind::ConnectionReset, io::Error::from(ErrorKind::TimedOut)), Failure::Timeout);
}

#[test]
fn of_our_own_and_of_formats() {
    let breaker = Breaker::builder("b").mode(bellwether_breaker::Mode::ForcedOpen).build().unwrap();
    check(breaker.try_acquire().unwrap_err(), Failure::Rejected);
    check("x".parse::<u8>().unwrap_err(), Failure::Decode);
    check(String::from_utf8(vec![0xff]).unwrap_err(), Failure::Decode);
    check(serde_json::from_str::<u8>("{").unwrap_err(), Failure::Decode);
    check(Endless, Failure::Unknown);
    let failed = CallError::Failed(io::Error::from(ErrorKind::TimedOut));
    assert_eq!(Fault::of_call(&failed).failure, Failure::Timeout);
}

#[test]
fn of_http() {
    for (status, failure, retry) in [
        (400, Failure::BadRequest, Retry::InVain),
        (401, Failure::Auth, Retry::InVain),
        (402, Failure::Quota, Retry::InVain),
        (403, Failure::Auth, Retry::InVain),
        (404, Failure::BadRequest, Retry::InVain),
        (408, Failure::Timeout, Retry::Helps),
        (425, Failure::BadRequest, Retry::Helps),
        (429, Failure::RateLimited, Retry::AfterPause),
        (500, Failure::Upstream, Retry::Helps),
        (501, Failure::Upstream, Retry::InVain),
        (503, Failure::Upstream, Retry::AfterPause),
        (529, Failure::Upstream, Retry::AfterPause),
        (200, Failure::Unknown, Retry::InVain),
        (999, Failure::Unknown, Retry::InVain),
    ] {
        let fault = Fault::of_status(status);
        assert_eq!((fault.failure, fault.retry), (failure, retry), "{status}");
    }
    for (status, kind, code, failure) in [
        (429, "insufficient_quota", "insufficient_quota", Failure::Quota),
        (429, "tokens", "rate_limit_exceeded", Failure::RateLimited),
        (429, "a rate limit, says the text", "", Failure::RateLimited),
        (200, "server_error", "", Failure::Upstream),
        (400, "invalid_request_error", "context_length_exceeded", Failure::BadRequest),
        (529, "overloaded_error", "", Failure::Upstream),
        // The status is the vaguer of the two, or the less vague.
        (401, "invalid_request_error", "", Failure::Auth),
        (400, "invalid_request_error", "invalid_api_key", Failure::Auth),
        (503, "invalid_request_error", "no_fixture_match", Failure::Upstream),
        (200, "invalid_request_error", "", Failure::BadRequest),
        (200, "something_new", "", Failure::Upstream),
    ] {
        assert_eq!(Fault::of_provider(status, kind, code).failure, failure, "{status} {kind} {code}");
    }
}

#[test]
fn a_429_is_many_things() {
    for (status, kind, code, limit) in [
        (429, "tokens", "rate_limit_exceeded", Some(Limit::Rate)),
        (429, "rate_limit_error", "", Some(Limit::Rate)),
        (429, "insufficient_quota", "insufficient_quota", Some(Limit::Quota)),
        (403, "billing_error", "", Some(Limit::Quota)),
        (402, "", "", Some(Limit::Quota)),
        (429, "invalid_request_error", "concurrency_limit_exceeded", Some(Limit::Concurrency)),
        (429, "overloaded_error", "", Some(Limit::Overload)),
        (529, "", "", Some(Limit::Overload)),
        // Whoever says it in words of their own is not guessed at.
        (429, "insufficient quota", "", Some(Limit::Unknown)),
        (429, "invalid_request_error", "", Some(Limit::Unknown)),
        (429, "", "", Some(Limit::Unknown)),
        (500, "server_error", "", None),
        (400, "", "context_length_exceeded", None),
    ] {
        assert_eq!(Fault::of_provider(status, kind, code).limit, limit, "{status} {kind} {code}");
    }
    // To wait for money is in vain, and theirs is the fault if they have too much to do.
    let told = |code| Fault::of_provider(429, "", code).evidence();
    assert_eq!(told("concurrency_limit_exceeded"), Evidence::Throttled(None));
    assert_eq!(told("insufficient_quota"), Evidence::Alive);
    assert_eq!(Fault::of_provider(529, "overloaded_error", "").evidence(), Evidence::Failure);
}

#[test]
fn each_class_says_what_it_is_evidence_of() {
    let told = |failure| (Fault::new(failure).outcome(), Fault::new(failure).evidence());
    assert_eq!(told(Failure::Timeout), (Outcome::Failure, Evidence::Failure));
    assert_eq!(told(Failure::BadRequest), (Outcome::ClientError, Evidence::Alive));
    assert_eq!(told(Failure::RateLimited), (Outcome::Throttled, Evidence::Throttled(None)));
    assert_eq!(told(Failure::Quota), (Outcome::Throttled, Evidence::Alive));
    assert_eq!(told(Failure::Auth), (Outcome::Failure, Evidence::Alive));
    assert_eq!(told(Failure::Rejected), (Outcome::Rejected, Evidence::Neutral));
    assert_eq!(told(Failure::Cancelled), (Outcome::Cancelled, Evidence::Cancelled));
}
