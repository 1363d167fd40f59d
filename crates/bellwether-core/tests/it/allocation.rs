//! The hot path allocates nothing: recording by a handle held, and resolving labels of a series that is there.

use std::time::Duration;

use allocation_counter::measure;
use bellwether_core::{Registry, Scope, TraceContext};

/// Does it once, so that series and lanes are there, then again, counting.
fn check(what: &str, work: impl Fn()) {
    work();
    let seen = measure(|| (0..100).for_each(|_| work()));
    assert_eq!(seen.count_total, 0, "{what}: {seen:?}");
}

#[test]
fn recording_by_a_handle() {
    let registry = Registry::new();
    let counter = registry.counter("events").build().unwrap();
    let gauge = registry.gauge("level").build().unwrap();
    let histogram = registry.histogram("values").bounds([0.3]).build().unwrap();
    check("counter", || counter.inc());
    check("gauge", || gauge.add(1.0));
    check("in flight", || drop(gauge.in_flight()));
    check("histogram", || (1..100).for_each(|n| histogram.record(f64::from(n) / 100.0)));
    check("wide spread", || (-300..300).for_each(|n| histogram.record(10_f64.powi(n))));
    check("duration", || histogram.record_duration(Duration::from_millis(7)));
    check("what is no number", || histogram.record(f64::NAN));
}

#[test]
fn resolving_labels() {
    let registry = Registry::new();
    let labels = ["method", "route", "status"];
    let counters = registry.counter("requests").labels(labels).family().unwrap();
    let histograms = registry.histogram("duration").labels(labels).family().unwrap();
    let long = "x".repeat(1000);
    check("counter", || counters.get(["GET", "/v1/turns", "200"]).inc());
    check("histogram", || histograms.get(["GET", "/v1/turns", "200"]).record(0.02));
    check("a value that is cut", || counters.get(["GET", &long, "200"]).inc());
}

#[test]
fn recording_in_a_shared_lane() {
    let registry = Registry::new();
    let histogram = registry.histogram("values").build().unwrap();
    // Both are alive while this thread writes, so both lanes with owners are taken.
    let (ready, wait) = (std::sync::Barrier::new(3), std::sync::Barrier::new(3));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                histogram.record(1.0);
                ready.wait();
                wait.wait();
            });
        }
        ready.wait();
        check("third thread", || histogram.record(1.0));
        wait.wait();
    });
}

#[test]
fn recording_in_a_sampled_request() {
    let histogram = Registry::new().histogram("values").build().unwrap();
    let scope = Scope::builder(TraceContext::root(true)).open();
    scope.in_scope(|| check("exemplar", || histogram.record(1.0)));
    check("entering", || scope.in_scope(|| histogram.record(1.0)));
    check("asking", || assert!(Scope::current().is_empty()));
}

#[test]
fn reading_into_a_snapshot_that_is_there() {
    let histogram = Registry::new().histogram("values").bounds([0.3, 0.5]).build().unwrap();
    (1..100).for_each(|n| histogram.record(f64::from(n) / 100.0));
    let snapshot = std::cell::RefCell::new(histogram.snapshot());
    check("read_into", || histogram.read_into(&mut snapshot.borrow_mut()));
}
