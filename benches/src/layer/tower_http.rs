//! The layers of `tower-http`: request ids, and spans and lines by `tracing`.

use std::io;

use axum::Router;
use tower_http::classify::{ServerErrorsAsFailures, SharedClassifier};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use super::{Built, Stack};

pub(super) const STACKS: &[Stack] = &[
    Stack { name: "tower-http TraceLayer, no subscriber", build: |route| route.layer(trace()).into() },
    Stack { name: "tower-http TraceLayer, fmt JSON", build: json },
    Stack { name: "tower-http request id, uuid", build: |route| request_id(route).into() },
];

/// A span and a line a request, both of level INFO.
pub(super) fn trace() -> TraceLayer<SharedClassifier<ServerErrorsAsFailures>> {
    TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO))
}

pub(super) fn request_id(route: Router) -> Router {
    route.layer(PropagateRequestIdLayer::x_request_id()).layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
}

fn json(route: Router) -> Built {
    let lines = tracing_subscriber::fmt::layer().json().with_writer(io::sink);
    let subscriber = tracing_subscriber::registry().with(LevelFilter::INFO).with(lines);
    tracing::subscriber::set_global_default(subscriber).expect("one stack a process");
    route.layer(trace()).into()
}
