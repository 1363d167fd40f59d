//! What the layer and the scope make of turns: rates by route, calls by provider, business by outcome.

use bellwether::{Registry, core::Handle};
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
    counted(demo.bw.registry(), "http.server.request.duration", &turns, 1).await;
    // One for each sentence of the answer.
    for (upstream, calls) in [(&demo.upstreams.stt, 1), (&demo.upstreams.llm, 1), (&demo.upstreams.tts, 2)] {
        let port = upstream.address().port().to_string();
        counted(
            demo.bw.registry(),
            "http.client.request.duration",
            &[("server.port", &port), ("outcome", "success")],
            calls,
        )
        .await;
    }
    let business = [("transaction", "voice_turn"), ("outcome", "success")];
    counted(demo.bw.registry(), "bellwether.transactions", &business, 1).await;
    counted(demo.bw.registry(), "bellwether.transaction.amount", &business, 40).await;
    counted(demo.bw.registry(), "bellwether.journey.steps", &[("step", "paid")], 1).await;
}

#[tokio::test]
async fn each_call_of_a_turn_is_told_once() {
    let demo = demo().await;
    demo.turn(3).await;
    let mut calls = loop {
        match demo.told.of_last() {
            Some(calls) => break calls,
            None => yield_now().await,
        }
    };
    // The answer is still read while its first sentence is spoken.
    calls.sort();
    let expect = ["llm/primary", "orders-db", "orders-db", "stt", "tts", "tts"];
    assert_eq!(calls, expect.map(|name| format!("{name} success")));
}

#[tokio::test]
async fn a_turn_that_breaks_off_has_failed() {
    let demo = demo().await;
    demo.upstreams.llm.set(Fault::Cut(1.0));
    assert_eq!(demo.turn(3).await.status, 200, "by then it was too late to say so");
    let turns = [("http.route", "/v1/turns"), ("outcome", "failure"), ("error.type", "response_body_error")];
    counted(demo.bw.registry(), "http.server.request.duration", &turns, 1).await;
    let business = [("transaction", "voice_turn"), ("outcome", "failure")];
    counted(demo.bw.registry(), "bellwether.transaction.amount", &business, 40).await;
}

#[tokio::test]
async fn a_refusal_is_the_providers() {
    let demo = demo().await;
    demo.upstreams.llm.set(Fault::Quota(0));
    assert_eq!(demo.turn(3).await.status, 503);
    let port = demo.upstreams.llm.address().port().to_string();
    let refused = [("server.port", port.as_str()), ("http.response.status_code", "429"), ("outcome", "throttled")];
    counted(demo.bw.registry(), "http.client.request.duration", &refused, 1).await;
}

#[tokio::test]
async fn a_customer_who_hangs_up_is_nobodys_failure() {
    let demo = demo().await;
    let request = demo.http.post(demo.url("/v1/turns")).header("x-customer", 3).body("audio");
    let mut response = request.send().await.expect("an answer");
    response.chunk().await.expect("a first word");
    drop(response);
    let turns = [("http.route", "/v1/turns"), ("outcome", "cancelled")];
    counted(demo.bw.registry(), "http.server.request.duration", &turns, 1).await;
}

#[tokio::test]
async fn metrics_show_it() {
    let demo = demo().await;
    demo.turn(3).await;
    counted(demo.bw.registry(), "http.server.request.duration", &[("http.route", "/v1/turns")], 1).await;
    let metrics = demo.http.get(demo.url("/metrics")).send().await.expect("metrics").text().await.expect("text");
    let line = metrics.lines().find(|line| {
        line.starts_with("http_server_request_duration_seconds_count") && line.contains("http_route=\"/v1/turns\"")
    });
    assert!(line.is_some_and(|line| line.ends_with(" 1")), "{line:?}");
    assert!(!metrics.contains("http_route=\"/metrics\""), "the page does not watch itself");
}

#[tokio::test]
async fn each_model_is_measured_by_the_names_of_the_conventions() {
    let demo = demo().await;
    demo.turn(3).await;
    let duration = "gen_ai.client.operation.duration";
    for (operation, model) in [("speech_to_text", "whisper-1"), ("chat", "gpt-4o-mini"), ("text_to_speech", "tts-1")] {
        let labels = [("gen_ai.operation.name", operation), ("gen_ai.request.model", model), ("outcome", "success")];
        // An answer of two sentences is spoken in two calls.
        counted(demo.bw.registry(), duration, &labels, if operation == "text_to_speech" { 2 } else { 1 }).await;
    }
    let tokens = "gen_ai.client.token.usage";
    counted(demo.bw.registry(), tokens, &[("gen_ai.token.type", "output")], 1).await;
    let metrics = demo.http.get(demo.url("/metrics")).send().await.expect("metrics").text().await.expect("text");
    for series in [
        "gen_ai_client_operation_duration_seconds_count{",
        "gen_ai_client_operation_time_to_first_chunk_seconds_count{",
        "bellwether_gen_ai_time_to_first_content_seconds_count{",
        "bellwether_gen_ai_real_time_factor",
    ] {
        assert!(metrics.contains(series), "{series}");
    }
    assert!(!metrics.contains("bellwether_gen_ai_usage_unknown_total{"), "it is known what they took");
}
