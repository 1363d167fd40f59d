//! Clients that go away: before the head of the answer, in the middle of it, by every means there is.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use tokio::sync::Notify;

use crate::harness::{Client, Raw, Server, Version, Watch, check_all, check_once, frames};

/// `/never` has no answer; `/endless` answers with one piece and then no more; `/flood` never stops.
fn app() -> Router {
    Router::new()
        .route("/never", get(pending::<()>))
        .route("/endless", get(async || first_of_many()))
        .route(
            "/flood",
            get(async || Body::from_stream(stream::repeat(Ok::<_, Infallible>(Bytes::from(vec![b'x'; 65536]))))),
        )
        .route("/up", post(async |body: Bytes| body.len().to_string()))
}

fn first_of_many() -> Body {
    Body::from_stream(stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"first"))]).chain(stream::pending()))
}

async fn serve() -> (Watch, Server) {
    let watch = Watch::new();
    let server = Server::start(app().layer(watch.layer())).await;
    (watch, server)
}

fn before_head(version: Version) -> String {
    format!("GET http /never - {} client_cancelled cancelled", version.name())
}

fn in_body(version: Version) -> String {
    format!("GET http /endless 200 {} client_cancelled cancelled", version.name())
}

#[tokio::test]
async fn hangs_up_before_the_head() {
    for version in Version::BOTH {
        let (watch, server) = serve().await;
        let mut client = Client::connect(&server, version).await;
        let answer = client.send(client.request("GET", "/never").body(Body::empty()).unwrap());
        watch.under_way(1).await;
        client.hang_up().await;
        drop(answer);
        check_once(&watch, server, &before_head(version)).await;
    }
}

/// Over HTTP/2 that is a RST_STREAM, and the connection lives on.
#[tokio::test]
async fn gives_up_before_the_head() {
    for version in Version::BOTH {
        let (watch, server) = serve().await;
        let mut client = Client::connect(&server, version).await;
        let answer = client.send(client.request("GET", "/never").body(Body::empty()).unwrap());
        watch.under_way(1).await;
        drop(answer);
        check_once(&watch, server, &before_head(version)).await;
    }
}

#[tokio::test]
async fn hangs_up_in_the_body() {
    for version in Version::BOTH {
        let (watch, server) = serve().await;
        let mut client = Client::connect(&server, version).await;
        let mut body = client.head_of("/endless").await.into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
        assert_eq!(watch.in_flight(), 1.0);
        client.hang_up().await;
        check_once(&watch, server, &in_body(version)).await;
        assert_eq!(watch.the_one().response_bytes, 5);
    }
}

#[tokio::test]
async fn gives_up_in_the_body() {
    for version in Version::BOTH {
        let (watch, server) = serve().await;
        let mut client = Client::connect(&server, version).await;
        let mut body = client.head_of("/endless").await.into_body();
        body.frame().await.unwrap().unwrap();
        drop(body);
        check_once(&watch, server, &in_body(version)).await;
    }
}

/// The server is writing when it learns of it, not waiting.
#[tokio::test]
async fn hangs_up_in_a_flood() {
    for version in Version::BOTH {
        let (watch, server) = serve().await;
        let mut client = Client::connect(&server, version).await;
        let mut body = client.head_of("/flood").await.into_body();
        body.frame().await.unwrap().unwrap();
        client.hang_up().await;
        let line = format!("GET http /flood 200 {} client_cancelled cancelled", version.name());
        check_once(&watch, server, &line).await;
    }
}

/// One stream of three is given up; the other two get their answers.
#[tokio::test]
async fn one_stream_of_a_connection() {
    let watch = Watch::new();
    let go = Arc::new(Notify::new());
    let waiting = Arc::clone(&go);
    let app = app().route("/wait", get(async move || waiting.notified().await));
    let server = Server::start(app.layer(watch.layer())).await;
    let mut client = Client::connect(&server, Version::Two).await;
    let [one, lost, two] = ["/wait", "/never", "/wait"].map(|path| {
        let request = client.request("GET", path).body(Body::empty()).unwrap();
        client.send(request)
    });
    watch.under_way(3).await;
    drop(lost);
    watch.under_way(2).await;
    go.notify_one();
    go.notify_one();
    let _ = (one.await.unwrap(), two.await.unwrap());
    let done = "GET http /wait 200 2 - success";
    check_all(&watch, server, &["GET http /never - 2 client_cancelled cancelled", done, done]).await;
}

#[tokio::test]
async fn resets_a_stream_by_every_reason() {
    for code in 0..=13 {
        let (watch, server) = serve().await;
        let mut raw = Raw::connect(&server).await;
        raw.write([frames::preface(), frames::get(1, "/never")].concat()).await;
        watch.under_way(1).await;
        raw.write(frames::reset(1, code)).await;
        check_once(&watch, server, &before_head(Version::Two)).await;
    }
}

#[tokio::test]
async fn goes_away() {
    for code in [0, 2, 11] {
        let (watch, server) = serve().await;
        let mut raw = Raw::connect(&server).await;
        raw.write([frames::preface(), frames::get(1, "/endless")].concat()).await;
        raw.until(b"first").await;
        raw.write([frames::get(3, "/never"), frames::go_away(code)].concat()).await;
        drop(raw);
        watch.until("the first to end", || !watch.lines().is_empty()).await;
        let all = [before_head(Version::Two), in_body(Version::Two)];
        let seen = watch.lines().len().max(1);
        // hyper may refuse the second, which came with the farewell; if it took it, it is accounted for.
        watch.settled(seen).await;
        server.stop().await;
        let mut lines = watch.lines();
        lines.retain(|line| *line != all[0]);
        assert_eq!(lines, [all[1].clone()]);
        assert_eq!(watch.in_flight(), 0.0);
    }
}

/// What the connection breaks by, without a farewell.
#[tokio::test]
async fn resets_the_connection() {
    for path in ["/never", "/endless"] {
        let (watch, server) = serve().await;
        let mut raw = Raw::connect(&server).await;
        raw.write(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        watch.under_way(1).await;
        if path == "/endless" {
            raw.until(b"first").await;
        }
        raw.reset();
        let line = if path == "/never" { before_head(Version::One) } else { in_body(Version::One) };
        check_once(&watch, server, &line).await;
    }
}

/// A server that shuts down gracefully finishes what it began: nothing is cancelled.
#[tokio::test]
async fn server_drains() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let go = Arc::new(Notify::new());
        let waiting = Arc::clone(&go);
        let app = Router::new().route("/wait", get(async move || waiting.notified().await));
        let server = Server::start(app.layer(watch.layer())).await;
        let mut client = Client::connect(&server, version).await;
        let answer = client.send(client.request("GET", "/wait").body(Body::empty()).unwrap());
        watch.under_way(1).await;
        server.drain();
        go.notify_one();
        assert_eq!(answer.await.unwrap().status(), 200);
        server.finished().await;
        check_once(&watch, server, &format!("GET http /wait 200 {} - success", version.name())).await;
    }
}

/// A server that is cut off has not answered; the client did not go, but nobody can tell who dropped the future.
#[tokio::test]
async fn server_is_cut_off() {
    for version in Version::BOTH {
        let (watch, server) = serve().await;
        let mut client = Client::connect(&server, version).await;
        let answer = client.send(client.request("GET", "/never").body(Body::empty()).unwrap());
        watch.under_way(1).await;
        server.stop().await;
        assert!(answer.await.is_err());
        watch.is(&[&before_head(version)]);
    }
}

/// The rest of the request never comes, and then the client is gone.
#[tokio::test]
async fn hangs_up_in_the_request() {
    let (watch, server) = serve().await;
    let mut raw = Raw::connect(&server).await;
    raw.write("POST /up HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nonly this").await;
    watch.under_way(1).await;
    raw.reset();
    watch.settled(1).await;
    server.stop().await;
    // axum says 400 when the body breaks off; hyper may drop the handler first. Either way it is one request.
    let lines = watch.lines();
    let said = "POST http /up 400 1.1 - client_error";
    let dropped = "POST http /up - 1.1 client_cancelled cancelled";
    assert!(lines == [said] || lines == [dropped], "{lines:?}");
    watch.is(&[&lines[0]]);
}
