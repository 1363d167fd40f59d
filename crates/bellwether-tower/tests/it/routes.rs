//! Routes are named by their template, wherever axum keeps it, and never by the path.

use axum::Router;
use axum::handler::HandlerWithoutStateExt;
use axum::routing::{get, post};
use bellwether_tower::ObserveLayer;

use crate::harness::{Client, Server, Version, Watch, check, check_once};

async fn ok() -> &'static str {
    "ok"
}

async fn check_route(app: Router, path: &str, expect: &str) {
    check(app, async |mut client: Client| drop(client.get(path).await), &format!("GET http {expect}")).await;
}

#[tokio::test]
async fn templates() {
    let app = Router::new().route("/users/{id}", get(ok)).route("/files/{*path}", get(ok)).route("/", get(ok));
    for (path, route) in [
        ("/users/17", "/users/{id}"),
        ("/users/17?token=secret", "/users/{id}"),
        ("/users/%2e%2e%2f", "/users/{id}"),
        ("/files/a/b/c", "/files/{*path}"),
        ("/", "/"),
    ] {
        check_route(app.clone(), path, &format!("{route} 200 {{v}} - success")).await;
    }
}

#[tokio::test]
async fn nested() {
    let inner = Router::new().route("/{b}", get(ok)).route("/", get(ok));
    let app = Router::new().nest("/{a}", Router::new().nest("/deep", inner));
    check_route(app.clone(), "/x/deep/y", "/{a}/deep/{b} 200 {v} - success").await;
    check_route(app, "/x/deep", "/{a}/deep 200 {v} - success").await;
}

/// axum knows no template for what a nested service serves.
#[tokio::test]
async fn nested_service() {
    let app = Router::new().nest_service("/static", ok.into_service());
    check_route(app, "/static/a/b", "- 200 {v} - success").await;
}

/// Declared where the framework names none, and only there.
#[tokio::test]
async fn declared() {
    let inner = Router::new().nest_service("/static", ok.into_service()).route("/users/{id}", get(ok)).fallback(ok);
    for (path, route) in [
        ("/static/a/b", "/static/{*path}"),
        ("/users/17", "/users/{id}"),
        ("/old/17", "/old/{page}"),
        ("/unknown/17", "-"),
    ] {
        let watch = Watch::new();
        let builder = ObserveLayer::builder(&watch.registry).listener(watch.listener());
        let layer = builder.routes(["/static/{*path}", "/users/{anybody}", "/old/{page}"]).build().unwrap();
        let server = Server::start(inner.clone().layer(layer)).await;
        Client::connect(&server, Version::One).await.get(path).await;
        check_once(&watch, server, &format!("GET http {route} 200 1.1 - success")).await;
    }
}

#[tokio::test]
async fn fallback() {
    let app = Router::new().route("/known", get(ok)).fallback(ok);
    check_route(app, "/unknown/17", "- 200 {v} - success").await;
}

#[tokio::test]
async fn not_found() {
    check_route(Router::new().route("/known", get(ok)), "/unknown/17", "- 404 {v} - client_error").await;
}

#[tokio::test]
async fn nested_fallback() {
    let app = Router::new().nest("/a", Router::new().route("/known", get(ok)).fallback(ok));
    check_route(app.clone(), "/a/known", "/a/known 200 {v} - success").await;
    check_route(app, "/a/y/z/w", "- 200 {v} - success").await;
}

#[tokio::test]
async fn merged() {
    let app = Router::new().route("/one/{a}", get(ok)).merge(Router::new().route("/two/{b}", get(ok)));
    check_route(app.clone(), "/one/1", "/one/{a} 200 {v} - success").await;
    check_route(app, "/two/2", "/two/{b} 200 {v} - success").await;
}

#[tokio::test]
async fn method_not_allowed() {
    let app = Router::new().route("/users/{id}", post(ok));
    check_route(app, "/users/17", "/users/{id} 405 {v} - client_error").await;
}

/// What is merged after the layer is not observed: a service's own pages.
#[tokio::test]
async fn merged_after_the_layer() {
    let watch = Watch::new();
    let app = Router::new().route("/seen", get(ok)).layer(watch.layer()).merge(Router::new().route("/unseen", get(ok)));
    let server = Server::start(app).await;
    let mut client = Client::connect(&server, Version::One).await;
    client.get("/unseen").await;
    client.get("/seen").await;
    check_once(&watch, server, "GET http /seen 200 1.1 - success").await;
}

/// Around the whole router the layer comes before routing and learns of no template.
#[tokio::test]
async fn around_the_router() {
    let watch = Watch::new();
    let app = Router::new().route("/users/{id}", get(ok));
    let server = Server::start(tower::Layer::layer(&watch.layer(), app)).await;
    Client::connect(&server, Version::Two).await.get("/users/17").await;
    check_once(&watch, server, "GET http - 200 2 - success").await;
}

/// On one route alone, and on one method of it.
#[tokio::test]
async fn on_one_route() {
    for layered in [
        |watch: &Watch| Router::new().route("/users/{id}", get(ok)).route_layer(watch.layer()),
        |watch: &Watch| Router::new().route("/users/{id}", get(ok).layer(watch.layer())),
    ] {
        let watch = Watch::new();
        let server = Server::axum(layered(&watch).route("/other", get(ok))).await;
        let mut client = Client::connect(&server, Version::One).await;
        client.get("/other").await;
        client.get("/users/17").await;
        check_once(&watch, server, "GET http /users/{id} 200 1.1 - success").await;
    }
}
