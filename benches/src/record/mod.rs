//! Recording into one series: a handle held, or three labels resolved by each call.

mod bellwether;
mod metrics;
mod opentelemetry;
mod prometheus;
mod prometheus_client;
pub mod series;

use std::hint::black_box;

use crate::case::{Case, Run};
use crate::sample::{LATENCIES, latencies};

/// All of them, ours first in each group.
pub fn cases() -> Vec<Case> {
    let libraries =
        [bellwether::CASES, prometheus::CASES, prometheus_client::CASES, metrics::CASES, opentelemetry::CASES];
    let mut cases = libraries.concat();
    let groups = ["counter held", "gauge held", "histogram held", "counter, 3 labels", "histogram, 3 labels"];
    cases.sort_by_key(|case| groups.iter().position(|group| *group == case.group));
    cases
}

/// Repeats a plain operation.
fn repeat(operation: impl Fn() + Send + Sync + 'static) -> Run {
    Box::new(move |times| {
        for _ in 0..times {
            operation();
        }
    })
}

/// Repeats an operation on one latency after the other.
fn each_latency(operation: impl Fn(f64) + Send + Sync + 'static) -> Run {
    let latencies = latencies();
    Box::new(move |times| {
        for i in 0..times as usize {
            operation(black_box(latencies[i % LATENCIES]));
        }
    })
}
