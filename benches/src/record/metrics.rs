//! The `metrics` facade with its Prometheus exporter.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::{each_latency, repeat};
use crate::case::{Case, Run};
use crate::sample::{BOUNDS, labels};

const NAME: &str = "metrics + exporter";

pub(super) const CASES: &[Case] = &[
    Case { group: "counter held", name: NAME, make: counter_held },
    Case { group: "gauge held", name: NAME, make: gauge_held },
    Case { group: "histogram held", name: NAME, make: histogram_held },
    Case { group: "counter, 3 labels", name: NAME, make: counter_labels },
    Case { group: "histogram, 3 labels", name: NAME, make: histogram_labels },
];

/// Installs the exporter, once: the facade has one recorder a process.
fn exporter() -> &'static PrometheusHandle {
    static EXPORTER: OnceLock<PrometheusHandle> = OnceLock::new();
    EXPORTER.get_or_init(|| {
        let recorder = PrometheusBuilder::new().set_buckets(&BOUNDS).expect("bounds are not empty").build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).expect("nobody else installs one");
        handle
    })
}

/// The exporter keeps every sample until somebody drains it; who measures for long has to.
fn drained(run: Run) -> Run {
    const BATCH: u64 = 1 << 16;
    let exporter = exporter();
    Box::new(move |times| {
        for _ in 0..times / BATCH {
            run(BATCH);
            exporter.run_upkeep();
        }
        run(times % BATCH);
    })
}

fn counter_held() -> Run {
    exporter();
    let counter = metrics::counter!("requests");
    repeat(move || counter.increment(1))
}

fn gauge_held() -> Run {
    exporter();
    let gauge = metrics::gauge!("in_flight");
    repeat(move || gauge.increment(1.0))
}

fn histogram_held() -> Run {
    exporter();
    let histogram = metrics::histogram!("duration");
    drained(each_latency(move |value| histogram.record(value)))
}

fn counter_labels() -> Run {
    exporter();
    repeat(|| {
        let [method, route, status] = labels();
        let route = route.to_owned();
        metrics::counter!("labeled_requests", "method" => method, "route" => route, "status" => status).increment(1);
    })
}

fn histogram_labels() -> Run {
    exporter();
    drained(each_latency(|value| {
        let [method, route, status] = labels();
        let route = route.to_owned();
        metrics::histogram!("labeled_duration", "method" => method, "route" => route, "status" => status).record(value);
    }))
}
