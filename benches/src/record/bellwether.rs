//! Bellwether's own instruments, as a contender among the rivals.

use bellwether_core::{Counter, Family, Gauge, Histogram, Registry};

use super::{each_latency, repeat};
use crate::case::{Case, Run};
use crate::sample::{BOUNDS, LABELS, labels};

const NAME: &str = "bellwether";
/// The thread that first wrote, and owns the fast lane, is none of those that are measured.
const ELSEWHERE: &str = "bellwether, owner elsewhere";

/// Nothing is recorded: what the measurement itself takes.
const NOOP: &str = "bellwether, noop";

pub(super) const CASES: &[Case] = &[
    Case { group: "counter held", name: NAME, make: || count(&counter()) },
    Case { group: "counter held", name: ELSEWHERE, make: counter_elsewhere },
    Case { group: "gauge held", name: NAME, make: gauge_held },
    Case { group: "histogram held", name: NAME, make: || observe(&histogram()) },
    Case { group: "histogram held", name: ELSEWHERE, make: histogram_elsewhere },
    Case { group: "histogram held", name: NOOP, make: || observe(&Histogram::noop()) },
    Case { group: "counter, 3 labels", name: NAME, make: counter_labels },
    Case { group: "histogram, 3 labels", name: NAME, make: histogram_labels },
];

fn counter() -> Counter {
    Registry::new().counter("requests").build().expect("a legal metric")
}

fn histogram() -> Histogram {
    Registry::new().histogram("duration").bounds(BOUNDS).build().expect("a legal metric")
}

fn count(counter: &Counter) -> Run {
    let counter = counter.clone();
    repeat(move || counter.inc())
}

fn observe(histogram: &Histogram) -> Run {
    let histogram = histogram.clone();
    each_latency(move |value| histogram.record(value))
}

fn counter_elsewhere() -> Run {
    let counter = counter();
    counter.inc();
    count(&counter)
}

fn histogram_elsewhere() -> Run {
    let histogram = histogram();
    histogram.record(0.03);
    observe(&histogram)
}

fn gauge_held() -> Run {
    let gauge: Gauge = Registry::new().gauge("in_flight").build().expect("a legal metric");
    repeat(move || gauge.add(1.0))
}

fn counter_labels() -> Run {
    let family: Family<Counter, 3> =
        Registry::new().counter("requests").labels(LABELS).family().expect("a legal metric");
    repeat(move || family.get(labels()).inc())
}

fn histogram_labels() -> Run {
    let family: Family<Histogram, 3> =
        Registry::new().histogram("duration").bounds(BOUNDS).labels(LABELS).family().expect("a legal metric");
    each_latency(move |value| family.get(labels()).record(value))
}
