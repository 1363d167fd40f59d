//! The same for calls that are made: however an answer ends, over a real connection, the call is accounted for once.

use std::any::Any;
use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Sse;
use axum::response::sse::Event;
use axum::routing::{any, get, post};
use bellwether_core::Outcome;
use bellwether_tower::CallLayer;
use futures_util::{FutureExt, StreamExt, poll, stream};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

use crate::echo::{self, Caller, code, drain, text};
use crate::ends::pieces;
use crate::harness::calls::{Calls, check_call, plain};
use crate::harness::watch::PEER_NAME;
use crate::harness::{Server, Version, Watch, check_once};

fn app() -> Router {
    Router::new()
        .route("/hello", any(async || "hello"))
        .route("/stream", get(async || pieces(&["one ", "two"])))
        .route("/none", get(async || StatusCode::NO_CONTENT))
        .route("/never", get(pending::<()>))
        .route("/endless", get(async || endless("first")))
        .route("/half", get(async || Body::from_stream(first().chain(stream::iter([Err(std::io::Error::other("x"))])))))
        .route("/done", get(async || events("data: {}\n\ndata: [DONE]\n\n")))
        .route("/more", get(async || events("data: {}\n\n")))
        .route("/busy", get(async || (StatusCode::TOO_MANY_REQUESTS, endless("later"))))
        .route("/status/{status}", get(async |path: axum::extract::Path<u16>| StatusCode::from_u16(path.0).unwrap()))
        .route("/up", post(async |body: Bytes| body.len().to_string()))
}

/// A body that says something and does not end.
fn endless(text: &'static str) -> Body {
    Body::from_stream(stream::iter([Ok::<_, std::io::Error>(text)]).chain(stream::pending()))
}

fn events(text: &'static str) -> impl axum::response::IntoResponse {
    ([("content-type", "text/event-stream")], endless(text))
}

/// One piece, and then a pause in which it goes out, before whatever comes breaks off.
pub(crate) fn first() -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send {
    let pause = stream::once(tokio::task::yield_now()).filter_map(async |()| None);
    stream::iter([Ok(Bytes::from_static(b"first"))]).chain(pause)
}

#[tokio::test]
async fn to_the_end() {
    for (path, answer) in [("/hello", "hello"), ("/stream", "one two")] {
        let ask = async |mut calls: Calls| assert_eq!(calls.text(path).await, answer);
        check_call(app(), ask, "-> GET {at} 200 {v} - success").await;
    }
}

#[tokio::test]
async fn without_a_body() {
    let ask = async |mut calls: Calls| drop(calls.ask("GET", "/none").await.unwrap());
    check_call(app(), ask, "-> GET {at} 204 {v} - success").await;
    let ask = async |mut calls: Calls| drop(calls.ask("HEAD", "/hello").await.unwrap());
    check_call(app(), ask, "-> HEAD {at} 200 {v} - success").await;
}

/// To a client, 4xx is an error; 429 says when to come back.
#[tokio::test]
async fn every_class_of_status() {
    for (status, rest) in [
        (302, "- success"),
        (400, "400 client_error"),
        (404, "404 client_error"),
        (429, "429 throttled"),
        (500, "500 failure"),
        (503, "503 failure"),
        (599, "599 failure"),
    ] {
        let ask = async |mut calls: Calls| drop(calls.text(&format!("/status/{status}")).await);
        check_call(app(), ask, &format!("-> GET {{at}} {status} {{v}} {rest}")).await;
    }
}

#[tokio::test]
async fn answer_breaks_off() {
    let ask = async |mut calls: Calls| assert_eq!(calls.text("/half").await, "first");
    check_call(app(), ask, "-> GET {at} 200 {v} response_body_error failure").await;
}

/// That the application no longer wants the answer is nobody's error.
#[tokio::test]
async fn given_up_before_the_head() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let server = Server::start(app()).await;
        let mut calls = Calls::new(&watch.call_layer(), &server, version);
        let mut call = Box::pin(calls.ask("GET", "/never"));
        assert!(poll!(call.as_mut()).is_pending());
        assert_eq!(watch.in_flight(), 1.0);
        drop(call);
        let at = format!("{} {}", server.addr.ip(), server.addr.port());
        check_once(&watch, server, &format!("-> GET {at} - {} - cancelled", version.name())).await;
    }
}

/// Clients of language models stop reading at `[DONE]`, and few read the text of an error.
#[tokio::test]
async fn read_as_far_as_needed() {
    for (path, expect) in [
        ("/done", "-> GET {at} 200 {v} - success"),
        ("/more", "-> GET {at} 200 {v} - cancelled"),
        ("/busy", "-> GET {at} 429 {v} 429 throttled"),
    ] {
        let ask = async |mut calls: Calls| {
            let mut body = calls.ask("GET", path).await.unwrap().into_body();
            body.frame().await.unwrap().unwrap();
            drop(body);
        };
        check_call(app(), ask, expect).await;
    }
}

#[tokio::test]
async fn given_up_in_the_body() {
    let ask = async |mut calls: Calls| {
        let mut body = calls.ask("GET", "/endless").await.unwrap().into_body();
        body.frame().await.unwrap().unwrap();
        drop(body);
    };
    check_call(app(), ask, "-> GET {at} 200 {v} - cancelled").await;
}

#[tokio::test]
async fn nobody_listens() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let server = Server::start(app()).await;
        let layer = CallLayer::builder(&watch.registry)
            .listener(watch.listener())
            .peer("stt")
            .error_kinds(|error: &dyn Any| {
                let error = error.downcast_ref::<hyper_util::client::legacy::Error>()?;
                error.is_connect().then_some(("connect", Outcome::Failure))
            })
            .build()
            .unwrap();
        let mut calls = Calls::new(&layer, &server, version);
        let at = format!("{} {}", server.addr.ip(), server.addr.port());
        server.stop().await;
        calls.ask("GET", "/hello").await.unwrap_err();
        watch.is(&[&format!("-> GET {at} - {} connect failure", version.name())]);
        assert_eq!(watch.the_one().peer.as_deref(), Some("stt"));
        let (labels, _) = &watch.histogram("http.client.request.duration")[0];
        assert!(labels.contains(&(PEER_NAME.to_owned(), "stt".to_owned())), "{labels:?}");
    }
}

/// Without a word from the application, an error goes by the name of its type.
#[tokio::test]
async fn connection_is_closed_at_once() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let accepting = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let watch = Watch::new();
    let service = watch.call_layer().layer(plain(Version::One));
    let request = Request::builder().uri(format!("http://{addr}/")).body(Body::empty()).unwrap();
    service.oneshot(request).await.unwrap_err();
    watch.is(&[&format!("-> GET {} {} - 1.1 Error failure", addr.ip(), addr.port())]);
    accepting.abort();
}

/// A deadline within the layer is an error of the call; one around it gives the call up.
#[tokio::test]
async fn deadlines() {
    let watch = Watch::new();
    let server = Server::start(app()).await;
    let at = format!("{} {}", server.addr.ip(), server.addr.port());
    let kinds = |error: &dyn Any| {
        let error = error.downcast_ref::<tower::BoxError>()?;
        error.is::<tower::timeout::error::Elapsed>().then_some(("timeout", Outcome::Failure))
    };
    let layer = CallLayer::builder(&watch.registry).listener(watch.listener()).error_kinds(kinds).build().unwrap();
    let request = || Request::builder().uri(format!("http://{}/never", server.addr)).body(Body::empty()).unwrap();
    let soon = Duration::from_millis(1);
    let within = ServiceBuilder::new().layer(layer.clone()).timeout(soon).service(plain(Version::One));
    within.oneshot(request()).await.unwrap_err();
    let around = ServiceBuilder::new().timeout(soon).layer(layer).service(plain(Version::One));
    around.oneshot(request()).await.unwrap_err();
    server.stop().await;
    let lines = [format!("-> GET {at} - 1.1 - cancelled"), format!("-> GET {at} - 1.1 timeout failure")];
    watch.is(&lines.each_ref().map(String::as_str));
}

/// Attempts outside of the layer are calls of their own.
#[tokio::test]
async fn retries_around_the_layer() {
    #[derive(Clone)]
    struct Twice(u32);
    impl tower::retry::Policy<Request<()>, Response<Body>, Infallible> for Twice {
        type Future = std::future::Ready<()>;

        fn retry(
            &mut self,
            _: &mut Request<()>,
            answer: &mut Result<Response<Body>, Infallible>,
        ) -> Option<Self::Future> {
            let failed = answer.as_ref().is_ok_and(|answer| answer.status().is_server_error());
            self.0 = self.0.checked_sub(1).filter(|_| failed)?;
            Some(std::future::ready(()))
        }

        fn clone_request(&mut self, request: &Request<()>) -> Option<Request<()>> {
            Request::builder().uri(request.uri()).body(()).ok()
        }
    }
    let watch = Watch::new();
    let server = Server::start(app()).await;
    let at = format!("{} {}", server.addr.ip(), server.addr.port());
    let observed = watch.call_layer().layer(plain(Version::One));
    let whole = service_fn(move |request: Request<()>| {
        let call = observed.clone().oneshot(request.map(|()| Body::empty()));
        async { Ok::<_, Infallible>(call.await.unwrap().map(Body::new)) }
    });
    let request = Request::builder().uri(format!("http://{}/status/503", server.addr)).body(()).unwrap();
    let answer = ServiceBuilder::new().retry(Twice(2)).service(whole).oneshot(request).await.unwrap();
    answer.into_body().collect().await.unwrap();
    server.stop().await;
    let line = format!("-> GET {at} 503 1.1 503 failure");
    watch.is(&[&*line; 3]);
}

#[tokio::test]
async fn call_panics() {
    let watch = Watch::new();
    let service = watch.call_layer().layer(service_fn(|request: Request<Body>| {
        assert_ne!(request.method(), "GET", "on purpose");
        std::future::ready(Ok::<_, Infallible>(Response::new(Body::empty())))
    }));
    let request = Request::builder().uri("http://a:1/").body(Body::empty()).unwrap();
    let call = std::panic::AssertUnwindSafe(service.oneshot(request)).catch_unwind().await;
    assert!(call.is_err());
    watch.is(&["-> GET a 1 - 1.1 panic failure"]);
}

#[tokio::test]
async fn ports_and_schemes() {
    for (uri, at) in [
        ("http://a.example/", "a.example 80"),
        ("https://a.example/x?key=secret", "a.example 443"),
        ("https://a.example:8443/", "a.example 8443"),
        ("http://[::1]:9/", "[::1] 9"),
        ("/origin/form", "- -"),
    ] {
        let watch = Watch::new();
        let service = service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::empty())));
        let request = Request::builder().uri(uri).body(Body::empty()).unwrap();
        watch.call_layer().layer(service).oneshot(request).await.unwrap();
        watch.is(&[&format!("-> GET {at} 200 1.1 - success")]);
    }
}

/// The version is that of the answer: a client asks for what it can, and the connection decides.
#[tokio::test]
async fn version_that_was_spoken() {
    let watch = Watch::new();
    let server = Server::start(app()).await;
    let at = format!("{} {}", server.addr.ip(), server.addr.port());
    let request = Request::builder().uri(format!("http://{}/hello", server.addr)).body(Body::empty()).unwrap();
    let answer = watch.call_layer().layer(plain(Version::Two)).oneshot(request).await.unwrap();
    answer.into_body().collect().await.unwrap();
    check_once(&watch, server, &format!("-> GET {at} 200 2 - success")).await;
}

#[tokio::test]
async fn sizes() {
    let watch = Watch::new();
    let server = Server::start(app()).await;
    let mut calls = Calls::new(&watch.call_layer(), &server, Version::One);
    for body in [Body::from("x".repeat(1000)), pieces(&["a", "b"])] {
        let request = calls.request("POST", "/up").body(body).unwrap();
        calls.send(request).await.unwrap().into_body().collect().await.unwrap();
    }
    watch.settled(2).await;
    server.stop().await;
    assert_eq!(watch.total("http.client.request.body.size"), (1, 1000.0), "of a stream it is not known");
    assert_eq!(watch.total("http.client.response.body.size"), (2, 5.0));
    assert_eq!(watch.total("bellwether.client.time_to_first_byte").0, 2);
}

/// A streamed answer's latency is the time to its first byte.
#[tokio::test]
async fn server_sent_events() {
    let watch = Watch::new();
    let clock = watch.clock.clone();
    let events = async move || {
        Sse::new(stream::iter(["one", "two"]).then(move |data| {
            let clock = clock.clone();
            async move {
                clock.advance(Duration::from_secs(1));
                Ok::<_, Infallible>(Event::default().data(data))
            }
        }))
    };
    let server = Server::start(Router::new().route("/events", get(events))).await;
    let mut calls = Calls::new(&watch.call_layer(), &server, Version::One);
    assert_eq!(calls.text("/events").await, "data: one\n\ndata: two\n\n");
    watch.settled(1).await;
    server.stop().await;
    let latency = watch.total("http.client.request.duration");
    assert_eq!(latency, watch.total("bellwether.client.time_to_first_byte"));
    assert!(latency.1 <= watch.the_one().duration.as_secs_f64());
}

/// A server of gRPC, called through the layer.
async fn check_grpc(
    call: impl AsyncFn(Caller<bellwether_tower::ObservedCall<tonic::transport::Channel>>),
    expect: &str,
) {
    let watch = Watch::new();
    let server = echo::serve(bellwether_tower::ObserveLayer::noop()).await;
    let at = format!("{} {}", server.addr.ip(), server.addr.port());
    let layer = watch.call_layer();
    call(Caller::through(&server, |channel| layer.layer(channel)).await).await;
    check_once(&watch, server, &expect.replace("{at}", &at)).await;
}

#[tokio::test]
async fn grpc() {
    let call = async |mut caller: Caller<_>| drop(caller.unary("/test.Echo/Say", text("hello")).await.unwrap());
    check_grpc(call, "-> grpc {at} test.Echo/Say OK - success").await;
    let call = async |mut caller: Caller<_>| assert_eq!(drain(caller.count(0, 3).await.unwrap()).await, (3, Ok(())));
    check_grpc(call, "-> grpc {at} test.Echo/Count OK - success").await;
}

/// To a client, all but OK is an error.
#[tokio::test]
async fn grpc_codes() {
    use tonic::Code;
    for (given, rest) in [
        (Code::NotFound, "NOT_FOUND NOT_FOUND client_error"),
        (Code::ResourceExhausted, "RESOURCE_EXHAUSTED RESOURCE_EXHAUSTED throttled"),
        (Code::Unavailable, "UNAVAILABLE UNAVAILABLE failure"),
        (Code::Cancelled, "CANCELLED CANCELLED cancelled"),
    ] {
        let call = async |mut caller: Caller<_>| drop(caller.unary("/test.Echo/Say", code(given)).await.unwrap_err());
        check_grpc(call, &format!("-> grpc {{at}} test.Echo/Say {rest}")).await;
        let call = async |mut caller: Caller<_>| {
            assert_eq!(drain(caller.count(given as i32, 2).await.unwrap()).await, (2, Err(given)));
        };
        check_grpc(call, &format!("-> grpc {{at}} test.Echo/Count {rest}")).await;
    }
}

/// The client knows what it called, also when the server does not.
#[tokio::test]
async fn grpc_unimplemented() {
    let call = async |mut caller: Caller<_>| drop(caller.unary("/test.Echo/Gone", text("")).await.unwrap_err());
    check_grpc(call, "-> grpc {at} test.Echo/Gone UNIMPLEMENTED UNIMPLEMENTED client_error").await;
}

#[tokio::test]
async fn grpc_given_up() {
    let call = async |mut caller: Caller<_>| {
        let mut messages = caller.count(-1, 2).await.unwrap();
        messages.message().await.unwrap().unwrap();
    };
    check_grpc(call, "-> grpc {at} test.Echo/Count CANCELLED - cancelled").await;
}
