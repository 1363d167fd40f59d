//! The query API on the routes: for whom, and below which path.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use bellwether::dashboard::QueryApi;
use bellwether::{Access, Bellwether, Builder};
use bellwether_promql::{Labels, MemoryStorage, Sample};
use http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::{get, nothing};

fn builder() -> Builder {
    let mut storage = MemoryStorage::new();
    storage.push(&Labels::new([("__name__", "up")]), Sample::float(1_700_000_000_000, 1.0));
    let storage = Arc::new(storage);
    let api = QueryApi::new(move || storage.clone(), bellwether::core::Clock::system());
    Bellwether::builder("test").environment(nothing).query_api(api)
}

const QUERY: &str = "/api/v1/query?query=up&time=1700000000";

/// What a router answers to this machine, unless headers say otherwise.
async fn ask(router: Router, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let request = headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1))));
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    (parts.status.as_u16(), String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

#[tokio::test]
async fn queries_are_for_those_who_may_read_metrics() {
    let bw = builder().access(Access::loopback().or_token("first-token-1234")).start().unwrap();
    let check = async |headers: &[(&str, &str)], expect: u16| {
        for path in [QUERY, "/api/v1/labels", "/api/v1/status/buildinfo", "/api/v1/nope"] {
            let (status, body) = ask(bw.router(), path, headers).await;
            let expect = if expect == 200 && path.ends_with("nope") { 404 } else { expect };
            assert_eq!(status, expect, "{path} {headers:?}: {body}");
            assert_eq!(body.starts_with('{'), expect != 401, "{body}");
        }
        let (status, _) = ask(bw.router(), "/metrics", headers).await;
        assert_eq!(status, expect, "{headers:?}");
    };
    check(&[], 200).await;
    check(&[("host", "localhost:3000")], 200).await;
    check(&[("x-forwarded-for", "203.0.113.1")], 401).await;
    check(&[("x-forwarded-for", "203.0.113.1"), ("authorization", "Bearer first-token-1234")], 200).await;
    // A name that somebody elsewhere lets lead here, and requests of a page that somebody here has open.
    check(&[("host", "evil.example")], 401).await;
    check(&[("host", "localhost"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")], 401).await;
    check(&[("host", "localhost"), ("origin", "https://evil.example")], 401).await;
}

/// However somebody asks, it is decided first who it is.
#[tokio::test]
async fn no_method_and_no_spelling_gets_around_the_rules() {
    let bw = builder().access(Access::nobody().or_token("first-token-1234")).start().unwrap();
    let send = async |method: &str, path: &str, token: bool| {
        let request = Request::builder().method(method).uri(path).header("content-encoding", "gzip");
        let request = if token { request.header("authorization", "Bearer first-token-1234") } else { request };
        let request = request.body(Body::from("query=up")).unwrap();
        bw.router::<()>().oneshot(request).await.unwrap()
    };
    for method in ["GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE", "CONNECTED"] {
        for path in
            [QUERY, "/api/v1/series", "/api/v1/nope", "/api/v1/%2e%2e/%2e%2e/metrics", "/api/v1/label/a/b/values"]
        {
            let refused = send(method, path, false).await;
            assert_eq!(refused.status(), 401, "{method} {path}");
            let body = refused.into_body().collect().await.unwrap().to_bytes();
            assert!(!body.starts_with(b"{"), "{method} {path}: {body:?}");
            // Nor is there more behind them than there should be.
            let status = send(method, path, true).await.status().as_u16();
            let expect = match (method, path) {
                ("GET" | "POST", QUERY) => &[200][..],
                ("OPTIONS", _) => &[204],
                _ => &[404, 405, 400],
            };
            assert!(expect.contains(&status), "{method} {path}: {status}");
        }
    }
    for path in ["//api/v1/query?query=up", "/api/v1", "/api/v1/", "/API/v1/query?query=up", "/api%2Fv1/query?query=up"]
    {
        let status = send("GET", path, false).await.status().as_u16();
        assert!([404, 401].contains(&status), "{path}: {status}");
    }
}

#[tokio::test]
async fn they_go_where_the_application_wants_them() {
    let check = async |router: Router, path: &str, expect: u16| {
        let (status, body) = ask(router, path, &[]).await;
        assert_eq!(status, expect, "{path}: {body}");
        assert_eq!(body.contains("\"value\":[1700000000,\"1\"]"), expect == 200, "{path}: {body}");
    };
    let own = || Router::new().route("/api/v1/{*rest}", axum::routing::get(async || "mine"));
    let bw = builder().start().unwrap();
    check(bw.router(), QUERY, 200).await;
    check(Router::new().nest("/ops", bw.router()), &format!("/ops{QUERY}"), 200).await;
    check(bw.router(), "/prometheus/api/v1/query?query=up&time=1700000000", 404).await;
    let bw = builder().query_prefix("/prom/etheus").start().unwrap();
    check(own().merge(bw.router()), &format!("/prom/etheus{QUERY}"), 200).await;
    check(Router::new().nest("/ops", bw.router()), &format!("/ops/prom/etheus{QUERY}"), 200).await;
    check(bw.router(), QUERY, 404).await;
    assert_eq!(ask(own().merge(bw.router()), QUERY, &[]).await.1, "mine");
    for wrong in ["prometheus", "/", "/prometheus/", "/{x}", "/a b"] {
        let error = builder().query_prefix(wrong).start().unwrap_err();
        let expect = format!("query_prefix: {wrong:?} is not accepted; a path is, such as /prometheus");
        assert_eq!((error.is_setting(), error.to_string()), (true, expect));
    }
}

#[tokio::test]
async fn history_is_asked_unless_something_else_is_given() {
    let bw = Bellwether::builder("test").environment(nothing).queries().start().unwrap();
    let (status, body) = ask(bw.router(), "/api/v1/label/__name__/values", &[]).await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("\"bellwether_history_covered_seconds_total\""), "{body}");
    let bw = builder().queries().start().unwrap();
    let (_, body) = ask(bw.router(), "/api/v1/label/__name__/values", &[]).await;
    assert_eq!(body, r#"{"status":"success","data":["up"]}"#);
}

/// Nobody who did not mount it has it.
#[tokio::test]
async fn there_is_none_unless_asked_for() {
    let bw = Bellwether::builder("test").environment(nothing).start().unwrap();
    assert_eq!(ask(bw.router(), QUERY, &[]).await.0, 404);
}

#[tokio::test]
async fn a_port_of_its_own_answers_queries_too() {
    let bw = builder().start().unwrap();
    let address = bw.serve("127.0.0.1:0").unwrap();
    let answer = tokio::task::spawn_blocking(move || get(address, QUERY, ""));
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"value\":[1700000000,\"1\"]"), "{answer}");
}
