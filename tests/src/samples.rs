//! One OTLP request of each signal, put together by hand from the official messages.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum, exemplar, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

/// The trace all samples belong to.
pub const TRACE_ID: [u8; 16] = *b"\x0a\xf7\x65\x19\x16\xcd\x43\xdd\x84\x48\xeb\x21\x1c\x80\x31\x9c";
/// The same in hex.
pub const TRACE_ID_HEX: &str = "0af7651916cd43dd8448eb211c80319c";
/// The span all samples belong to.
pub const SPAN_ID: [u8; 8] = *b"\xb7\xad\x6b\x71\x69\x20\x33\x31";

/// 2026-01-01 00:00:00 UTC.
const START: u64 = 1_767_225_600_000_000_000;

/// One server span of a quarter second.
#[must_use]
pub fn traces() -> ExportTraceServiceRequest {
    let span = Span {
        trace_id: TRACE_ID.to_vec(),
        span_id: SPAN_ID.to_vec(),
        name: "POST /v1/turns".to_owned(),
        kind: 2,
        start_time_unix_nano: START,
        end_time_unix_nano: START + 250_000_000,
        ..Span::default()
    };
    let spans = ScopeSpans { spans: vec![span], ..ScopeSpans::default() };
    let resource = ResourceSpans { resource: resource(), scope_spans: vec![spans], ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![resource] }
}

/// A sum of 3, and an exponential histogram at scale 5 with an exemplar.
#[must_use]
pub fn metrics() -> ExportMetricsServiceRequest {
    let point = NumberDataPoint {
        start_time_unix_nano: START,
        time_unix_nano: START + 1_000_000_000,
        value: Some(number_data_point::Value::AsInt(3)),
        ..NumberDataPoint::default()
    };
    let sum = Sum {
        data_points: vec![point],
        aggregation_temporality: AggregationTemporality::Cumulative as i32,
        is_monotonic: true,
    };
    let exemplar = Exemplar {
        time_unix_nano: START + 500_000_000,
        trace_id: TRACE_ID.to_vec(),
        span_id: SPAN_ID.to_vec(),
        value: Some(exemplar::Value::AsDouble(0.25)),
        ..Exemplar::default()
    };
    let point = ExponentialHistogramDataPoint {
        start_time_unix_nano: START,
        time_unix_nano: START + 1_000_000_000,
        count: 3,
        sum: Some(0.75),
        scale: 5,
        positive: Some(Buckets { offset: -65, bucket_counts: vec![3] }),
        exemplars: vec![exemplar],
        ..ExponentialHistogramDataPoint::default()
    };
    let histogram = ExponentialHistogram {
        data_points: vec![point],
        aggregation_temporality: AggregationTemporality::Cumulative as i32,
    };
    let metric = |name: &str, unit: &str, data| Metric {
        name: name.to_owned(),
        unit: unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    };
    let metrics = vec![
        metric("turns", "{turn}", Data::Sum(sum)),
        metric("http.server.request.duration", "s", Data::ExponentialHistogram(histogram)),
    ];
    let scope = ScopeMetrics { metrics, ..ScopeMetrics::default() };
    let resource = ResourceMetrics { resource: resource(), scope_metrics: vec![scope], ..ResourceMetrics::default() };
    ExportMetricsServiceRequest { resource_metrics: vec![resource] }
}

/// One warning.
#[must_use]
pub fn logs() -> ExportLogsServiceRequest {
    let record = LogRecord {
        time_unix_nano: START,
        observed_time_unix_nano: START,
        severity_number: 13,
        severity_text: "WARN".to_owned(),
        body: Some(text("the upstream is slow")),
        trace_id: TRACE_ID.to_vec(),
        span_id: SPAN_ID.to_vec(),
        ..LogRecord::default()
    };
    let scope = ScopeLogs { log_records: vec![record], ..ScopeLogs::default() };
    let resource = ResourceLogs { resource: resource(), scope_logs: vec![scope], ..ResourceLogs::default() };
    ExportLogsServiceRequest { resource_logs: vec![resource] }
}

fn resource() -> Option<Resource> {
    let name = KeyValue { key: "service.name".to_owned(), value: Some(text("voice")), ..KeyValue::default() };
    Some(Resource { attributes: vec![name], ..Resource::default() })
}

fn text(text: &str) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(text.to_owned())) }
}
