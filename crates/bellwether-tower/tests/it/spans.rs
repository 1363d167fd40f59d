//! A sampled request is a span with the fields of the semantic conventions; an unsampled one is none.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::routing::{any, get};
use bellwether_core::Scope;
use bellwether_tower::{ObserveLayer, Sampler};
use tonic::Code;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::echo::{Caller, code, serve};
use crate::harness::{Client, Server, Version, Watch};

/// Spans as they end: name and fields, in the order they ended.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<String>>>, Arc<Mutex<Scope>>);

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        Scope::with_current(|scope| self.1.lock().unwrap().clone_from(scope));
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        // As any subscriber may ask.
        let _ = self.1.lock().unwrap().facts();
        values.record(context.span(id).unwrap().extensions_mut().get_mut::<Fields>().unwrap());
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let parent = span.parent().map(|parent| format!(" in {}", parent.name())).unwrap_or_default();
        let mut lines = format!("{}{parent}", span.name());
        for (name, value) in &span.extensions().get::<Fields>().unwrap().0 {
            lines.push_str(&format!("\n  {name}: {value}"));
        }
        self.0.lock().unwrap().push(lines);
    }
}

/// Runs with spans captured on this thread, which is all there is.
fn spans(run: impl Future<Output = ()>) -> String {
    let spans = Spans::default();
    let subscriber =
        tracing_subscriber::registry().with(spans.clone().with_filter(tracing_subscriber::filter::filter_fn(
            |metadata| metadata.target().starts_with("bellwether") || metadata.target() == "app",
        )));
    let _default = tracing::subscriber::set_default(subscriber);
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run);
    let spans = spans.0.lock().unwrap();
    spans.join("\n")
}

fn layer(watch: &Watch) -> ObserveLayer {
    ObserveLayer::builder(&watch.registry).listener(watch.listener()).sampler(Sampler::always()).build().unwrap()
}

fn app() -> Router {
    Router::new()
        .route(
            "/users/{id}",
            any(async || {
                Scope::current().customer("c-17");
                tracing::info_span!(target: "app", "inner").in_scope(|| "hello")
            }),
        )
        .route("/fails", get(async || http::StatusCode::BAD_GATEWAY))
}

async fn ask(layer: ObserveLayer, watch: &Watch, method: &str, path: &str) {
    let server = Server::start(app().layer(layer)).await;
    let mut client = Client::connect(&server, Version::One).await;
    let request = client.request(method, path).header("user-agent", "test/1").header("x-request-id", "mine");
    client.ask_with(request.body(Body::empty()).unwrap()).await;
    watch.settled(1).await;
    server.stop().await;
}

#[test]
fn of_http() {
    let watch = Watch::new();
    let seen = spans(async { ask(layer(&watch), &watch, "GET", "/users/17?q=1&api_key=secret").await });
    insta::assert_snapshot!(seen, @r"
    inner in request
    request
      enduser.id: c-17
      http.request.method: GET
      http.response.status_code: 200
      http.route: /users/{id}
      network.protocol.version: 1.1
      otel.kind: server
      otel.name: GET /users/{id}
      request_id: mine
      url.path: /users/17
      url.query: q=1&api_key=[redacted]
      url.scheme: http
      user_agent.original: test/1
    ");
    assert!(watch.the_one().has_span);
}

#[test]
fn of_a_failure() {
    let watch = Watch::new();
    let seen = spans(async { ask(layer(&watch), &watch, "GET", "/fails").await });
    insta::assert_snapshot!(seen, @r"
    request
      error.type: 502
      http.request.method: GET
      http.response.status_code: 502
      http.route: /fails
      network.protocol.version: 1.1
      otel.kind: server
      otel.name: GET /fails
      otel.status_code: ERROR
      request_id: mine
      url.path: /fails
      url.scheme: http
      user_agent.original: test/1
    ");
}

/// The scanner's method is in the span, where it may be anything, and not in its name.
#[test]
fn of_an_unknown_method_and_route() {
    let watch = Watch::new();
    let seen = spans(async { ask(layer(&watch), &watch, "SCAN", "/secret").await });
    insta::assert_snapshot!(seen, @r"
    request
      http.request.method: _OTHER
      http.request.method_original: SCAN
      http.response.status_code: 404
      network.protocol.version: 1.1
      otel.kind: server
      otel.name: HTTP
      request_id: mine
      url.path: /secret
      url.scheme: http
      user_agent.original: test/1
    ");
}

#[test]
fn of_a_call() {
    let watch = Watch::new();
    let seen = spans(async {
        let server = serve(layer(&watch)).await;
        Caller::connect(&server).await.unary("/test.Echo/Say", code(Code::Internal)).await.unwrap_err();
        watch.settled(1).await;
        server.stop().await;
    });
    let seen = seen.replace(&watch.the_one().request_id, "(that of the trace)");
    insta::assert_snapshot!(seen, @r"
    request
      error.type: INTERNAL
      network.protocol.version: 2
      otel.kind: server
      otel.name: test.Echo/Say
      otel.status_code: ERROR
      request_id: (that of the trace)
      rpc.method: test.Echo/Say
      rpc.response.status_code: INTERNAL
      rpc.system.name: grpc
      user_agent.original: tonic/0.14.9
    ");
}

/// Not sampled is not built; the listener is told that there was none.
#[test]
fn of_what_is_not_sampled() {
    let watch = Watch::new();
    let seen = spans(async { ask(watch.layer(), &watch, "GET", "/users/17").await });
    assert_eq!(seen, "inner");
    assert!(!watch.the_one().has_span);
}

/// Where nobody listens there is no span either.
#[tokio::test]
async fn without_a_subscriber() {
    let watch = Watch::new();
    ask(layer(&watch), &watch, "GET", "/users/17").await;
    assert!(!watch.the_one().has_span);
}

/// The hook sees the span before it is entered, with the scope that it belongs to.
#[test]
fn hook() {
    let watch = Watch::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let hooked = Arc::clone(&seen);
    let layer = ObserveLayer::builder(&watch.registry)
        .listener(watch.listener())
        .sampler(Sampler::always())
        .span_hook(move |span, scope| {
            let id = scope.request_id().map(ToString::to_string);
            hooked.lock().unwrap().push((span.metadata().map(|metadata| metadata.target()), id));
        })
        .build()
        .unwrap();
    spans(async { ask(layer, &watch, "GET", "/users/17").await });
    assert_eq!(*seen.lock().unwrap(), [(Some("bellwether::server"), Some("mine".to_owned()))]);
}

/// A request that is cancelled or panics ends its span, too.
#[test]
fn of_a_panic() {
    let watch = Watch::new();
    let seen = spans(async {
        let app = Router::new().route("/panic", get(async || -> () { panic!("on purpose") }));
        let server = Server::start(app.layer(layer(&watch))).await;
        let mut client = Client::connect(&server, Version::One).await;
        let _ = client.send(client.request("GET", "/panic").body(Body::empty()).unwrap()).await;
        watch.settled(1).await;
        server.stop().await;
    });
    assert!(seen.contains("error.type: panic") && seen.contains("otel.status_code: ERROR"), "{seen}");
}

#[test]
fn of_a_body_that_breaks_off() {
    let watch = Watch::new();
    let seen = spans(async {
        let body = async || {
            let pieces = [Ok(axum::body::Bytes::from_static(b"first")), Err(std::io::Error::other("the disk is gone"))];
            Body::from_stream(futures_util::stream::iter(pieces))
        };
        let server = Server::start(Router::new().route("/half", get(body)).layer(layer(&watch))).await;
        let mut client = Client::connect(&server, Version::Two).await;
        let request = client.request("GET", "/half").body(Body::empty()).unwrap();
        if let Ok(answer) = client.send(request).await {
            let _ = http_body_util::BodyExt::collect(answer.into_body()).await;
        }
        watch.settled(1).await;
        server.stop().await;
    });
    for field in ["error.type: response_body_error", "otel.status_code: ERROR", "http.response.status_code: 200"] {
        assert!(seen.contains(field), "{field} in {seen}");
    }
}

/// A client that left: no status, but an error all the same.
#[test]
fn of_a_client_that_left() {
    let watch = Watch::new();
    let seen = spans(async {
        let app = Router::new().route("/never", get(std::future::pending::<()>));
        let server = Server::start(app.layer(layer(&watch))).await;
        let mut client = Client::connect(&server, Version::Two).await;
        let answer = client.send(client.request("GET", "/never").body(Body::empty()).unwrap());
        watch.under_way(1).await;
        drop(answer);
        watch.settled(1).await;
        server.stop().await;
    });
    assert!(seen.contains("error.type: client_cancelled") && seen.contains("otel.status_code: ERROR"), "{seen}");
    assert!(!seen.contains("http.response.status_code"), "{seen}");
}

/// A call made for a sampled request is a span within the request's, and names no query.
#[test]
fn of_a_call_that_is_made() {
    let watch = Watch::new();
    let seen = spans(async {
        let callee = Server::start(app()).await;
        let calls = crate::harness::calls::Calls::new(&watch.call_layer(), &callee, Version::One);
        let handler = async move || {
            let mut calls = calls.clone();
            calls.text("/fails?key=secret").await
        };
        let server = Server::start(Router::new().route("/front", get(handler)).layer(layer(&watch))).await;
        Client::connect(&server, Version::One).await.get("/front").await;
        watch.settled(2).await;
        server.stop().await;
        callee.stop().await;
    });
    let port = watch.lines()[0].split(' ').nth(3).unwrap().to_owned();
    let seen = seen.replace(&port, "(its)");
    let (call, _) = seen.split_once("\nrequest").unwrap();
    insta::assert_snapshot!(call, @r"
    call in request
      error.type: 502
      http.request.method: GET
      http.response.status_code: 502
      otel.kind: client
      otel.name: GET
      otel.status_code: ERROR
      server.address: 127.0.0.1
      server.port: (its)
      url.full: http://127.0.0.1:(its)/fails
    ");
}
