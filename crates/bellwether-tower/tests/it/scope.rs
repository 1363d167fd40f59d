//! The scope goes wherever the request goes, and what was said to it is counted when the request ends.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use bellwether_core::{Currency, Money, Outcome, Scope};
use futures_util::{StreamExt, stream};
use http::{Response, StatusCode};
use tonic::Code;
use tower::{Service, ServiceExt, service_fn};

use crate::echo::{Caller, code, serve, text};
use crate::harness::{Client, Server, Version, Watch, check_once, observed};

fn id() -> String {
    Scope::current().request_id().map(ToString::to_string).unwrap_or_default()
}

#[tokio::test]
async fn everywhere() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let places = Arc::new(Mutex::new(Vec::new()));
        let note = {
            let places = Arc::clone(&places);
            move |place: &'static str| places.lock().unwrap().push((place, id()))
        };
        let handler = {
            let note = note.clone();
            async move || {
                note("handler");
                tokio::task::yield_now().await;
                note("after an await");
                let in_task = note.clone();
                Scope::current().wrap(async move { in_task("wrapped") }).await;
                let pieces = stream::iter(["a", "b"]).map(move |piece| {
                    note("piece of the body");
                    Ok::<_, Infallible>(Bytes::from_static(piece.as_bytes()))
                });
                Body::from_stream(pieces)
            }
        };
        let inside = {
            let note = note.clone();
            move |request: Request, next: Next| {
                let note = note.clone();
                async move {
                    note("middleware");
                    let answer = next.run(request).await;
                    note("middleware after");
                    answer
                }
            }
        };
        let app = Router::new().route("/", get(handler)).layer(from_fn(inside)).layer(watch.layer());
        let server = Server::start(app).await;
        let mut client = Client::connect(&server, version).await;
        let request = client.request("GET", "/").header("x-request-id", "mine").body(Body::empty()).unwrap();
        client.ask_with(request).await;
        check_once(&watch, server, &format!("GET http / 200 {} - success", version.name())).await;
        let places = places.lock().unwrap().clone();
        let expect = [
            "middleware",
            "handler",
            "after an await",
            "wrapped",
            "middleware after",
            "piece of the body",
            "piece of the body",
        ];
        assert_eq!(places, expect.map(|place| (place, "mine".to_owned())));
        assert!(Scope::current().is_empty());
    }
}

/// What is dropped with an answer that is cut short is dropped in its scope.
#[tokio::test]
async fn dropped_with_the_body() {
    struct OnDrop(Arc<Mutex<Vec<String>>>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(id());
            Scope::current().step("dropped");
        }
    }
    for version in Version::BOTH {
        let watch = Watch::new();
        let dropped = Arc::new(Mutex::new(Vec::new()));
        let held = Arc::clone(&dropped);
        let handler = async move || {
            let on_drop = OnDrop(held);
            let pieces = stream::iter(["first"]).map(move |piece| {
                let _ = &on_drop;
                Ok::<_, Infallible>(Bytes::from_static(piece.as_bytes()))
            });
            Body::from_stream(stream::pending().chain(pieces))
        };
        let server = Server::start(Router::new().route("/", get(handler)).layer(watch.layer())).await;
        let mut client = Client::connect(&server, version).await;
        let request = client.request("GET", "/").header("x-request-id", "mine").body(Body::empty()).unwrap();
        let answer = client.send(request).await.unwrap();
        drop(answer);
        client.hang_up().await;
        check_once(&watch, server, &format!("GET http / 200 {} client_cancelled cancelled", version.name())).await;
        assert_eq!(*dropped.lock().unwrap(), ["mine"]);
        assert_eq!(watch.counters("bellwether.journey.steps"), ["cancelled,dropped,=1"]);
    }
}

/// Streams of one connection are polled in turns on one thread, each in its own scope.
#[tokio::test]
async fn side_by_side() {
    let watch = Watch::new();
    let handler = async || {
        let mut seen = Vec::new();
        for _ in 0..20 {
            seen.push(id());
            tokio::task::yield_now().await;
        }
        seen.dedup();
        seen.join("|")
    };
    let server = Server::start(Router::new().route("/", get(handler)).layer(watch.layer())).await;
    let mut client = Client::connect(&server, Version::Two).await;
    let requests: Vec<_> = (0..20)
        .map(|n| {
            let request = client.request("GET", "/").header("x-request-id", format!("id-{n}"));
            client.send(request.body(Body::empty()).unwrap())
        })
        .collect();
    for (n, answer) in futures_util::future::join_all(requests).await.into_iter().enumerate() {
        let body = http_body_util::BodyExt::collect(answer.unwrap().into_body()).await.unwrap().to_bytes();
        assert_eq!(body, format!("id-{n}"));
    }
    server.stop().await;
}

/// Tasks that a request starts by our helpers stay part of it; those it starts by itself do not.
#[tokio::test]
async fn in_tasks() {
    let watch = Watch::new();
    let handler = async || {
        let tasks = [
            bellwether_tower::spawn(async { id() }).await,
            bellwether_tower::spawn_blocking(id).await,
            tokio::spawn(async { id() }).await,
        ];
        tasks.map(Result::unwrap).join(",")
    };
    let server = Server::start(Router::new().route("/", get(handler)).layer(watch.layer())).await;
    let mut client = Client::connect(&server, Version::One).await;
    let request = client.request("GET", "/").header("x-request-id", "mine").body(Body::empty()).unwrap();
    assert_eq!(client.ask_with(request).await.text, "mine,mine,");
    check_once(&watch, server, "GET http / 200 1.1 - success").await;
}

/// The service's `call`, its future's drop, and a panic leave the thread as it was.
#[tokio::test]
async fn not_left_behind() {
    let watch = Watch::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let in_call = Arc::clone(&seen);
    let mut service = observed(
        &watch,
        service_fn(move |request: Request| {
            in_call.lock().unwrap().push(!Scope::current().is_empty());
            let in_drop = Arc::clone(&in_call);
            struct OnDrop(Arc<Mutex<Vec<bool>>>);
            impl Drop for OnDrop {
                fn drop(&mut self) {
                    self.0.lock().unwrap().push(!Scope::current().is_empty());
                }
            }
            let on_drop = OnDrop(in_drop);
            async move {
                let _on_drop = on_drop;
                assert_ne!(request.uri().path(), "/panic", "on purpose");
                std::future::pending::<()>().await;
                Ok::<_, Infallible>(Response::new(Body::empty()))
            }
        }),
    );
    let mut future = Box::pin(service.ready().await.unwrap().call(Request::new(Body::empty())));
    assert!(Scope::current().is_empty());
    assert!(futures_util::poll!(future.as_mut()).is_pending());
    assert!(Scope::current().is_empty());
    drop(future);
    assert!(Scope::current().is_empty());
    assert_eq!(*seen.lock().unwrap(), [true, true]);

    let request = Request::builder().uri("/panic").body(Body::empty()).unwrap();
    let mut future = Box::pin(service.ready().await.unwrap().call(request));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        drop(future.as_mut().poll(&mut context));
    }));
    assert!(panic.is_err());
    assert!(Scope::current().is_empty());
    drop(future);
    watch.is(&["GET http - - 1.1 client_cancelled cancelled", "GET http - - 1.1 panic failure"]);
}

/// One turn is worth 40 cents, and reaches two steps.
async fn turn(answer: StatusCode) -> StatusCode {
    let scope = Scope::current();
    scope.customer("c-17").transaction("turn").amount(Money::cents(40, Currency::USD)).step("heard").step("answered");
    scope.amount(Money::cents(-15, Currency::EUR));
    answer
}

async fn check_business(answer: StatusCode, outcome: &str) {
    let watch = Watch::new();
    let app = Router::new().route("/turn", get(async move || turn(answer).await));
    let server = Server::start(app.layer(watch.layer())).await;
    Client::connect(&server, Version::One).await.get("/turn").await;
    watch.settled(1).await;
    server.stop().await;
    let business = |name| watch.counters(name);
    assert_eq!(business("bellwether.transactions"), [format!("{outcome},turn=1")]);
    assert_eq!(business("bellwether.transaction.amount"), [format!("USD,{outcome},turn=40")]);
    assert_eq!(business("bellwether.transaction.refund"), [format!("EUR,{outcome},turn=15")]);
    let steps = [format!("{outcome},answered,turn=1"), format!("{outcome},heard,turn=1")];
    assert_eq!(business("bellwether.journey.steps"), steps);
    for metric in watch.registry.metrics() {
        for (_, value) in metric.series().flat_map(|series| series.labels()) {
            assert_ne!(value, "c-17", "a customer is not a label of {}", metric.name());
        }
    }
}

#[tokio::test]
async fn business_by_outcome() {
    check_business(StatusCode::OK, "success").await;
    check_business(StatusCode::IM_A_TEAPOT, "client_error").await;
    check_business(StatusCode::BAD_GATEWAY, "failure").await;
}

/// What a stream says on its way counts with the outcome that the whole request had.
#[tokio::test]
async fn business_of_a_stream_that_was_left() {
    let watch = Watch::new();
    let handler = async || {
        Scope::current().transaction("turn");
        let pieces = stream::iter(["first"]).map(|piece| {
            Scope::current().step("began");
            Ok::<_, Infallible>(Bytes::from_static(piece.as_bytes()))
        });
        Body::from_stream(pieces.chain(stream::pending()))
    };
    let server = Server::start(Router::new().route("/", get(handler)).layer(watch.layer())).await;
    let mut client = Client::connect(&server, Version::Two).await;
    let mut body = client.head_of("/").await.into_body();
    http_body_util::BodyExt::frame(&mut body).await.unwrap().unwrap();
    client.hang_up().await;
    check_once(&watch, server, "GET http / 200 2 client_cancelled cancelled").await;
    assert_eq!(watch.the_one().outcome, Outcome::Cancelled);
    assert_eq!(watch.counters("bellwether.transactions"), ["cancelled,turn=1"]);
    assert_eq!(watch.counters("bellwether.journey.steps"), ["cancelled,began,turn=1"]);
}

#[tokio::test]
async fn business_of_calls() {
    let watch = Watch::new();
    let server = serve(watch.layer()).await;
    let mut caller = Caller::connect(&server).await;
    caller.unary("/test.Echo/Say", text("hello")).await.unwrap();
    caller.unary("/test.Echo/Say", code(Code::Internal)).await.unwrap_err();
    watch.settled(2).await;
    server.stop().await;
    assert_eq!(watch.counters("bellwether.transactions"), ["failure,said=1", "success,said=1"]);
    assert_eq!(watch.counters("bellwether.journey.steps"), ["failure,heard,said=1", "success,heard,said=1"]);
}

/// A request that says nothing costs no series.
#[tokio::test]
async fn business_of_nothing() {
    let watch = Watch::new();
    let server = Server::start(Router::new().route("/", get(async || "hello")).layer(watch.layer())).await;
    Client::connect(&server, Version::One).await.get("/").await;
    check_once(&watch, server, "GET http / 200 1.1 - success").await;
    for name in ["bellwether.transactions", "bellwether.transaction.amount", "bellwether.journey.steps"] {
        assert_eq!(watch.registry.metric(name).unwrap().len(), 0, "{name}");
    }
}
