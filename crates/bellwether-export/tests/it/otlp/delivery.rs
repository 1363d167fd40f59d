//! What the collector gets, and what is made of its answers.

use std::time::Duration;

use bellwether_core::Handle;
use bellwether_export::otlp::{Compression, Destination, Loss, Protocol, Push, Queue, Signal};
use bellwether_tests::sink::Fault;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;

use super::rig::{BOTH, PLENTY, Rig, spans, transport};

#[tokio::test]
async fn all_three_signals_arrive() {
    for protocol in BOTH {
        for compression in [Compression::None, Compression::Gzip] {
            let own = || Destination::new().compression(compression);
            let rig = Rig::with(protocol, |settings| settings.traces(own()).metrics(own()).logs(own()));
            spans(2);
            tracing::info!(order = 42, "packed");
            rig.registry.counter("jobs.done").build().unwrap().add(3);
            rig.flush().await;
            assert_eq!(rig.sink.spans().len(), 2);
            assert_eq!(rig.sink.log_records().len(), 1);
            let metrics = rig.sink.all_metrics();
            let jobs = metrics.iter().find(|metric| metric.name == "jobs.done").unwrap();
            assert!(matches!(&jobs.data, Some(Data::Sum(sum)) if sum.is_monotonic));
            // Metrics go last, so that they tell of the others.
            let items = metrics.iter().find(|metric| metric.name == "bellwether.export.items").unwrap();
            let Some(Data::Sum(items)) = &items.data else { panic!("not a sum") };
            let delivered = items.data_points.iter().filter(|point| {
                let text = |value: &str| Some(Value::StringValue(value.to_owned()));
                point.attributes.iter().all(|attribute| {
                    let value = attribute.value.clone().unwrap().value;
                    value == text("traces") || value == text("delivered")
                })
            });
            assert_eq!(delivered.map(|point| point.value.unwrap()).collect::<Vec<_>>(), [Number::AsInt(2)]);
            let attempt = &rig.sink.attempts()[0];
            assert_eq!(attempt.transport, transport(protocol));
            let request = &rig.sink.traces()[0].resource_spans[0];
            let resource = request.resource.as_ref().unwrap();
            let value = |key: &str| resource.attributes.iter().find(|own| own.key == key).cloned().unwrap().value;
            let text = |value: &str| Some(Value::StringValue(value.to_owned()));
            assert_eq!(value("service.name").unwrap().value, text("checkout"));
            assert_eq!(value("team").unwrap().value, text("blue"));
            assert_eq!(request.scope_spans[0].scope.as_ref().unwrap().name, "bellwether");
            assert!(request.scope_spans[0].schema_url.starts_with("https://opentelemetry.io/schemas/1."));
        }
    }
}

#[tokio::test]
async fn headers_and_compression() {
    for protocol in BOTH {
        let own = Destination::new().header("Authorization", "Bearer 7f3a").compression(Compression::Gzip);
        let rig = Rig::with(protocol, |settings| settings.traces(own));
        spans(3);
        rig.flush().await;
        let received = &rig.sink.received()[0];
        assert_eq!(received.headers["authorization"], "Bearer 7f3a");
        let encoding = if protocol == Protocol::Grpc { "grpc-encoding" } else { "content-encoding" };
        assert_eq!(received.headers[encoding], "gzip");
        assert!(received.headers["user-agent"].to_str().unwrap().starts_with("bellwether-export/"));
        assert_eq!(rig.sink.spans().len(), 3);
    }
}

/// Meets faults, and says how many attempts it took and what became of ten spans.
async fn meet(protocol: Protocol, faults: &[Fault]) -> (usize, u64, Vec<(Loss, u64)>) {
    let rig = Rig::with(protocol, |settings| settings.traces(Destination::new().timeout(Duration::from_millis(300))));
    faults.iter().for_each(|fault| rig.sink.fail(fault.clone(), 1));
    spans(10);
    rig.flush().await;
    let attempts = rig.sink.attempts();
    let traces = attempts.iter().filter(|attempt| attempt.signal == bellwether_tests::sink::Signal::Traces).count();
    let (delivered, losses) = rig.counts(Signal::Traces);
    let counted = rig.counter("bellwether.export.items", &[("signal", "traces"), ("result", "delivered")]);
    assert_eq!(counted, delivered);
    assert_eq!(rig.counter("bellwether.export.retries", &[("signal", "traces")]) as usize, traces - 1);
    let Some(Handle::Histogram(attempts)) = rig.handle("bellwether.export.duration", &[("signal", "traces")]) else {
        panic!("not a histogram")
    };
    assert_eq!(attempts.snapshot().count() as usize, traces);
    (traces, delivered, losses)
}

#[tokio::test]
async fn a_slow_answer_is_an_answer() {
    for protocol in BOTH {
        assert_eq!(meet(protocol, &[Fault::Slow(Duration::from_millis(100))]).await, (1, 10, vec![]));
    }
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for protocol in BOTH {
        for fault in [
            Fault::Unavailable(None),
            Fault::Unavailable(Some(Duration::from_secs(1))),
            Fault::Throttled(Some(Duration::from_secs(1))),
            Fault::Hang,
            Fault::Reset,
            Fault::Cut,
        ] {
            let met = meet(protocol, std::slice::from_ref(&fault)).await;
            // An answer that was cut off may have been a yes: a second delivery is the lesser evil.
            assert_eq!(met, (2, 10, vec![]), "{protocol:?} {fault:?}");
        }
    }
    assert_eq!(meet(Protocol::Http, &[Fault::Throttled(None)]).await, (2, 10, vec![]));
}

#[tokio::test]
async fn what_does_not_pass_is_not() {
    for protocol in BOTH {
        for fault in [Fault::Invalid, Fault::Unauthorized, Fault::Internal] {
            let met = meet(protocol, std::slice::from_ref(&fault)).await;
            assert_eq!(met, (1, 0, vec![(Loss::Refused, 10)]), "{protocol:?} {fault:?}");
        }
    }
    // A gRPC server that is exhausted and does not say for how long will not have it.
    assert_eq!(meet(Protocol::Grpc, &[Fault::Throttled(None)]).await, (1, 0, vec![(Loss::Refused, 10)]));
}

#[tokio::test]
async fn a_partial_success_is_counted_in_two_parts() {
    for protocol in BOTH {
        let fault = |rejected| Fault::Partial(rejected, "too old".to_owned());
        assert_eq!(meet(protocol, &[fault(4)]).await, (1, 6, vec![(Loss::Rejected, 4)]));
        assert_eq!(meet(protocol, &[fault(0)]).await, (1, 10, vec![]));
        assert_eq!(meet(protocol, &[fault(-3)]).await, (1, 10, vec![]));
        assert_eq!(meet(protocol, &[fault(1000)]).await, (1, 0, vec![(Loss::Rejected, 10)]));
    }
}

#[tokio::test]
async fn a_wish_to_wait_is_respected() {
    for protocol in BOTH {
        let rig = Rig::start(protocol);
        rig.sink.fail(Fault::Throttled(Some(Duration::from_secs(1))), 2);
        spans(1);
        rig.flush().await;
        let attempts = rig.sink.attempts();
        for pair in attempts[..3].windows(2) {
            assert!(pair[1].at.duration_since(pair[0].at) >= Duration::from_secs(1), "{attempts:?}");
        }
    }
}

#[tokio::test]
async fn a_full_batch_is_sent_at_once_and_a_batch_is_not_larger() {
    let rig =
        Rig::with(Protocol::Http, |settings| settings.span_queue(Queue::default().delay(PLENTY * 10).max_batch(7)));
    spans(20);
    let sizes = rig
        .sink
        .until("two batches", |sink| {
            let sizes: Vec<usize> =
                sink.traces().iter().map(|request| request.resource_spans[0].scope_spans[0].spans.len()).collect();
            Some(sizes).filter(|sizes| sizes.len() == 2)
        })
        .await;
    assert_eq!(sizes, [7, 7]);
    rig.flush().await;
    assert_eq!(rig.sink.spans().len(), 20);
}

#[tokio::test]
async fn a_batch_that_does_not_fill_is_sent_after_a_while() {
    let rig = Rig::with(Protocol::Grpc, |settings| {
        let soon = Queue::default().delay(Duration::from_millis(20));
        settings.span_queue(soon).log_queue(soon)
    });
    spans(1);
    tracing::info!("said");
    rig.sink
        .until("a span and a log record", |sink| {
            (sink.spans().len() == 1 && sink.log_records().len() == 1).then_some(())
        })
        .await;
}

#[tokio::test]
async fn metrics_are_pushed_by_themselves() {
    let rig = Rig::with(Protocol::Http, |settings| settings.push(Push::default().every(Duration::from_millis(20))));
    rig.sink.until("two pushes", |sink| (sink.metrics().len() >= 2).then_some(())).await;
}
