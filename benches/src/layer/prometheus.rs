//! `axum-prometheus`, by way of the `metrics` facade.

use axum::Router;
use axum_prometheus::PrometheusMetricLayer;

use super::Stack;

pub(super) const STACKS: &[Stack] = &[Stack { name: "axum-prometheus", build: |route| metrics(route).into() }];

/// Needs a tokio runtime, for the task that drains raw samples every five seconds.
pub(super) fn metrics(route: Router) -> Router {
    let (layer, _handle) = PrometheusMetricLayer::pair();
    route.layer(layer)
}
