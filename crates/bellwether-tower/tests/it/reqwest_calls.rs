//! The same for reqwest, through its middleware.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Redirect;
use axum::routing::{get, post};
use bellwether_core::{Scope, TraceContext};
use bellwether_tower::ObserveCalls;
use futures_util::{StreamExt, poll, stream};
use http::{HeaderMap, StatusCode};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

use crate::calls::first;
use crate::ends::pieces;
use crate::harness::{Server, Version, Watch, check_once};

fn app() -> Router {
    Router::new()
        .route("/hello", get(async || "hello"))
        .route("/stream", get(async || pieces(&["one ", "two"])))
        .route("/none", get(async || StatusCode::NO_CONTENT))
        .route("/busy", get(async || StatusCode::TOO_MANY_REQUESTS))
        .route("/elsewhere", get(async || Redirect::temporary("/hello")))
        .route("/never", get(std::future::pending::<()>))
        .route("/endless", get(async || Body::from_stream(first().chain(stream::pending()))))
        .route("/half", get(async || Body::from_stream(first().chain(stream::iter([Err(std::io::Error::other("x"))])))))
        .route("/up", post(async |body: Bytes| body.len().to_string()))
        .route("/seen", get(async |headers: HeaderMap| format!("{:?}", headers.get("traceparent"))))
}

/// A client for loopback. In a build that has TLS but no provider, reqwest wants one before it speaks even plain HTTP.
pub(crate) fn plain() -> reqwest::ClientBuilder {
    // An error says that another test of this process was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().tls_certs_only([]).no_proxy()
}

/// A client, and the origin it calls.
struct Calls {
    client: ClientWithMiddleware,
    origin: String,
}

impl Calls {
    fn get(&self, path: &str) -> reqwest_middleware::RequestBuilder {
        self.client.get(format!("{}{path}", self.origin))
    }
}

async fn check(ask: impl AsyncFn(Calls), expect: &str) {
    for version in Version::BOTH {
        let watch = Watch::new();
        let server = Server::start(app()).await;
        let at = format!("{} {}", server.addr.ip(), server.addr.port());
        let client = match version {
            Version::One => plain().http1_only(),
            Version::Two => plain().http2_prior_knowledge(),
        };
        let client = client.build().unwrap();
        let client = ClientBuilder::new(client).with(ObserveCalls::new(watch.call_layer())).build();
        ask(Calls { client, origin: format!("http://{}", server.addr) }).await;
        check_once(&watch, server, &expect.replace("{v}", version.name()).replace("{at}", &at)).await;
    }
}

#[tokio::test]
async fn to_the_end() {
    for (path, text) in [("/hello", "hello"), ("/stream", "one two")] {
        let ask = async |calls: Calls| {
            let answer = calls.get(path).send().await.unwrap();
            assert_eq!(answer.url().path(), path);
            assert_eq!(answer.text().await.unwrap(), text);
        };
        check(ask, "-> GET {at} 200 {v} - success").await;
    }
}

#[tokio::test]
async fn without_a_body() {
    check(async |calls| drop(calls.get("/none").send().await.unwrap()), "-> GET {at} 204 {v} - success").await;
}

#[tokio::test]
async fn throttled() {
    let ask = async |calls: Calls| assert_eq!(calls.get("/busy").send().await.unwrap().status(), 429);
    check(ask, "-> GET {at} 429 {v} 429 throttled").await;
}

/// Redirects are followed below the middleware: one call, to where it was sent.
#[tokio::test]
async fn redirected() {
    let ask = async |calls: Calls| {
        let answer = calls.get("/elsewhere").send().await.unwrap();
        assert_eq!(answer.url().path(), "/hello");
        assert_eq!(answer.text().await.unwrap(), "hello");
    };
    check(ask, "-> GET {at} 200 {v} - success").await;
}

#[tokio::test]
async fn answer_breaks_off() {
    let ask = async |calls: Calls| drop(calls.get("/half").send().await.unwrap().text().await.unwrap_err());
    check(ask, "-> GET {at} 200 {v} response_body_error failure").await;
}

#[tokio::test]
async fn deadline_passes() {
    let ask = async |calls: Calls| {
        let error = calls.get("/never").timeout(Duration::from_millis(20)).send().await.unwrap_err();
        assert!(error.is_timeout());
    };
    check(ask, "-> GET {at} - 1.1 timeout failure").await;
}

#[tokio::test]
async fn given_up_before_the_head() {
    let ask = async |calls: Calls| {
        let mut call = Box::pin(calls.get("/never").send());
        assert!(poll!(call.as_mut()).is_pending());
    };
    check(ask, "-> GET {at} - 1.1 - cancelled").await;
}

#[tokio::test]
async fn given_up_in_the_body() {
    let ask = async |calls: Calls| {
        let mut answer = calls.get("/endless").send().await.unwrap();
        assert_eq!(answer.chunk().await.unwrap().unwrap(), "first");
    };
    check(ask, "-> GET {at} 200 {v} - cancelled").await;
}

#[tokio::test]
async fn nobody_listens() {
    let watch = Watch::new();
    let server = Server::start(app()).await;
    let addr = server.addr;
    server.stop().await;
    let client = ClientBuilder::new(plain().build().unwrap()).with(ObserveCalls::new(watch.call_layer())).build();
    client.get(format!("http://{addr}/hello")).send().await.unwrap_err();
    watch.is(&[&format!("-> GET {} {} - 1.1 connect failure", addr.ip(), addr.port())]);
}

#[tokio::test]
async fn trace_goes_on() {
    let ask = async |calls: Calls| {
        let scope = Scope::builder(TraceContext::root(true)).open();
        let seen = scope.wrap(async { calls.get("/seen").send().await.unwrap().text().await.unwrap() }).await;
        let trace = scope.trace().unwrap();
        assert!(seen.contains(&format!("00-{}-", trace.trace_id())), "{seen}");
        assert!(!seen.contains(&trace.span_id().to_string()), "the call is a span of its own: {seen}");
        assert_eq!(scope.facts().calls.len(), 1);
    };
    check(ask, "-> GET {at} 200 {v} - success").await;
}

#[tokio::test]
async fn url_that_is_no_uri() {
    let ask = async |calls: Calls| {
        let _ = calls.get(&format!("/{}", "x".repeat(70_000))).send().await;
    };
    let watch = Watch::new();
    let server = Server::start(app()).await;
    let client = ClientBuilder::new(plain().build().unwrap()).with(ObserveCalls::new(watch.call_layer())).build();
    ask(Calls { client, origin: format!("http://{}", server.addr) }).await;
    server.stop().await;
    assert_eq!(watch.lines().len(), 1, "{:?}", watch.lines());
    assert_eq!(watch.in_flight(), 0.0);
}
