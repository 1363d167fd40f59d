//! What a request says of itself: its id and its place in a trace, believed only if well-formed.

use bellwether_core::{RequestId, SpanId, TraceContext, TraceId, TraceState};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::names;

/// Text of a request that goes into a span is cut to this many bytes.
const MAX_TEXT: usize = 1024;

/// What the headers of a request say, read in one pass over them.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    pub(crate) request_id: Option<RequestId>,
    /// The header the request id came in, to send back.
    pub(crate) echo: Option<HeaderValue>,
    /// There was an id, or several, but none to keep.
    pub(crate) replaced: bool,
    pub(crate) parent: Option<TraceContext>,
    /// There was a `traceparent`, but none to follow.
    pub(crate) malformed: bool,
    pub(crate) trace_state: Option<TraceState>,
    pub(crate) grpc: bool,
}

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

impl Incoming {
    #[inline]
    pub(crate) fn read(headers: &HeaderMap, request_id_header: &HeaderName) -> Self {
        let (mut id, mut traceparent) = (Once::Never, Once::Never);
        let mut has_state = false;
        let mut incoming = Self::default();
        for (name, value) in headers {
            if name == request_id_header {
                id = id.and(value);
            } else if name == header::CONTENT_TYPE {
                incoming.grpc = names::is_grpc(value);
            } else if name == TRACEPARENT {
                traceparent = traceparent.and(value);
            } else if name == TRACESTATE {
                has_state = true;
            }
        }
        incoming.request_id = id.value().and_then(|value| RequestId::parse(value.as_bytes()));
        incoming.echo = id.value().filter(|_| incoming.request_id.is_some()).cloned();
        incoming.replaced = id.is_there() && incoming.request_id.is_none();
        incoming.parent = traceparent.value().and_then(|value| TraceContext::parse(value.as_bytes()));
        incoming.malformed = traceparent.is_there() && incoming.parent.is_none();
        if has_state && incoming.parent.is_some() {
            incoming.trace_state = TraceState::parse(headers.get_all(TRACESTATE).iter().map(HeaderValue::as_bytes));
        }
        incoming
    }
}

/// The value of a header that may be there once.
#[derive(Clone, Copy)]
enum Once<'a> {
    Never,
    Here(&'a HeaderValue),
    Several,
}

impl<'a> Once<'a> {
    fn and(self, value: &'a HeaderValue) -> Self {
        match self {
            Self::Never => Self::Here(value),
            _ => Self::Several,
        }
    }

    fn value(self) -> Option<&'a HeaderValue> {
        match self {
            Self::Here(value) => Some(value),
            _ => None,
        }
    }

    fn is_there(self) -> bool {
        !matches!(self, Self::Never)
    }
}

/// The request's own place in the trace it is part of.
pub(crate) fn place(parent: Option<TraceContext>, sample: impl FnOnce(TraceId) -> bool) -> TraceContext {
    match parent {
        Some(parent) => parent.child(sample(parent.trace_id())),
        None => {
            let trace_id = TraceId::random();
            TraceContext::new(trace_id, SpanId::random(), sample(trace_id), true)
        }
    }
}

/// A header of characters that are known to be legal in one.
pub(crate) fn header_value(ascii: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(ascii).unwrap_or(HeaderValue::from_static("-"))
}

/// At most [`MAX_TEXT`] bytes of a text, cut between characters.
pub(crate) fn cut(text: &str) -> &str {
    let end = (0..=MAX_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}
