//! `/metrics` as a tower service, without a framework.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use bellwether_core::Registry;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use tower_service::Service;

use super::body::ScrapeBody;
use super::exposition::Exposition;
use super::negotiate::{accepts_gzip, negotiate};
use super::places::Places;
use super::tally::Tallies;
use crate::resource::Resource;
use bellwether_core::prometheus::Names;

/// Answers scrapes of a registry: in the format asked for by `Accept`, gzipped if `Accept-Encoding` allows it, written
/// while it is sent. Cheap to clone.
///
/// It is a [`tower_service::Service`], so `axum::Router::route_service("/metrics", endpoint)` is all that axum needs; and
/// [`respond`](Self::respond) is a plain function for everybody else. It answers any path: where it is mounted decides.
///
/// ```
/// use bellwether_core::Registry;
/// use bellwether_export::{PrometheusEndpoint, Resource};
///
/// let endpoint = PrometheusEndpoint::new(&Registry::new(), Resource::builder("checkout").build());
/// let request = http::Request::get("/metrics").header("accept", "application/openmetrics-text").body(()).unwrap();
/// let response = endpoint.respond(&request);
/// assert_eq!(response.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
/// ```
#[derive(Debug, Clone)]
pub struct PrometheusEndpoint {
    inner: Arc<Inner>,
    names: Names,
    created: bool,
    gzip: bool,
    max_concurrent: usize,
}

#[derive(Debug)]
struct Inner {
    registry: Registry,
    resource: Resource,
    tallies: Tallies,
    places: Places,
}

/// Several times what scrapers need that look at one service.
const MAX_CONCURRENT: usize = 16;

impl PrometheusEndpoint {
    /// An endpoint for a registry. It registers its own metrics, `bellwether.scrape.*`, there.
    pub fn new(registry: &Registry, resource: Resource) -> Self {
        let tallies = Tallies::new(registry);
        let places = Places::new(registry.clock());
        let inner = Arc::new(Inner { registry: registry.clone(), resource, tallies, places });
        Self { inner, names: Names::default(), created: true, gzip: true, max_concurrent: MAX_CONCURRENT }
    }

    /// What becomes of dotted names. Default: [`Names::Underscored`].
    #[must_use]
    pub fn names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// As [`Exposition::created`]. Default: yes.
    #[must_use]
    pub fn created(mut self, created: bool) -> Self {
        self.created = created;
        self
    }

    /// Whether to compress for those who accept it. Default: yes. Turn it off if a proxy or layer in front does so.
    #[must_use]
    pub fn gzip(mut self, gzip: bool) -> Self {
        self.gzip = gzip;
        self
    }

    /// How many scrapes are answered at a time; what is beyond gets `503` with `Retry-After` and is counted as
    /// `bellwether.scrape.rejected`. A reader that takes longer than a minute does not count. Default: 16.
    #[must_use]
    pub fn max_concurrent(mut self, scrapes: usize) -> Self {
        self.max_concurrent = scrapes;
        self
    }

    /// Answers one request. Nothing is read from its body.
    pub fn respond<B>(&self, request: &Request<B>) -> Response<ScrapeBody> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut response = Response::new(ScrapeBody::empty());
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let format = negotiate(joined(request.headers(), &header::ACCEPT).as_deref());
        let gzip = self.gzip && accepts_gzip(joined(request.headers(), &header::ACCEPT_ENCODING).as_deref());
        let body = if request.method() == Method::HEAD {
            ScrapeBody::empty()
        } else {
            let Inner { registry, resource, tallies, places } = &*self.inner;
            let Some(place) = places.take(self.max_concurrent) else {
                tallies.rejected();
                return busy();
            };
            let exposition = Exposition::new(registry, resource, format).names(self.names).created(self.created);
            ScrapeBody::new(exposition, gzip, registry.clock().clone(), tallies.of(format.syntax()), place)
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        if let Ok(content_type) = HeaderValue::try_from(format.content_type()) {
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        if gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        headers.insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
        response
    }
}

impl<B> Service<Request<B>> for PrometheusEndpoint {
    type Response = Response<ScrapeBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.respond(&request)))
    }
}

fn busy() -> Response<ScrapeBody> {
    let mut response = Response::new(ScrapeBody::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// All lines of a header as one; those that are not text are left out.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines: Vec<&str> = headers.get_all(name).iter().filter_map(|line| line.to_str().ok()).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}
