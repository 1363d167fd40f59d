//! An event of `tracing` as an OTLP log record, encoded as it is said.

use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::sync::Arc;

use bellwether_core::{Clock, Redaction, Scope, TraceContext};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::adopt;
use super::encode::{self, MAX_ATTRIBUTES, MAX_TEXT};
use super::outlet::Outlet;
use crate::otlp::{exporting, wire};

/// Numbers of the fields of `LogRecord`.
const BODY: u32 = 5;
const ATTRIBUTES: u32 = 6;

/// Bytes of a message.
const MAX_BODY: usize = 32 << 10;

/// The layer that makes log records of events.
#[derive(Debug)]
pub(crate) struct LogLayer {
    outlet: Arc<Outlet>,
    clock: Clock,
}

impl LogLayer {
    pub(super) fn new(outlet: Arc<Outlet>, clock: Clock) -> Self {
        Self { outlet, clock }
    }
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if !exporting() {
            self.outlet.push(|out| encode(event, &self.clock, &self.outlet, out));
        }
    }
}

fn encode(event: &Event<'_>, clock: &Clock, outlet: &Outlet, out: &mut Vec<u8>) {
    let metadata = event.metadata();
    let now = clock.timestamp().unix_nanos();
    let severity = match *metadata.level() {
        Level::TRACE => 1,
        Level::DEBUG => 5,
        Level::INFO => 9,
        Level::WARN => 13,
        Level::ERROR => 17,
    };
    wire::fixed64(out, 1, now);
    wire::uint(out, 2, severity);
    wire::bytes(out, 3, metadata.level().as_str().as_bytes());
    let mut fields = Fields { out, outlet, written: 0, dropped: 0, target: None };
    event.record(&mut fields);
    let Fields { written: _, dropped, target, .. } = fields;
    wire::text_attribute(out, ATTRIBUTES, "target", target.as_deref().unwrap_or(metadata.target()));
    // Inside a span its ids; else, and in requests that are not sampled, those of the request.
    let trace = Scope::with_current(|scope| {
        if let Some(id) = scope.request_id() {
            wire::text_attribute(out, ATTRIBUTES, "request_id", id.as_str());
        }
        scope.trace()
    });
    let trace = adopt::current().or(trace.flatten());
    wire::uint(out, 7, u64::from(dropped));
    if let Some(trace) = trace {
        ids(out, trace);
    }
    wire::fixed64(out, 11, now);
    // What `tracing` calls an event that was given no name is where it stands.
    if !metadata.name().starts_with("event ") {
        wire::bytes(out, 12, metadata.name().as_bytes());
    }
}

fn ids(out: &mut Vec<u8>, trace: TraceContext) {
    let random = if trace.random() { adopt::RANDOM } else { 0 };
    wire::fixed32(out, 8, u32::from(u8::from(trace.sampled()) | random));
    wire::bytes(out, 9, &trace.trace_id().to_bytes());
    wire::bytes(out, 10, &trace.span_id().to_bytes());
}

/// Writes the fields of an event: the message as the body, the others as attributes.
struct Fields<'a> {
    out: &'a mut Vec<u8>,
    outlet: &'a Outlet,
    written: usize,
    dropped: u32,
    /// What the `log` crate's records say their target is.
    target: Option<String>,
}

impl Fields<'_> {
    /// Whether there is room for one more, and it may be said. What may not is named.
    fn room(&mut self, field: &Field) -> bool {
        if field.name().starts_with("log.") {
            return false;
        }
        let room = self.written < MAX_ATTRIBUTES;
        self.written += usize::from(room);
        self.dropped += u32::from(!room);
        if room && self.outlet.hides(field.name()) {
            wire::text_attribute(self.out, ATTRIBUTES, field.name(), Redaction::REDACTED);
            return false;
        }
        room
    }

    fn text(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            wire::nested(self.out, BODY, 1, |out| {
                wire::nested(out, 1, 1, |out| {
                    let _ = write!(wire::Text::new(out, MAX_BODY), "{value:?}");
                });
            });
        } else if self.room(field) {
            self.attribute(field.name(), |mut text| {
                let _ = write!(text, "{value:?}");
            });
        }
    }

    /// An attribute whose value is text of a length that nobody knows yet.
    fn attribute(&mut self, key: &str, write: impl FnOnce(wire::Text<'_>)) {
        wire::nested(self.out, ATTRIBUTES, 1, |out| {
            wire::bytes(out, 1, key.as_bytes());
            wire::nested(out, 2, 1, |out| wire::nested(out, 1, 1, |out| write(wire::Text::new(out, MAX_TEXT))));
        });
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if Redaction::looks_into(field.name()) {
            return self.record_str(field, &format!("{value:?}"));
        }
        self.text(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => wire::nested(self.out, BODY, 1, |out| wire::any_text(out, wire::cut(value, MAX_BODY))),
            "log.target" => self.target = Some(encode::cut(value).to_owned()),
            name => {
                if self.room(field) {
                    wire::text_attribute(self.out, ATTRIBUTES, name, encode::cut(&self.outlet.text(name, value)));
                }
            }
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        if self.room(field) {
            wire::whole(self.out, ATTRIBUTES, field.name(), value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.record_i64(field, value),
            // OTLP has no unsigned numbers.
            Err(_) => self.text(field, &value),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if self.room(field) {
            wire::number(self.out, ATTRIBUTES, field.name(), value);
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if self.room(field) {
            wire::flag(self.out, ATTRIBUTES, field.name(), value);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        if self.room(field) {
            self.attribute("exception.message", |mut text| {
                let _ = write!(text, "{value}");
            });
        }
    }
}
