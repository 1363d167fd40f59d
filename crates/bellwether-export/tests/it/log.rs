//! JSON logs: what lines look like in each layout, and that nothing that goes into them can break them.

mod alloc;
mod layouts;
mod output;
mod values;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bellwether_core::{
    Clock, Kind, Operation, Outcome, Registry, RequestId, Scope, SpanId, Timestamp, TraceContext, TraceId,
};
use bellwether_export::log::{JsonLog, Output};
use tracing_subscriber::layer::SubscriberExt;

/// A writer whose lines can be read.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn lines(&self) -> Vec<serde_json::Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn registry() -> Registry {
    Registry::on(Clock::manual(Timestamp::from_unix_nanos(1_700_000_000_123_456_789)))
}

/// What a log set up by `set_up` makes of what is said in `say`.
fn logged(set_up: impl FnOnce(JsonLog) -> JsonLog, say: impl FnOnce(&JsonLog)) -> Page {
    let page = Page::default();
    let output = Output::direct(page.clone(), &registry()).unwrap();
    let log = set_up(JsonLog::new(output).service("voice", "1.4.0").process(4711, "host-1"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(log.clone()), || say(&log));
    page
}

fn scope() -> Scope {
    let trace = TraceContext::new(
        TraceId::from_bytes(*b"\x0a\xf7\x65\x19\x16\xcd\x43\xdd\x84\x48\xeb\x21\x1c\x80\x31\x9c").unwrap(),
        SpanId::from_bytes(*b"\xb7\xad\x6b\x71\x69\x20\x33\x31").unwrap(),
        false,
        true,
    );
    Scope::builder(trace).request_id(RequestId::parse(b"order-42").unwrap()).route("/v1/turns").open()
}

fn operation(scope: &Scope, outcome: Outcome) -> Operation<'_> {
    let mut operation =
        Operation::new(Kind::Server, "POST /v1/turns", outcome, Duration::from_nanos(12_345_678), scope);
    operation.route = Some("/v1/turns");
    operation.first_byte = Some(Duration::from_micros(1_500));
    operation.request_bytes = 1024;
    operation.response_bytes = 2048;
    operation
}
