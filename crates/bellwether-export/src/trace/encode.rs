//! OTLP's span, as bytes; what live spans and late ones have in common.

use std::borrow::Cow;

use bellwether_core::{Redaction, Timestamp};
use opentelemetry::trace::SpanContext;
use opentelemetry::{Array, KeyValue, Value};

use super::outlet::Outlet;
use crate::otlp::wire;

/// Numbers of the fields of `Span`.
pub(super) const ATTRIBUTES: u32 = 9;
pub(super) const EVENTS: u32 = 11;
pub(super) const LINKS: u32 = 13;
const STATUS: u32 = 15;
pub(super) const FLAGS: u32 = 16;

/// OpenTelemetry's default limit.
pub(super) const MAX_ATTRIBUTES: usize = 128;
/// Bytes of a name or a value; OpenTelemetry has no limit.
pub(super) const MAX_TEXT: usize = 8 << 10;
/// What a span begins with on the wire.
pub(super) struct Beginning<'a> {
    pub(super) trace_id: [u8; 16],
    pub(super) span_id: [u8; 8],
    pub(super) trace_state: &'a str,
    pub(super) parent: Option<[u8; 8]>,
    pub(super) name: &'a str,
    pub(super) kind: u64,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

impl Beginning<'_> {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        wire::bytes(out, 1, &self.trace_id);
        wire::bytes(out, 2, &self.span_id);
        wire::bytes(out, 3, self.trace_state.as_bytes());
        wire::bytes(out, 4, self.parent.as_ref().map_or(&[], |id| id));
        wire::bytes(out, 5, cut(self.name).as_bytes());
        wire::uint(out, 6, self.kind);
        wire::fixed64(out, 7, self.start.unix_nanos());
        wire::fixed64(out, 8, self.end.unix_nanos());
    }
}

/// The status: 1 is ok, 2 is an error.
pub(super) fn status(out: &mut Vec<u8>, code: u64, message: &str) {
    wire::nested(out, STATUS, 1, |out| {
        wire::bytes(out, 2, cut(message).as_bytes());
        wire::uint(out, 3, code);
    });
}

/// W3C's flags, and whether the parent (of a link: the other) is in another process, which is known.
pub(super) fn flags(w3c: u8, remote: bool) -> u32 {
    u32::from(w3c) | 0x100 | if remote { 0x200 } else { 0 }
}

pub(super) fn trace_state(context: &SpanContext) -> Cow<'static, str> {
    // Most spans have none: no string for those.
    if *context.trace_state() == opentelemetry::trace::TraceState::NONE {
        return Cow::Borrowed("");
    }
    context.trace_state().header().into()
}

/// Writes attributes up to the limit, secrets without their values, and says how many were left out.
pub(super) fn attributes(out: &mut Vec<u8>, field: u32, attributes: &[KeyValue], outlet: &Outlet) -> u32 {
    for KeyValue { key, value, .. } in attributes.iter().take(MAX_ATTRIBUTES) {
        // All of the name: its end is what tells.
        let (name, key) = (key.as_str(), cut(key.as_str()));
        match value {
            Value::String(value) => wire::text_attribute(out, field, key, cut(&outlet.text(name, value.as_str()))),
            _ if outlet.hides(name) => wire::text_attribute(out, field, key, Redaction::REDACTED),
            Value::Bool(value) => wire::flag(out, field, key, *value),
            Value::I64(value) => wire::whole(out, field, key, *value),
            Value::F64(value) => wire::number(out, field, key, *value),
            Value::Array(values) => wire::list(out, field, key, |out| array(out, values)),
            // Whatever they may add.
            other => wire::text_attribute(out, field, key, cut(&other.to_string())),
        }
    }
    attributes.len().saturating_sub(MAX_ATTRIBUTES) as u32
}

fn array(out: &mut Vec<u8>, values: &Array) {
    match values {
        Array::Bool(values) => each(out, values, |out, value| wire::any_flag(out, *value)),
        Array::I64(values) => each(out, values, |out, value| wire::any_whole(out, *value)),
        Array::F64(values) => each(out, values, |out, value| wire::any_number(out, *value)),
        Array::String(values) => each(out, values, |out, value| wire::any_text(out, cut(value.as_str()))),
        _ => {}
    }
}

fn each<T>(out: &mut Vec<u8>, values: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    for value in values.iter().take(MAX_ATTRIBUTES) {
        wire::nested(out, 1, 1, |out| write(out, value));
    }
}

pub(super) fn cut(text: &str) -> &str {
    wire::cut(text, MAX_TEXT)
}
