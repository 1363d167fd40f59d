//! Requests that are meant to hurt: too long, too many, not text, too slow.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::routing::{any, get, post};
use bellwether_core::{Facts, Scope};
use bellwether_tower::{ObserveLayer, Sampler};
use http::{HeaderValue, Response};
use tower::{Layer, ServiceExt, service_fn};

use crate::harness::{Client, Raw, Server, Version, Watch, check_all, check_once, observed};

fn app() -> Router {
    Router::new().route("/up", post(async |body: Bytes| body.len().to_string())).route("/hello", any(async || "hello"))
}

/// A megabyte in each header that the layer reads.
#[tokio::test]
async fn megabyte_headers() {
    for name in ["x-request-id", "traceparent", "tracestate", "content-type", "user-agent", "content-length", "host"] {
        let watch = Watch::new();
        let layer = ObserveLayer::builder(&watch.registry)
            .listener(watch.listener())
            .sampler(Sampler::always())
            .build()
            .unwrap();
        let service = layer.layer(service_fn(async |request: Request| {
            assert!(request.headers().get("x-request-id").is_none_or(|id| id.len() <= 128));
            let longest = Scope::current().request_id().map_or(0, |id| id.as_str().len());
            Ok::<_, std::convert::Infallible>(Response::new(Body::from(longest.to_string())))
        }));
        let mut request = Request::new(Body::empty());
        request.headers_mut().insert(name, HeaderValue::from_bytes(&vec![b'7'; 1 << 20]).unwrap());
        if name == "tracestate" {
            let parent = HeaderValue::from_static("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
            request.headers_mut().insert("traceparent", parent);
        }
        let answer = service.oneshot(request).await.unwrap();
        assert!(answer.headers()["x-request-id"].len() <= 128);
        let body = axum::body::to_bytes(Body::new(answer.into_body()), 100).await.unwrap();
        assert_eq!(body, "32", "{name}");
        watch.is(&["GET http - 200 1.1 - success"]);
        assert!(watch.size().1 < 10_000, "{name}: {:?}", watch.size());
    }
}

#[tokio::test]
async fn megabyte_id_over_loopback() {
    let watch = Watch::new();
    let server = Server::start(app().layer(watch.layer())).await;
    let mut raw = Raw::connect(&server).await;
    let id = "a".repeat(1 << 20);
    raw.write(format!("GET /hello HTTP/1.1\r\nhost: a\r\nx-request-id: {id}\r\n\r\n")).await;
    let seen = raw.until(b"hello").await;
    assert!(seen.len() < 1000, "it is not reflected");
    check_once(&watch, server, "GET http /hello 200 1.1 - success").await;
    assert_eq!(watch.counters("bellwether.server.request_ids_replaced"), ["=1"]);
    assert_eq!(watch.the_one().request_id.len(), 32);
}

/// As many headers as hyper lets through, every one of them an id.
#[tokio::test]
async fn header_bomb() {
    let watch = Watch::new();
    let server = Server::start(app().layer(watch.layer())).await;
    let mut raw = Raw::connect(&server).await;
    let bomb = "x-request-id: a\r\ntraceparent: x\r\ntracestate: a=1\r\n".repeat(30);
    raw.write(format!("GET /hello HTTP/1.1\r\nhost: a\r\n{bomb}\r\n")).await;
    raw.until(b"hello").await;
    check_once(&watch, server, "GET http /hello 200 1.1 - success").await;
    assert_eq!(watch.counters("bellwether.server.request_ids_replaced"), ["=1"]);
    assert_eq!(watch.counters("bellwether.server.traceparents_malformed"), ["=1"]);
}

/// What hyper itself refuses never was a request of the service.
#[tokio::test]
async fn not_http() {
    let watch = Watch::new();
    let server = Server::start(app().layer(watch.layer())).await;
    let more_headers_than_allowed = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "a: b\r\n".repeat(1000));
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello \r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET /hello HTTP/9.9\r\n\r\n",
        b"G\xffT /hello HTTP/1.1\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        more_headers_than_allowed.as_bytes(),
    ] {
        let mut raw = Raw::connect(&server).await;
        raw.write(bytes).await;
        let _ = raw.into_rest().await;
    }
    server.stop().await;
    watch.is(&[]);
}

#[tokio::test]
async fn headers_that_are_not_text() {
    let watch = Watch::new();
    let layer =
        ObserveLayer::builder(&watch.registry).listener(watch.listener()).sampler(Sampler::always()).build().unwrap();
    let server = Server::start(app().layer(layer)).await;
    let mut raw = Raw::connect(&server).await;
    raw.write(b"GET /hello HTTP/1.1\r\nhost: \xff\xfe\r\nuser-agent: \x80\x81\r\nx-request-id: \xc3\x28\r\ntraceparent: \xe9\r\ntracestate: \xff=1\r\ncontent-type: \xf0\x28\x8c\x28\r\n\r\n").await;
    let seen = raw.until(b"hello").await;
    assert!(seen.starts_with("HTTP/1.1 200"), "{seen}");
    check_once(&watch, server, "GET http /hello 200 1.1 - success").await;
}

#[tokio::test]
async fn paths_that_are_not_text() {
    let watch = Watch::new();
    let layer =
        ObserveLayer::builder(&watch.registry).listener(watch.listener()).sampler(Sampler::always()).build().unwrap();
    let server = Server::start(app().layer(layer)).await;
    let long = "x".repeat(60_000);
    for target in
        ["/%ff%fe", "/..%2f..%2fetc/passwd", "//", "/\u{e9}\u{1f600}", &format!("/{long}?{long}"), "*", "http://a/b"]
    {
        let mut raw = Raw::connect(&server).await;
        let method = if target == "*" { "OPTIONS" } else { "GET" };
        raw.write(format!("{method} {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")).await;
        let _ = raw.into_rest().await;
    }
    server.stop().await;
    assert_eq!(watch.in_flight(), 0.0);
    for line in watch.lines() {
        assert!(line.ends_with("http - 404 1.1 - client_error"), "{line}");
    }
}

/// A body that comes byte by byte is one request, and its size is what came.
#[tokio::test]
async fn slow_loris() {
    let watch = Watch::new();
    let server = Server::start(app().layer(watch.layer())).await;
    let mut raw = Raw::connect(&server).await;
    raw.write("POST /up HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n").await;
    watch.under_way(1).await;
    for _ in 0..100 {
        raw.write("1\r\nx\r\n").await;
        tokio::task::yield_now().await;
        assert_eq!(watch.in_flight(), 1.0);
    }
    raw.write("0\r\n\r\n").await;
    raw.until(b"100").await;
    check_once(&watch, server, "POST http /up 200 1.1 - success").await;
    assert_eq!(watch.total("http.server.request.body.size"), (1, 100.0));
}

/// A hundred of them that never finish, and leave.
#[tokio::test]
async fn many_slow_lorises() {
    let watch = Watch::new();
    let server = Server::start(app().layer(watch.layer())).await;
    let mut all = Vec::new();
    for n in 0..100 {
        let mut raw = Raw::connect(&server).await;
        raw.write("POST /up HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nx").await;
        watch.under_way(n + 1).await;
        all.push(raw);
    }
    all.into_iter().for_each(Raw::reset);
    watch.settled(100).await;
    server.stop().await;
    assert_eq!(watch.lines().len(), 100);
    assert_eq!(watch.in_flight(), 0.0);
}

/// A declared length that is not a number, or none that fits, is not believed.
#[tokio::test]
async fn lengths_that_are_none() {
    for length in ["-1", "1e9", "18446744073709551616", "", " ", "0x10"] {
        let watch = Watch::new();
        let service = observed(
            &watch,
            service_fn(async |_: Request| {
                let answer = Response::builder().header("content-length", "not a number");
                Ok::<_, std::convert::Infallible>(answer.body(Body::from("hello")).unwrap())
            }),
        );
        let request = Request::builder().header("content-length", length).body(Body::empty()).unwrap();
        let answer = service.oneshot(request).await.unwrap();
        axum::body::to_bytes(Body::new(answer.into_body()), 100).await.unwrap();
        watch.is(&["GET http - 200 1.1 - success"]);
    }
}

/// An application that passes on what clients say is bounded, too.
#[tokio::test]
async fn what_is_said_to_the_scope() {
    let watch = Watch::new();
    let handler = async |request: Request| {
        let path = request.uri().path().to_owned();
        let scope = Scope::current();
        scope.transaction(&path).customer("x".repeat(1 << 20));
        for n in 0..10_000 {
            scope.step(format!("{path}/{n}/{}", "y".repeat(2000)));
        }
        scope.look(|facts| (facts.steps.len(), facts.turned_away)).map(|seen| format!("{seen:?}")).unwrap_or_default()
    };
    let server = Server::start(Router::new().route("/{*any}", get(handler)).layer(watch.layer())).await;
    let mut client = Client::connect(&server, Version::Two).await;
    for n in 0..100 {
        let answer = client.get(&format!("/{n}")).await;
        assert_eq!(answer.text, format!("({}, {})", Facts::MAX_STEPS, 10_000 - Facts::MAX_STEPS));
    }
    check_all(&watch, server, &["GET http /{*any} 200 2 - success"; 100]).await;
    let steps = watch.registry.metric("bellwether.journey.steps").unwrap();
    assert_eq!(steps.len(), steps.max_series());
    assert!(steps.overflowed() > 0);
    assert!(steps.overflow().is_some());
    assert!(watch.size().1 < 5 << 20, "{:?}", watch.size());
}
