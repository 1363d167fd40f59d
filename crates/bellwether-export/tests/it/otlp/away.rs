//! The collector is away, or not willing: memory is bounded, what is lost is counted, and afterwards all is well.

use std::time::Duration;

use bellwether_core::Handle;
use bellwether_export::otlp::{Destination, Loss, Protocol, Push, Queue, Signal, Temporality};
use bellwether_tests::sink::Fault;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;

use super::rig::{BOTH, PLENTY, Rig, spans};

#[tokio::test]
async fn down_and_up_again() {
    for protocol in BOTH {
        let rig = Rig::with(protocol, |settings| {
            settings.span_queue(Queue::default().delay(Duration::from_millis(5)).give_up_after(PLENTY))
        });
        spans(1);
        rig.sink.until("the first span", |sink| (sink.spans().len() == 1).then_some(())).await;
        rig.sink.down();
        spans(3);
        // It is tried, and fails.
        let metric = rig.registry.metric("bellwether.export.retries").unwrap();
        bellwether_tests::until("a retry", async || {
            let series = metric.series().find(|series| series.label("signal") == Some("traces"))?;
            matches!(series.handle(), Handle::Counter(retries) if retries.value() > 0).then_some(())
        })
        .await;
        spans(3);
        rig.sink.up();
        rig.sink.until("all spans", |sink| (sink.spans().len() == 7).then_some(())).await;
        rig.flush().await;
        assert_eq!(rig.counts(Signal::Traces), (7, vec![]));
    }
}

#[tokio::test]
async fn a_queue_is_bounded_and_what_does_not_fit_is_counted() {
    for fault in [Fault::Hang, Fault::Unavailable(None)] {
        let rig = Rig::with(Protocol::Http, |settings| {
            let queue = Queue::default().delay(PLENTY).max_items(40).max_batch(10).give_up_after(PLENTY);
            settings.span_queue(queue)
        });
        rig.sink.fail(fault, u32::MAX);
        spans(10_000);
        // Forty wait; ten more may have been taken out, to be sent, before the queue was full.
        let (_, losses) = rig.counts(Signal::Traces);
        let [(Loss::QueueFull, lost)] = losses[..] else { panic!("{losses:?}") };
        assert!((9_950..=9_960).contains(&lost), "{lost}");
        assert_eq!(rig.counter("bellwether.export.items", &[("signal", "traces"), ("result", "queue_full")]), lost);
        rig.sink.recover();
    }
}

#[tokio::test]
async fn a_collector_that_wants_to_be_asked_at_once_is_not_asked_without_a_pause() {
    for protocol in BOTH {
        let rig = Rig::with(protocol, |settings| {
            let off = || Destination::new().enabled(false);
            let queue = Queue::default().delay(PLENTY).give_up_after(Duration::from_millis(300));
            settings.span_queue(queue).metrics(off()).logs(off())
        });
        rig.sink.fail(Fault::Throttled(Some(Duration::ZERO)), u32::MAX);
        spans(1);
        rig.flush().await;
        assert_eq!(rig.counts(Signal::Traces), (0, vec![(Loss::Unavailable, 1)]));
        let attempts = rig.sink.attempts().len();
        assert!((1..10).contains(&attempts), "{attempts}");
    }
}

#[tokio::test]
async fn the_length_of_the_queue_is_seen() {
    let rig = Rig::with(Protocol::Grpc, |settings| {
        let impatient = Destination::new().timeout(Duration::from_millis(300));
        settings.traces(impatient).span_queue(Queue::default().delay(PLENTY).max_batch(10))
    });
    let waiting = || match rig.handle("bellwether.export.queue.items", &[("signal", "traces")]) {
        Some(Handle::Gauge(waiting)) => waiting.value(),
        other => panic!("{other:?}"),
    };
    rig.sink.fail(Fault::Hang, 1);
    spans(10);
    rig.sink.until("the first batch", |sink| (sink.attempts().len() == 1).then_some(())).await;
    spans(35);
    assert_eq!(rig.pipeline.report().signal(Signal::Traces).unwrap().waiting, 35);
    // The first attempt times out, and before each batch there is a look at what is left.
    bellwether_tests::until("a look at the queue", async || (waiting() > 0.0).then_some(())).await;
    rig.flush().await;
    assert_eq!((waiting(), rig.sink.spans().len()), (0.0, 45));
}

#[tokio::test]
async fn what_cannot_be_delivered_for_too_long_is_given_up_and_the_rest_goes_on() {
    let rig = Rig::with(Protocol::Http, |settings| {
        settings.span_queue(Queue::default().delay(PLENTY).max_batch(10).give_up_after(Duration::from_millis(300)))
    });
    rig.sink.fail(Fault::Unavailable(None), 2);
    spans(10);
    rig.sink.until("two attempts", |sink| (sink.attempts().len() == 2).then_some(())).await;
    spans(10);
    rig.flush().await;
    assert_eq!(rig.counts(Signal::Traces), (10, vec![(Loss::Unavailable, 10)]));
    assert_eq!(rig.sink.spans().len(), 10);
}

#[tokio::test]
async fn one_signal_does_not_wait_for_another() {
    let rig = Rig::with(Protocol::Http, |settings| {
        settings
            .span_queue(Queue::default().delay(Duration::from_millis(5)))
            .log_queue(Queue::default().delay(Duration::from_millis(50)))
    });
    rig.sink.fail(Fault::Hang, 1);
    spans(1);
    rig.sink.until("the span's request", |sink| (sink.attempts().len() == 1).then_some(())).await;
    tracing::info!("said meanwhile");
    rig.sink.until("a log record", |sink| (sink.log_records().len() == 1).then_some(())).await;
    assert_eq!(rig.sink.spans().len(), 0);
}

#[tokio::test]
async fn a_delta_that_did_not_arrive_is_in_the_next() {
    for protocol in BOTH {
        let rig = Rig::with(protocol, |settings| {
            let push = Push::default().every(PLENTY * 10).temporality(Temporality::Delta);
            let off = || Destination::new().enabled(false);
            settings.push(push).traces(off()).logs(off())
        });
        let jobs = rig.registry.counter("jobs").build().unwrap();
        jobs.add(1);
        rig.flush().await;
        for fault in [Fault::Invalid, Fault::Partial(0, String::new())] {
            rig.sink.fail(fault, 1);
            jobs.add(1);
            rig.flush().await;
        }
        jobs.add(5);
        rig.flush().await;
        let counts: Vec<Number> = rig
            .sink
            .all_metrics()
            .iter()
            .filter(|metric| metric.name == "jobs")
            .map(|metric| match &metric.data {
                Some(Data::Sum(sum)) => sum.data_points[0].value.unwrap(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(counts, [Number::AsInt(1), Number::AsInt(2), Number::AsInt(5)]);
        let (_, losses) = rig.counts(Signal::Metrics);
        assert_eq!(losses, [], "what is carried over is not lost");
        assert!(rig.counter("bellwether.export.items", &[("signal", "metrics"), ("result", "carried")]) > 0);
    }
}

#[tokio::test]
async fn last_success_is_known_only_after_one() {
    let rig = Rig::start(Protocol::Http);
    let series = |rig: &Rig| {
        let metric = rig.registry.metric("bellwether.export.last_success").unwrap();
        metric.series().filter_map(|series| series.label("signal").map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(series(&rig), [""; 0]);
    spans(1);
    rig.flush().await;
    assert_eq!(series(&rig), ["traces", "metrics"]);
}
