//! The sink keeps what it takes, over both wires, and each fault looks as a collector's would.

use bellwether_tests::sink::{Fault, Message, Signal, Sink, Transport};
use bellwether_tests::{client, samples};
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message as _;
use std::io::Write as _;
use std::time::Duration;
use tonic::codec::CompressionEncoding;
use tonic_types::StatusExt as _;

/// Sends the sample spans by gRPC.
async fn grpc(sink: &Sink) -> Result<ExportTraceServiceResponse, tonic::Status> {
    let client = TraceServiceClient::connect(sink.url()).await;
    let mut client = client.map_err(|e| tonic::Status::unavailable(e.to_string()))?;
    Ok(client.export(samples::traces()).await?.into_inner())
}

/// Posts the sample spans by HTTP.
async fn http(sink: &Sink) -> Result<reqwest::Response, reqwest::Error> {
    post(sink, "/v1/traces", samples::traces().encode_to_vec()).send().await
}

fn post(sink: &Sink, path: &str, body: Vec<u8>) -> reqwest::RequestBuilder {
    let request = client().post(format!("{}{path}", sink.url()));
    request.header("content-type", "application/x-protobuf").body(body)
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(plain).unwrap();
    packer.finish().unwrap()
}

#[tokio::test]
async fn takes_all_signals_over_grpc_packed_or_not() {
    let sink = Sink::start();
    grpc(&sink).await.unwrap();
    let metrics = MetricsServiceClient::connect(sink.url()).await.unwrap();
    metrics.send_compressed(CompressionEncoding::Gzip).export(samples::metrics()).await.unwrap();
    let mut logs = LogsServiceClient::connect(sink.url()).await.unwrap();
    let mut request = tonic::Request::new(samples::logs());
    request.metadata_mut().insert("x-tenant", "one".parse().unwrap());
    logs.export(request).await.unwrap();

    assert_eq!(sink.traces(), [samples::traces()]);
    assert_eq!(sink.metrics(), [samples::metrics()]);
    assert_eq!(sink.logs(), [samples::logs()]);
    assert_eq!((sink.spans().len(), sink.all_metrics().len(), sink.log_records().len()), (1, 2, 1));
    let signals: Vec<Signal> = sink.attempts().iter().map(|attempt| attempt.signal).collect();
    assert_eq!(signals, [Signal::Traces, Signal::Metrics, Signal::Logs]);
    let last = sink.received().pop().unwrap();
    assert_eq!((last.transport, &last.headers["x-tenant"]), (Transport::Grpc, &"one".parse().unwrap()));
}

#[tokio::test]
async fn takes_all_signals_over_http_packed_or_not() {
    let sink = Sink::start();
    assert_eq!(http(&sink).await.unwrap().status(), 200);
    let packed = post(&sink, "/v1/metrics", gzip(&samples::metrics().encode_to_vec()));
    assert_eq!(packed.header("content-encoding", "gzip").send().await.unwrap().status(), 200);
    assert_eq!(post(&sink, "/v1/logs", samples::logs().encode_to_vec()).send().await.unwrap().status(), 200);

    let messages: Vec<Message> = sink.received().iter().map(|received| received.message.clone()).collect();
    let (traces, metrics, logs) = (samples::traces(), samples::metrics(), samples::logs());
    assert_eq!(messages, [Message::Traces(traces), Message::Metrics(metrics), Message::Logs(logs)]);
    assert!(sink.received().iter().all(|received| received.transport == Transport::Http));
}

#[tokio::test]
async fn turns_away_what_is_no_otlp() {
    let sink = Sink::start();
    let garbage = || b"\xff\xff not protobuf".to_vec();
    assert_eq!(post(&sink, "/v1/traces", garbage()).send().await.unwrap().status(), 400);
    let unpacked = post(&sink, "/v1/traces", garbage()).header("content-encoding", "gzip");
    assert_eq!(unpacked.send().await.unwrap().status(), 400);
    assert_eq!(post(&sink, "/v2/traces", Vec::new()).send().await.unwrap().status(), 404);
    assert!(sink.received().is_empty());
}

/// What a fault looks like over HTTP: status and Retry-After; and over gRPC: code and RetryInfo.
async fn check(fault: Fault, http_looks: (u16, Option<&str>), grpc_looks: (tonic::Code, Option<Duration>)) {
    let sink = Sink::start();
    sink.fail(fault.clone(), 2);
    let answer = http(&sink).await.unwrap();
    let retry_after = answer.headers().get("retry-after").map(|value| value.to_str().unwrap());
    assert_eq!((answer.status().as_u16(), retry_after), http_looks, "{fault:?}");
    let status = grpc(&sink).await.unwrap_err();
    let retry_info = status.get_details_retry_info().and_then(|info| info.retry_delay);
    assert_eq!((status.code(), retry_info), grpc_looks, "{fault:?}");
    assert!(sink.received().is_empty(), "{fault:?}");

    // Both faults are used up.
    http(&sink).await.unwrap();
    grpc(&sink).await.unwrap();
    assert_eq!((sink.attempts().len(), sink.received().len()), (4, 2), "{fault:?}");
    assert_eq!(sink.attempts()[1].fault, Some(fault));
}

#[tokio::test]
async fn refuses_as_told() {
    use tonic::Code;
    let soon = Duration::from_secs(7);
    check(Fault::Unavailable(None), (503, None), (Code::Unavailable, None)).await;
    check(Fault::Unavailable(Some(soon)), (503, Some("7")), (Code::Unavailable, Some(soon))).await;
    check(Fault::Throttled(None), (429, None), (Code::ResourceExhausted, None)).await;
    check(Fault::Throttled(Some(soon)), (429, Some("7")), (Code::ResourceExhausted, Some(soon))).await;
    check(Fault::Invalid, (400, None), (Code::InvalidArgument, None)).await;
    check(Fault::Unauthorized, (401, None), (Code::Unauthenticated, None)).await;
    check(Fault::Internal, (500, None), (Code::Internal, None)).await;
}

#[tokio::test]
async fn takes_a_part() {
    let sink = Sink::start();
    sink.fail(Fault::Partial(1, "too old".to_owned()), 2);
    let answer = http(&sink).await.unwrap();
    let answer = ExportTraceServiceResponse::decode(answer.bytes().await.unwrap()).unwrap();
    for answer in [answer, grpc(&sink).await.unwrap()] {
        let partial = answer.partial_success.unwrap();
        assert_eq!((partial.rejected_spans, partial.error_message.as_str()), (1, "too old"));
    }
    assert_eq!(sink.received().len(), 2);
}

#[tokio::test]
async fn hangs_until_the_client_gives_up() {
    let sink = Sink::start();
    sink.fail(Fault::Hang, 1);
    let answer = post(&sink, "/v1/traces", Vec::new()).timeout(Duration::from_millis(100)).send().await;
    assert!(answer.unwrap_err().is_timeout());
    assert_eq!((sink.attempts().len(), sink.received().len()), (1, 0));
}

#[tokio::test]
async fn answers_late() {
    let sink = Sink::start();
    sink.fail(Fault::Slow(Duration::from_millis(50)), 1);
    assert_eq!(http(&sink).await.unwrap().status(), 200);
    assert_eq!(sink.received().len(), 1);
}

#[tokio::test]
async fn resets_before_and_within_the_answer() {
    let sink = Sink::start();
    sink.fail(Fault::Reset, 2);
    assert!(http(&sink).await.unwrap_err().is_request());
    assert!(grpc(&sink).await.is_err());

    sink.fail(Fault::Cut, 2);
    let begun = http(&sink).await.unwrap();
    assert_eq!(begun.status(), 200);
    begun.bytes().await.unwrap_err();
    assert!(grpc(&sink).await.is_err());

    assert_eq!(http(&sink).await.unwrap().status(), 200);
    assert_eq!((sink.attempts().len(), sink.received().len()), (5, 1));
}

#[tokio::test]
async fn goes_down_and_comes_back_on_the_same_port() {
    let sink = Sink::start();
    let addr = sink.addr();
    sink.down();
    assert!(http(&sink).await.unwrap_err().is_connect());
    assert!(grpc(&sink).await.is_err());
    sink.up();
    assert_eq!(http(&sink).await.unwrap().status(), 200);
    assert_eq!((sink.addr(), sink.attempts().len()), (addr, 1));
}

#[tokio::test]
async fn wakes_who_waits() {
    let sink = Sink::start();
    sink.fail(Fault::Hang, 100);
    sink.recover();
    let (spans, sent) = tokio::join!(sink.until("a span", |sink| sink.spans().pop()), grpc(&sink),);
    assert_eq!((spans.name.as_str(), sent.is_ok()), ("POST /v1/turns", true));
}

#[tokio::test]
async fn a_reset_is_a_rst_and_no_orderly_end() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let sink = Sink::start();
    sink.fail(Fault::Reset, 1);
    let mut stream = tokio::net::TcpStream::connect(sink.addr()).await.unwrap();
    stream.write_all(b"POST /v1/traces HTTP/1.1\r\nhost: sink\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    let end = stream.read(&mut [0; 64]).await.unwrap_err();
    assert_eq!(end.kind(), std::io::ErrorKind::ConnectionReset);
}
