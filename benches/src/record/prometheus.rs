//! The `prometheus` crate, by TiKV.

use prometheus::{Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts};

use super::{each_latency, repeat};
use crate::case::{Case, Run};
use crate::sample::{BOUNDS, LABELS, labels};

const NAME: &str = "prometheus (tikv)";

pub(super) const CASES: &[Case] = &[
    Case { group: "counter held", name: NAME, make: counter_held },
    Case { group: "gauge held", name: NAME, make: gauge_held },
    Case { group: "histogram held", name: NAME, make: histogram_held },
    Case { group: "counter, 3 labels", name: NAME, make: counter_labels },
    Case { group: "histogram, 3 labels", name: NAME, make: histogram_labels },
];

fn counter_held() -> Run {
    let counter = IntCounter::new("requests", "Requests.").expect("a legal metric");
    repeat(move || counter.inc())
}

fn gauge_held() -> Run {
    let gauge = Gauge::new("in_flight", "In flight.").expect("a legal metric");
    repeat(move || gauge.add(1.0))
}

fn options() -> HistogramOpts {
    HistogramOpts::new("duration", "Durations.").buckets(BOUNDS.to_vec())
}

fn histogram_held() -> Run {
    let histogram = Histogram::with_opts(options()).expect("a legal metric");
    each_latency(move |value| histogram.observe(value))
}

fn counter_labels() -> Run {
    let counters = IntCounterVec::new(Opts::new("requests", "Requests."), &LABELS).expect("a legal metric");
    repeat(move || counters.with_label_values(&labels()).inc())
}

fn histogram_labels() -> Run {
    let histograms = HistogramVec::new(options(), &LABELS).expect("a legal metric");
    each_latency(move |value| histograms.with_label_values(&labels()).observe(value))
}
