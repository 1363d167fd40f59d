//! A collector by others understands hand-made OTLP, in print and passed on: the yardstick for our own.

use bellwether_tests::rotel::Rotel;
use bellwether_tests::samples::{self, TRACE_ID_HEX};
use bellwether_tests::sink::Sink;
use bellwether_tests::{client, real};
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message as _;

async fn send_by_grpc(url: &str) {
    let url = url.to_owned();
    TraceServiceClient::connect(url.clone()).await.unwrap().export(samples::traces()).await.unwrap();
    MetricsServiceClient::connect(url.clone()).await.unwrap().export(samples::metrics()).await.unwrap();
    LogsServiceClient::connect(url).await.unwrap().export(samples::logs()).await.unwrap();
}

async fn send_by_http(url: &str) {
    let bodies = [
        ("traces", samples::traces().encode_to_vec()),
        ("metrics", samples::metrics().encode_to_vec()),
        ("logs", samples::logs().encode_to_vec()),
    ];
    let client = client();
    for (signal, body) in bodies {
        let request = client.post(format!("{url}/v1/{signal}")).header("content-type", "application/x-protobuf");
        assert_eq!(request.body(body).send().await.unwrap().status(), 200, "{signal}");
    }
}

/// All that rotel must have printed once the three samples are in.
async fn check_printed(rotel: &Rotel) {
    let all = [
        "POST /v1/turns",
        TRACE_ID_HEX,
        "http.server.request.duration",
        "Value: 3",
        "Exemplars:",
        "the upstream is slow",
    ];
    for text in all {
        rotel.printed(text).await;
    }
}

#[tokio::test]
async fn reads_grpc() {
    if !real() {
        return;
    }
    let rotel = Rotel::start().await;
    send_by_grpc(rotel.grpc()).await;
    check_printed(&rotel).await;
}

#[tokio::test]
async fn reads_http() {
    if !real() {
        return;
    }
    let rotel = Rotel::start().await;
    send_by_http(rotel.http()).await;
    check_printed(&rotel).await;
    let garbage = client().post(format!("{}/v1/traces", rotel.http()));
    let garbage = garbage.header("content-type", "application/x-protobuf").body("\u{1}garbage");
    assert_eq!(garbage.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn passes_on_what_it_understood() {
    if !real() {
        return;
    }
    let sink = Sink::start();
    let rotel = Rotel::relaying(&sink.url()).await;
    send_by_grpc(rotel.grpc()).await;
    let arrived = |sink: &Sink| {
        let all = (sink.spans(), sink.all_metrics(), sink.log_records());
        (!all.0.is_empty() && all.1.len() >= 2 && !all.2.is_empty()).then_some(all)
    };
    let (spans, metrics, logs) = sink.until("all three signals", arrived).await;
    assert_eq!(spans[0].trace_id, samples::TRACE_ID);
    assert_eq!(logs[0].severity_number, 13);
    let sent = samples::metrics().resource_metrics.remove(0).scope_metrics.remove(0).metrics;
    assert_eq!(metrics, sent);
}
