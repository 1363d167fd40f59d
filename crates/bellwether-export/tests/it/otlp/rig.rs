//! A collector, a registry, a pipeline between them, and a subscriber that feeds it.

use std::time::Duration;

use bellwether_core::{Handle, Registry, Series};
use bellwether_export::Resource;
use bellwether_export::otlp::{Destination, Loss, OtlpSettings, Pipeline, Protocol, Push, Queue, Signal};
use bellwether_tests::sink::{Sink, Transport};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::prelude::*;

/// Far longer than anything takes here; only ever used up by a failure.
pub(super) const PLENTY: Duration = Duration::from_secs(30);
pub(super) const BOTH: [Protocol; 2] = [Protocol::Http, Protocol::Grpc];

pub(super) struct Rig {
    pub(super) sink: Sink,
    pub(super) registry: Registry,
    pub(super) pipeline: Pipeline,
    /// While it lives, this thread's spans and events go to the pipeline.
    _subscriber: DefaultGuard,
}

impl Rig {
    pub(super) fn start(protocol: Protocol) -> Self {
        Self::with(protocol, |settings| settings)
    }

    /// With settings changed from those that tests want: nothing is sent unless somebody asks for it.
    pub(super) fn with(protocol: Protocol, change: impl FnOnce(OtlpSettings) -> OtlpSettings) -> Self {
        let sink = Sink::start();
        let settings = OtlpSettings::new()
            .all(destination(&sink, protocol))
            .push(Push::default().every(PLENTY * 10))
            .span_queue(Queue::default().delay(PLENTY * 10))
            .log_queue(Queue::default().delay(PLENTY * 10));
        let registry = Registry::new();
        let resource = Resource::builder("checkout").attribute("team", "blue").build();
        let pipeline = Pipeline::start(change(settings), &registry, &resource).unwrap();
        let subscriber = tracing_subscriber::registry().with(pipeline.layer()).set_default();
        Self { sink, registry, pipeline, _subscriber: subscriber }
    }

    pub(super) async fn flush(&self) {
        let report = self.pipeline.flush(PLENTY).await;
        assert!(report.in_time, "{report}");
    }

    /// Delivered and lost of one signal.
    pub(super) fn counts(&self, signal: Signal) -> (u64, Vec<(Loss, u64)>) {
        let report = self.pipeline.report();
        let report = report.signal(signal).unwrap();
        (report.delivered, report.losses.clone())
    }

    /// The value of a counter of the exporter itself.
    pub(super) fn counter(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        match self.handle(name, labels) {
            Some(Handle::Counter(counter)) => counter.value(),
            other => panic!("{name} {labels:?}: {other:?}"),
        }
    }

    /// A series of the exporter itself.
    pub(super) fn handle(&self, name: &str, labels: &[(&str, &str)]) -> Option<Handle> {
        let metric = self.registry.metric(name).unwrap();
        let is = |series: &&Series| labels.iter().all(|(name, value)| series.label(name) == Some(value));
        metric.series().find(is).map(|series| series.handle().clone())
    }
}

pub(super) fn destination(sink: &Sink, protocol: Protocol) -> Destination {
    Destination::new().endpoint(sink.url()).protocol(protocol)
}

pub(super) fn transport(protocol: Protocol) -> Transport {
    if protocol == Protocol::Grpc { Transport::Grpc } else { Transport::Http }
}

/// Makes so many spans.
pub(super) fn spans(count: usize) {
    for _ in 0..count {
        drop(tracing::info_span!("work").entered());
    }
}
