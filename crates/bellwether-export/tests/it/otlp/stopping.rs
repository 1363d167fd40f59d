//! Shutting down: in time, whatever the collector does and whatever runtime asks, with the loss counted.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use bellwether_core::Registry;
use bellwether_export::Resource;
use bellwether_export::otlp::{Destination, Loss, OtlpSettings, Pipeline, Protocol, Report, Signal};
use bellwether_tests::sink::Fault;
use opentelemetry::trace::{Span as _, Tracer as _};
use tracing_subscriber::prelude::*;

use super::rig::{BOTH, PLENTY, Rig, spans};

const SOON: Duration = Duration::from_millis(300);

/// What a shutdown says after a hundred spans that a fault befalls.
async fn after(protocol: Protocol, fault: Option<Fault>) -> (bool, u64, Vec<(Loss, u64)>) {
    let rig = Rig::start(protocol);
    if let Some(fault) = fault {
        rig.sink.fail(fault, u32::MAX);
    }
    spans(100);
    let report = rig.pipeline.shutdown(SOON).await;
    // What comes too late is lost too, and counted.
    spans(1);
    let traces = report.signal(Signal::Traces).unwrap();
    assert_eq!(traces.waiting, 0);
    let late = rig.pipeline.report().signal(Signal::Traces).unwrap().lost();
    assert_eq!(late, traces.lost() + 1);
    (report.in_time, traces.delivered, traces.losses.clone())
}

#[tokio::test(flavor = "current_thread")]
async fn within_the_time_with_the_loss_counted() {
    for protocol in BOTH {
        assert_eq!(after(protocol, None).await, (true, 100, vec![]));
        for fault in [Fault::Hang, Fault::Unavailable(None), Fault::Throttled(Some(Duration::from_secs(60)))] {
            let lost = (false, 0, vec![(Loss::Shutdown, 100)]);
            assert_eq!(after(protocol, Some(fault.clone())).await, lost, "{protocol:?} {fault:?}");
        }
        let refused = (true, 0, vec![(Loss::Refused, 100)]);
        assert_eq!(after(protocol, Some(Fault::Invalid)).await, refused);
    }
}

#[test]
fn without_a_runtime() {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    fn wait(future: impl Future<Output = Report>) -> Report {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut future = pin!(future);
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(report) => return report,
                Poll::Pending => std::thread::park(),
            }
        }
    }
    let rig = Rig::start(Protocol::Grpc);
    spans(3);
    assert_eq!(wait(rig.pipeline.flush(PLENTY)).signal(Signal::Traces).unwrap().delivered, 3);
    spans(3);
    let report = rig.pipeline.shutdown_blocking(PLENTY);
    assert_eq!(report.signal(Signal::Traces).unwrap().delivered, 6);
    // There is nobody to ask any more, and that is known at once.
    let again = wait(rig.pipeline.shutdown(PLENTY));
    assert_eq!(again.signal(Signal::Traces), report.signal(Signal::Traces));
    assert_eq!(rig.pipeline.flush_blocking(PLENTY).signal(Signal::Traces), report.signal(Signal::Traces));
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_flush() {
    let rig = Rig::start(Protocol::Http);
    rig.sink.fail(Fault::Hang, u32::MAX);
    spans(1);
    let flush = rig.pipeline.flush(PLENTY * 100);
    let report = rig.pipeline.shutdown(SOON).await;
    assert_eq!(report.signal(Signal::Traces).unwrap().losses, [(Loss::Shutdown, 1)]);
    // Whoever waits for a flush is told, too.
    assert_eq!(flush.await.signal(Signal::Traces).unwrap().losses, [(Loss::Shutdown, 1)]);
}

#[tokio::test]
async fn dropping_the_pipeline_does_not_block_and_still_sends() {
    let rig = Rig::start(Protocol::Http);
    spans(2);
    let Rig { sink, pipeline, .. } = rig;
    drop(pipeline);
    sink.until("what was left", |sink| (sink.spans().len() == 2).then_some(())).await;
}

#[test]
fn disabled_is_nothing_at_all() {
    let registry = Registry::new();
    let resource = Resource::builder("checkout").build();
    let settings = OtlpSettings::new().disabled(true);
    let pipeline = Pipeline::start(settings, &registry, &resource).unwrap();
    assert_eq!(pipeline.shutdown_blocking(PLENTY).to_string(), "nothing is exported by OTLP");
    assert!(registry.metrics().is_empty());
    let traces_only =
        OtlpSettings::new().metrics(Destination::new().enabled(false)).logs(Destination::new().enabled(false));
    let pipeline = Pipeline::start(traces_only, &registry, &resource).unwrap();
    assert_eq!(pipeline.shutdown_blocking(SOON).signals.len(), 1);
}

#[test]
fn what_cannot_be_used_is_refused_at_the_start() {
    fn check(all: Destination, expected: &str) {
        let settings = OtlpSettings::new().all(all);
        let error = Pipeline::start(settings, &Registry::new(), &Resource::builder("x").build()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    check(
        Destination::new().endpoint("collector"),
        "the endpoint for traces is \"collector\": accepted is a URL such as \"http://localhost:4318\" or \
         \"https://collector.example:4317\"",
    );
    check(
        Destination::new().header("host", "x"),
        "a header's name is \"host\": accepted is any but those that the protocol itself sets",
    );
    check(
        Destination::new().endpoint("https://c").authorities("/nowhere/ca.pem"),
        "certificates: \"/nowhere/ca.pem\": I/O error: No such file or directory (os error 2)",
    );
}

#[test]
fn a_report_is_read_by_people() {
    let rig = Rig::with(Protocol::Http, |settings| settings.metrics(Destination::new().enabled(false)));
    rig.sink.fail(Fault::Partial(2, String::new()), 1);
    spans(5);
    rig.pipeline.flush_blocking(PLENTY);
    spans(1);
    insta::assert_snapshot!(rig.pipeline.report(), @r"
    traces: 3 delivered, 2 lost (2 rejected), 1 waiting
    logs: 0 delivered, 0 lost
    ");
}

#[tokio::test]
async fn nothing_global_is_installed() {
    let registry = Registry::new();
    let pipeline = Pipeline::start(OtlpSettings::new(), &registry, &Resource::builder("x").build()).unwrap();
    let subscriber = tracing_subscriber::registry().with(pipeline.layer());
    assert!(!opentelemetry::global::tracer("x").start("y").span_context().is_valid());
    drop(subscriber);
    pipeline.shutdown(SOON).await;
}
