//! The layer for clients: the same account for a call that is made, and what the callee needs to join the trace.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bellwether_core::{Error, OnEnd, Outcome, Redaction, Registry, Scope, TraceContext};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, Version, header};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;
use tracing::Span;

use crate::account::{Account, Opening, RequestBytes};
use crate::body::ResponseBody;
use crate::client_metrics::ClientMetrics;
use crate::future::ResponseFuture;
use crate::incoming::{self, TRACEPARENT, TRACESTATE};
use crate::names::{self, Methods};
use crate::sampler::Sampler;
use crate::side::{Client, Peer, Position, Shared, Side, SpanHook};
use crate::span;

/// Observes every call that a client makes, HTTP or gRPC: duration, outcome, sizes, in flight; and passes on trace
/// context and request id. Cheap to clone.
///
/// Stands directly around the connection: retries and hedges outside of it are calls of their own.
///
/// ```
/// use bellwether_core::Registry;
/// use bellwether_tower::CallLayer;
///
/// let registry = Registry::new();
/// let layer = CallLayer::builder(&registry).peer("openai").build()?;
/// # Ok::<(), bellwether_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CallLayer {
    shared: Arc<Shared>,
    peer: Option<Arc<str>>,
}

/// Describes a [`CallLayer`]; from [`CallLayer::builder`].
#[must_use = "a layer is made by `build`"]
pub struct CallBuilder<'r> {
    registry: &'r Registry,
    request_id_header: HeaderName,
    sampler: Sampler,
    listeners: Vec<Arc<dyn OnEnd>>,
    span_hook: Option<Box<SpanHook>>,
    position: Option<Position>,
    error_kinds: Option<Box<crate::side::ErrorKinds>>,
    peer: Option<Arc<str>>,
}

/// The service that [`CallLayer`] makes.
#[derive(Debug, Clone)]
pub struct ObservedCall<S> {
    inner: S,
    layer: CallLayer,
}

impl CallLayer {
    /// A layer that counts into `registry`, with the defaults of [`builder`](Self::builder).
    ///
    /// # Errors
    /// If the registry has other metrics of the same names.
    pub fn new(registry: &Registry) -> Result<Self, Error> {
        Self::builder(registry).build()
    }

    /// Describes a layer. Unless told otherwise, calls outside of any request begin no sampled traces.
    pub fn builder(registry: &Registry) -> CallBuilder<'_> {
        CallBuilder {
            registry,
            request_id_header: HeaderName::from_static("x-request-id"),
            sampler: Sampler::never(),
            listeners: Vec::new(),
            span_hook: None,
            position: None,
            error_kinds: None,
            peer: None,
        }
    }

    /// The same layer for another peer; both count into the same metrics.
    pub fn for_peer(&self, name: impl Into<Arc<str>>) -> Self {
        Self { shared: Arc::clone(&self.shared), peer: Some(name.into()) }
    }

    /// Opens the account of a call and writes into its headers what the callee needs.
    pub(crate) fn open(&self, call: &Outgoing<'_>, headers: &mut HeaderMap) -> Box<Account> {
        let shared = &self.shared;
        let started = shared.clock.now();
        let current = Scope::current();
        let position = match &shared.side {
            Side::Client(client) => client.position,
            Side::Server(_) => None,
        };
        let parent = position.and_then(|Position(position)| position()).or_else(|| current.trace());
        let trace = match parent {
            Some(parent) => parent.child(parent.sampled()),
            None => incoming::place(None, |trace_id| shared.sampler.decide(None, trace_id)),
        };
        let method = shared.methods.name(call.method);
        let scheme = names::scheme(call.uri.scheme_str(), shared.default_scheme);
        let address = call.uri.host().unwrap_or_default();
        // Without an address, as of a tonic channel that adds it further in, a port says nothing.
        let default_port = if address.is_empty() {
            0
        } else if scheme == "https" {
            443
        } else {
            80
        };
        let port = call.uri.port_u16().unwrap_or(default_port);
        let peer = Peer::new(self.peer.clone(), address, port);
        let grpc = headers.get(header::CONTENT_TYPE).is_some_and(names::is_grpc);
        let span = if trace.sampled() { self.span(call, parent, trace, method, &peer, grpc) } else { Span::none() };
        propagate(headers, trace, &current, &shared.request_id_header);
        Account::open(Opening {
            shared: Arc::clone(shared),
            scope: current,
            trace,
            parent: parent.map(TraceContext::span_id),
            span,
            started,
            uri: (grpc || !shared.listeners.is_empty()).then(|| call.uri.clone()),
            method,
            scheme,
            version: names::version(call.version),
            grpc,
            peer: Some(peer),
            route_kept: false,
            request_bytes: call.bytes.map_or(RequestBytes::Unknown, RequestBytes::Declared),
        })
    }

    fn span(
        &self,
        call: &Outgoing<'_>,
        parent: Option<TraceContext>,
        trace: TraceContext,
        method: &'static str,
        peer: &Peer,
        grpc: bool,
    ) -> Span {
        // Whoever gives the span ids asks the current scope for them.
        let place = Scope::builder(trace);
        let place = match parent {
            Some(parent) => place.parent(parent.span_id()),
            None => place,
        };
        let scope = place.open();
        let _entered = scope.enter();
        let span = span::begin_call(call.uri, method, peer, grpc);
        if let Some(hook) = self.shared.span_hook.as_ref().filter(|_| !span.is_none()) {
            hook(&span, &scope);
        }
        span
    }
}

/// What a call is, for whichever client makes it.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) version: Version,
    pub(crate) bytes: Option<u64>,
}

fn propagate(headers: &mut HeaderMap, trace: TraceContext, scope: &Scope, request_id_header: &HeaderName) {
    headers.insert(TRACEPARENT, incoming::header_value(&trace.to_traceparent()));
    match scope.trace_state() {
        Some(state) => {
            headers.insert(TRACESTATE, incoming::header_value(state.as_str().as_bytes()));
        }
        // One that a proxy hands on with all headers belongs to a trace that was not followed.
        None => {
            headers.remove(TRACESTATE);
        }
    }
    if let Some(id) = scope.request_id()
        && !headers.contains_key(request_id_header)
    {
        headers.insert(request_id_header.clone(), incoming::header_value(id.as_str().as_bytes()));
    }
}

impl CallBuilder<'_> {
    /// What the application calls the peer, in scopes and logs; default: its address.
    pub fn peer(mut self, name: impl Into<Arc<str>>) -> Self {
        self.peer = Some(name.into());
        self
    }

    /// The header that request ids go out by.
    pub fn request_id_header(mut self, name: HeaderName) -> Self {
        self.request_id_header = name;
        self
    }

    /// Which calls outside of any request begin a sampled trace.
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = sampler;
        self
    }

    /// Somebody who wants to hear of every call's end.
    pub fn listener(mut self, listener: Arc<dyn OnEnd>) -> Self {
        self.listeners.push(listener);
        self
    }

    /// Called with the span of a sampled call before it is entered.
    pub fn span_hook(mut self, hook: impl Fn(&Span, &Scope) + Send + Sync + 'static) -> Self {
        self.span_hook = Some(Box::new(hook));
        self
    }

    /// Where in its trace the code that makes a call is: the position of the span that runs on this thread, which then is
    /// the call's parent. Without it, or where it knows none, the parent is the span that answers the request.
    pub fn position(mut self, position: fn() -> Option<TraceContext>) -> Self {
        self.position = Some(Position(position));
        self
    }

    /// Names the errors of the client, in a few words that fit a label, and says how they count. What it does not know
    /// goes by the name of its type, as a failure.
    pub fn error_kinds(
        mut self,
        kinds: impl Fn(&dyn Any) -> Option<(&'static str, Outcome)> + Send + Sync + 'static,
    ) -> Self {
        self.error_kinds = Some(Box::new(kinds));
        self
    }

    /// Makes the layer.
    ///
    /// # Errors
    /// If the registry has other metrics of the same names.
    pub fn build(self) -> Result<CallLayer, Error> {
        let shared = Shared {
            clock: self.registry.clock().clone(),
            side: Side::Client(Box::new(Client {
                metrics: ClientMetrics::new(self.registry)?,
                position: self.position,
            })),
            listeners: self.listeners,
            request_id_header: self.request_id_header,
            sampler: self.sampler,
            default_scheme: "http",
            methods: Methods::default(),
            span_hook: self.span_hook,
            error_kinds: self.error_kinds,
            redaction: Redaction::default(),
        };
        Ok(CallLayer { shared: Arc::new(shared), peer: self.peer })
    }
}

impl<S> Layer<S> for CallLayer {
    type Service = ObservedCall<S>;

    fn layer(&self, inner: S) -> ObservedCall<S> {
        ObservedCall { inner, layer: self.clone() }
    }
}

impl<S, B, R> Service<Request<B>> for ObservedCall<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: 'static,
    B: Body,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut head, body) = request.into_parts();
        let bytes = body.size_hint().exact();
        let call = Outgoing { method: &head.method, uri: &head.uri, version: head.version, bytes };
        let mut account = self.layer.open(&call, &mut head.headers);
        let inner = account.run(|| self.inner.call(Request::from_parts(head, body)));
        ResponseFuture::new(inner, Some((account, None::<HeaderValue>)))
    }
}

impl fmt::Debug for CallBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallBuilder").field("peer", &self.peer).field("sampler", &self.sampler).finish_non_exhaustive()
    }
}
