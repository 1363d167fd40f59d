//! The collector fails in every way it can: the service answers on, what is lost is counted and shown, and afterwards all
//! is well without anybody's help.

use crate::service::{BATCH, PLENTY, Service};
use bellwether::export::otlp::{Protocol, Queue};
use bellwether_tests::demo::Demo;
use bellwether_tests::sink::{Fault, Signal, Sink};
use bellwether_tests::{PATIENCE, client};
use std::time::Duration;

const BOTH: [Protocol; 2] = [Protocol::Http, Protocol::Grpc];

/// The first `times` requests meet `fault`; what becomes of their batch of spans, and how often it is sent again.
async fn check(fault: Fault, times: u32, lost: Option<(&str, u64)>, retries: u64) {
    for protocol in BOTH {
        let what = format!("{fault:?} over {protocol:?}");
        let service = Service::start(protocol, Queue::default().give_up_after(PLENTY)).await;
        service.sink.fail(fault.clone(), times);
        service.requests(BATCH).await;
        let (reason, lost) = lost.unwrap_or(("refused", 0));
        service.expect("bellwether_export_items_total", &[("result", reason)], lost).await;
        service.expect("bellwether_export_items_total", &[("result", "delivered")], BATCH - lost).await;
        service.expect("bellwether_export_retries_total", &[], retries).await;
        assert_eq!(service.sink.attempts().len() as u64, 1 + retries, "{what}");

        // And all is well.
        service.requests(BATCH).await;
        service.expect("bellwether_export_items_total", &[("result", "delivered")], 2 * BATCH - lost).await;
        let shutdown = service.bw.shutdown(PATIENCE).await;
        assert!(shutdown.in_time, "{what}: {shutdown}");
        let traces = shutdown.signal("traces").unwrap();
        assert_eq!((traces.delivered, traces.lost(), traces.waiting), (2 * BATCH - lost, lost, 0), "{what}");
        assert!(shutdown.signal("metrics").unwrap().delivered > 0, "{what}: {shutdown}");
    }
}

#[tokio::test]
async fn unavailable_for_a_while() {
    check(Fault::Unavailable(None), 2, None, 2).await;
    check(Fault::Throttled(Some(Duration::from_secs(1))), 1, None, 1).await;
}

#[tokio::test]
async fn silent_for_a_while() {
    check(Fault::Hang, 1, None, 1).await;
    check(Fault::Slow(Duration::from_millis(50)), 1, None, 0).await;
}

#[tokio::test]
async fn cut_off() {
    check(Fault::Reset, 1, None, 1).await;
    check(Fault::Cut, 1, None, 1).await;
}

#[tokio::test]
async fn takes_a_part_or_nothing() {
    check(Fault::Partial(3, "too old".to_owned()), 1, Some(("rejected", 3)), 0).await;
    check(Fault::Invalid, 1, Some(("refused", BATCH)), 0).await;
    check(Fault::Unauthorized, 1, Some(("refused", BATCH)), 0).await;
    check(Fault::Internal, 1, Some(("refused", BATCH)), 0).await;
}

#[tokio::test]
async fn is_left_alone_for_as_long_as_it_asks() {
    for protocol in BOTH {
        let service = Service::start(protocol, Queue::default().give_up_after(Duration::from_millis(1))).await;
        service.sink.fail(Fault::Throttled(Some(Duration::from_secs(1))), 1);
        service.requests(BATCH).await;
        service.sink.until("all spans", |sink| (sink.spans().len() as u64 == BATCH).then_some(())).await;
        let attempts = service.sink.attempts();
        assert!(attempts[1].at - attempts[0].at >= Duration::from_secs(1), "{attempts:?}");
    }
}

#[tokio::test]
async fn down_and_up_again() {
    for protocol in BOTH {
        let queue = Queue::default().max_items(2 * BATCH as usize).give_up_after(PLENTY);
        let service = Service::start(protocol, queue).await;
        service.sink.down();
        service.requests(BATCH).await;
        // The first batch has left the queue once it was tried again.
        let retried = async || (service.retries().await > 0).then_some(());
        bellwether_tests::until("a retry", retried).await;
        // The queue holds two more; what is beyond is lost, and the service does not mind.
        service.requests(2 * BATCH + 5).await;
        service.expect("bellwether_export_items_total", &[("result", "queue_full")], 5).await;
        assert_eq!(service.spans("delivered").await, 0);

        service.sink.up();
        service.expect("bellwether_export_items_total", &[("result", "delivered")], 3 * BATCH).await;
        service.requests(BATCH).await;
        service.expect("bellwether_export_items_total", &[("result", "delivered")], 4 * BATCH).await;
        service.expect("bellwether_export_items_total", &[("result", "queue_full")], 5).await;
        assert_eq!(service.sink.spans().len() as u64, 4 * BATCH);
    }
}

#[tokio::test]
async fn hangs_for_good() {
    for protocol in BOTH {
        let queue = Queue::default().max_items(2 * BATCH as usize).give_up_after(PLENTY);
        let service = Service::start(protocol, queue).await;
        service.sink.fail(Fault::Hang, u32::MAX);
        service.requests(BATCH).await;
        service.sink.until("a request that hangs", |sink| sink.attempts().pop()).await;
        // All of these are answered while it does.
        service.requests(200).await;
        let lost = service.spans("queue_full").await;
        assert!(lost >= 200 - 2 * BATCH, "{lost} of 200 are lost");

        let ended = tokio::time::timeout(PATIENCE, service.bw.shutdown(Duration::from_millis(600))).await;
        let shutdown = ended.expect("an end");
        assert!(shutdown.lost() > 0, "{shutdown}");
        let traces = shutdown.signal("traces").unwrap_or_else(|| panic!("{shutdown}"));
        assert_eq!((traces.delivered, traces.lost() + traces.waiting), (0, BATCH + 200), "{shutdown}");
        assert_eq!(shutdown.signal("metrics").unwrap().delivered, 0, "{shutdown}");
        assert_eq!(service.sink.received().len(), 0);
    }
}

#[tokio::test]
async fn the_demo_speaks_on_and_ends_while_its_collector_hangs() {
    let sink = Sink::start();
    sink.fail(Fault::Hang, u32::MAX);
    // By our own name for it: a demo that was built without OTLP says so.
    let env = [("BELLWETHER_OTLP_ENDPOINT", sink.url()), ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned())];
    let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
    let demo = Demo::start(&["--no-traffic"], &env).await;
    let turn = || async {
        let request = client().post(demo.url("/v1/turns")).header("x-customer", "1").body(vec![0; 9_000]);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    };
    turn().await;
    let spans = |sink: &Sink| sink.attempts().iter().any(|attempt| attempt.signal == Signal::Traces).then_some(());
    sink.until("spans", spans).await;
    for _ in 0..3 {
        let answer = turn().await;
        assert!(answer.lines().last().is_some_and(|line| line.contains(r#""event":"done""#)), "{answer}");
    }
    let (ended, printed) = demo.signal("INT").await;
    assert!(ended.success(), "{ended}\n{printed}");
    // Four turns: a request and four calls each.
    let traces = printed.lines().find(|line| line.starts_with("traces: ")).unwrap_or_else(|| panic!("{printed}"));
    assert!(traces.starts_with("traces: 0 delivered, ") && traces.contains("20 shutdown"), "{traces}");
}
