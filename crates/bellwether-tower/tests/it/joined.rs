//! A server that calls another: one trace, one request id, and the call noted in the scope of the request it was for.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bellwether_core::{Outcome, Scope, TraceContext};
use bellwether_tower::{CallLayer, Sampler};
use http::HeaderMap;
use http_body_util::BodyExt;

use crate::harness::calls::Calls;
use crate::harness::{Client, Server, Version, Watch, check_all};

/// The headers that arrived.
async fn arrived(headers: HeaderMap) -> String {
    let value = |name| headers.get(name).map_or("-", |value| value.to_str().unwrap());
    ["traceparent", "tracestate", "x-request-id"].map(value).join(" ")
}

async fn text(answer: crate::harness::calls::Answer) -> String {
    String::from_utf8(answer.unwrap().into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// What the callee sees of the headers that the caller's caller sent.
async fn through(headers: &[(&'static str, &'static str)], forward: bool) -> String {
    let (front, back) = (Watch::new(), Watch::new());
    let callee = Server::start(Router::new().route("/seen", get(arrived)).layer(back.layer())).await;
    let calls = Calls::new(&front.call_layer(), &callee, Version::One);
    let handler = async move |incoming: HeaderMap| {
        let mut calls = calls.clone();
        let mut request = calls.request("GET", "/seen").body(Body::empty()).unwrap();
        if forward {
            *request.headers_mut() = incoming;
        }
        let own = Scope::current().trace().unwrap().to_string();
        format!("{own} {}", text(calls.send(request).await).await)
    };
    let server = Server::start(Router::new().route("/", get(handler)).layer(front.layer())).await;
    let mut client = Client::connect(&server, Version::One).await;
    let mut request = client.request("GET", "/").body(Body::empty()).unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    let answer = client.ask_with(request).await;
    front.settled(2).await;
    server.stop().await;
    callee.stop().await;
    // One of the client, one of the server, and each of the two servers heard the same id.
    assert_eq!(back.the_one().request_id, front.ended()[0].request_id);
    assert_eq!(answer.header("x-request-id"), back.the_one().request_id);
    answer.text
}

#[tokio::test]
async fn trace_and_id_go_on() {
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";
    let headers = [("traceparent", parent), ("tracestate", "a=1,b=2"), ("x-request-id", "mine")];
    for forward in [false, true] {
        let seen = through(&headers, forward).await;
        let [own, onward, state, id] = seen.split(' ').collect::<Vec<_>>()[..] else { panic!("{seen}") };
        let [own, onward] = [own, onward].map(|trace| TraceContext::parse(trace.as_bytes()).unwrap());
        assert_eq!(onward.trace_id(), own.trace_id());
        assert_eq!(own.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_ne!(onward.span_id(), own.span_id(), "the call is a span of its own");
        assert!(onward.sampled() && onward.random());
        assert_eq!((state, id), ("a=1,b=2", "mine"));
    }
}

/// What was not believed is not passed on, also when a proxy hands on all headers.
#[tokio::test]
async fn malformed_goes_no_further() {
    let headers = [("traceparent", "00-nonsense"), ("tracestate", "a=1"), ("x-request-id", "<script>")];
    for forward in [false, true] {
        let seen = through(&headers, forward).await;
        let [own, onward, state, id] = seen.split(' ').collect::<Vec<_>>()[..] else { panic!("{seen}") };
        let [own, onward] = [own, onward].map(|trace| TraceContext::parse(trace.as_bytes()).unwrap());
        assert_eq!(onward.trace_id(), own.trace_id());
        assert_eq!((state, id), ("-", &*own.trace_id().to_string()));
    }
}

/// A call outside of any request begins a trace, sampled as the layer says, and has no request id to pass on.
#[tokio::test]
async fn outside_of_any_request() {
    for (sampler, sampled) in [(Sampler::never(), false), (Sampler::always(), true)] {
        let watch = Watch::new();
        let callee = Server::start(Router::new().route("/seen", get(arrived))).await;
        let layer = CallLayer::builder(&watch.registry).sampler(sampler).build().unwrap();
        let mut calls = Calls::new(&layer, &callee, Version::Two);
        let seen = text(calls.ask("GET", "/seen").await).await;
        let [trace, state, id] = seen.split(' ').collect::<Vec<_>>()[..] else { panic!("{seen}") };
        let trace = TraceContext::parse(trace.as_bytes()).unwrap();
        assert_eq!((trace.sampled(), trace.random()), (sampled, true));
        assert_eq!((state, id), ("-", "-"));
        callee.stop().await;
    }
}

/// An id that the application gives the call is its own business.
#[tokio::test]
async fn own_id_is_kept() {
    let watch = Watch::new();
    let callee = Server::start(Router::new().route("/seen", get(arrived))).await;
    let mut calls = Calls::new(&watch.call_layer(), &callee, Version::One);
    let request = calls.request("GET", "/seen").header("x-request-id", "own").body(Body::empty()).unwrap();
    let scope = Scope::builder(TraceContext::root(false)).open();
    let seen = text(scope.wrap(calls.send(request)).await).await;
    assert!(seen.ends_with(" own"), "{seen}");
    callee.stop().await;
}

#[tokio::test]
async fn calls_are_noted() {
    let watch = Watch::new();
    let callee = Router::new()
        .route("/good", get(async || "hello"))
        .route("/bad", get(async || http::StatusCode::SERVICE_UNAVAILABLE));
    let callee = Server::start(callee).await;
    let layer = watch.call_layer();
    let llm = Calls::new(&layer.for_peer("llm"), &callee, Version::One);
    let plain = Calls::new(&layer, &callee, Version::One);
    let handler = async move || {
        text(llm.clone().ask("GET", "/good").await).await;
        text(llm.clone().ask("GET", "/bad").await).await;
        text(plain.clone().ask("GET", "/good").await).await
    };
    let server = Server::start(Router::new().route("/", get(handler)).layer(watch.layer())).await;
    Client::connect(&server, Version::Two).await.get("/").await;
    let at = format!("{} {}", callee.addr.ip(), callee.addr.port());
    let good = format!("-> GET {at} 200 1.1 - success");
    let bad = format!("-> GET {at} 503 1.1 503 failure");
    let lines = [good.as_str(), &good, &bad, "GET http / 200 2 - success"];
    check_all(&watch, server, &lines).await;
    callee.stop().await;
    let heard = watch.ended();
    let calls: Vec<_> = heard[3].calls.iter().map(|call| (&*call.peer, call.outcome, call.error.as_deref())).collect();
    let expect = [
        ("llm", Outcome::Success, None),
        ("llm", Outcome::Failure, Some("503")),
        ("127.0.0.1", Outcome::Success, None),
    ];
    assert_eq!(format!("{calls:?}"), format!("{expect:?}"));
}
