//! Many clients at once on several threads, some of whom leave: as many requests counted as came in.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};

use crate::harness::{Client, Server, Version, Watch};

const CLIENTS: usize = 16;
const REQUESTS: usize = 60;

fn app() -> Router {
    Router::new()
        .route("/hello", get(async || "hello"))
        .route("/never", get(std::future::pending::<()>))
        .route("/panic", get(async || -> () { panic!("on purpose") }))
        .route(
            "/stream",
            get(async || {
                let pieces = stream::iter(0..20).then(async |_| {
                    tokio::task::yield_now().await;
                    Ok::<_, Infallible>(Bytes::from_static(b"piece"))
                });
                Body::from_stream(pieces)
            }),
        )
}

/// One client: reads some answers, gives up others at the head, in the body or by hanging up, and comes back.
async fn visit(server: &Server, version: Version, seed: usize) {
    let mut client = Client::connect(server, version).await;
    for n in 0..REQUESTS {
        let path = ["/hello", "/stream", "/never", "/unknown", "/stream", "/panic", "/hello"][(n + seed) % 7];
        let answer = client.send(client.request("GET", path).body(Body::empty()).unwrap());
        match (n * 31 + seed) % 5 {
            // Given up, perhaps before it was seen.
            0 => drop(answer),
            1 if path != "/never" => {
                if let Ok(answer) = answer.await {
                    let mut body = answer.into_body();
                    let _ = body.frame().await;
                }
            }
            _ if path == "/never" => {
                tokio::task::yield_now().await;
                drop(answer);
            }
            _ => {
                if let Ok(answer) = answer.await {
                    let _ = answer.into_body().collect().await;
                }
            }
        }
        // Over HTTP/1.1 whoever gives up has hung up; over HTTP/2 some do.
        if version == Version::One || n % 9 == 0 {
            client.hang_up().await;
            client = Client::connect(server, version).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_both_versions() {
    let watch = Watch::new();
    let came = Arc::new(AtomicUsize::new(0));
    let coming = Arc::clone(&came);
    let service = watch.layer().layer(app()).map_request(move |request: http::Request<hyper::body::Incoming>| {
        coming.fetch_add(1, Relaxed);
        request
    });
    let server = Arc::new(Server::start(service).await);
    let visits = (0..CLIENTS).map(|seed| {
        let server = Arc::clone(&server);
        tokio::spawn(async move { visit(&server, Version::BOTH[seed % 2], seed).await })
    });
    for visit in futures_util::future::join_all(visits).await {
        visit.unwrap();
    }
    watch.until("all to end", || watch.in_flight() == 0.0 && watch.lines().len() == came.load(Relaxed)).await;
    let server = Arc::into_inner(server).expect("all visitors are gone");
    server.stop().await;
    assert_eq!(watch.lines().len(), came.load(Relaxed));
    assert_eq!(watch.ended().len(), came.load(Relaxed));
    assert_eq!(watch.in_flight(), 0.0);
    assert!(came.load(Relaxed) > CLIENTS * REQUESTS / 2, "{came:?} came");
    for outcome in ["success", "client_error", "failure", "cancelled"] {
        assert!(watch.lines().iter().any(|line| line.ends_with(outcome)), "no {outcome}");
    }
}
