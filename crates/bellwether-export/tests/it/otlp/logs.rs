//! Log records: what was said, by whom, in which request; and never what the exporter says to itself.

use std::sync::{Arc, Mutex};

use bellwether_core::{RequestId, Scope, TraceContext};
use bellwether_export::otlp::{Protocol, Tracing};
use bellwether_export::trace;
use bellwether_tests::sink::Fault;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::prelude::*;

use super::rig::{Rig, spans};

async fn records(rig: &Rig) -> Vec<LogRecord> {
    rig.flush().await;
    rig.sink.log_records()
}

fn value(record: &LogRecord, key: &str) -> Option<Value> {
    record.attributes.iter().find(|own| own.key == key)?.value.clone()?.value
}

fn text(value: &str) -> Option<Value> {
    Some(Value::StringValue(value.to_owned()))
}

fn body(record: &LogRecord) -> Option<Value> {
    record.body.clone()?.value
}

#[tokio::test]
async fn secrets_stay_here() {
    let rig = Rig::with(Protocol::Http, |settings| settings.redact(["pin_code"]));
    let broken = std::io::Error::other("sesame");
    tracing::info!(
        password = "sesame",
        api_key = 4711,
        db.token = true,
        share.secret = 0.5,
        aws_credentials = ?["sesame"],
        cookie = &broken as &dyn std::error::Error,
        customer.pin_code = "sesame",
        url.query = "page=2&token=sesame&pinCode=sesame",
        url.full = "http://a/b?sig=sesame",
        input_tokens = 7,
        "said"
    );
    let records = records(&rig).await;
    let [record] = &records[..] else { panic!("{records:?}") };
    for key in ["password", "api_key", "db.token", "share.secret", "aws_credentials", "cookie", "customer.pin_code"] {
        assert_eq!(value(record, key), text("[redacted]"), "{key}");
    }
    assert_eq!(value(record, "url.query"), text("page=2&token=[redacted]&pinCode=[redacted]"));
    assert_eq!(value(record, "url.full"), text("http://a/b?sig=[redacted]"));
    assert_eq!(value(record, "input_tokens"), Some(Value::IntValue(7)));
    assert!(!format!("{records:?}").contains("sesame"), "{records:?}");
}

#[tokio::test]
async fn what_was_said_arrives() {
    let rig = Rig::start(Protocol::Http);
    let broken = std::io::Error::other("disk full");
    tracing::warn!(
        target: "shop::cart",
        order = 42,
        large = u64::MAX,
        share = 0.5,
        rush = true,
        debug = ?[1, 2],
        name = "blue",
        error = &broken as &dyn std::error::Error,
        "packed {} items",
        3
    );
    let records = records(&rig).await;
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!((record.severity_number(), &*record.severity_text), (SeverityNumber::Warn, "WARN"));
    assert_eq!(body(record), text("packed 3 items"));
    assert_eq!(value(record, "target"), text("shop::cart"));
    assert_eq!(value(record, "order"), Some(Value::IntValue(42)));
    assert_eq!(value(record, "large"), text(&u64::MAX.to_string()));
    assert_eq!(value(record, "share"), Some(Value::DoubleValue(0.5)));
    assert_eq!(value(record, "rush"), Some(Value::BoolValue(true)));
    assert_eq!(value(record, "debug"), text("[1, 2]"));
    assert_eq!(value(record, "name"), text("blue"));
    assert_eq!(value(record, "exception.message"), text("disk full"));
    assert!(record.time_unix_nano > 0 && record.time_unix_nano == record.observed_time_unix_nano);
    assert_eq!((&*record.event_name, record.trace_id.len()), ("", 0));
}

#[tokio::test]
async fn a_named_event_has_its_name() {
    let rig = Rig::start(Protocol::Http);
    tracing::event!(name: "order.packed", tracing::Level::INFO, order = 42);
    let records = records(&rig).await;
    assert_eq!((&*records[0].event_name, body(&records[0])), ("order.packed", None));
}

#[tokio::test]
async fn ids_are_those_of_the_span_and_else_of_the_request() {
    for sampled in [true, false] {
        let rig = Rig::start(Protocol::Http);
        let trace = TraceContext::root(sampled);
        let scope = Scope::builder(trace).request_id(RequestId::parse(b"order-42").unwrap()).open();
        scope.in_scope(|| {
            tracing::info!("in the request");
            let span = tracing::info_span!("request");
            trace::adopt(&span, &scope);
            span.in_scope(|| {
                tracing::info!("in its span");
                tracing::info_span!("below").in_scope(|| tracing::info!("below it"));
            });
        });
        let records = records(&rig).await;
        let spans = rig.sink.spans();
        let own = (trace.trace_id().to_bytes().to_vec(), trace.span_id().to_bytes().to_vec());
        let ids = |record: &LogRecord| (record.trace_id.clone(), record.span_id.clone());
        assert!(records.iter().all(|record| value(record, "request_id") == text("order-42")));
        assert!(records.iter().all(|record| record.flags == if sampled { 3 } else { 2 }));
        assert_eq!((ids(&records[0]), ids(&records[1])), (own.clone(), own.clone()));
        if sampled {
            let below = spans.iter().find(|span| span.name == "below").unwrap();
            assert_eq!(ids(&records[2]), (own.0, below.span_id.clone()));
        } else {
            // Nobody made that span: the request is what is left.
            assert_eq!((ids(&records[2]), spans.len()), (own, 0));
        }
    }
}

#[tokio::test]
async fn crates_below_the_exporter_are_not_heard() {
    let everything = Tracing::default().records(LevelFilter::TRACE).spans(LevelFilter::TRACE);
    let rig = Rig::with(Protocol::Http, |settings| settings.tracing(everything));
    tracing::trace!(target: "hyper::proto", "not this");
    tracing::trace!(target: "opentelemetry_sdk", "nor this");
    tracing::trace!(target: "tower", "nor that");
    tracing::trace!(target: "tower_http::trace", "but a request's log line");
    let records = records(&rig).await;
    assert_eq!(records.iter().map(body).collect::<Vec<_>>(), [text("but a request's log line")]);
}

/// Hears what is said anywhere in the process.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let said = format!("{} {}", event.metadata().level(), event.metadata().target());
        self.0.lock().unwrap().push(said);
    }
}

#[tokio::test]
async fn what_the_export_thread_says_is_heard_by_others_but_not_exported() {
    let rig = Rig::with(Protocol::Grpc, |settings| {
        settings.tracing(Tracing::default().records(LevelFilter::TRACE).spans(LevelFilter::TRACE))
    });
    // Only what is global is seen from the export thread. No other test installs anything.
    let ear = Ear::default();
    let subscriber = tracing_subscriber::registry().with(rig.pipeline.layer()).with(ear.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    rig.sink.fail(Fault::Unavailable(None), 1);
    spans(1);
    for _ in 0..3 {
        rig.flush().await;
    }
    let heard = ear.0.lock().unwrap().clone();
    for said in ["WARN bellwether_export::otlp::courier", "INFO bellwether_export::otlp::courier"] {
        assert!(heard.iter().any(|own| own == said), "{said} is not in {heard:?}");
    }
    let own = |record: &LogRecord| value(record, "target");
    let exported: Vec<_> = rig.sink.log_records().iter().filter_map(own).collect();
    assert!(!exported.contains(&Value::StringValue("bellwether_export::otlp::courier".to_owned())), "{exported:?}");
}

#[tokio::test]
async fn a_level_is_a_limit_and_texts_have_one() {
    let rig = Rig::start(Protocol::Http);
    tracing::debug!("not at this level");
    tracing::info!(long = "\u{fc}".repeat(10_000), "{}", "x".repeat(100_000));
    let records = records(&rig).await;
    let [record] = &records[..] else { panic!("{} records", records.len()) };
    assert_eq!(value(record, "long"), text(&"\u{fc}".repeat(4096)));
    assert_eq!(body(record), text(&"x".repeat(32 << 10)));
}

/// Something whose text is made by code that logs.
struct Chatty;

impl std::fmt::Debug for Chatty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        tracing::info!("while another event is encoded");
        f.write_str("chatty")
    }
}

#[tokio::test]
async fn an_event_within_an_event_hurts_nobody() {
    let rig = Rig::start(Protocol::Http);
    tracing::info!(field = ?Chatty, "outer");
    let records = records(&rig).await;
    let outer = records.iter().find(|record| body(record) == text("outer")).unwrap();
    assert_eq!(value(outer, "field"), text("chatty"));
}
