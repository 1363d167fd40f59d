//! A span under way: what is said of it is kept, within bounds, until it ends and is encoded.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use bellwether_core::Timestamp;
use opentelemetry::KeyValue;
use opentelemetry::trace::{Link, Span, SpanBuilder, SpanContext, SpanKind, Status};

use super::encode::{self, Beginning, MAX_ATTRIBUTES};
use super::outlet::Outlet;
use crate::otlp::wire;

/// Events and links of a span: OpenTelemetry's default limits, and their bytes.
const MAX_EVENTS: u32 = 128;
const MAX_LINKS: u32 = 128;
const MAX_BYTES: usize = 64 << 10;

/// A span that is exported when it ends, or only carries its ids.
#[derive(Debug)]
pub(crate) struct ExportSpan {
    context: SpanContext,
    open: Option<Open>,
}

/// The span above.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parent {
    pub(super) id: [u8; 8],
    /// In another process.
    pub(super) remote: bool,
}

#[derive(Debug)]
struct Open {
    outlet: Arc<Outlet>,
    parent: Option<Parent>,
    kind: SpanKind,
    name: Cow<'static, str>,
    start: Timestamp,
    status: Status,
    attributes: Vec<KeyValue>,
    dropped_attributes: u32,
    events: Entries,
    links: Entries,
}

/// A list that is encoded as it grows.
#[derive(Debug, Default)]
struct Entries {
    bytes: Vec<u8>,
    count: u32,
    dropped: u32,
}

impl ExportSpan {
    pub(super) fn start(
        builder: SpanBuilder,
        context: SpanContext,
        parent: Option<Parent>,
        outlet: &Arc<Outlet>,
    ) -> Self {
        let start = builder.start_time.unwrap_or_else(opentelemetry::time::now);
        let mut attributes = builder.attributes.unwrap_or_default();
        let dropped_attributes = attributes.len().saturating_sub(MAX_ATTRIBUTES) as u32;
        attributes.truncate(MAX_ATTRIBUTES);
        let mut open = Open {
            outlet: Arc::clone(outlet),
            parent,
            kind: builder.span_kind.unwrap_or(SpanKind::Internal),
            name: builder.name,
            start: start.into(),
            status: Status::Unset,
            attributes,
            dropped_attributes,
            events: Entries::default(),
            links: Entries::default(),
        };
        for event in builder.events.into_iter().flatten() {
            open.event(&event.name, event.timestamp, &event.attributes, event.dropped_attributes_count);
        }
        for link in builder.links.into_iter().flatten() {
            open.link(&link);
        }
        Self { context, open: Some(open) }
    }

    pub(super) fn unsampled(context: SpanContext) -> Self {
        Self { context, open: None }
    }

    fn close(&mut self, end: Option<SystemTime>) {
        let Some(open) = self.open.take() else { return };
        let end: Timestamp = end.unwrap_or_else(opentelemetry::time::now).into();
        open.outlet.push(|out| open.encode(&self.context, end, out));
    }
}

impl Open {
    fn event(&mut self, name: &str, at: SystemTime, attributes: &[KeyValue], dropped: u32) {
        self.events.add(encode::EVENTS, MAX_EVENTS, |out| {
            wire::fixed64(out, 1, Timestamp::from(at).unix_nanos());
            wire::bytes(out, 2, encode::cut(name).as_bytes());
            let dropped = dropped + encode::attributes(out, 3, attributes, &self.outlet);
            wire::uint(out, 4, u64::from(dropped));
        });
    }

    fn link(&mut self, link: &Link) {
        self.links.add(encode::LINKS, MAX_LINKS, |out| {
            let to = &link.span_context;
            wire::bytes(out, 1, &to.trace_id().to_bytes());
            wire::bytes(out, 2, &to.span_id().to_bytes());
            wire::bytes(out, 3, encode::trace_state(to).as_bytes());
            let dropped = link.dropped_attributes_count + encode::attributes(out, 4, &link.attributes, &self.outlet);
            wire::uint(out, 5, u64::from(dropped));
            wire::fixed32(out, 6, encode::flags(to.trace_flags().to_u8(), to.is_remote()));
        });
    }

    fn encode(&self, context: &SpanContext, end: Timestamp, out: &mut Vec<u8>) {
        let kind = match self.kind {
            SpanKind::Internal => 1,
            SpanKind::Server => 2,
            SpanKind::Client => 3,
            SpanKind::Producer => 4,
            SpanKind::Consumer => 5,
        };
        let beginning = Beginning {
            trace_id: context.trace_id().to_bytes(),
            span_id: context.span_id().to_bytes(),
            trace_state: &encode::trace_state(context),
            parent: self.parent.map(|parent| parent.id),
            name: &self.name,
            kind,
            start: self.start,
            // Wall clocks go back now and then; spans do not.
            end: end.max(self.start),
        };
        beginning.encode(out);
        let dropped =
            self.dropped_attributes + encode::attributes(out, encode::ATTRIBUTES, &self.attributes, &self.outlet);
        wire::uint(out, 10, u64::from(dropped));
        out.extend_from_slice(&self.events.bytes);
        wire::uint(out, 12, u64::from(self.events.dropped));
        out.extend_from_slice(&self.links.bytes);
        wire::uint(out, 14, u64::from(self.links.dropped));
        match &self.status {
            Status::Error { description } => encode::status(out, 2, description),
            Status::Ok => encode::status(out, 1, ""),
            Status::Unset => {}
        }
        let remote = self.parent.is_some_and(|parent| parent.remote);
        wire::fixed32(out, encode::FLAGS, encode::flags(context.trace_flags().to_u8(), remote));
    }
}

impl Entries {
    fn add(&mut self, field: u32, max: u32, write: impl FnOnce(&mut Vec<u8>)) {
        if self.count >= max || self.bytes.len() >= MAX_BYTES {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        let before = self.bytes.len();
        wire::nested(&mut self.bytes, field, 2, write);
        if self.bytes.len() > MAX_BYTES {
            self.bytes.truncate(before);
            self.dropped = self.dropped.saturating_add(1);
        } else {
            self.count += 1;
        }
    }
}

impl Span for ExportSpan {
    fn add_event_with_timestamp<T>(&mut self, name: T, timestamp: SystemTime, attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        if let Some(open) = &mut self.open {
            open.event(&name.into(), timestamp, &attributes, 0);
        }
    }

    fn span_context(&self) -> &SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.open.is_some()
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        let Some(open) = &mut self.open else { return };
        if open.attributes.len() < MAX_ATTRIBUTES {
            open.attributes.push(attribute);
        } else {
            open.dropped_attributes = open.dropped_attributes.saturating_add(1);
        }
    }

    fn set_status(&mut self, status: Status) {
        // Ok is final, and no later word makes an error unsaid.
        if let Some(open) = &mut self.open
            && status > open.status
        {
            open.status = status;
        }
    }

    fn update_name<T>(&mut self, name: T)
    where
        T: Into<Cow<'static, str>>,
    {
        if let Some(open) = &mut self.open {
            open.name = name.into();
        }
    }

    fn add_link(&mut self, span_context: SpanContext, attributes: Vec<KeyValue>) {
        if let Some(open) = &mut self.open {
            open.link(&Link::new(span_context, attributes, 0));
        }
    }

    fn end_with_timestamp(&mut self, timestamp: SystemTime) {
        self.close(Some(timestamp));
    }
}

impl Drop for ExportSpan {
    fn drop(&mut self) {
        self.close(None);
    }
}
