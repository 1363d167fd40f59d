//! Spans by `tracing`: the ids of the request's scope, its parent, its flags; children wherever they run.

use bellwether_core::{Scope, TraceContext, TraceState};
use bellwether_export::otlp::{Destination, Protocol, Sampling, Tracing};
use bellwether_export::trace;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use tracing::instrument::WithSubscriber as _;
use tracing::{Instrument as _, field};

use super::rig::Rig;

const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";

fn scope(flags: &str) -> Scope {
    let caller = TraceContext::parse(format!("{CALLER}-{flags}").as_bytes()).unwrap();
    let state = TraceState::parse([&b"vendor=x,other=y"[..]]);
    Scope::builder(caller.child(caller.sampled())).parent(caller.span_id()).trace_state(state).open()
}

/// A request's span, as bellwether-tower makes it.
fn request(scope: &Scope) -> tracing::Span {
    let _entered = scope.enter();
    let span = tracing::info_span!(
        parent: None,
        "request",
        otel.name = "GET /v1/turns",
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.response.status_code = field::Empty,
    );
    assert_eq!(trace::adopt(&span, scope), scope.sampled());
    span
}

async fn spans(rig: &Rig) -> Vec<Span> {
    rig.flush().await;
    rig.sink.spans()
}

fn find<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} in {spans:?}"))
}

fn value(span: &Span, key: &str) -> Option<Value> {
    span.attributes.iter().find(|own| own.key == key)?.value.clone()?.value
}

fn text(value: &str) -> Option<Value> {
    Some(Value::StringValue(value.to_owned()))
}

#[tracing::instrument(skip_all, fields(said))]
async fn transcribe(said: &str) {
    tracing::Span::current().record("said", said);
    tokio::task::yield_now().await;
    tracing::info!(words = 3_u64, "heard");
    think().await;
}

#[tracing::instrument]
async fn think() {
    tokio::task::yield_now().await;
}

#[tokio::test]
async fn a_request_has_the_ids_of_its_scope() {
    for flags in ["01", "03"] {
        let rig = Rig::start(Protocol::Http);
        let scope = scope(flags);
        let own = scope.trace().unwrap();
        let span = request(&scope);
        scope.wrap(async { assert_eq!(trace::current(), Some(own)) }.instrument(span.clone())).await;
        span.record("http.response.status_code", 503_i64);
        span.record("otel.status_code", "ERROR");
        drop(span);
        let spans = spans(&rig).await;
        let [span] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!(span.trace_id, own.trace_id().to_bytes());
        assert_eq!(span.span_id, own.span_id().to_bytes());
        assert_eq!(span.parent_span_id, scope.parent().unwrap().to_bytes());
        assert_eq!(span.trace_state, "vendor=x,other=y");
        // The caller's flags, and that the parent is known to be in another process.
        assert_eq!(span.flags, u32::from_str_radix(flags, 16).unwrap() | 0x300);
        assert_eq!((&*span.name, span.kind()), ("GET /v1/turns", SpanKind::Server));
        assert_eq!(span.status.as_ref().unwrap().code(), StatusCode::Error);
        assert_eq!(value(span, "http.response.status_code"), Some(Value::IntValue(503)));
        assert!(span.start_time_unix_nano > 0 && span.end_time_unix_nano >= span.start_time_unix_nano);
    }
}

#[tokio::test]
async fn a_request_without_a_caller_is_a_root() {
    let rig = Rig::start(Protocol::Grpc);
    let scope = Scope::builder(TraceContext::root(true)).open();
    drop(request(&scope));
    let spans = spans(&rig).await;
    assert!(spans[0].parent_span_id.is_empty());
    assert_eq!(spans[0].flags, 0x103);
    assert_eq!(spans[0].trace_id, scope.trace().unwrap().trace_id().to_bytes());
}

#[tokio::test]
async fn children_are_below_it() {
    let rig = Rig::start(Protocol::Http);
    let scope = scope("03");
    let span = request(&scope);
    scope.wrap(transcribe("hello").instrument(span)).await;
    let spans = spans(&rig).await;
    let (request, heard, thought) = (find(&spans, "GET /v1/turns"), find(&spans, "transcribe"), find(&spans, "think"));
    assert_eq!(heard.parent_span_id, request.span_id);
    assert_eq!(thought.parent_span_id, heard.span_id);
    for child in [heard, thought] {
        assert_eq!(child.trace_id, request.trace_id);
        assert_eq!((child.flags, child.kind()), (0x103, SpanKind::Internal));
        assert_eq!(child.trace_state, request.trace_state);
    }
    let [event] = &heard.events[..] else { panic!("{:?}", heard.events) };
    assert_eq!(event.name, "heard");
    assert!(event.attributes.iter().any(|attribute| attribute.key == "words"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_run_anywhere() {
    let rig = Rig::start(Protocol::Http);
    let scope = scope("01");
    let span = request(&scope);
    let with_span = scope.wrap(transcribe("with the span").instrument(span.clone()));
    let with_scope = scope.wrap(think());
    let both = async {
        tokio::spawn(with_span.with_current_subscriber()).await.unwrap();
        tokio::spawn(with_scope.with_current_subscriber()).await.unwrap();
    };
    both.await;
    drop(span);
    let spans = spans(&rig).await;
    let request = find(&spans, "GET /v1/turns");
    assert_eq!(spans.len(), 4);
    assert!(spans.iter().all(|span| span.trace_id == request.trace_id));
    // With nothing but the scope to go by it is the request's child all the same.
    let below = |parent: &Span| spans.iter().filter(|span| span.parent_span_id == parent.span_id).count();
    assert_eq!(below(request), 2);
    assert_eq!(below(find(&spans, "transcribe")), 1);
}

#[tokio::test]
async fn nothing_is_made_of_a_request_that_is_not_sampled() {
    let rig = Rig::start(Protocol::Http);
    let scope = scope("02");
    let span = request(&scope);
    let turn = async {
        transcribe("unheard").await;
        assert_eq!(trace::current(), None);
    };
    scope.wrap(turn.instrument(span)).await;
    assert_eq!(spans(&rig).await, []);
}

#[tokio::test]
async fn outside_of_requests_the_sampling_decides() {
    async fn check(sampling: Sampling, expected: usize) {
        let rig = Rig::with(Protocol::Http, |settings| settings.tracing(Tracing::default().sampling(sampling)));
        for _ in 0..20 {
            let job = tracing::info_span!("job");
            async { tracing::info_span!("step").in_scope(|| {}) }.instrument(job).await;
        }
        let spans = spans(&rig).await;
        assert_eq!(spans.len(), expected);
        // All of a trace or nothing of it.
        for step in spans.iter().filter(|span| span.name == "step") {
            let job = spans.iter().find(|span| span.span_id == step.parent_span_id).unwrap();
            assert_eq!(job.trace_id, step.trace_id);
            assert_eq!(job.flags, 0x103, "its id is random");
        }
    }
    check(Sampling::always(), 40).await;
    check(Sampling::always().ignore_parent(), 40).await;
    check(Sampling::never(), 0).await;
    check(Sampling::never().ignore_parent(), 0).await;
}

#[tokio::test]
async fn spans_are_made_without_log_records_too() {
    let rig = Rig::with(Protocol::Http, |settings| settings.logs(Destination::new().enabled(false)));
    drop(tracing::info_span!("work").entered());
    assert_eq!(spans(&rig).await.len(), 1);
}

#[tokio::test]
async fn a_span_that_was_entered_before_keeps_its_own_ids() {
    let rig = Rig::start(Protocol::Http);
    let scope = scope("03");
    let span = tracing::info_span!("request");
    span.in_scope(|| {});
    assert!(!trace::adopt(&span, &scope));
    drop(span);
    // And the next one does not get what was meant for it.
    drop(tracing::info_span!("next"));
    let own = scope.trace().unwrap().span_id().to_bytes();
    assert!(spans(&rig).await.iter().all(|span| span.span_id != own));
}

#[tokio::test]
async fn what_opentelemetry_says_of_a_span_is_kept() {
    use opentelemetry::trace::{SpanContext, Status};
    use opentelemetry::{KeyValue, TraceFlags, TraceId};
    use tracing_opentelemetry::OpenTelemetrySpanExt as _;
    let rig = Rig::start(Protocol::Http);
    let span = tracing::info_span!("work", flag = true, ratio = 0.5, none = field::Empty);
    let (trace_id, span_id) = (TraceId::from_bytes([1; 16]), opentelemetry::SpanId::from_bytes([2; 8]));
    let other = SpanContext::new(trace_id, span_id, TraceFlags::SAMPLED, true, Default::default());
    span.add_link_with_attributes(other, vec![KeyValue::new("why", "batch")]);
    span.set_attribute("list", opentelemetry::Value::Array(vec![1_i64, 2].into()));
    span.in_scope(|| {
        tracing::error!(error = "disk full");
        for _ in 0..200 {
            tracing::info!("tick");
        }
    });
    span.set_status(Status::Ok);
    drop(span);
    let spans = spans(&rig).await;
    let span = &spans[0];
    assert_eq!(value(span, "flag"), Some(Value::BoolValue(true)));
    assert_eq!(value(span, "ratio"), Some(Value::DoubleValue(0.5)));
    assert!(matches!(value(span, "list"), Some(Value::ArrayValue(list)) if list.values.len() == 2));
    assert_eq!(value(span, "none"), None);
    let [link] = &span.links[..] else { panic!("{:?}", span.links) };
    assert_eq!((&*link.trace_id, &*link.span_id, link.flags), (&[1; 16][..], &[2; 8][..], 0x301));
    assert_eq!(link.attributes[0].key, "why");
    assert_eq!((span.events.len(), span.dropped_events_count), (128, 73));
    assert_eq!(span.events[0].name, "exception");
    assert_eq!(span.status.as_ref().unwrap().code(), StatusCode::Ok, "ok is the last word");
}

#[tokio::test]
async fn secrets_stay_here() {
    use opentelemetry::trace::SpanContext;
    use opentelemetry::{KeyValue, SpanId, TraceFlags, TraceId};
    use tracing_opentelemetry::OpenTelemetrySpanExt as _;
    let rig = Rig::with(Protocol::Http, |settings| settings.redact(["pin_code"]));
    {
        let span = tracing::info_span!("job", password = "sesame", api_key = 4711, pin_code = field::Empty);
        let _entered = span.enter();
        span.record("pin_code", "sesame");
        span.set_attribute("db.access_token", "sesame");
        span.set_attribute("url.full", "https://a/b?page=2&sig=sesame&pin-code=sesame");
        let (trace_id, span_id) = (TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]));
        let other = SpanContext::new(trace_id, span_id, TraceFlags::SAMPLED, true, Default::default());
        span.add_link_with_attributes(other, vec![KeyValue::new("cookie", "sesame")]);
        tracing::info!(authorization = "sesame", items = 3, "said");
    }
    let spans = spans(&rig).await;
    let [span] = &spans[..] else { panic!("{spans:?}") };
    for key in ["password", "api_key", "pin_code", "db.access_token"] {
        assert_eq!(value(span, key), text("[redacted]"), "{key}");
    }
    assert_eq!(value(span, "url.full"), text("https://a/b?page=2&sig=[redacted]&pin-code=[redacted]"));
    assert_eq!((span.events.len(), span.links.len()), (1, 1));
    assert!(!format!("{spans:?}").contains("sesame"), "{spans:?}");
    assert!(!format!("{:?}", rig.sink.log_records()).contains("sesame"));
}

#[tokio::test]
async fn what_is_said_of_a_span_is_bounded() {
    use opentelemetry::KeyValue;
    use tracing_opentelemetry::OpenTelemetrySpanExt as _;
    let rig = Rig::start(Protocol::Http);
    let span = tracing::info_span!("work");
    for number in 0..200_i64 {
        span.set_attribute(format!("key.{number}"), number);
    }
    span.add_event("large", vec![KeyValue::new("text", "\u{fc}".repeat(10_000))]);
    for _ in 0..20 {
        span.add_event("large", vec![KeyValue::new("text", "x".repeat(10_000))]);
    }
    drop(span);
    let spans = spans(&rig).await;
    let span = &spans[0];
    assert_eq!((span.attributes.len(), span.dropped_attributes_count), (128, 72));
    let cut = span.events[0].attributes[0].value.clone().unwrap().value;
    assert_eq!(cut, text(&"\u{fc}".repeat(4096)), "cut between characters");
    assert_eq!(span.events.len() + span.dropped_events_count as usize, 21);
    assert!(span.events.len() < 10);
}

#[tokio::test]
async fn a_remote_context_set_by_hand_is_a_parent() {
    use opentelemetry::trace::{SpanContext, TraceContextExt as _};
    use opentelemetry::{TraceFlags, TraceId};
    use tracing_opentelemetry::OpenTelemetrySpanExt as _;
    for (sampled, expected) in [(true, 1), (false, 0)] {
        let rig = Rig::start(Protocol::Http);
        let flags = TraceFlags::new(2).with_sampled(sampled);
        let parent = opentelemetry::SpanId::from_bytes([2; 8]);
        let remote = SpanContext::new(TraceId::from_bytes([1; 16]), parent, flags, true, Default::default());
        let span = tracing::info_span!("consumer");
        span.set_parent(opentelemetry::Context::new().with_remote_span_context(remote)).unwrap();
        drop(span);
        let spans = spans(&rig).await;
        assert_eq!(spans.len(), expected);
        for span in spans {
            assert_eq!((&*span.trace_id, &*span.parent_span_id, span.flags), (&[1; 16][..], &[2; 8][..], 0x303));
        }
    }
}

#[tokio::test]
async fn a_level_is_a_limit() {
    use tracing_subscriber::filter::LevelFilter;
    let rig = Rig::with(Protocol::Http, |settings| settings.tracing(Tracing::default().spans(LevelFilter::WARN)));
    drop(tracing::info_span!("quiet"));
    drop(tracing::warn_span!("loud"));
    assert_eq!(spans(&rig).await.len(), 1);
}
