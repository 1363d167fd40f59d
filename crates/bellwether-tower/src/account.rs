//! The account of one request: opened when it arrives, closed exactly once, whatever ends it.
//!
//! It travels from the response's future into the response's body. Closing consumes it, and dropping it closes it: as a
//! panic if the service was running just then, else as cancelled by the client.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bellwether_core::{Gauge, Instant, Lent, Outcome, Scope, SpanId, TraceContext};
use http::{HeaderMap, StatusCode, Uri, header};
use tracing::Span;

use crate::ended::Ended;
use crate::names::{self, Code, OTHER};
use crate::side::{Peer, Shared};
use crate::span;

#[derive(Debug)]
pub(crate) struct Account {
    shared: Arc<Shared>,
    pub(crate) scope: Scope,
    trace: TraceContext,
    parent: Option<SpanId>,
    span: Span,
    /// The gauge it is counted in while it lasts, if it is a call.
    active: Option<Gauge>,
    started: Instant,
    first_byte: Option<Instant>,
    /// Kept only where somebody will ask.
    uri: Option<Uri>,
    /// Whom a client called.
    peer: Option<Peer>,
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
    route_kept: bool,
    streamed: bool,
    said_done: bool,
    answered_as_grpc: bool,
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
    /// The place in its trace of this very operation.
    pub(crate) trace: TraceContext,
    pub(crate) parent: Option<SpanId>,
    pub(crate) span: Span,
    pub(crate) started: Instant,
    pub(crate) uri: Option<Uri>,
    pub(crate) method: &'static str,
    pub(crate) scheme: &'static str,
    pub(crate) version: &'static str,
    pub(crate) grpc: bool,
    pub(crate) peer: Option<Peer>,
    pub(crate) request_bytes: RequestBytes,
    /// The route's address is one that is kept.
    pub(crate) route_kept: bool,
}

impl Account {
    /// Opens an account. Boxed, since it is moved from the future to the body, and they by whoever boxes them.
    #[inline]
    pub(crate) fn open(opening: Opening) -> Box<Self> {
        let active = opening.shared.side.active(opening.method, opening.scheme, opening.peer.as_ref());
        // The place first, then what goes there: less is moved.
        let place = Box::new_uninit();
        Box::write(
            place,
            Self {
                active,
                first_byte: None,
                protocol: if opening.grpc { Protocol::Grpc(None) } else { Protocol::Http },
                status: None,
                declared_outcome: None,
                end: None,
                response_bytes: 0,
                declared: None,
                route_kept: opening.route_kept,
                streamed: false,
                said_done: false,
                answered_as_grpc: false,
                running: false,
                open: true,
                shared: opening.shared,
                scope: opening.scope,
                trace: opening.trace,
                parent: opening.parent,
                span: opening.span,
                started: opening.started,
                uri: opening.uri,
                peer: opening.peer,
                method: opening.method,
                scheme: opening.scheme,
                version: opening.version,
                request_bytes: opening.request_bytes,
            },
        )
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Runs a piece of the service in the request's scope and span.
    #[inline]
    pub(crate) fn run<T>(&mut self, piece: impl FnOnce() -> T) -> T {
        let running = self.enter();
        let result = piece();
        running.returned();
        result
    }

    /// Enters the request's scope and span, to run the service until it has [returned](Running::returned).
    #[inline]
    pub(crate) fn enter(&mut self) -> Running<'_> {
        self.running = true;
        let scope = self.scope.lend();
        // Most requests are not sampled and have none.
        let span = (!self.span.is_none()).then(|| self.span.enter());
        Running { running: &mut self.running, _span: span, _scope: scope }
    }

    /// The head of the answer. Returns whether there will be no body to wait for.
    pub(crate) fn head(&mut self, head: &http::response::Parts, body_ended: bool) -> bool {
        self.status = Some(head.status);
        if self.peer.is_some() {
            // A client asks for what it can; the connection decides.
            self.version = names::version(head.version);
        }
        self.declared_outcome = head.extensions.get::<Outcome>().copied();
        for (name, value) in &head.headers {
            if name == header::CONTENT_TYPE {
                self.streamed = value.as_bytes().starts_with(b"text/event-stream");
                self.answered_as_grpc = names::is_grpc(value);
            } else if name == header::CONTENT_LENGTH {
                self.declared = value.to_str().ok().and_then(|length| length.parse().ok());
            }
        }
        if let Protocol::Grpc(code) = &mut self.protocol {
            *code = if self.answered_as_grpc {
                head.headers.get("grpc-status").map(|status| Code::parse(status.as_bytes()))
            } else {
                Some(Code::of_http(head.status))
            };
        }
        let bodiless = match head.status {
            StatusCode::SWITCHING_PROTOCOLS | StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => true,
            status => self.method == "HEAD" || (self.method == "CONNECT" && status.is_success()),
        };
        bodiless || body_ended || self.sent_all()
    }

    /// Bytes of the answer's body went out. Returns when, if they were the first.
    #[inline]
    pub(crate) fn sent(&mut self, bytes: u64) -> Option<Instant> {
        self.response_bytes += bytes;
        if self.first_byte.is_some() {
            return None;
        }
        self.first_byte = Some(self.shared.clock.now());
        self.first_byte
    }

    /// Looks at a piece of the answer. Readers of an event stream in OpenAI's manner stop at the event that says so, and do
    /// not wait for the end.
    #[inline]
    pub(crate) fn saw(&mut self, data: &[u8]) {
        self.said_done |= self.streamed && data.trim_ascii_end().ends_with(b"data: [DONE]");
    }

    /// As many bytes went out as the head declared: HTTP/1.1 has no use for more. A gRPC answer still has its trailers.
    pub(crate) fn sent_all(&self) -> bool {
        self.protocol == Protocol::Http && self.declared.is_some_and(|declared| self.response_bytes >= declared)
    }

    pub(crate) fn trailers(&mut self, trailers: &HeaderMap) {
        if let Protocol::Grpc(code) = &mut self.protocol
            && let Some(status) = trailers.get("grpc-status")
        {
            *code = Some(Code::parse(status.as_bytes()));
        }
    }

    /// The answer's body gave an error instead of a frame.
    pub(crate) fn body_failed(mut self: Box<Self>) {
        self.end = Some(End::Error("response_body_error", Outcome::Failure));
        self.close(None);
    }

    /// The service gave an error instead of an answer.
    pub(crate) fn service_failed(mut self: Box<Self>, error: &'static str, outcome: Outcome) {
        self.end = Some(End::Error(error, outcome));
        self.close(None);
    }

    /// The answer is complete, since just now if it is not known better.
    pub(crate) fn complete(mut self: Box<Self>, since: Option<Instant>) {
        self.end = Some(End::Complete);
        self.close(since);
    }

    /// Counts everything. Runs in `Drop`, perhaps while a panic unwinds: nothing in here may panic.
    fn close(&mut self, since: Option<Instant>) {
        if !mem::replace(&mut self.open, false) {
            return;
        }
        self.shared.side.inactive(self.method, self.scheme, self.active.as_ref());
        if let (Protocol::Grpc(None), Some(End::Complete)) = (self.protocol, self.end) {
            // An answer without a status is broken, whatever its HTTP status says.
            self.protocol = Protocol::Grpc(Some(Code::UNKNOWN));
        }
        let (outcome, error) = match self.end {
            Some(End::Error(error, outcome)) => (outcome, error),
            Some(End::Complete) => self.judge(),
            None if self.running => (Outcome::Failure, "panic"),
            None if self.said_enough() => self.judge(),
            None => (Outcome::Cancelled, self.shared.side.cancelled()),
        };
        let path = self.uri.as_ref().map_or("", Uri::path).trim_start_matches('/');
        let rpc = match self.protocol {
            Protocol::Http => None,
            Protocol::Grpc(code) => {
                // A refusal vouches for nothing: whoever does not know a method, or guards all of them, refuses any name.
                let vouched = self.answered_as_grpc && code.is_none_or(Code::vouches_for_method);
                Some(self.shared.side.rpc_method(path, vouched))
            }
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
        let at = since.unwrap_or_else(|| self.shared.clock.now());
        let ended = Ended {
            method: self.method,
            scheme: self.scheme,
            version: self.version,
            uri: self.uri.as_ref(),
            route: self.scope.route().unwrap_or_default(),
            route_kept: self.route_kept,
            peer: self.peer.as_ref(),
            http_status: self.status,
            rpc,
            status,
            error,
            outcome,
            duration: at.since(self.started),
            first_byte: self.first_byte.map(|at| at.since(self.started)),
            streamed: self.streamed,
            request_bytes,
            response_bytes: self.response_bytes,
            trace: self.trace,
            parent: self.parent,
        };
        self.shared.side.record(&ended, &self.scope, at);
        span::end(&self.span, &ended, &self.scope);
        if !self.shared.listeners.is_empty() {
            ended.tell(&self.shared, &self.scope, !self.span.is_none());
        }
    }

    /// Whether whoever dropped the answer had no more to learn from it: an event stream had said its last, or a call was
    /// answered with an error, whose text few read.
    fn said_enough(&self) -> bool {
        self.said_done || self.peer.is_some() && self.status.is_some_and(|status| status.as_u16() >= 400)
    }

    /// Outcome and error of a complete answer, by its status.
    fn judge(&self) -> (Outcome, &str) {
        let side = &self.shared.side;
        let (outcome, error) = match (self.protocol, &self.status) {
            (Protocol::Grpc(Some(code)), _) => side.judge_grpc(code),
            (_, Some(status)) => side.judge_http(status),
            (_, None) => (Outcome::Failure, OTHER),
        };
        (self.declared_outcome.unwrap_or(outcome), error)
    }
}

/// The service is running. Dropped without more ado, by a panic of the service, it leaves that to be seen.
pub(crate) struct Running<'a> {
    running: &'a mut bool,
    _span: Option<tracing::span::Entered<'a>>,
    _scope: Lent<'a>,
}

impl Running<'_> {
    #[inline]
    pub(crate) fn returned(self) {
        *self.running = false;
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.close(None);
    }
}
