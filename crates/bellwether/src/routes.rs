//! `/metrics`, `/livez` and `/readyz`, as routes for any axum router.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use axum::routing::get;
use bellwether_core::{Counter, Error, Registry};
use bellwether_export::{PrometheusEndpoint, Resource};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::access::{Access, Denied};
use crate::gate::{Gate, Readiness};
use crate::sockets::Reach;

/// What the routes need. It does not keep the loop alive.
#[derive(Debug, Clone)]
pub(crate) struct Routes(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    endpoint: PrometheusEndpoint,
    access: Access,
    reach: Reach,
    gate: Gate,
    denied: Counter,
}

impl Routes {
    pub(crate) fn new(registry: &Registry, resource: Resource, access: Access, gate: Gate) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner {
            endpoint: PrometheusEndpoint::new(registry, resource),
            access,
            reach: Reach::new(registry.clock().clone()),
            gate,
            denied: registry
                .counter("bellwether.access.denied")
                .unit("{request}")
                .description("Requests for /metrics that were turned away.")
                .build()?,
        })))
    }

    pub(crate) fn add_to<S: Clone + Send + Sync + 'static>(&self, router: Router<S>) -> Router<S> {
        let (metrics, ready) = (Arc::clone(&self.0), Arc::clone(&self.0));
        router
            .route("/metrics", get(move |request| std::future::ready(metrics.metrics(request))))
            .route("/livez", get(|| std::future::ready(word(StatusCode::OK, "alive"))))
            .route("/readyz", get(move || std::future::ready(ready.readiness())))
    }
}

impl Inner {
    fn metrics(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        match self.access.check(&parts, peer, || self.reach.is_loopback_only()) {
            Ok(()) => self.endpoint.respond(&Request::from_parts(parts, body)).map(Body::new),
            Err(denied) => {
                self.denied.inc();
                turn_away(denied)
            }
        }
    }

    /// Also while starting: who asks is to come back soon, not to give up.
    fn readiness(&self) -> Response {
        let now = self.gate.now();
        if now == Readiness::Ready {
            return word(StatusCode::OK, now.as_str());
        }
        let mut response = word(StatusCode::SERVICE_UNAVAILABLE, now.as_str());
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response
    }
}

fn turn_away(denied: Denied) -> Response {
    if denied == Denied::Unauthorized {
        let mut response = text(StatusCode::UNAUTHORIZED, denied.why());
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"metrics\""));
        return response;
    }
    text(StatusCode::FORBIDDEN, denied.why())
}

fn word(status: StatusCode, word: &'static str) -> Response {
    text(status, word)
}

fn text(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers: [(HeaderName, &'static str); 2] =
        [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
