//! Bellwether's own layers, as contenders among the rivals.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bellwether_core::{OnEnd, Registry};
use bellwether_export::Resource;
use bellwether_export::log::{JsonLog, Output};
use bellwether_export::otlp::{Destination, OtlpSettings, Pipeline, Sampling, Signal, Tracing};
use bellwether_export::trace::adopt;
use bellwether_tower::{ObserveLayer, Sampler};
use tracing_subscriber::layer::SubscriberExt;

use super::collector::Collector;
use super::{Built, Exports, Stack};

pub(super) const STACKS: &[Stack] = &[
    Stack { name: "bellwether, noop", build: |route| route.layer(ObserveLayer::noop()).into() },
    Stack { name: "bellwether", build: plain },
    Stack { name: "bellwether, sampled, no subscriber", build: sampled },
    Stack { name: "bellwether, JSON line", build: json },
    Stack { name: "bellwether, OTLP 1 %", build: |route| otlp(route, 10_000, false) },
    Stack { name: "bellwether, OTLP 100 %", build: |route| otlp(route, 1_000_000, false) },
    Stack { name: "bellwether, OTLP 1 %, JSON line", build: |route| otlp(route, 10_000, true) },
    Stack { name: "bellwether, OTLP 100 %, JSON line", build: |route| otlp(route, 1_000_000, true) },
];

fn plain(route: Router) -> Built {
    route.layer(ObserveLayer::new(&Registry::new()).expect("a new registry")).into()
}

fn sampled(route: Router) -> Built {
    let layer = ObserveLayer::builder(&Registry::new()).sampler(Sampler::always()).build();
    route.layer(layer.expect("a new registry")).into()
}

fn json(route: Router) -> Built {
    let registry = Registry::new();
    let layer = ObserveLayer::builder(&registry).listener(request_log(&registry)).build();
    route.layer(layer.expect("a new registry")).into()
}

/// A line for each request, into a writer that forgets it, by way of the queue and the thread that a service has.
fn request_log(registry: &Registry) -> Arc<dyn OnEnd> {
    let output = Output::queued(io::sink(), registry).expect("a new registry");
    Arc::new(JsonLog::new(output).service("benches", "1.0.0").requests())
}

/// Spans by HTTP to a collector in another process, or to one here where nobody named one. At less than all, requests
/// that failed or were slow have a span made at their end; here there are none.
fn otlp(route: Router, per_million: u64, json: bool) -> Built {
    let share = per_million as f64 / 1e6;
    let registry = Registry::new();
    let collector = Collector::named_or_started();
    let settings = OtlpSettings::new()
        .all(Destination::new().endpoint(format!("http://{collector}")).timeout(Duration::from_secs(5)))
        .logs(Destination::new().enabled(false))
        .metrics(Destination::new().enabled(false))
        .tracing(Tracing::default().sampling(Sampling::share(share)));
    let pipeline = Pipeline::start(settings, &registry, &Resource::builder("benches").build()).expect("legal settings");
    let subscriber = tracing_subscriber::registry().with(pipeline.layer());
    tracing::subscriber::set_global_default(subscriber).expect("one stack a process");
    let mut layer = ObserveLayer::builder(&registry)
        .sampler(Sampler::ratio(share))
        .span_hook(|span, scope| {
            adopt(span, scope);
        })
        .listener(Arc::new(pipeline.late_spans()));
    if json {
        layer = layer.listener(request_log(&registry));
    }
    let (delivered, lost) = (pipeline.clone(), pipeline);
    let count = |pipeline: &Pipeline| {
        let report = pipeline.report();
        report.signal(Signal::Traces).map_or((0, 0), |traces| (traces.delivered, traces.lost()))
    };
    let exports = Exports {
        per_million,
        done: Box::new(move || {
            let (delivered, lost) = count(&delivered);
            delivered + lost
        }),
        lost: Box::new(move || count(&lost).1),
    };
    Built { router: route.layer(layer.build().expect("a new registry")), exports: Some(exports) }
}
