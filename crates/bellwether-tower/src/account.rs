//! The account of one request: opened when it arrives, closed exactly once, whatever ends it.
//!
//! It travels from the response's future into the response's body. Closing consumes it, and dropping it closes it: as a
//! panic if the service was running just then, else as cancelled by the client.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bellwether_core::{Gauge, Instant, Kind, Operation, Outcome, Scope, Value};
use http::{HeaderMap, StatusCode, Uri, header};
use tracing::Span;

use crate::metrics::Ended;
use crate::names::{self, Code, OTHER};
use crate::server::Shared;
use crate::span;

#[derive(Debug)]
pub(crate) struct Account {
    shared: Arc<Shared>,
    pub(crate) scope: Scope,
    span: Span,
    active: Gauge,
    started: Instant,
    first_byte: Option<Instant>,
    uri: Uri,
    pub(crate) method: &'static str,
    scheme: &'static str,
    version: &'static str,
    protocol: Protocol,
    status: Option<StatusCode>,
    /// The answer's own word for its outcome, where it has one.
    declared_outcome: Option<Outcome>,
    end: Option<End>,
    request_bytes: RequestBytes,
    response_bytes: u64,
    /// How many bytes the answer's head declared.
    declared: Option<u64>,
    streamed: bool,
    /// The service is running on this account: a drop now is a panic.
    running: bool,
    open: bool,
}

/// How it ended, where it did not just stop.
#[derive(Debug, Clone, Copy)]
enum End {
    Complete,
    Error(&'static str, Outcome),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http,
    /// The code, once it has been seen.
    Grpc(Option<Code>),
}

#[derive(Debug)]
pub(crate) enum RequestBytes {
    Unknown,
    Declared(u64),
    Counted(Arc<AtomicU64>),
}

/// What is known of a request when its account is opened.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) shared: Arc<Shared>,
    pub(crate) scope: Scope,
    pub(crate) span: Span,
    pub(crate) started: Instant,
    pub(crate) uri: Uri,
    pub(crate) method: &'static str,
    pub(crate) scheme: &'static str,
    pub(crate) version: &'static str,
    pub(crate) grpc: bool,
    pub(crate) request_bytes: RequestBytes,
}

impl Account {
    pub(crate) fn open(opening: Opening) -> Self {
        let active = opening.shared.metrics.active(opening.method, opening.scheme);
        active.add(1.0);
        Self {
            active,
            first_byte: None,
            protocol: if opening.grpc { Protocol::Grpc(None) } else { Protocol::Http },
            status: None,
            declared_outcome: None,
            end: None,
            response_bytes: 0,
            declared: None,
            streamed: false,
            running: false,
            open: true,
            shared: opening.shared,
            scope: opening.scope,
            span: opening.span,
            started: opening.started,
            uri: opening.uri,
            method: opening.method,
            scheme: opening.scheme,
            version: opening.version,
            request_bytes: opening.request_bytes,
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Runs a piece of the service in the request's scope and span.
    #[inline]
    pub(crate) fn run<T>(&mut self, piece: impl FnOnce() -> T) -> T {
        self.running = true;
        let result = {
            let _scope = self.scope.enter();
            let _span = self.span.enter();
            piece()
        };
        self.running = false;
        result
    }

    /// The head of the answer. Returns whether there will be no body to wait for.
    pub(crate) fn head(&mut self, head: &http::response::Parts, body_ended: bool) -> bool {
        self.status = Some(head.status);
        self.declared_outcome = head.extensions.get::<Outcome>().copied();
        let content_type = head.headers.get(header::CONTENT_TYPE);
        if let Protocol::Grpc(code) = &mut self.protocol {
            *code = if names::is_grpc(content_type) {
                head.headers.get("grpc-status").map(|status| Code::parse(status.as_bytes()))
            } else {
                Some(Code::of_http(head.status))
            };
        }
        self.streamed = content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
        self.declared = declared_length(&head.headers);
        let bodiless = match head.status {
            StatusCode::SWITCHING_PROTOCOLS | StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => true,
            status => self.method == "HEAD" || (self.method == "CONNECT" && status.is_success()),
        };
        bodiless || body_ended
    }

    /// Bytes of the answer's body went out.
    #[inline]
    pub(crate) fn sent(&mut self, bytes: u64) {
        if self.first_byte.is_none() {
            self.first_byte = Some(self.shared.clock.now());
        }
        self.response_bytes += bytes;
    }

    /// As many bytes went out as the head declared.
    pub(crate) fn sent_all(&self) -> bool {
        self.declared.is_some_and(|declared| self.response_bytes >= declared)
    }

    pub(crate) fn trailers(&mut self, trailers: &HeaderMap) {
        if let Protocol::Grpc(code) = &mut self.protocol
            && let Some(status) = trailers.get("grpc-status")
        {
            *code = Some(Code::parse(status.as_bytes()));
        }
    }

    /// The answer's body gave an error instead of a frame.
    pub(crate) fn body_failed(mut self) {
        self.end = Some(End::Error("response_body_error", Outcome::Failure));
        self.close();
    }

    /// The service gave an error instead of an answer.
    pub(crate) fn service_failed(mut self, error: &'static str, outcome: Outcome) {
        self.end = Some(End::Error(error, outcome));
        self.close();
    }

    /// The answer is complete.
    pub(crate) fn complete(mut self) {
        self.end = Some(End::Complete);
        self.close();
    }

    /// Counts everything. Runs in `Drop`, perhaps while a panic unwinds: nothing in here may panic.
    fn close(&mut self) {
        if !mem::replace(&mut self.open, false) {
            return;
        }
        self.active.sub(1.0);
        if let (Protocol::Grpc(None), Some(End::Complete)) = (self.protocol, self.end) {
            // An answer without a status is broken, whatever its HTTP status says.
            self.protocol = Protocol::Grpc(Some(Code::UNKNOWN));
        }
        let (outcome, error) = match self.end {
            Some(End::Error(error, outcome)) => (outcome, error),
            Some(End::Complete) => self.judge(),
            None if self.running => (Outcome::Failure, "panic"),
            None => (Outcome::Cancelled, "client_cancelled"),
        };
        let now = self.shared.clock.now();
        let duration = now.since(self.started);
        let first_byte = self.first_byte.map(|at| at.since(self.started));
        let path = self.uri.path().trim_start_matches('/');
        let rpc = match self.protocol {
            Protocol::Http => None,
            Protocol::Grpc(Some(Code::UNIMPLEMENTED)) => Some(OTHER),
            // Answered as gRPC, or known from earlier answers: the name is not the client's invention.
            Protocol::Grpc(code) if code.is_some() || self.status.is_some() || self.shared.metrics.knows(path) => {
                Some(path)
            }
            Protocol::Grpc(_) => Some(OTHER),
        };
        let status = match self.protocol {
            Protocol::Http => self.status.as_ref().map_or("", StatusCode::as_str),
            Protocol::Grpc(Some(code)) => code.name(),
            Protocol::Grpc(None) if outcome == Outcome::Cancelled => Code::CANCELLED.name(),
            Protocol::Grpc(None) => "",
        };
        let request_bytes = match &self.request_bytes {
            RequestBytes::Unknown => None,
            RequestBytes::Declared(bytes) => Some(*bytes),
            RequestBytes::Counted(bytes) => Some(bytes.load(Relaxed)),
        };
        let trace = self.scope.trace().filter(|trace| trace.sampled());
        let ended = Ended {
            method: self.method,
            scheme: self.scheme,
            version: self.version,
            route: self.scope.route().unwrap_or_default(),
            rpc,
            status,
            error,
            outcome,
            duration,
            first_byte,
            streamed: self.streamed,
            request_bytes,
            response_bytes: self.response_bytes,
            sampled: trace.map(|trace| (trace.trace_id(), trace.span_id())),
        };
        self.shared.metrics.record(&ended);
        self.shared.metrics.business.record(&self.scope, outcome);
        span::end(&self.span, &ended, self.status, &self.scope);
        if !self.shared.listeners.is_empty() {
            self.tell(&ended);
        }
    }

    /// Outcome and error of a complete answer, by its status.
    fn judge(&self) -> (Outcome, &str) {
        let (outcome, error) = match (self.protocol, &self.status) {
            (Protocol::Grpc(Some(code)), _) => {
                (code.server_outcome(), if code.is_server_error() { code.name() } else { "" })
            }
            (_, Some(status)) if status.is_server_error() => (Outcome::Failure, status.as_str()),
            (_, Some(status)) => (names::http_outcome(*status), ""),
            (_, None) => (Outcome::Failure, OTHER),
        };
        (self.declared_outcome.unwrap_or(outcome), error)
    }

    fn tell(&self, ended: &Ended<'_>) {
        let route = Some(ended.route).filter(|route| !route.is_empty());
        let mut name = String::new();
        let name = match (ended.rpc, route) {
            (Some(rpc), _) => rpc,
            (None, Some(route)) => {
                name.reserve_exact(self.method_for_span().len() + 1 + route.len());
                name.push_str(self.method_for_span());
                name.push(' ');
                name.push_str(route);
                &name
            }
            (None, None) => self.method_for_span(),
        };
        let http_status = self.status.map(|status| i64::from(status.as_u16()));
        let rpc = ended.rpc;
        let all = [
            Some(("http.request.method", Value::Str(ended.method))),
            Some(("url.scheme", Value::Str(ended.scheme))),
            Some(("url.path", Value::Str(self.uri.path()))),
            self.uri.query().map(|query| ("url.query", Value::Str(query))),
            Some(("network.protocol.version", Value::Str(ended.version))),
            route.map(|route| ("http.route", Value::Str(route))),
            http_status.map(|status| ("http.response.status_code", Value::Int(status))),
            rpc.map(|_| ("rpc.system.name", Value::Str("grpc"))),
            rpc.map(|rpc| ("rpc.method", Value::Str(rpc))),
            rpc.map(|_| (crate::metrics::RPC_STATUS, Value::Str(ended.status))),
        ];
        let mut attributes = [("", Value::Int(0)); 10];
        let mut known = 0;
        for (place, attribute) in attributes.iter_mut().zip(all.into_iter().flatten()) {
            *place = attribute;
            known += 1;
        }
        let mut operation = Operation::new(Kind::Server, name, ended.outcome, ended.duration, &self.scope);
        operation.route = route;
        operation.error = Some(ended.error).filter(|error| !error.is_empty());
        operation.first_byte = ended.first_byte;
        operation.request_bytes = ended.request_bytes.unwrap_or_default();
        operation.response_bytes = ended.response_bytes;
        operation.has_span = !self.span.is_none();
        operation.attributes = attributes.get(..known).unwrap_or_default();
        for listener in &self.shared.listeners {
            listener.ended(&operation);
        }
    }

    /// A span of an unknown method is just called HTTP.
    fn method_for_span(&self) -> &'static str {
        if self.method == OTHER { "HTTP" } else { self.method }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.close();
    }
}

pub(crate) fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
