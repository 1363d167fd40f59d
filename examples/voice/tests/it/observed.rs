//! What the layer and the scope make of turns: rates by route, calls by provider, business by outcome.

use bellwether_core::{Handle, Registry};
use tokio::task::yield_now;
use voice::upstream::Fault;

use crate::demo::demo;

/// Waits until the series of `metric` that has these labels has counted `count`; the client may know of
/// an answer's end before the server has put it down.
async fn counted(registry: &Registry, metric: &str, labels: &[(&str, &str)], count: u64) {
    loop {
        let metrics = registry.metric(metric);
        let found: u64 = metrics
            .iter()
            .flat_map(|metric| metric.series())
            .filter(|series| labels.iter().all(|(name, value)| series.label(name) == Some(*value)))
            .map(|series| match series.handle() {
                Handle::Counter(counter) => counter.value(),
                Handle::Histogram(histogram) => histogram.snapshot().count(),
                _ => 0,
            })
            .sum();
        if found == count {
            return;
        }
        assert!(found < count, "{metric} {labels:?}: {found}");
        yield_now().await;
    }
}

#[tokio::test]
async fn a_turn_is_one_request_and_four_calls() {
    let demo = demo().await;
    demo.turn(3).await;

    let turns = [("http.route", "/v1/turns"), ("outcome", "success")];
    counted(&demo.registry, "http.server.request.duration", &turns, 1).await;
    // One for each sentence of the answer.
    for (upstream, calls) in [(&demo.upstreams.stt, 1), (&demo.upstreams.llm, 1), (&demo.upstreams.tts, 2)] {
        let port = upstream.address().port().to_string();
        counted(&demo.registry, "http.client.request.duration", &[("server.port", &port)], calls).await;
    }
    let business = [("transaction", "voice_turn"), ("outcome", "success")];
    counted(&demo.registry, "bellwether.transactions", &business, 1).await;
    counted(&demo.registry, "bellwether.transaction.amount", &business, 40).await;
    counted(&demo.registry, "bellwether.journey.steps", &[("step", "paid")], 1).await;
}

#[tokio::test]
async fn a_turn_that_breaks_off_has_failed() {
    let demo = demo().await;
    demo.upstreams.llm.set(Fault::Cut(1.0));
    assert_eq!(demo.turn(3).await.status, 200, "by then it was too late to say so");
    let turns = [("http.route", "/v1/turns"), ("outcome", "failure"), ("error.type", "response_body_error")];
    counted(&demo.registry, "http.server.request.duration", &turns, 1).await;
    let business = [("transaction", "voice_turn"), ("outcome", "failure")];
    counted(&demo.registry, "bellwether.transaction.amount", &business, 40).await;
}

#[tokio::test]
async fn a_customer_who_hangs_up_is_nobodys_failure() {
    let demo = demo().await;
    let request = demo.http.post(demo.url("/v1/turns")).header("x-customer", 3).body("audio");
    let mut response = request.send().await.expect("an answer");
    response.chunk().await.expect("a first word");
    drop(response);
    let turns = [("http.route", "/v1/turns"), ("outcome", "cancelled")];
    counted(&demo.registry, "http.server.request.duration", &turns, 1).await;
}
