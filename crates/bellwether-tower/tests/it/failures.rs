//! Services that fail: by an error instead of an answer, by a body that breaks off, by a panic.

use std::any::Any;
use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::error_handling::HandleErrorLayer;
use axum::extract::Request;
use axum::routing::get;
use bellwether_core::Outcome;
use bellwether_tower::ObserveLayer;
use futures_util::{StreamExt, stream};
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_http::catch_panic::CatchPanicLayer;

use crate::harness::{Client, Server, Version, Watch, check, check_once, observed};

#[derive(Debug, thiserror::Error)]
#[error("no luck with {0}")]
struct Unlucky(String);

fn breaks_off() -> Body {
    let pieces = [Ok(Bytes::from_static(b"first")), Err(io::Error::other("the disk is gone"))];
    Body::from_stream(stream::iter(pieces))
}

/// Asks, and bears whatever comes.
async fn try_get(client: &mut Client, path: &str) {
    let request = client.request("GET", path).body(Body::empty()).unwrap();
    if let Ok(answer) = client.send(request).await {
        let _ = answer.into_body().collect().await;
    }
}

#[tokio::test]
async fn body_breaks_off() {
    let app = Router::new().route("/half", get(async || breaks_off()));
    let ask = async |mut client: Client| try_get(&mut client, "/half").await;
    check(app, ask, "GET http /half 200 {v} response_body_error failure").await;
}

#[tokio::test]
async fn body_breaks_off_at_once() {
    let app = Router::new().route(
        "/half",
        get(async || Body::from_stream(stream::iter([Err::<Bytes, _>(io::Error::other("gone before it began"))]))),
    );
    let ask = async |mut client: Client| try_get(&mut client, "/half").await;
    check(app, ask, "GET http /half 200 {v} response_body_error failure").await;
}

async fn check_service<S>(service: impl Fn(&Watch) -> S, expect: &str)
where
    S: Service<http::Request<hyper::body::Incoming>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<tower::BoxError> + Send + Sync + 'static,
{
    for version in Version::BOTH {
        let watch = Watch::new();
        let server = Server::start(observed(&watch, service(&watch))).await;
        try_get(&mut Client::connect(&server, version).await, "/any").await;
        check_once(&watch, server, &expect.replace("{v}", version.name())).await;
    }
}

#[tokio::test]
async fn service_fails_with_a_type() {
    let service = |_: &Watch| service_fn(async |_| Err::<Response<Body>, _>(Unlucky("you".into())));
    check_service(service, "GET http - - {v} Unlucky failure").await;
}

/// A boxed error is known by its kind only if the application says so: its own type is hidden.
#[tokio::test]
async fn service_fails_with_a_box() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let layer = ObserveLayer::builder(&watch.registry)
            .listener(watch.listener())
            .error_kinds(|error: &dyn Any| {
                let error = error.downcast_ref::<tower::BoxError>()?;
                if error.is::<tower::timeout::error::Elapsed>() {
                    return Some(("timeout", Outcome::Failure));
                }
                error.is::<tower::load_shed::error::Overloaded>().then_some(("shed", Outcome::Rejected))
            })
            .build()
            .unwrap();
        let slow = service_fn(async |_: http::Request<hyper::body::Incoming>| {
            pending::<()>().await;
            Ok::<_, Infallible>(Response::new(Body::empty()))
        });
        let service = ServiceBuilder::new().layer(layer).timeout(Duration::from_millis(1)).service(slow);
        let server = Server::start(service).await;
        try_get(&mut Client::connect(&server, version).await, "/any").await;
        check_once(&watch, server, &format!("GET http - - {} timeout failure", version.name())).await;
    }
}

#[tokio::test]
async fn load_is_shed() {
    let watch = Watch::new();
    let layer = ObserveLayer::builder(&watch.registry)
        .listener(watch.listener())
        .error_kinds(|error: &dyn Any| {
            let error = error.downcast_ref::<tower::BoxError>()?;
            error.is::<tower::load_shed::error::Overloaded>().then_some(("overloaded", Outcome::Rejected))
        })
        .build()
        .unwrap();
    let slow = service_fn(async |_: http::Request<hyper::body::Incoming>| {
        pending::<()>().await;
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    let service = ServiceBuilder::new().layer(layer).load_shed().concurrency_limit(1).service(slow);
    let server = Server::start(service).await;
    let mut client = Client::connect(&server, Version::Two).await;
    let request = client.request("GET", "/slow").body(Body::empty()).unwrap();
    let slow = client.send(request);
    watch.under_way(1).await;
    try_get(&mut client, "/any").await;
    watch.until("one to be shed", || watch.lines().len() == 1).await;
    drop(slow);
    crate::harness::check_all(
        &watch,
        server,
        &["GET http - - 2 client_cancelled cancelled", "GET http - - 2 overloaded rejected"],
    )
    .await;
}

/// Inside of an axum application the error becomes an answer before the layer sees it: the status is what counts.
#[tokio::test]
async fn timeout_that_is_answered() {
    let app = Router::new().route("/slow", get(pending::<()>)).layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(async |_: tower::BoxError| StatusCode::GATEWAY_TIMEOUT))
            .timeout(Duration::from_millis(1)),
    );
    check(app, async |mut client| drop(client.get("/slow").await), "GET http /slow 504 {v} 504 failure").await;
}

/// An answer may say what it was: here, that the server refused without trying.
#[tokio::test]
async fn answer_names_its_outcome() {
    let app = Router::new()
        .route("/shed", get(async || (axum::Extension(Outcome::Rejected), StatusCode::SERVICE_UNAVAILABLE)))
        .route("/fine", get(async || (axum::Extension(Outcome::Failure), "looks fine")));
    check(app.clone(), async |mut client| drop(client.get("/shed").await), "GET http /shed 503 {v} 503 rejected").await;
    check(app, async |mut client| drop(client.get("/fine").await), "GET http /fine 200 {v} - failure").await;
}

#[tokio::test]
async fn handler_panics() {
    let app = Router::new().route("/panic", get(async || -> () { panic!("on purpose") }));
    let ask = async |mut client: Client| try_get(&mut client, "/panic").await;
    check(app, ask, "GET http /panic - {v} panic failure").await;
}

#[tokio::test]
async fn handler_panics_and_is_caught_outside() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let app = Router::new().route("/panic", get(async || -> () { panic!("on purpose") }));
        let server = Server::start(app.layer(watch.layer()).layer(CatchPanicLayer::new())).await;
        let answer = Client::connect(&server, version).await.get("/panic").await;
        assert_eq!(answer.status, 500);
        check_once(&watch, server, &format!("GET http /panic - {} panic failure", version.name())).await;
    }
}

#[tokio::test]
async fn handler_panics_and_is_caught_inside() {
    let app = Router::new().route("/panic", get(async || -> () { panic!("on purpose") })).layer(CatchPanicLayer::new());
    let ask = async |mut client: Client| assert_eq!(client.get("/panic").await.status, 500);
    check(app, ask, "GET http /panic 500 {v} 500 failure").await;
}

#[tokio::test]
async fn body_panics() {
    let app = Router::new().route(
        "/panic",
        get(async || {
            let pieces = stream::iter(["first", "second"]).map(|piece| {
                assert_ne!(piece, "second", "on purpose");
                Ok::<_, Infallible>(Bytes::from_static(piece.as_bytes()))
            });
            Body::from_stream(pieces)
        }),
    );
    let ask = async |mut client: Client| try_get(&mut client, "/panic").await;
    check(app, ask, "GET http /panic 200 {v} panic failure").await;
}

#[tokio::test]
async fn call_panics() {
    let service = |_: &Watch| {
        service_fn(|request: http::Request<hyper::body::Incoming>| {
            assert_ne!(request.uri().path(), "/any", "on purpose");
            ready(Ok::<_, Infallible>(Response::new(Body::empty())))
        })
    };
    check_service(service, "GET http - - {v} panic failure").await;
}

/// What the service owns panics when it is dropped, while a client that went away is accounted for.
#[tokio::test]
async fn dropping_the_handler_panics() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("on purpose");
            }
        }
    }
    for version in Version::BOTH {
        let watch = Watch::new();
        let app = Router::new().route(
            "/bomb",
            get(async || {
                let _bomb = Bomb;
                pending::<()>().await;
            }),
        );
        let server = Server::start(app.layer(watch.layer())).await;
        let mut client = Client::connect(&server, version).await;
        let answer = client.send(client.request("GET", "/bomb").body(Body::empty()).unwrap());
        watch.under_way(1).await;
        client.hang_up().await;
        drop(answer);
        watch.settled(1).await;
        server.stop().await;
        assert_eq!(watch.lines().len(), 1);
        assert_eq!(watch.in_flight(), 0.0);
    }
}

/// `call` is what begins a request: its future may be dropped before anybody polls it.
#[tokio::test]
async fn never_polled() {
    let watch = Watch::new();
    let mut service =
        observed(&watch, service_fn(async |_: Request| Ok::<_, Infallible>(Response::new(Body::empty()))));
    let called = service.ready().await.unwrap().call(Request::new(Body::empty()));
    assert_eq!(watch.in_flight(), 1.0);
    drop(called);
    watch.is(&["GET http - - 1.1 client_cancelled cancelled"]);
}

/// An answer that nobody reads is one whose reader went away.
#[tokio::test]
async fn body_never_polled() {
    let watch = Watch::new();
    let service =
        observed(&watch, service_fn(async |_: Request| Ok::<_, Infallible>(Response::new(Body::from("unread")))));
    let answer = service.oneshot(Request::new(Body::empty())).await.unwrap();
    assert_eq!(watch.in_flight(), 1.0);
    drop(answer);
    watch.is(&["GET http - 200 1.1 client_cancelled cancelled"]);
}

/// A service that is never ready never had the request.
#[tokio::test]
async fn never_ready() {
    #[derive(Clone)]
    struct Broken;
    impl Service<Request> for Broken {
        type Response = Response<Body>;
        type Error = Unlucky;
        type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Unlucky>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unlucky>> {
            Poll::Ready(Err(Unlucky("readiness".into())))
        }

        fn call(&mut self, _: Request) -> Self::Future {
            unreachable!("it is never ready")
        }
    }
    let watch = Watch::new();
    let error = watch.layer().layer(Broken).oneshot(Request::new(Body::empty())).await.unwrap_err();
    assert_eq!(error.to_string(), "no luck with readiness");
    watch.is(&[]);
}
