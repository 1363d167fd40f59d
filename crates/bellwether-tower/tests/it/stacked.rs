//! The layer more than once: within itself, per connection, cloned; and the layer that does nothing.

use axum::Router;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use bellwether_tower::ObserveLayer;
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper::body::Incoming;
use tower::{BoxError, Layer, ServiceBuilder, ServiceExt};

use crate::harness::{Client, Server, Version, Watch, check_all, check_once};

fn app() -> Router {
    Router::new().route("/hello", get(async || "hello"))
}

#[tokio::test]
async fn twice() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let layer = watch.layer();
        let server = Server::start(app().layer(layer.clone()).layer(layer)).await;
        Client::connect(&server, version).await.get("/hello").await;
        check_once(&watch, server, &format!("GET http /hello 200 {} - success", version.name())).await;
    }
}

/// The outer one is ahead of routing, the inner one silent: the template stays unknown, the count right.
#[tokio::test]
async fn around_and_inside() {
    let watch = Watch::new();
    let service = ServiceBuilder::new().layer(watch.layer()).service(app().layer(watch.layer()));
    let server = Server::start(service).await;
    Client::connect(&server, Version::One).await.get("/hello").await;
    check_once(&watch, server, "GET http - 200 1.1 - success").await;
}

#[tokio::test]
async fn inner_of_another_registry() {
    let (outer, inner) = (Watch::new(), Watch::new());
    let server = Server::start(app().layer(inner.layer()).layer(outer.layer())).await;
    Client::connect(&server, Version::One).await.get("/hello").await;
    check_once(&outer, server, "GET http /hello 200 1.1 - success").await;
    inner.is(&[]);
}

/// Two applications of one layer, one in the other as a nested service.
#[tokio::test]
async fn nested_applications() {
    let watch = Watch::new();
    let layer = watch.layer();
    let server = Server::start(Router::new().nest_service("/inner", app().layer(layer.clone())).layer(layer)).await;
    Client::connect(&server, Version::Two).await.get("/inner/hello").await;
    check_once(&watch, server, "GET http - 200 2 - success").await;
}

#[tokio::test]
async fn cloned_for_each_connection() {
    let watch = Watch::new();
    let layer = watch.layer();
    let server = Server::start_each(move || app().layer(layer.clone())).await;
    for version in [Version::One, Version::Two, Version::One] {
        let mut client = Client::connect(&server, version).await;
        client.get("/hello").await;
        client.get("/hello").await;
    }
    let [one, two] = ["GET http /hello 200 1.1 - success", "GET http /hello 200 2 - success"];
    check_all(&watch, server, &[one, one, one, one, two, two]).await;
}

/// Two layers made apart on one registry count into the same metrics.
#[tokio::test]
async fn made_twice() {
    let watch = Watch::new();
    let app = Router::new()
        .route("/one", get(async || "one"))
        .layer(watch.layer())
        .merge(Router::new().route("/two", get(async || "two")).layer(watch.layer()));
    let server = Server::start(app).await;
    let mut client = Client::connect(&server, Version::One).await;
    client.get("/one").await;
    client.get("/two").await;
    check_all(&watch, server, &["GET http /one 200 1.1 - success", "GET http /two 200 1.1 - success"]).await;
}

/// Names that somebody else has taken for something else are an error when the layer is made, not a panic later.
#[test]
fn taken_names() {
    let watch = Watch::new();
    let _taken = watch.registry.counter("http.server.request.duration").build().unwrap();
    let error = ObserveLayer::new(&watch.registry).unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert!(error.to_string().contains("http.server.request.duration"), "{error}");
}

#[tokio::test]
async fn noop() {
    for version in Version::BOTH {
        let server = Server::start(ObserveLayer::noop().layer(app())).await;
        let mut client = Client::connect(&server, version).await;
        let request = client.request("GET", "/hello").header("x-request-id", "mine").body(Body::empty()).unwrap();
        let answer = client.ask_with(request).await;
        assert_eq!((&*answer.text, answer.header("x-request-id")), ("hello", ""));
        server.stop().await;
    }
}

/// Whatever stands between the two: somebody who changes the request's headers,
#[tokio::test]
async fn headers_change_in_between() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let strip = async |mut request: Request, next: Next| {
            request.headers_mut().clear();
            request.headers_mut().insert("x-new", HeaderValue::from_static("new"));
            next.run(request).await
        };
        let app = app().layer(watch.layer()).layer(from_fn(strip)).layer(watch.layer());
        let server = Server::start(app).await;
        Client::connect(&server, version).await.get("/hello").await;
        check_once(&watch, server, &format!("GET http /hello 200 {} - success", version.name())).await;
    }
}

/// a queue, behind which another task carries on,
#[tokio::test]
async fn task_changes_in_between() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let inner = app().layer(watch.layer());
        let app = ServiceBuilder::new()
            .layer(watch.layer())
            .layer(HandleErrorLayer::new(async |_: BoxError| StatusCode::INTERNAL_SERVER_ERROR))
            .buffer(8)
            .service(inner);
        let server = Server::start(app.map_request(|request: http::Request<Incoming>| request.map(Body::new))).await;
        Client::connect(&server, version).await.get("/hello").await;
        check_once(&watch, server, &format!("GET http - 200 {} - success", version.name())).await;
    }
}

/// or a task that is spawned for it.
#[tokio::test]
async fn spawned_in_between() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let spawned = async |request: Request, next: Next| tokio::spawn(next.run(request)).await.unwrap();
        let server = Server::start(app().layer(watch.layer()).layer(from_fn(spawned)).layer(watch.layer())).await;
        Client::connect(&server, version).await.get("/hello").await;
        check_once(&watch, server, &format!("GET http /hello 200 {} - success", version.name())).await;
    }
}

/// A request that a handler makes of a service of its own is another request, also when it hands on the headers.
#[tokio::test]
async fn request_within_a_request() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let inner = app().layer(watch.layer());
        let outer = async move |headers: HeaderMap| {
            let mut request = http::Request::builder().uri("/hello").body(Body::empty()).unwrap();
            *request.headers_mut() = headers;
            inner.oneshot(request).await
        };
        let server = Server::start(Router::new().route("/outer", get(outer)).layer(watch.layer())).await;
        Client::connect(&server, version).await.get("/outer").await;
        let v = version.name();
        let lines = ["GET http /hello 200 1.1 - success".to_owned(), format!("GET http /outer 200 {v} - success")];
        check_all(&watch, server, &lines.each_ref().map(String::as_str)).await;
    }
}
