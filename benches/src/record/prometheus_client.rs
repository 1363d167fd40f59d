//! The `prometheus-client` crate, the official one.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::{each_latency, repeat};
use crate::case::{Case, Run};
use crate::sample::{BOUNDS, labels};

const NAME: &str = "prometheus-client";

pub(super) const CASES: &[Case] = &[
    Case { group: "counter held", name: NAME, make: counter_held },
    Case { group: "gauge held", name: NAME, make: gauge_held },
    Case { group: "histogram held", name: NAME, make: histogram_held },
    Case { group: "counter, 3 labels", name: NAME, make: counter_labels },
    Case { group: "histogram, 3 labels", name: NAME, make: histogram_labels },
];

/// As one would write it for HTTP: only the route is not known at compile time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: &'static str,
    route: String,
    status: &'static str,
}

fn given() -> Labels {
    let [method, route, status] = labels();
    Labels { method, route: route.to_owned(), status }
}

fn counter_held() -> Run {
    let counter = Counter::<u64, AtomicU64>::default();
    repeat(move || {
        counter.inc();
    })
}

fn gauge_held() -> Run {
    let gauge = Gauge::<f64, AtomicU64>::default();
    repeat(move || {
        gauge.inc_by(1.0);
    })
}

fn histogram_held() -> Run {
    let histogram = Histogram::new(BOUNDS);
    each_latency(move |value| histogram.observe(value))
}

fn counter_labels() -> Run {
    let counters = Family::<Labels, Counter>::default();
    repeat(move || {
        counters.get_or_create(&given()).inc();
    })
}

fn histogram_labels() -> Run {
    let histograms = Family::<Labels, Histogram>::new_with_constructor(|| Histogram::new(BOUNDS));
    each_latency(move |value| histograms.get_or_create(&given()).observe(value))
}
