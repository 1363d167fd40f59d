//! What a request says of itself: its id and its place in a trace, believed only if well-formed.

use bellwether_core::{RequestId, TraceContext, TraceId, TraceState};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Text of a request that goes into a span is cut to this many bytes.
const MAX_TEXT: usize = 1024;

/// The ids that a request came with.
#[derive(Debug)]
pub(crate) struct Ids {
    pub(crate) request_id: Option<RequestId>,
    /// The header the request id came in, to send back.
    pub(crate) echo: Option<HeaderValue>,
    /// There was an id, or several, but none to keep.
    pub(crate) replaced: bool,
    pub(crate) parent: Option<TraceContext>,
    /// There was a `traceparent`, but none to follow.
    pub(crate) malformed: bool,
    pub(crate) trace_state: Option<TraceState>,
}

impl Ids {
    pub(crate) fn read(headers: &HeaderMap, request_id_header: &HeaderName) -> Self {
        let (given, several) = only(headers, request_id_header);
        let request_id = given.and_then(|value| RequestId::parse(value.as_bytes()));
        let echo = given.filter(|_| request_id.is_some()).cloned();
        let replaced = several || given.is_some() && request_id.is_none();

        let (given, several) = only(headers, &TRACEPARENT);
        let parent = given.and_then(|value| TraceContext::parse(value.as_bytes()));
        let malformed = several || given.is_some() && parent.is_none();
        let trace_state = parent.and_then(|_| {
            headers
                .contains_key(TRACESTATE)
                .then(|| TraceState::parse(headers.get_all(TRACESTATE).iter().map(HeaderValue::as_bytes)))?
        });
        Self { request_id, echo, replaced, parent, malformed, trace_state }
    }
}

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The value of a header that may occur once, and whether it occurs more often.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> (Option<&'a HeaderValue>, bool) {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => (value, false),
        (_, Some(_)) => (None, true),
    }
}

/// The request's own place in the trace it is part of.
pub(crate) fn place(parent: Option<TraceContext>, sample: impl FnOnce(TraceId) -> bool) -> TraceContext {
    match parent {
        Some(parent) => parent.child(sample(parent.trace_id())),
        None => {
            let root = TraceContext::root(false);
            TraceContext::new(root.trace_id(), root.span_id(), sample(root.trace_id()), true)
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
