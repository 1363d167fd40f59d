//! The crate tower-resilience: a tower service around a state behind an async lock.

use std::hint::black_box;
use std::time::Duration;

use tower::{Layer, Service, service_fn};
use tower_resilience_circuitbreaker::{CircuitBreakerLayer, SlidingWindowType};

use super::{SERVICE, nothing};
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
    let service = layer.layer(service_fn(|()| std::future::ready(nothing())));
    Box::new(move |times| {
        let mut service = service.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            for _ in 0..times {
                let ready = std::future::poll_fn(|cx| Service::<()>::poll_ready(&mut service, cx)).await;
                let _ = black_box(ready);
                let _ = black_box(service.call(()).await);
            }
        });
    })
}
