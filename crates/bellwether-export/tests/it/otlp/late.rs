//! Spans that are made at the end, of requests that turned out to matter.

use std::time::Duration;

use bellwether_core::{Call, Kind, OnEnd, Operation, Outcome, Scope, TraceContext, TraceState, Value as Told};
use bellwether_export::otlp::{Protocol, Tracing};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use super::rig::Rig;

const MS: Duration = Duration::from_millis(1);

fn unsampled() -> Scope {
    let caller = TraceContext::parse(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02").unwrap();
    let state = TraceState::parse([&b"vendor=x"[..]]);
    Scope::builder(caller.child(false)).parent(caller.span_id()).trace_state(state).route("/v1/turns").open()
}

async fn spans(rig: &Rig) -> Vec<Span> {
    rig.flush().await;
    rig.sink.spans()
}

/// Attributes as `key=value`, in order.
fn attributes(span: &Span) -> Vec<String> {
    let show = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::DoubleValue(number) => number.to_string(),
        Value::ArrayValue(list) => {
            let texts = list.values.iter().map(|value| match &value.value {
                Some(Value::StringValue(text)) => text.clone(),
                other => format!("{other:?}"),
            });
            texts.collect::<Vec<_>>().join(" | ")
        }
        other => format!("{other:?}"),
    };
    let pair = |own: &opentelemetry_proto::tonic::common::v1::KeyValue| {
        format!("{}={}", own.key, show(own.value.as_ref().unwrap().value.as_ref().unwrap()))
    };
    span.attributes.iter().map(pair).collect()
}

#[tokio::test]
async fn a_failure_is_told_in_full() {
    let rig = Rig::start(Protocol::Http);
    let scope = unsampled();
    scope.customer("c-17").transaction("voice_turn").step("heard").step("thought");
    scope.call_ended(Call::new("openai".into(), Outcome::Failure, "503", 812 * MS));
    scope.call_ended(Call::new("tts".into(), Outcome::Success, "", 40 * MS));
    let told = [
        ("http.request.method", Told::Str("POST")),
        ("http.response.status_code", Told::Int(503)),
        ("http.route", Told::Str("/v1/turns")),
        ("url.query", Told::Str("lang=en&sig=secret")),
    ];
    let mut operation = Operation::new(Kind::Server, "POST /v1/turns", Outcome::Failure, 900 * MS, &scope);
    operation.route = scope.route();
    operation.error = Some("503");
    operation.attributes = &told;
    operation.first_byte = Some(250 * MS);
    operation.response_bytes = 20;
    rig.pipeline.late_spans().ended(&operation);
    let spans = spans(&rig).await;
    let [span] = &spans[..] else { panic!("{spans:?}") };
    let own = scope.trace().unwrap();
    assert_eq!((&*span.trace_id, &*span.span_id), (&own.trace_id().to_bytes()[..], &own.span_id().to_bytes()[..]));
    assert_eq!(span.parent_span_id, scope.parent().unwrap().to_bytes());
    assert_eq!(span.trace_state, "vendor=x");
    assert_eq!(span.flags, 0x303, "sampled now, random as before, below somebody else's");
    assert_eq!((&*span.name, span.kind()), ("POST /v1/turns", SpanKind::Server));
    assert_eq!(span.end_time_unix_nano - span.start_time_unix_nano, 900_000_000);
    let status = span.status.as_ref().unwrap();
    assert_eq!((status.code(), &*status.message), (StatusCode::Error, ""));
    let mut told = attributes(span);
    let id = format!("request_id={}", own.trace_id());
    told.retain(|pair| *pair != id);
    insta::assert_snapshot!(told.join("\n"), @r"
    http.request.method=POST
    http.response.status_code=503
    http.route=/v1/turns
    url.query=lang=en&sig=[redacted]
    error.type=503
    bellwether.outcome=failure
    bellwether.time_to_first_byte=0.25
    http.response.body.size=20
    enduser.id=c-17
    bellwether.transaction=voice_turn
    bellwether.steps=heard | thought
    bellwether.calls=openai failure 503 812 ms | tts success 40 ms
    ");
}

#[tokio::test]
async fn only_what_matters_and_has_no_span_yet() {
    async fn check(sampled: bool, has_span: bool, outcome: Outcome, took: Duration, expected: usize) {
        let slow = Tracing::default().slow_after(100 * MS);
        let rig = Rig::with(Protocol::Http, |settings| settings.tracing(slow));
        let scope = Scope::builder(TraceContext::root(sampled)).open();
        let mut operation = Operation::new(Kind::Server, "GET /", outcome, took, &scope);
        operation.has_span = has_span;
        rig.pipeline.late_spans().ended(&operation);
        let spans = spans(&rig).await;
        assert_eq!(spans.len(), expected, "sampled {sampled}, span {has_span}, {outcome} in {took:?}");
        let failed = outcome == Outcome::Failure;
        assert!(spans.iter().all(|span| span.status.is_some() == failed));
    }
    check(false, false, Outcome::Success, MS, 0).await;
    check(false, false, Outcome::Success, 100 * MS, 0).await;
    check(false, false, Outcome::Success, 101 * MS, 1).await;
    check(false, false, Outcome::Failure, MS, 1).await;
    check(false, false, Outcome::ClientError, MS, 0).await;
    check(false, false, Outcome::Cancelled, MS, 0).await;
    // A sampled request whose span nobody made: its children would hang in the air.
    check(true, false, Outcome::Success, MS, 1).await;
    check(true, true, Outcome::Failure, 101 * MS, 0).await;
}

#[tokio::test]
async fn without_a_scope_there_is_nothing_to_tell() {
    let rig = Rig::start(Protocol::Http);
    let scope = Scope::empty();
    rig.pipeline.late_spans().ended(&Operation::new(Kind::Job, "job", Outcome::Failure, MS, &scope));
    assert_eq!(spans(&rig).await.len(), 0);
}
