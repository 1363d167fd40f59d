//! The demo sends all three signals to a collector by others, which says what it understood and passes it on to our sink.

use crate::upstreams::{Between, Call};
use crate::visits::{Trace, converse, turn};
use bellwether_tests::demo::Demo;
use bellwether_tests::real;
use bellwether_tests::rotel::Rotel;
use bellwether_tests::sink::Sink;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, number_data_point};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

#[tokio::test]
async fn over_grpc() {
    check("grpc", Rotel::grpc, &[]).await;
}

#[tokio::test]
async fn over_http() {
    check("http/protobuf", Rotel::http, &[("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")]).await;
}

async fn check(protocol: &str, endpoint: fn(&Rotel) -> &str, more: &[(&str, &str)]) {
    if !real() {
        return;
    }
    let sink = Sink::start();
    let rotel = Rotel::relaying(&sink.url()).await;
    let between = Between::start().await;
    let providers = between.env();
    let mut env: Vec<(&str, &str)> = providers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    env.extend([
        // By our own name: a demo that was built without OTLP says so.
        ("BELLWETHER_OTLP_ENDPOINT", endpoint(&rotel)),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ("OTEL_METRIC_EXPORT_INTERVAL", "500"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "50"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
    ]);
    env.extend(more);
    let demo = Demo::start(&["--no-traffic"], &env).await;

    let [good, talk, bad] = [1, 2, 3].map(Trace::numbered);
    assert_eq!(turn(&demo, 1, &good).await.0, 200);
    converse(&demo, 3, &talk).await.expect("a conversation");
    between.refuse(1);
    assert_eq!(turn(&demo, 3, &bad).await.0, 502);

    // A request and its calls: five spans each, and two of the turn whose first call was refused.
    let spans = sink.until("all spans", |sink| Some(sink.spans()).filter(|spans| spans.len() >= 12)).await;
    assert_eq!(spans.len(), 12, "{spans:#?}");
    let request = server_span(&spans, &good, "POST /v1/turns");
    http_request(&request, &good, 200);
    calls(&spans, &request, &good, &between);
    let conversation = server_span(&spans, &talk, "voice.v1.Voice/Converse");
    check_attribute(&conversation.attributes, "rpc.system.name", &text("grpc"));
    check_attribute(&conversation.attributes, "rpc.method", &text("voice.v1.Voice/Converse"));
    check_attribute(&conversation.attributes, "rpc.response.status_code", &text("OK"));
    calls(&spans, &conversation, &talk, &between);
    let failed = server_span(&spans, &bad, "POST /v1/turns");
    http_request(&failed, &bad, 502);
    check_attribute(&failed.attributes, "error.type", &text("502"));
    assert_eq!(failed.status.as_ref().map(|status| status.code()), Some(StatusCode::Error));
    assert_eq!(request.status.as_ref().map_or(StatusCode::Unset, |status| status.code()), StatusCode::Unset);

    resource(&sink);
    log_record(&sink, &failed).await;
    metrics(&sink, &request).await;
    for said in [&good.id, "POST /v1/turns", "SPAN_KIND_SERVER", "a provider refused", "DataType: ExponentialHistogram"]
    {
        rotel.printed(said).await;
    }

    let (ended, printed) = demo.signal("INT").await;
    assert!(ended.success(), "{ended}\n{printed}");
    for told in ["traces: 12 delivered, 0 lost\n", "logs: 1 delivered, 0 lost\n", " delivered, 0 lost\n"] {
        assert!(printed.contains(told), "no {told:?} in {printed}");
    }
    assert_eq!((sink.spans().len(), sink.log_records().len()), (12, 1));
}

fn server_span(spans: &[Span], trace: &Trace, name: &str) -> Span {
    let ours = |span: &&Span| hex(&span.trace_id) == trace.id && span.kind() == SpanKind::Server;
    let span = spans.iter().find(ours).unwrap_or_else(|| panic!("no request of trace {}: {spans:#?}", trace.id));
    assert_eq!(span.name, name);
    assert_eq!(hex(&span.parent_span_id), trace.span, "its parent is the span that its caller announced");
    assert!(span.start_time_unix_nano < span.end_time_unix_nano, "{span:#?}");
    span.clone()
}

fn http_request(span: &Span, trace: &Trace, status: i64) {
    let check = |name, value| check_attribute(&span.attributes, name, &value);
    check("http.request.method", text("POST"));
    check("http.route", text("/v1/turns"));
    check("http.response.status_code", Value::IntValue(status));
    check("url.scheme", text("http"));
    check("url.path", text("/v1/turns"));
    check("network.protocol.version", text("1.1"));
    check("request_id", text(&trace.id));
}

/// The four calls of a turn: below its request, and each announced to the provider as the span that was then exported.
fn calls(spans: &[Span], request: &Span, trace: &Trace, between: &Between) {
    let below = |span: &&Span| span.trace_id == request.trace_id && span.kind() == SpanKind::Client;
    let mut spans: Vec<&Span> = spans.iter().filter(below).collect();
    spans.sort_by_key(|span| span.start_time_unix_nano);
    let header = |call: &Call, name: &str| call.headers.get(name).map(|v| v.to_str().unwrap().to_owned());
    let calls = between.calls();
    let calls: Vec<&Call> =
        calls.iter().filter(|call| header(call, "traceparent").is_some_and(|it| it.contains(&trace.id))).collect();
    assert_eq!((spans.len(), calls.len()), (4, 4), "{spans:#?}");
    for (span, call) in spans.into_iter().zip(calls) {
        assert_eq!(span.parent_span_id, request.span_id, "{span:#?}");
        let check = |name, value| check_attribute(&span.attributes, name, &value);
        check("http.request.method", text("POST"));
        check("url.full", text(&format!("http://{}{}", between.addr, call.path)));
        check("server.address", text("127.0.0.1"));
        check("server.port", Value::IntValue(i64::from(between.addr.port())));
        check("http.response.status_code", Value::IntValue(200));
        let announced = format!("00-{}-{}-01", trace.id, hex(&span.span_id));
        assert_eq!(header(call, "traceparent"), Some(announced), "{}", call.path);
        assert_eq!(header(call, "x-request-id").as_ref(), Some(&trace.id), "{}", call.path);
    }
}

/// Every signal says whose it is.
fn resource(sink: &Sink) {
    let of_traces = sink.traces().into_iter().flat_map(|request| request.resource_spans).map(|spans| spans.resource);
    let of_logs = sink.logs().into_iter().flat_map(|request| request.resource_logs).map(|logs| logs.resource);
    let of_metrics = sink.metrics().into_iter().flat_map(|request| request.resource_metrics).map(|it| it.resource);
    let mut seen = 0;
    for resource in of_traces.chain(of_logs).chain(of_metrics) {
        let attributes = resource.expect("a resource").attributes;
        check_attribute(&attributes, "service.name", &text("voice"));
        check_attribute(&attributes, "service.version", &text("1.4.2"));
        check_attribute(&attributes, "deployment.environment.name", &text("test"));
        check_attribute(&attributes, "telemetry.sdk.language", &text("rust"));
        seen += 1;
    }
    assert!(seen > 1);
}

/// The one warning of all these turns, within the one that failed.
async fn log_record(sink: &Sink, request: &Span) {
    let record: LogRecord = sink.until("a log record", |sink| sink.log_records().pop()).await;
    assert_eq!(record.body.as_ref().and_then(|body| body.value.clone()), Some(text("a provider refused")));
    assert_eq!((record.severity_number, record.severity_text.as_str()), (13, "WARN"));
    assert_eq!((&record.trace_id, &record.span_id), (&request.trace_id, &request.span_id));
    check_attribute(&record.attributes, "name", &text("stt"));
    // The class of the refusal, and none of its words, which may hold anything.
    check_attribute(&record.attributes, "fault", &text("upstream_5xx"));
    assert!(!format!("{record:?}").contains("out to lunch"), "{record:?}");
}

/// Exponential histogram with an exemplar, sum and gauge.
async fn metrics(sink: &Sink, request: &Span) {
    let done = |sink: &Sink| {
        let metrics = sink.all_metrics();
        let newest = |name: &str| metrics.iter().rev().find(|metric| metric.name == name).cloned();
        let transactions = newest("bellwether.transactions")?;
        let Some(Data::Sum(sum)) = &transactions.data else { panic!("{transactions:?}") };
        let point = sum.data_points.iter().find(|point| has(&point.attributes, "outcome", &text("success")))?;
        // Two turns went well; the page before may have known of one.
        (point.value == Some(number_data_point::Value::AsInt(2))).then_some((transactions.clone(), metrics))
    };
    let (transactions, metrics) = sink.until("two transactions", done).await;
    let Some(Data::Sum(sum)) = &transactions.data else { panic!("{transactions:?}") };
    assert!(sum.is_monotonic && sum.aggregation_temporality() == AggregationTemporality::Cumulative);
    assert_eq!(transactions.unit, "{transaction}");

    let mut exemplars = Vec::new();
    let mut counts = Vec::new();
    for metric in metrics.iter().filter(|metric| metric.name == "http.server.request.duration") {
        assert_eq!(metric.unit, "s");
        let Some(Data::ExponentialHistogram(histogram)) = &metric.data else { panic!("{metric:?}") };
        assert_eq!(histogram.aggregation_temporality(), AggregationTemporality::Cumulative);
        for point in histogram.data_points.iter().filter(|point| {
            has(&point.attributes, "http.route", &text("/v1/turns"))
                && has(&point.attributes, "outcome", &text("success"))
        }) {
            let positive = point.positive.as_ref().expect("buckets");
            assert_eq!(positive.bucket_counts.iter().sum::<u64>(), point.count);
            assert!(point.sum > Some(0.0) && point.scale <= 5 && point.start_time_unix_nano < point.time_unix_nano);
            counts.push(point.count);
            exemplars
                .extend(point.exemplars.iter().map(|exemplar| (exemplar.trace_id.clone(), exemplar.span_id.clone())));
        }
    }
    assert_eq!(counts.iter().max(), Some(&1), "one turn over HTTP went well");
    assert_eq!(exemplars.first(), Some(&(request.trace_id.clone(), request.span_id.clone())));

    let ready = metrics.iter().find(|metric| metric.name == "bellwether.ready").expect("a gauge");
    let Some(Data::Gauge(gauge)) = &ready.data else { panic!("{ready:?}") };
    let ready = gauge.data_points[0].value;
    let is_one = matches!(ready, Some(number_data_point::Value::AsDouble(1.0) | number_data_point::Value::AsInt(1)));
    assert!(is_one, "{ready:?}");
}

fn check_attribute(attributes: &[KeyValue], name: &str, value: &Value) {
    assert!(has(attributes, name, value), "no {name}={value:?} in {attributes:#?}");
}

fn has(attributes: &[KeyValue], name: &str, value: &Value) -> bool {
    attributes.iter().any(|own| own.key == name && own.value == Some(AnyValue { value: Some(value.clone()) }))
}

fn text(text: &str) -> Value {
    Value::StringValue(text.to_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
