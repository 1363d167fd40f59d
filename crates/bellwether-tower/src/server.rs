//! The layer for servers: opens an account for each request, and sees to it that it is closed.

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bellwether_core::{Error, Follow, InFlight, OnEnd, Outcome, Redaction, Registry, Scope, TraceContext, TraceId};
use http::{HeaderName, HeaderValue, Request, Response, header};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;
use tracing::Span;

use crate::account::{Account, Opening, RequestBytes};
use crate::body::{self, ResponseBody};
use crate::declared::Declared;
use crate::future::ResponseFuture;
use crate::incoming::{self, Incoming};
use crate::memo::{Route, Routes};
use crate::names::{self, Methods};
use crate::sampler::Sampler;
use crate::server_metrics::ServerMetrics;
use crate::side::{ErrorKinds, Server, Shared, Side, SpanHook};
use crate::span::{self, Beginning};

/// Observes every request of an axum or tonic service: ids, trace, scope, RED metrics. Cheap to clone.
///
/// A second layer within the first notices and stays silent.
#[derive(Debug, Clone)]
pub struct ObserveLayer(Option<Arc<Shared>>);

/// Describes an [`ObserveLayer`]; from [`ObserveLayer::builder`].
#[must_use = "a layer is made by `build`"]
pub struct ObserveBuilder<'r> {
    registry: &'r Registry,
    request_id_header: HeaderName,
    sampler: Sampler,
    trust_remote_sampled: bool,
    default_scheme: &'static str,
    methods: Methods,
    rpc_methods: Option<HashSet<Box<str>>>,
    routes: Vec<Arc<str>>,
    listeners: Vec<Arc<dyn OnEnd>>,
    follower: Option<Arc<dyn Follow>>,
    span_hook: Option<Box<SpanHook>>,
    error_kinds: Option<Box<ErrorKinds>>,
    duration_bounds: Vec<f64>,
}

/// The service that [`ObserveLayer`] makes.
#[derive(Debug, Clone)]
pub struct Observe<S> {
    inner: S,
    shared: Option<Arc<Shared>>,
}

impl ObserveLayer {
    /// A layer that counts into `registry`, with the defaults of [`builder`](Self::builder).
    ///
    /// # Errors
    /// If the registry has other metrics of the same names.
    pub fn new(registry: &Registry) -> Result<Self, Error> {
        Self::builder(registry).build()
    }

    /// Describes a layer. Unless told otherwise it begins no sampled traces, follows the sampling decision of callers,
    /// and reads request ids from `x-request-id`.
    pub fn builder(registry: &Registry) -> ObserveBuilder<'_> {
        ObserveBuilder {
            registry,
            request_id_header: HeaderName::from_static("x-request-id"),
            sampler: Sampler::never(),
            trust_remote_sampled: true,
            default_scheme: "http",
            methods: Methods::default(),
            rpc_methods: None,
            routes: Vec::new(),
            listeners: Vec::new(),
            follower: None,
            span_hook: None,
            error_kinds: None,
            duration_bounds: Vec::new(),
        }
    }

    /// A layer that lets requests through untouched, for a service that runs unobserved.
    pub const fn noop() -> Self {
        Self(None)
    }

    /// Counts an upgraded connection as open until the guard is dropped. The layer itself sees only the handshake: hold
    /// the guard where the connection is served.
    pub fn upgraded(&self) -> Option<InFlight> {
        Some(self.0.as_ref()?.server()?.metrics.upgraded().in_flight())
    }
}

impl<'r> ObserveBuilder<'r> {
    /// The header that request ids come in and go out by.
    pub fn request_id_header(mut self, name: HeaderName) -> Self {
        self.request_id_header = name;
        self
    }

    /// Which traces are sampled.
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = sampler;
        self
    }

    /// Whether the `sampled` flag of callers is believed. Not, at the edge: anybody could have everything traced. The
    /// trace id is kept either way, but where callers are not believed it is chance that decides, and not their id.
    pub fn trust_remote_sampled(mut self, trust: bool) -> Self {
        self.trust_remote_sampled = trust;
        self
    }

    /// Requests without a scheme of their own (all of HTTP/1.1) came by HTTPS, as behind a proxy that ends TLS.
    pub fn https(mut self) -> Self {
        self.default_scheme = "https";
        self
    }

    /// The request methods that are called by their name, all others being `_OTHER`; default: those of the semantic
    /// conventions.
    pub fn known_methods(mut self, methods: impl IntoIterator<Item = &'static str>) -> Self {
        self.methods = Methods::only(methods.into_iter().collect());
        self
    }

    /// The gRPC methods that are called by their name, `package.Service/Method`, all others being `_OTHER`; default: every
    /// method that was ever answered with anything but UNIMPLEMENTED, UNAUTHENTICATED or PERMISSION_DENIED. Declare them
    /// where something within answers any method with another code, or strangers can name series.
    pub fn rpc_methods<M: Into<Box<str>>>(mut self, methods: impl IntoIterator<Item = M>) -> Self {
        self.rpc_methods = Some(methods.into_iter().map(Into::into).collect());
        self
    }

    /// Templates of routes that the framework does not name, those of a nested service or a fallback for instance: as axum
    /// writes them, `/static/{*path}`, `/users/{id}`. A request that has no other route gets the first that its path fits.
    pub fn routes<T: Into<Arc<str>>>(mut self, templates: impl IntoIterator<Item = T>) -> Self {
        self.routes.extend(templates.into_iter().map(Into::into));
        self
    }

    /// Durations in seconds of which it must be known exactly how many requests took no longer: the thresholds of objectives.
    /// They come to the bounds that the semantic conventions advise.
    pub fn duration_bounds(mut self, seconds: impl IntoIterator<Item = f64>) -> Self {
        self.duration_bounds.extend(seconds);
        self
    }

    /// Somebody who wants to hear of every request's end.
    pub fn listener(mut self, listener: Arc<dyn OnEnd>) -> Self {
        self.listeners.push(listener);
        self
    }

    /// Somebody who follows every request from its beginning, and what is begun on its behalf.
    pub fn follower(mut self, follower: Arc<dyn Follow>) -> Self {
        self.follower = Some(follower);
        self
    }

    /// Called with the span of a sampled request before it is entered, to tie it to the caller's trace.
    pub fn span_hook(mut self, hook: impl Fn(&Span, &Scope) + Send + Sync + 'static) -> Self {
        self.span_hook = Some(Box::new(hook));
        self
    }

    /// Names the errors that the service itself returns, in a few words that fit a label, and says how they count. What
    /// it does not know goes by the name of its type, as a failure.
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
    /// If the registry has other metrics of the same names, or a bound of durations is no number above 0.
    pub fn build(self) -> Result<ObserveLayer, Error> {
        let metrics = ServerMetrics::new(self.registry, &self.duration_bounds)?;
        Ok(ObserveLayer(Some(Arc::new(Shared {
            clock: self.registry.clock().clone(),
            side: Side::Server(Box::new(Server {
                metrics,
                routes: Routes::default(),
                declared: Declared::new(self.routes),
                trust_remote_sampled: self.trust_remote_sampled,
                rpc_methods: self.rpc_methods,
                follower: self.follower,
            })),
            listeners: self.listeners,
            request_id_header: self.request_id_header,
            sampler: self.sampler,
            default_scheme: self.default_scheme,
            methods: self.methods,
            span_hook: self.span_hook,
            error_kinds: self.error_kinds,
            redaction: Redaction::default(),
        }))))
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = Observe<S>;

    fn layer(&self, inner: S) -> Observe<S> {
        Observe { inner, shared: self.0.clone() }
    }
}

impl<S, B, R> Service<Request<B>> for Observe<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: 'static,
    B: Body + 'static,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let silent = request.extensions().get::<Observed>().is_some();
        let Some((shared, server)) =
            self.shared.as_ref().filter(|_| !silent).and_then(|shared| Some((shared, shared.server()?)))
        else {
            return ResponseFuture::new(self.inner.call(request), None);
        };
        let (mut account, id) = shared.open(server, &mut request);
        let running = account.enter();
        let inner = self.inner.call(request);
        running.returned();
        ResponseFuture::new(inner, Some((account, Some(id))))
    }
}

impl Shared {
    fn server(&self) -> Option<&Server> {
        match &self.side {
            Side::Server(server) => Some(server),
            Side::Client(_) => None,
        }
    }

    /// Opens the account of a request: ids, trace, scope, span.
    fn open<B: Body + 'static>(
        self: &Arc<Self>,
        server: &Server,
        request: &mut Request<B>,
    ) -> (Box<Account>, HeaderValue) {
        let started = self.clock.now();
        let Incoming { request_id, echo, replaced, parent, malformed, trace_state, grpc } =
            Incoming::read(request.headers(), &self.request_id_header);
        if replaced {
            server.metrics.id_replaced();
        }
        if malformed {
            server.metrics.trace_malformed();
        }
        let trace = match parent {
            // Nor is the id of who is not trusted what decides: anybody can choose one that is always sampled.
            Some(_) if !server.trust_remote_sampled => {
                incoming::place(parent, |_| self.sampler.decide(None, TraceId::random()))
            }
            _ => incoming::place(parent, |trace_id| self.sampler.decide(parent, trace_id)),
        };
        let (request_id, echo) = match (request_id, echo) {
            (Some(id), Some(echo)) => (id, echo),
            _ => (trace.trace_id().into(), incoming::header_value(&trace.trace_id().to_hex())),
        };
        let parent = parent.map(TraceContext::span_id);
        let (route, route_kept) =
            match route(request, &server.routes).or_else(|| server.declared.find(request.uri().path())) {
                Some(route) => (Some(route.template), route.kept),
                None => (None, false),
            };
        let method = self.methods.name(request.method());
        let work = server.follower.as_ref().and_then(|follower| follower.began(method, route.as_deref(), started));
        let scope = Scope::builder(trace)
            .request_id(request_id)
            .parent(parent)
            .trace_state(trace_state)
            .route_if_any(route)
            .work(work)
            .open();

        let scheme = names::scheme(request.uri().scheme_str(), self.default_scheme);
        let version = names::version(request.version());
        let span =
            if scope.sampled() { self.span(request, &scope, method, scheme, version, grpc) } else { Span::none() };
        let uri = (grpc || !self.listeners.is_empty()).then(|| request.uri().clone());

        if replaced {
            // What was malformed must not reach the service, its logs, or whom it calls.
            request.headers_mut().insert(self.request_id_header.clone(), echo.clone());
        }
        request.extensions_mut().insert(Observed);
        let account = Account::open(Opening {
            shared: Arc::clone(self),
            scope,
            trace,
            parent,
            span,
            started,
            uri,
            method,
            scheme,
            version,
            grpc,
            peer: None,
            route_kept,
            request_bytes: request_bytes(request.body_mut()),
        });
        (account, echo)
    }

    fn span<B>(
        &self,
        request: &Request<B>,
        scope: &Scope,
        method: &'static str,
        scheme: &'static str,
        version: &'static str,
        grpc: bool,
    ) -> Span {
        let query = request.uri().query().map(|query| self.redaction.query(query));
        let beginning = Beginning {
            method,
            method_original: (method == names::OTHER).then(|| incoming::cut(request.method().as_str())),
            scheme,
            version,
            path: incoming::cut(request.uri().path()),
            query: query.as_deref().map(incoming::cut),
            route: scope.route(),
            grpc,
            user_agent: request.headers().get(header::USER_AGENT).and_then(|v| v.to_str().ok()).map(incoming::cut),
        };
        // The scope is current while the span is made: whoever gives it ids can ask for them.
        let _entered = scope.enter();
        let span = span::begin(&beginning, scope);
        if let Some(hook) = self.span_hook.as_ref().filter(|_| !span.is_none()) {
            hook(&span, scope);
        }
        span
    }
}

/// What a second layer knows by that the first observes this very request: an extension, since that goes with it through
/// whatever stands between the two. It has no size, and axum's requests have extensions anyway: rarely an allocation.
#[derive(Clone)]
struct Observed;

/// The template of the route that a request takes, where the framework says so.
#[cfg(feature = "axum")]
fn route<B>(request: &Request<B>, routes: &Routes) -> Option<Route> {
    let matched = request.extensions().get::<axum::extract::MatchedPath>()?;
    Some(routes.keep(matched.as_str()))
}

#[cfg(not(feature = "axum"))]
fn route<B>(_: &Request<B>, _: &Routes) -> Option<Route> {
    None
}

/// Learns the size of a request's body: declared, or counted as it is read.
fn request_bytes<B: Body + 'static>(body: &mut B) -> RequestBytes {
    match body.size_hint().exact() {
        Some(declared) => RequestBytes::Declared(declared),
        None => body::count_bytes(body).map_or(RequestBytes::Unknown, RequestBytes::Counted),
    }
}

impl fmt::Debug for ObserveBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObserveBuilder")
            .field("request_id_header", &self.request_id_header)
            .field("sampler", &self.sampler)
            .field("trust_remote_sampled", &self.trust_remote_sampled)
            .finish_non_exhaustive()
    }
}
