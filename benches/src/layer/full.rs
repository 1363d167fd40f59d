//! The usual stack: request ids, spans, metrics and a line, each by the crate most often taken for it.

use std::io;

use axum::Router;
use opentelemetry::trace::TracerProvider;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use super::{Built, Stack, prometheus, spans, tower_http};

pub(super) const STACKS: &[Stack] = &[
    Stack { name: "FULL without line", build: |route| full(route, 1_000_000, false) },
    Stack { name: "FULL", build: |route| full(route, 1_000_000, true) },
    Stack { name: "FULL, 1 %", build: |route| full(route, 10_000, true) },
    Stack { name: "FULL without line, 1 %", build: |route| full(route, 10_000, false) },
];

fn full(route: Router, per_million: u64, line: bool) -> Built {
    let (provider, exports) = spans::provider(per_million);
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("benches"));
    let lines = line.then(|| tracing_subscriber::fmt::layer().json().with_writer(io::sink));
    let subscriber = tracing_subscriber::registry().with(LevelFilter::INFO).with(spans.and_then(lines));
    tracing::subscriber::set_global_default(subscriber).expect("one stack a process");
    let router = tower_http::request_id(prometheus::metrics(route).layer(tower_http::trace()));
    Built { router, exports: Some(exports) }
}
