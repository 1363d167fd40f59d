//! Requests that fail are counted once more by whose fault that was, as whoever follows them says; others are not.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use axum::body::Body;
use axum::extract::Path;
use axum::routing::get;
use axum::{Extension, Router};
use bellwether_core::{Blame, Follow, Instant, Outcome, Work};
use bellwether_tower::ObserveLayer;
use http::{Request, StatusCode};
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;

use crate::harness::Watch;

/// Follows all but what has no route, says of each that it was the same one's fault, and counts the ends.
#[derive(Debug)]
struct Judge(Blame, AtomicU64);

impl Follow for Judge {
    fn began(&self, _: &'static str, route: Option<&str>, _: Instant) -> Option<Work> {
        route.map(|_| Work::new(NonZeroU64::MIN))
    }

    fn ended(&self, work: Work, _: Outcome, _: &str, _: Instant) -> Blame {
        assert_eq!(work, Work::new(NonZeroU64::MIN));
        self.1.fetch_add(1, Relaxed);
        self.0.clone()
    }
}

/// Asks for each of these once, and looks at the series of failures: dependency, route, outcome, method of gRPC, and how many.
async fn check(blame: Blame, asked: &[&str], expect: &[&str]) {
    let watch = Watch::new();
    let judge = Arc::new(Judge(blame, AtomicU64::new(0)));
    let layer = ObserveLayer::builder(&watch.registry).follower(Arc::clone(&judge) as Arc<dyn Follow>).build().unwrap();
    let status = async |Path(code): Path<u16>| StatusCode::from_u16(code).unwrap();
    let grpc =
        async |Path(code): Path<String>| [("content-type", "application/grpc".to_owned()), ("grpc-status", code)];
    let app = Router::new()
        .route("/status/{code}", get(status))
        .route("/refused", get(async || (StatusCode::SERVICE_UNAVAILABLE, Extension(Outcome::Rejected))))
        .route("/later", get(async || (StatusCode::TOO_MANY_REQUESTS, Extension(Outcome::Throttled))))
        .route("/oops", get(async || -> StatusCode { panic!("oops") }))
        .route("/test.Echo/{code}", get(grpc))
        .layer(CatchPanicLayer::new())
        .layer(layer);
    for path in asked {
        let kind = if path.starts_with("/test.") { "application/grpc" } else { "text/plain" };
        let request = Request::get(*path).header("content-type", kind).body(Body::empty()).unwrap();
        let answer = app.clone().oneshot(request).await.unwrap();
        axum::body::to_bytes(answer.into_body(), 1000).await.unwrap();
    }
    assert_eq!(watch.counters("bellwether.server.failures"), expect);
    let followed = asked.iter().filter(|path| **path != "/nowhere").count();
    assert_eq!(judge.1.load(Relaxed), followed as u64, "each ends once");
}

const ALL: [&str; 11] = [
    "/status/200",
    "/status/404",
    "/status/429",
    "/status/500",
    "/status/500",
    "/status/503",
    "/refused",
    "/later",
    "/oops",
    "/nowhere",
    "/test.Echo/13",
];

#[tokio::test]
async fn a_dependencys() {
    let expect = [
        "stt,,failure,test.Echo/13=1",
        "stt,/later,throttled,=1",
        "stt,/oops,failure,=1",
        "stt,/refused,rejected,=1",
        "stt,/status/{code},failure,=3",
    ];
    check(Blame::Other("stt".into()), &ALL, &expect).await;
}

#[tokio::test]
async fn its_own() {
    check(Blame::Own, &["/status/500", "/status/404"], &["this process,/status/{code},failure,=1"]).await;
}

#[tokio::test]
async fn nobody_knows_whose() {
    check(Blame::Unknown, &ALL, &[]).await;
}
