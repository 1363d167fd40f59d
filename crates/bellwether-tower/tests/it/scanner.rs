//! A scanner asks for everything there is and is not: nothing it invents becomes a series, and nothing stays in memory.

use std::convert::Infallible;
use std::future::ready;

use axum::Router;
use axum::body::Body;
use axum::routing::{any, get};
use bellwether_core::Registry;
use bellwether_tower::ObserveLayer;
use http::{Method, Request, Response, StatusCode, Version as HttpVersion};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::echo::{Caller, Say};
use crate::harness::{Client, Server, Version, Watch, alloc};

const MANY: usize = 100_000;

/// What a scanner would send as its `n`-th: its own path, query, method, host, version, scheme, agent and ids.
fn probe(n: usize) -> Request<Body> {
    let scheme = ["http", "https", "gopher", "x-own"][n % 4];
    let method = if n.is_multiple_of(2) { "GET".to_owned() } else { format!("SCAN{n}") };
    Request::builder()
        .method(Method::from_bytes(method.as_bytes()).unwrap())
        .uri(format!("{scheme}://host-{n}.example:{}/admin/{n}/setup.php?try={n}", n % 60_000 + 1))
        .version([HttpVersion::HTTP_10, HttpVersion::HTTP_11, HttpVersion::HTTP_2, HttpVersion::HTTP_3][n / 4 % 4])
        .header("host", format!("host-{n}.example"))
        .header("user-agent", format!("scanner/{n}"))
        .header("x-request-id", format!("{n}!"))
        .header("traceparent", format!("00-{n}"))
        .header("content-type", if n.is_multiple_of(3) { "application/grpc".to_owned() } else { format!("text/{n}") })
        .body(Body::empty())
        .unwrap()
}

/// Ten times as many requests leave as many series, and hold as many bytes.
async fn check_flat<S>(layer: impl Fn(&Registry) -> ObserveLayer, service: S, of: usize)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone,
{
    let watch = Watch::new();
    let mut service = layer(&watch.registry).layer(service);
    let mut sizes = Vec::new();
    for n in 0..of {
        let answer = service.ready().await.unwrap().call(probe(n)).await.unwrap();
        axum::body::to_bytes(Body::new(answer.into_body()), usize::MAX).await.unwrap();
        if n + 1 == of / 10 || n + 1 == of {
            sizes.push((watch.size(), alloc::held()));
        }
    }
    assert_eq!(watch.lines().len(), of);
    assert_eq!(watch.in_flight(), 0.0);
    let [(early, held_early), (late, held_late)] = sizes[..] else { panic!("two looks") };
    assert_eq!(early, late, "series and bytes of labels after {} and {of} requests", of / 10);
    assert!(late.0 < 400, "{late:?}");
    assert!(held_late - held_early < 64 << 10, "{} more bytes are held", held_late - held_early);
}

fn plain(registry: &Registry) -> ObserveLayer {
    ObserveLayer::new(registry).unwrap()
}

#[tokio::test]
async fn answered_not_found() {
    let service = service_fn(|_| ready(Ok(Response::builder().status(404).body(Body::empty()).unwrap())));
    check_flat(plain, service, MANY).await;
}

#[tokio::test]
async fn answered_by_everything_alike() {
    let service = service_fn(|_| ready(Ok(Response::new(Body::from("welcome")))));
    check_flat(plain, service, MANY).await;
}

/// A guard in front of all methods answers as gRPC for what may not exist; its refusals name nothing.
#[tokio::test]
async fn refused_by_a_guard() {
    check_flat(plain, service_fn(async |_| guard(tonic::Status::unauthenticated("who are you"))), MANY).await;
}

/// One with a code of its own names what it refuses, unless the methods are declared.
#[tokio::test]
async fn refused_by_an_odd_guard() {
    let declared =
        |registry: &Registry| ObserveLayer::builder(registry).rpc_methods(["test.Echo/Say"]).build().unwrap();
    check_flat(declared, service_fn(async |_| guard(tonic::Status::aborted("no"))), MANY).await;
}

fn guard(status: tonic::Status) -> Result<Response<Body>, Infallible> {
    Ok(status.into_http::<tonic::body::Body>().map(Body::new))
}

/// Whoever declares nothing then is bounded by the budget, and sees what overflowed.
#[tokio::test]
async fn refused_by_an_odd_guard_that_declares_nothing() {
    let watch = Watch::new();
    let refuse = async |_: Request<Body>| guard(tonic::Status::aborted("no"));
    let mut service = plain(&watch.registry).layer(service_fn(refuse));
    let mut sizes = Vec::new();
    for n in 0..MANY {
        service.ready().await.unwrap().call(probe(n)).await.unwrap();
        if n + 1 == MANY / 10 || n + 1 == MANY {
            sizes.push((watch.size(), alloc::held()));
        }
    }
    assert_eq!(sizes[0].0, sizes[1].0, "the budget is spent, and that is that");
    assert!(sizes[1].1 - sizes[0].1 < 64 << 10, "{sizes:?}");
    let calls = watch.registry.metric("rpc.server.call.duration").unwrap();
    assert_eq!(calls.len(), calls.max_series());
    assert_eq!(calls.overflow().unwrap().label, "rpc.method");
    assert!(calls.overflowed() > 0);
}

#[tokio::test]
async fn routed_by_axum() {
    let app = Router::new()
        .route("/known/{id}", get(async || "known"))
        .route("/admin/{*rest}", any(async || StatusCode::FORBIDDEN))
        .fallback(async || (StatusCode::NOT_FOUND, "nothing here"));
    let watch = Watch::new();
    let mut app = app.layer(watch.layer());
    let mut sizes = Vec::new();
    for n in 0..MANY / 5 {
        let answer = ServiceExt::<Request<Body>>::ready(&mut app).await.unwrap().call(probe(n)).await.unwrap();
        axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        if n + 1 == MANY / 50 || n + 1 == MANY / 5 {
            sizes.push(watch.size());
        }
    }
    assert_eq!(sizes[0], sizes[1]);
}

/// Requests that are given up at once are no cheaper way to fill the registry.
#[tokio::test]
async fn given_up() {
    let watch = Watch::new();
    let mut service = plain(&watch.registry)
        .layer(service_fn(|_: Request<Body>| std::future::pending::<Result<Response<Body>, Infallible>>()));
    let mut sizes = Vec::new();
    for n in 0..MANY {
        drop(service.ready().await.unwrap().call(probe(n)));
        if n + 1 == MANY / 10 || n + 1 == MANY {
            sizes.push(watch.size());
        }
    }
    assert_eq!(sizes[0], sizes[1]);
    assert_eq!(watch.lines().len(), MANY);
}

/// By each version fewer than in-process: a request takes far longer.
#[tokio::test]
async fn over_loopback() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let app = Router::new().route("/known/{id}", any(async || "known"));
        let server = Server::start(app.layer(watch.layer())).await;
        let mut client = Client::connect(&server, version).await;
        let mut sizes = Vec::new();
        for n in 0..MANY / 5 {
            let method = if n.is_multiple_of(2) { "GET".to_owned() } else { format!("SCAN{n}") };
            let path = if n.is_multiple_of(5) { format!("/known/{n}") } else { format!("/wp-admin/{n}.php?x={n}") };
            let mut request = client.request(&method, &path).header("user-agent", format!("scanner/{n}"));
            if version == Version::One {
                request.headers_mut().unwrap().insert("host", format!("h{n}.example").parse().unwrap());
            }
            client.ask_with(request.body(Body::empty()).unwrap()).await;
            if n + 1 == MANY / 50 || n + 1 == MANY / 5 {
                watch.settled(n + 1).await;
                sizes.push(watch.size());
            }
        }
        server.stop().await;
        assert_eq!(sizes[0], sizes[1]);
        let mut lines = watch.lines();
        assert_eq!(lines.len(), MANY / 5);
        lines.dedup();
        let v = version.name();
        let expect = [
            format!("GET http - 404 {v} - client_error"),
            format!("GET http /known/{{id}} 200 {v} - success"),
            format!("_OTHER http - 404 {v} - client_error"),
            format!("_OTHER http /known/{{id}} 200 {v} - success"),
        ];
        assert_eq!(lines, expect);
    }
}

#[tokio::test]
async fn methods_of_no_grpc_service() {
    let watch = Watch::new();
    let server = crate::echo::serve(watch.layer()).await;
    let mut caller = Caller::connect(&server).await;
    for n in 0..500 {
        let path: &'static str = Box::leak(format!("/scan.S{n}/M{n}").into_boxed_str());
        caller.unary(path, Say::default()).await.unwrap_err();
        let path: &'static str = Box::leak(format!("/test.Echo/M{n}").into_boxed_str());
        caller.unary(path, Say::default()).await.unwrap_err();
    }
    watch.settled(1000).await;
    server.stop().await;
    let mut lines = watch.lines();
    lines.dedup();
    assert_eq!(lines, ["grpc _OTHER UNIMPLEMENTED UNIMPLEMENTED client_error"]);
}

/// A list of one's own replaces that of the conventions.
#[tokio::test]
async fn methods_that_are_known() {
    let watch = Watch::new();
    let layer = ObserveLayer::builder(&watch.registry)
        .listener(watch.listener())
        .known_methods(["GET", "PURGE"])
        .build()
        .unwrap();
    let server = Server::start(Router::new().route("/", any(async || "ok")).layer(layer)).await;
    let mut client = Client::connect(&server, Version::One).await;
    for method in ["GET", "PURGE", "POST", "purge"] {
        client.ask(method, "/").await;
    }
    let rest = "http / 200 1.1 - success";
    let lines = ["GET", "PURGE", "_OTHER", "_OTHER"].map(|method| format!("{method} {rest}"));
    crate::harness::check_all(&watch, server, &lines.each_ref().map(String::as_str)).await;
    let names: Vec<String> = watch.ended().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["GET /", "PURGE /", "HTTP /", "HTTP /"]);
}
