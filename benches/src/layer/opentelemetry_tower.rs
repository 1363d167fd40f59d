//! `opentelemetry-instrumentation-tower`, OpenTelemetry's own layer.

use axum::Router;
use opentelemetry::global;
use opentelemetry_instrumentation_tower::http::server::Layer;
use opentelemetry_sdk::metrics::{ManualReader, SdkMeterProvider};

use super::tower_http::request_id;
use super::{Built, Stack, spans};

pub(super) const STACKS: &[Stack] = &[
    Stack { name: "otel tower, noop", build: |route| route.layer(Layer::new()).into() },
    Stack { name: "otel tower, metrics, traces 100 %", build: |route| both(route, 1_000_000) },
    Stack { name: "otel tower, metrics, traces 1 %", build: |route| both(route, 10_000) },
    // With request ids, which it does not have.
    Stack {
        name: "FULL-otel",
        build: |route| {
            let Built { router, exports } = both(route, 1_000_000);
            Built { router: request_id(router), exports }
        },
    },
];

fn both(route: Router, per_million: u64) -> Built {
    let (provider, exports) = spans::provider(per_million);
    global::set_tracer_provider(provider);
    // Read by nobody, as between two exports.
    global::set_meter_provider(SdkMeterProvider::builder().with_reader(ManualReader::builder().build()).build());
    Built { router: route.layer(Layer::new()), exports: Some(exports) }
}
