//! The span of a request that was not sampled and then turned out to matter: built at its end, from its scope.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bellwether_core::{
    Attribute, Call, Clock, Facts, Kind, OnEnd, Operation, Outcome, Scope, Timestamp, TraceContext, Value,
};

use super::encode::{self, ATTRIBUTES, Beginning};
use super::outlet::Outlet;
use crate::otlp::wire;

/// Makes the span of an operation that has none, if it failed, was slow, or belongs to a sampled trace. A listener for
/// whoever observes operations; from [`Pipeline::late_spans`](crate::otlp::Pipeline::late_spans).
///
/// The span is the root of what is below it, with the ids that logs, exemplars and callees already have, and marked as
/// sampled. What the application said in spans of its own inside the operation is not there: nobody kept it.
#[derive(Debug, Clone)]
pub struct LateSpans {
    outlet: Option<Arc<Outlet>>,
    clock: Clock,
    slow_after: Duration,
}

impl LateSpans {
    pub(crate) fn new(outlet: Option<Arc<Outlet>>, clock: Clock, slow_after: Duration) -> Self {
        Self { outlet, clock, slow_after }
    }
}

impl OnEnd for LateSpans {
    fn ended(&self, operation: &Operation<'_>) {
        if let (Some(outlet), Some(trace)) = (&self.outlet, operation.trace)
            && self.wants(operation)
        {
            outlet.push(|out| encode(operation, trace, self.clock.timestamp(), outlet, out));
        }
    }

    fn wants(&self, operation: &Operation<'_>) -> bool {
        // A call of a request that is not sampled stays a line of the request's span: there may be no span above it.
        let matters = operation.outcome == Outcome::Failure || operation.duration > self.slow_after;
        let sampled = operation.trace.is_some_and(TraceContext::sampled);
        self.outlet.is_some() && !operation.has_span && (sampled || matters && operation.kind != Kind::Client)
    }
}

fn encode(operation: &Operation<'_>, trace: TraceContext, end: Timestamp, outlet: &Outlet, out: &mut Vec<u8>) {
    let scope = operation.scope;
    let beginning = Beginning {
        trace_id: trace.trace_id().to_bytes(),
        span_id: trace.span_id().to_bytes(),
        trace_state: scope.trace_state().map_or("", |state| state.as_str()),
        parent: operation.parent.map(|parent| parent.to_bytes()),
        name: operation.name,
        kind: match operation.kind {
            Kind::Server => 2,
            Kind::Client | Kind::Query => 3,
            _ => 1,
        },
        start: end.before(operation.duration),
        end,
    };
    beginning.encode(out);
    attributes(operation, outlet, out);
    if operation.outcome == Outcome::Failure {
        // The reason is an attribute, and not repeated here.
        encode::status(out, 2, "");
    }
    let w3c = 1 | if trace.random() { super::adopt::RANDOM } else { 0 };
    wire::fixed32(out, encode::FLAGS, encode::flags(w3c, operation.kind == Kind::Server && operation.parent.is_some()));
}

fn attributes(operation: &Operation<'_>, outlet: &Outlet, out: &mut Vec<u8>) {
    let said = |key: &str| operation.attributes.iter().any(|(own, _)| *own == key);
    for attribute in operation.attributes {
        match attribute {
            (key, Value::Str(text)) => write(out, &(key, Value::Str(&outlet.text(key, text)))),
            _ => write(out, attribute),
        }
    }
    let rpc = operation.attributes.iter().any(|(key, _)| key.starts_with("rpc."));
    for (key, value) in [
        ("http.route", operation.route.filter(|_| !rpc && operation.kind == Kind::Server)),
        ("server.address", operation.peer),
        ("error.type", operation.error),
        ("request_id", operation.scope.request_id().map(|id| id.as_str())),
    ] {
        if let Some(value) = value.filter(|_| !said(key)) {
            write(out, &(key, Value::Str(value)));
        }
    }
    wire::text_attribute(out, ATTRIBUTES, "bellwether.outcome", operation.outcome.as_str());
    if let Some(first_byte) = operation.first_byte {
        wire::number(out, ATTRIBUTES, "bellwether.time_to_first_byte", first_byte.as_secs_f64());
    }
    for (key, bytes) in
        [("http.request.body.size", operation.request_bytes), ("http.response.body.size", operation.response_bytes)]
    {
        if bytes > 0 && !rpc && !said(key) {
            wire::whole(out, ATTRIBUTES, key, i64::try_from(bytes).unwrap_or(i64::MAX));
        }
    }
    facts(operation.scope, out);
}

/// What the application said of the request, and how its calls went: without spans below, this is what is left of them.
fn facts(scope: &Scope, out: &mut Vec<u8>) {
    scope.look(|Facts { customer, transaction, steps, calls, .. }| {
        for (key, value) in [("enduser.id", customer), ("bellwether.transaction", transaction)] {
            if let Some(value) = value {
                wire::text_attribute(out, ATTRIBUTES, key, value);
            }
        }
        if !steps.is_empty() {
            wire::list(out, ATTRIBUTES, "bellwether.steps", |out| {
                steps.iter().for_each(|step| wire::nested(out, 1, 1, |out| wire::any_text(out, step)));
            });
        }
        if !calls.is_empty() {
            wire::list(out, ATTRIBUTES, "bellwether.calls", |out| {
                calls.iter().for_each(|made| wire::nested(out, 1, 1, |out| call(out, made)));
            });
        }
    });
}

/// A call in a few words: `openai failure 503 812 ms`.
fn call(out: &mut Vec<u8>, call: &Call) {
    wire::nested(out, 1, 1, |out| {
        let mut text = wire::Text::new(out, encode::MAX_TEXT);
        let _ = write!(text, "{} {}", call.peer, call.outcome);
        if let Some(error) = &call.error {
            let _ = write!(text, " {error}");
        }
        let _ = write!(text, " {} ms", call.duration.as_millis());
    });
}

fn write(out: &mut Vec<u8>, (key, value): &Attribute<'_>) {
    match value {
        Value::Str(text) => wire::text_attribute(out, ATTRIBUTES, key, encode::cut(text)),
        Value::Int(number) => wire::whole(out, ATTRIBUTES, key, *number),
        Value::Bool(flag) => wire::flag(out, ATTRIBUTES, key, *flag),
        _ => {}
    }
}
