//! A request that has ended, in the words of labels; and as an operation, for those who listen.

use std::borrow::Cow;
use std::time::Duration;

use bellwether_core::{Histogram, Operation, Outcome, Scope, SpanId, TraceContext, Value};
use http::{StatusCode, Uri};

use crate::names::OTHER;
use crate::server_metrics::RPC_STATUS;
use crate::side::{Peer, Shared};

/// Empty text means absent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended<'a> {
    pub(crate) method: &'static str,
    pub(crate) scheme: &'static str,
    pub(crate) version: &'static str,
    pub(crate) uri: Option<&'a Uri>,
    pub(crate) route: &'a str,
    /// The route's address names it; see [`Routes`](crate::memo::Routes).
    pub(crate) route_kept: bool,
    /// Whom a client called.
    pub(crate) peer: Option<&'a Peer>,
    pub(crate) http_status: Option<StatusCode>,
    /// `Some` for a gRPC call: its method's name or `_OTHER`.
    pub(crate) rpc: Option<&'a str>,
    /// An HTTP status or the name of a gRPC code; empty if there was none.
    pub(crate) status: &'a str,
    pub(crate) error: &'a str,
    pub(crate) outcome: Outcome,
    pub(crate) duration: Duration,
    pub(crate) first_byte: Option<Duration>,
    /// The answer was a stream of events: its length says nothing of latency.
    pub(crate) streamed: bool,
    pub(crate) request_bytes: Option<u64>,
    pub(crate) response_bytes: u64,
    /// Its own position.
    pub(crate) trace: TraceContext,
    pub(crate) parent: Option<SpanId>,
}

impl Ended<'_> {
    /// What counts as the request's latency: the whole of it, but of an event stream the time to its first byte.
    pub(crate) fn latency(&self) -> Duration {
        if self.streamed { self.first_byte.unwrap_or(self.duration) } else { self.duration }
    }

    pub(crate) fn record_latency(&self, durations: &Histogram) {
        let latency = self.latency();
        if self.trace.sampled() {
            durations.record_in_trace(latency.as_secs_f64(), self.trace.trace_id(), self.trace.span_id());
        } else {
            durations.record_duration(latency);
        }
    }

    /// Tells all listeners who want to hear of it.
    pub(crate) fn tell(&self, shared: &Shared, scope: &Scope, has_span: bool) {
        let mut operation = Operation::new(shared.side.kind(), "", self.outcome, self.duration, scope);
        operation.route = Some(self.route).filter(|route| !route.is_empty());
        operation.peer = self.peer.map(Peer::name);
        operation.error = Some(self.error).filter(|error| !error.is_empty());
        operation.first_byte = self.first_byte;
        operation.request_bytes = self.request_bytes.unwrap_or_default();
        operation.response_bytes = self.response_bytes;
        operation.has_span = has_span;
        operation.trace = Some(self.trace);
        operation.parent = self.parent;
        if shared.listeners.iter().any(|listener| listener.wants(&operation)) {
            self.tell_in_full(shared, operation);
        }
    }

    fn tell_in_full(&self, shared: &Shared, brief: Operation<'_>) {
        let route = brief.route;
        let method = if self.method == OTHER { "HTTP" } else { self.method };
        let name: Cow<'_, str> = match (self.rpc, route) {
            (Some(rpc), _) => rpc.into(),
            (None, Some(route)) => [method, " ", route].concat().into(),
            (None, None) => method.into(),
        };
        let status = self.http_status.map(|status| i64::from(status.as_u16()));
        let peer = self.peer.filter(|peer| !peer.address().is_empty());
        let all = [
            Some(("http.request.method", Value::Str(self.method))),
            Some(("url.scheme", Value::Str(self.scheme))),
            self.uri.map(|uri| ("url.path", Value::Str(uri.path()))),
            // Not of a call: it is where clients put keys.
            self.uri.filter(|_| self.peer.is_none()).and_then(Uri::query).map(|query| ("url.query", Value::Str(query))),
            Some(("network.protocol.version", Value::Str(self.version))),
            route.map(|route| ("http.route", Value::Str(route))),
            status.map(|status| ("http.response.status_code", Value::Int(status))),
            peer.map(|peer| ("server.address", Value::Str(peer.address()))),
            peer.map(|peer| ("server.port", Value::Int(i64::from(peer.port())))),
            self.rpc.map(|_| ("rpc.system.name", Value::Str("grpc"))),
            self.rpc.map(|rpc| ("rpc.method", Value::Str(rpc))),
            self.rpc.map(|_| (RPC_STATUS, Value::Str(self.status))),
        ];
        let mut attributes = [("", Value::Int(0)); 12];
        let mut known = 0;
        for (place, attribute) in attributes.iter_mut().zip(all.into_iter().flatten()) {
            *place = attribute;
            known += 1;
        }
        let mut operation = brief;
        operation.name = &name;
        operation.attributes = attributes.get(..known).unwrap_or_default();
        for listener in &shared.listeners {
            if listener.wants(&operation) {
                listener.ended(&operation);
            }
        }
    }
}
