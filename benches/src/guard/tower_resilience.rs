//! The crate tower-resilience: a tower service around a state behind an async lock.

use std::time::Duration;

use tower::{Layer, service_fn};
use tower_resilience_circuitbreaker::{CircuitBreakerLayer, SlidingWindowType};

use super::{SERVICE, nothing, repeat_served};
use crate::case::{Case, Run};

pub(super) const CASES: &[Case] = &[
    Case { group: SERVICE, name: "tower-resilience, count", make: || service(SlidingWindowType::CountBased) },
    Case { group: SERVICE, name: "tower-resilience, time", make: || service(SlidingWindowType::TimeBased) },
];

fn service(window: SlidingWindowType) -> Run {
    let layer = CircuitBreakerLayer::builder()
        .failure_rate_threshold(0.5)
        .sliding_window_type(window)
        .sliding_window_size(100)
        // So long that a run's calls are in it, and no longer: it keeps each.
        .sliding_window_duration(Duration::from_millis(100))
        .build()
        .expect("legal settings");
    repeat_served(layer.layer(service_fn(|()| std::future::ready(nothing()))))
}
