//! Spans by `tracing`, exported by `tracing-opentelemetry`.

use axum::Router;
use axum_tracing_opentelemetry::middleware::{OtelAxumLayer, OtelInResponseLayer};
use opentelemetry::trace::TracerProvider;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;

use super::{Built, Stack, spans, tower_http};

pub(super) const STACKS: &[Stack] = &[
    Stack { name: "tower-http TraceLayer, tracing-opentelemetry 100 %", build: |route| trace(route, 1_000_000) },
    Stack { name: "tower-http TraceLayer, tracing-opentelemetry 1 %", build: |route| trace(route, 10_000) },
    Stack { name: "axum-tracing-opentelemetry 100 %", build: axum },
];

fn trace(route: Router, per_million: u64) -> Built {
    let (provider, exports) = spans::provider(per_million);
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("benches"));
    let subscriber = tracing_subscriber::registry().with(LevelFilter::INFO).with(layer);
    tracing::subscriber::set_global_default(subscriber).expect("one stack a process");
    Built { router: route.layer(tower_http::trace()), exports: Some(exports) }
}

fn axum(route: Router) -> Built {
    let (provider, exports) = spans::provider(1_000_000);
    let only = Targets::new().with_target("otel::tracing", LevelFilter::TRACE);
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("benches")).with_filter(only);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).expect("one stack a process");
    let router = route.layer(OtelInResponseLayer).layer(OtelAxumLayer::default());
    Built { router, exports: Some(exports) }
}
