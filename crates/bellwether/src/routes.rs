//! `/metrics`, the endpoints of health and the query API, as routes for any axum router.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use axum::routing::get;
use bellwether_core::{Counter, Registry};
use bellwether_dependency::{Dependencies, Details, Document, Endpoint};
use bellwether_export::{PrometheusEndpoint, Resource};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use crate::access::{Access, Denied};
use crate::error::Error;
use crate::objectives::Follower;
use crate::queries::Queries;
use crate::settings::Settings;
use crate::sockets::Reach;

/// What the routes need. It does not keep the loop alive.
#[derive(Debug, Clone)]
pub(crate) struct Routes(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    endpoint: PrometheusEndpoint,
    dependencies: Dependencies,
    access: Access,
    /// Who may see details of health.
    health_access: Access,
    health_path: String,
    reach: Reach,
    denied: Counter,
    queries: Queries,
    objectives: Follower,
}

impl Routes {
    pub(crate) fn new(
        registry: &Registry,
        resource: Resource,
        settings: &Settings,
        dependencies: Dependencies,
        (queries, objectives): (Queries, Follower),
    ) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner {
            endpoint: PrometheusEndpoint::new(registry, resource),
            dependencies,
            access: settings.access.clone(),
            health_access: settings.health_access(),
            health_path: settings.health_path()?,
            reach: Reach::new(registry.clock().clone()),
            denied: registry
                .counter("bellwether.access.denied")
                .unit("{request}")
                .description("Requests for /metrics, objectives and queries that were turned away.")
                .build()?,
            queries,
            objectives,
        })))
    }

    pub(crate) fn add_to<S: Clone + Send + Sync + 'static>(&self, router: Router<S>) -> Router<S> {
        let metrics = Arc::clone(&self.0);
        let router = router.route("/metrics", get(move |request| std::future::ready(metrics.metrics(request))));
        let guard = Arc::clone(&self.0);
        let router = self.0.queries.add_to(router, move |parts| guard.admit(parts));
        let guard = Arc::clone(&self.0);
        let router = self.0.objectives.add_to(router, move |parts| guard.admit(parts));
        Endpoint::ALL.into_iter().fold(router, |router, endpoint| {
            let inner = Arc::clone(&self.0);
            let path = if endpoint == Endpoint::Health { &self.0.health_path } else { endpoint.path() };
            router.route(path, get(move |request: Request| std::future::ready(inner.health(endpoint, request))))
        })
    }
}

impl Inner {
    fn metrics(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        match self.admit(&parts) {
            Ok(()) => self.endpoint.respond(&Request::from_parts(parts, body)).map(Body::new),
            Err(refusal) => *refusal,
        }
    }

    /// Whether somebody may see what is measured; and if not, what to answer.
    fn admit(&self, parts: &Parts) -> Result<(), Box<Response>> {
        self.check(&self.access, parts).map_err(|denied| {
            self.denied.inc();
            Box::new(turn_away(denied))
        })
    }

    /// What is known, at once: nobody is asked for it.
    fn health(&self, endpoint: Endpoint, request: Request) -> Response {
        let (parts, _) = request.into_parts();
        let details = || match self.check(&self.health_access, &parts) {
            Ok(()) => Details::Shown,
            Err(_) => Details::Hidden,
        };
        let Document { status, body, .. } = match endpoint {
            Endpoint::Live => Document::alive(),
            _ => self.dependencies.report().document(endpoint, details()),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let mut response = answer(status, Document::MEDIA_TYPE, body.into());
        if !status.is_success() {
            // Who asks is to come back soon, not to give up.
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }

    fn check(&self, access: &Access, parts: &Parts) -> Result<(), Denied> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        access.check(parts, peer, || self.reach.is_loopback_only())
    }
}

fn turn_away(denied: Denied) -> Response {
    let status = if denied == Denied::Unauthorized { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
    let mut response = answer(status, "text/plain; charset=utf-8", denied.why().into());
    if denied == Denied::Unauthorized {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"metrics\""));
    }
    response
}

fn answer(status: StatusCode, media_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in [(CONTENT_TYPE, media_type), (CACHE_CONTROL, "no-store")] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
