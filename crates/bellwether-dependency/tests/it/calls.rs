//! Calls through a dependency: what is counted, what the breaker and the scope are told, and what it costs.

use std::future::ready;
use std::io;
use std::time::Duration;

use bellwether_breaker::{Breaker, CallError, State, Trip};
use bellwether_core::{Clock, Handle, Outcome, Registry, Scope, Timestamp, TraceContext};
use bellwether_dependency::{Dependencies, Dependency, Failure, Fault};

use crate::time::now_or_never;

fn world() -> (Clock, Registry, Dependencies) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let registry = Registry::on(clock.clone());
    let dependencies = Dependencies::new(&registry).unwrap();
    (clock, registry, dependencies)
}

/// Each series of the histogram of calls, as `operation outcome error count`.
fn counted(registry: &Registry) -> Vec<String> {
    let metric = registry.metric("dependency.call.duration").unwrap();
    let mut lines: Vec<String> = metric
        .series()
        .filter_map(|series| {
            let Handle::Histogram(histogram) = series.handle() else { return None };
            let label = |name| series.label(name).unwrap_or_default();
            let count = histogram.snapshot().count();
            (count > 0).then(|| format!("{} {} {} {count}", label("operation"), label("outcome"), label("error.type")))
        })
        .collect();
    lines.sort();
    lines
}

fn refused() -> io::Error {
    io::ErrorKind::ConnectionRefused.into()
}

#[test]
fn each_end_is_counted_by_operation_and_class() {
    let (_, registry, dependencies) = world();
    let db = dependencies.register(Dependency::sql("db")).unwrap();
    now_or_never(db.call("select", ready(Ok::<_, io::Error>(1)))).unwrap();
    now_or_never(db.call("select", ready(Err::<(), _>(refused())))).unwrap_err();
    now_or_never(db.call("insert", ready(Ok::<_, io::Error>(1)))).unwrap();
    drop(Box::pin(db.call("insert", std::future::pending::<Result<(), io::Error>>()))); // never begun
    let operation = db.operation("insert");
    drop(operation.begin().unwrap());
    assert_eq!(
        counted(&registry),
        ["insert cancelled cancelled 1", "insert success  1", "select failure refused 1", "select success  1"]
    );
}

#[test]
fn an_open_breaker_refuses_and_the_scope_is_told() {
    let (_, registry, dependencies) = world();
    let breaker = Breaker::builder("x").trip(Trip::consecutive(2));
    let tts = dependencies.register(Dependency::http("tts").breaker(breaker)).unwrap();
    let scope = Scope::builder(TraceContext::root(false)).open();
    scope.in_scope(|| {
        for _ in 0..2 {
            now_or_never(tts.call("speak", ready(Err::<(), _>(refused())))).unwrap_err();
        }
        let refused = now_or_never(tts.call("speak", ready(Ok::<_, io::Error>(())))).unwrap_err();
        assert!(matches!(refused, CallError::Rejected(_)));
    });
    assert_eq!(tts.breaker().unwrap().state(), State::Open);
    assert_eq!(counted(&registry), ["speak failure refused 2", "speak rejected rejected_by_us 1"]);
    let calls = scope.facts().calls;
    let told: Vec<_> = calls.iter().map(|call| (&*call.peer, call.outcome, call.error.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("tts", Outcome::Failure, Some("refused")),
            ("tts", Outcome::Failure, Some("refused")),
            ("tts", Outcome::Rejected, Some("rejected_by_us")),
        ]
    );
}

#[test]
fn an_error_in_an_answer_of_200_is_a_failure_where_its_reader_says_so() {
    let (_, registry, dependencies) = world();
    let llm = dependencies.register(Dependency::http("llm")).unwrap();
    let answer = r#"{"error":{"type":"insufficient_quota","message":"key sk-secret is out of money"}}"#;
    let judge = |result: &Result<&str, io::Error>| {
        let answer = result.as_ref().ok()?;
        let json: serde_json::Value = serde_json::from_str(answer).ok()?;
        Some(Fault::of_provider(200, json["error"]["type"].as_str()?, ""))
    };
    let got = now_or_never(llm.operation("chat").call_judged(ready(Ok(answer)), judge));
    assert_eq!(got.unwrap(), answer);
    assert_eq!(counted(&registry), ["chat throttled quota 1"]);
}

#[test]
fn a_pause_that_was_asked_for_paces_the_breaker() {
    let (clock, _, dependencies) = world();
    let llm = dependencies.register(Dependency::http("llm").breaker(Breaker::builder("llm"))).unwrap();
    let chat = llm.operation("chat");
    let fault = Fault::new(Failure::RateLimited).retry_after(Duration::from_secs(7));
    let _ = now_or_never(chat.call_judged(ready(Err::<(), ()>(())), |_| Some(fault)));
    assert!(chat.begin().is_err());
    clock.advance(Duration::from_secs(10));
    assert!(chat.begin().is_ok());
}

#[test]
fn a_failure_that_says_when_to_come_back_opens_the_breaker_for_so_long() {
    let (_, _, dependencies) = world();
    let breaker = Breaker::builder("llm").trip(Trip::consecutive(1));
    let llm = dependencies.register(Dependency::http("llm").breaker(breaker)).unwrap();
    let fault = Fault::new(Failure::Upstream).retry_after(Duration::from_secs(30));
    llm.operation("chat").begin().unwrap().end(Some(fault));
    let after = llm.operation("chat").begin().unwrap_err().retry_after.unwrap();
    assert!(after >= Duration::from_secs(30), "{after:?}");
}

#[test]
fn ten_thousand_operation_names_are_a_few_series() {
    let (_, registry, dependencies) = world();
    let db = dependencies.register(Dependency::sql("db")).unwrap();
    for at in 0..10_000 {
        now_or_never(db.call(&format!("select * from t{at}"), ready(Ok::<_, io::Error>(())))).unwrap();
    }
    let lines = counted(&registry);
    assert_eq!(lines.len(), 33);
    assert!(lines.contains(&"other success  9968".to_owned()), "{lines:?}");
    assert_eq!(registry.metric("dependency.call.duration").unwrap().overflowed(), 0);
    let long = "é".repeat(1_000);
    let other = dependencies.register(Dependency::sql("other")).unwrap();
    now_or_never(other.call(&long, ready(Ok::<_, io::Error>(())))).unwrap();
}

#[test]
fn a_call_in_flight_is_seen_and_a_panic_gives_it_back() {
    let (_, registry, dependencies) = world();
    let db = dependencies.register(Dependency::sql("db")).unwrap();
    let in_flight = || match registry.metric("dependency.call.in_flight").unwrap().series().next().unwrap().handle() {
        Handle::Gauge(gauge) => gauge.value(),
        _ => f64::NAN,
    };
    let operation = db.operation("select");
    let ongoing = operation.begin().unwrap();
    assert_eq!(in_flight(), 1.0);
    drop(ongoing);
    let panics = async { if in_flight() > 0.0 { panic!("as it happens") } else { Ok::<(), io::Error>(()) } };
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| now_or_never(operation.call(panics))));
    assert!(panicked.is_err());
    assert_eq!(in_flight(), 0.0);
}

#[test]
fn a_call_allocates_nothing() {
    // Time stands still: a histogram allocates where it never was before.
    let (_, _, dependencies) = world();
    let db = dependencies.register(Dependency::sql("db").breaker(Breaker::builder("db"))).unwrap();
    let operation = db.operation("select");
    let call = || {
        now_or_never(operation.call(ready(Ok::<_, io::Error>(1)))).unwrap();
        now_or_never(db.call("select", ready(Ok::<_, io::Error>(1)))).unwrap();
    };
    call();
    let made = allocation_counter::measure(|| (0..100).for_each(|_| call()));
    assert_eq!(made.count_total, 0);
}
