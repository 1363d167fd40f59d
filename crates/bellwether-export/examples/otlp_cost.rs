//! What a span, a log line and a push cost: `otlp_cost CASE COUNT`, for a stopwatch or for `valgrind --tool=callgrind`.
//!
//! Spans are those of a request as bellwether-tower makes them: nine fields, entered twice. `span` goes the way of this
//! crate, `sdk` the way of the OpenTelemetry SDK and its batch processor, whose exporter here just drops what it gets.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a command-line tool that measures")]

use std::time::{Duration, Instant};

use bellwether_core::{Family, Histogram, Kind, OnEnd, Operation, Outcome, Registry, Scope, TraceContext};
use bellwether_export::Resource;
use bellwether_export::otlp::{Destination, Histograms, OtlpSettings, Pipeline, Queue, Requests};
use bellwether_export::trace;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use tracing::field;
use tracing_subscriber::prelude::*;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [case, count] = words.as_slice() else { return println!("otlp_cost span|sdk|late|log|metrics COUNT") };
    let count: usize = count.parse().unwrap_or(1);
    let (spent, size) = match case.as_str() {
        "span" => spans(count),
        "sdk" => spans_by_sdk(count),
        "late" => late(count),
        "log" => logs(count),
        _ => metrics(count),
    };
    println!("{case}: {:.0} ns each, {spent:?} in all, {size} bytes", spent.as_nanos() as f64 / count as f64);
}

/// A pipeline that holds whatever it gets and sends nothing.
fn pipeline() -> Pipeline {
    let nobody = Destination::new().endpoint("http://127.0.0.1:9");
    let queue = Queue::default().delay(Duration::from_secs(3600)).max_items(usize::MAX).max_bytes(usize::MAX);
    let settings =
        OtlpSettings::new().all(nobody).metrics(Destination::new().enabled(false)).span_queue(queue).log_queue(queue);
    Pipeline::start(settings, &Registry::new(), &Resource::builder("cost").build()).expect("legal settings")
}

fn request(adopt: bool) {
    let scope = Scope::builder(TraceContext::root(true)).route("/v1/turns/{id}").open();
    let _entered = scope.enter();
    let span = tracing::info_span!(
        parent: None,
        "request",
        otel.name = "GET /v1/turns/{id}",
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = "GET",
        http.route = "/v1/turns/{id}",
        http.response.status_code = field::Empty,
        error.type = field::Empty,
        url.scheme = "http",
        url.path = "/v1/turns/42",
        network.protocol.version = "1.1",
        user_agent.original = "curl/8.5.0",
        request_id = "7f3a9c",
    );
    if adopt {
        trace::adopt(&span, &scope);
    }
    (0..2).for_each(|_| drop(span.enter()));
    span.record("http.response.status_code", 200_i64);
}

fn spans(count: usize) -> (Duration, usize) {
    let pipeline = pipeline();
    let _guard = tracing_subscriber::registry().with(pipeline.layer()).set_default();
    let started = Instant::now();
    (0..count).for_each(|_| request(true));
    (started.elapsed(), 0)
}

#[derive(Debug)]
struct Forget;

impl SpanExporter for Forget {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        Ok(())
    }
}

fn spans_by_sdk(count: usize) -> (Duration, usize) {
    let provider = SdkTracerProvider::builder().with_batch_exporter(Forget).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("cost"))
        .with_location(false)
        .with_target(false)
        .with_threads(false)
        .with_tracked_inactivity(false);
    let _guard = tracing_subscriber::registry().with(layer).set_default();
    let started = Instant::now();
    (0..count).for_each(|_| request(false));
    (started.elapsed(), 0)
}

fn late(count: usize) -> (Duration, usize) {
    let pipeline = pipeline();
    let late = pipeline.late_spans();
    let scope = Scope::builder(TraceContext::root(false)).route("/v1/turns/{id}").open();
    let took = Duration::from_millis(3);
    let mut operation = Operation::new(Kind::Server, "GET /v1/turns/{id}", Outcome::Failure, took, &scope);
    let attributes = [
        ("http.request.method", bellwether_core::Value::Str("GET")),
        ("url.scheme", bellwether_core::Value::Str("http")),
        ("url.path", bellwether_core::Value::Str("/v1/turns/42")),
        ("http.route", bellwether_core::Value::Str("/v1/turns/{id}")),
        ("http.response.status_code", bellwether_core::Value::Int(503)),
        ("network.protocol.version", bellwether_core::Value::Str("1.1")),
    ];
    operation.attributes = &attributes;
    operation.error = Some("503");
    let started = Instant::now();
    (0..count).for_each(|_| late.ended(&operation));
    (started.elapsed(), 0)
}

fn logs(count: usize) -> (Duration, usize) {
    let pipeline = pipeline();
    let _guard = tracing_subscriber::registry().with(pipeline.layer()).set_default();
    let scope = Scope::builder(TraceContext::root(true)).open();
    let _entered = scope.enter();
    let started = Instant::now();
    (0..count).for_each(|order| tracing::info!(order, customer = "c-17", "packed {} items", 3));
    (started.elapsed(), 0)
}

fn metrics(series: usize) -> (Duration, usize) {
    let registry = Registry::new();
    let family: Family<Histogram, 4> = registry
        .histogram("http.server.request.duration")
        .unit("s")
        .bounds([0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0])
        .labels(["http.request.method", "http.route", "http.response.status_code", "url.scheme"])
        .max_series(series)
        .family()
        .expect("a legal metric");
    let mut random = fastrand::Rng::with_seed(7);
    for number in 0..series {
        let route = format!("/v1/things/{number}");
        let histogram = family.get(["GET", &route, "200", "http"]);
        (0..20).for_each(|_| histogram.record(0.02 * (random.f64() * 2.0).exp()));
    }
    let resource = Resource::builder("cost").build();
    let mut best = Duration::MAX;
    let mut size = 0;
    for _ in 0..5 {
        let mut request = Vec::new();
        let started = Instant::now();
        let mut requests = Requests::new(&registry, &resource, Histograms::Exponential);
        size = 0;
        while requests.next_into(&mut request) {
            size += request.len();
        }
        best = best.min(started.elapsed());
    }
    (best, size)
}
