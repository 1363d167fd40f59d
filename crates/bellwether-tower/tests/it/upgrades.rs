//! Connections that become something else, and answers that are meant to last.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::WebSocketUpgrade;
use axum::response::Sse;
use axum::response::sse::Event;
use axum::routing::{any, get};
use futures_util::{StreamExt, stream};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::Notify;
use tower::service_fn;

use crate::ends::pieces;
use crate::harness::{Client, Raw, Server, Version, Watch, check, check_once, observed};

const HANDSHAKE: &str = "GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A text frame of a client, masked with zeros (RFC 6455, section 5.2).
fn text_frame(text: &str) -> Vec<u8> {
    let length = 0x80 | u8::try_from(text.len()).expect("a short text");
    [&[0x81, length, 0, 0, 0, 0], text.as_bytes()].concat()
}

/// The handshake is the request: it ends with the 101. What follows is a connection, in a gauge of its own.
#[tokio::test]
async fn web_socket() {
    for own_server in [false, true] {
        let watch = Watch::new();
        let layer = watch.layer();
        let (clock, open) = (watch.clock.clone(), layer.clone());
        let handler = async move |upgrade: WebSocketUpgrade| {
            clock.advance(Duration::from_millis(20));
            let open = open.upgraded();
            upgrade.on_upgrade(async move |mut socket| {
                let _open = open;
                clock.advance(Duration::from_secs(3600));
                while let Some(Ok(message)) = socket.recv().await {
                    let _ = socket.send(message).await;
                }
            })
        };
        let app = Router::new().route("/ws", any(handler)).layer(layer);
        let server = if own_server { Server::axum(app).await } else { Server::start(app).await };
        let mut raw = Raw::connect(&server).await;
        raw.write(HANDSHAKE).await;
        raw.write(text_frame("hello")).await;
        let seen = raw.until(b"hello").await;
        assert!(seen.starts_with("HTTP/1.1 101"), "{seen}");
        watch.settled(1).await;
        assert_eq!(watch.gauge("bellwether.server.upgraded_connections"), 1.0);
        assert_eq!(watch.total("http.server.request.duration"), (1, 0.02));
        drop(raw);
        watch.until("the socket to close", || watch.gauge("bellwether.server.upgraded_connections") == 0.0).await;
        check_once(&watch, server, "GET http /ws 101 1.1 - success").await;
    }
}

#[tokio::test]
async fn web_socket_refused() {
    let app = Router::new().route("/ws", any(async |_: WebSocketUpgrade| StatusCode::OK));
    let ask = async |mut client: Client| assert!(client.get("/ws").await.status.is_client_error());
    let watch = Watch::new();
    let server = Server::start(app.layer(watch.layer())).await;
    ask(Client::connect(&server, Version::One).await).await;
    watch.settled(1).await;
    server.stop().await;
    assert!(watch.lines()[0].ends_with("client_error"), "{:?}", watch.lines());
}

/// CONNECT, as a proxy answers it: the tunnel is not the request.
#[tokio::test]
async fn connect() {
    let watch = Watch::new();
    let tunnel = |mut request: Request<Incoming>| async move {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut tunnel = hyper_util::rt::TokioIo::new(upgrade.await.unwrap());
            let mut bytes = [0; 4];
            tunnel.read_exact(&mut bytes).await.unwrap();
            tunnel.write_all(b"pong").await.unwrap();
        });
        // A body that hyper has no use for, and drops.
        Ok::<_, Infallible>(Response::new(pieces(&["never", "sent"])))
    };
    let server = Server::start(observed(&watch, service_fn(tunnel))).await;
    let mut raw = Raw::connect(&server).await;
    raw.write("CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n").await;
    raw.until(b"200").await;
    raw.write("ping").await;
    raw.until(b"pong").await;
    check_once(&watch, server, "CONNECT http - 200 1.1 - success").await;
}

/// An upgrade to something of one's own, by an answer with a body that is never sent.
#[tokio::test]
async fn switched_protocols() {
    let watch = Watch::new();
    let switch = async |_: Request<Incoming>| {
        let answer = Response::builder().status(101).header("upgrade", "own").header("connection", "upgrade");
        Ok::<_, Infallible>(answer.body(pieces(&["never", "sent"])).unwrap())
    };
    let server = Server::start(observed(&watch, service_fn(switch))).await;
    let mut raw = Raw::connect(&server).await;
    raw.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: own\r\n\r\n").await;
    raw.until(b"101").await;
    check_once(&watch, server, "GET http - 101 1.1 - success").await;
}

/// A stream of events lasts as long as it likes: latency is the time to its first byte, its length another metric.
#[tokio::test]
async fn server_sent_events() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let clock = watch.clock.clone();
        let events = async move || {
            clock.advance(Duration::from_millis(125));
            Sse::new(stream::iter(["one", "two", "three"]).map(move |data| {
                clock.advance(Duration::from_millis(if data == "one" { 125 } else { 60_000 }));
                Ok::<_, Infallible>(Event::default().data(data))
            }))
        };
        let server = Server::start(Router::new().route("/events", get(events)).layer(watch.layer())).await;
        let answer = Client::connect(&server, version).await.get("/events").await;
        assert_eq!(answer.text, "data: one\n\ndata: two\n\ndata: three\n\n");
        check_once(&watch, server, &format!("GET http /events 200 {} - success", version.name())).await;
        assert_eq!(watch.total("http.server.request.duration"), (1, 0.25));
        assert_eq!(watch.total("bellwether.server.time_to_first_byte"), (1, 0.25));
        assert_eq!(watch.total("bellwether.server.stream.duration"), (1, 120.25));
        assert_eq!(watch.the_one().duration, Duration::from_millis(120_250));
    }
}

/// How event streams usually end: the reader leaves.
#[tokio::test]
async fn server_sent_events_left() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let clock = watch.clock.clone();
        let events = async move || {
            let first = stream::iter([Ok::<_, Infallible>(Event::default().data("one"))]);
            Sse::new(first.chain(stream::once(async move {
                clock.advance(Duration::from_secs(600));
                std::future::pending().await
            })))
        };
        let server = Server::start(Router::new().route("/events", get(events)).layer(watch.layer())).await;
        let mut client = Client::connect(&server, version).await;
        let mut body = client.head_of("/events").await.into_body();
        body.frame().await.unwrap().unwrap();
        watch.until("the stream to wait", || watch.clock.timestamp().unix_seconds() > 1_700_000_599.0).await;
        client.hang_up().await;
        let line = format!("GET http /events 200 {} client_cancelled cancelled", version.name());
        check_once(&watch, server, &line).await;
        assert_eq!(watch.total("http.server.request.duration"), (1, 0.0));
        assert_eq!(watch.total("bellwether.server.stream.duration"), (1, 600.0));
    }
}

/// A long poll is an ordinary request that takes its time.
#[tokio::test]
async fn long_poll() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let news = Arc::new(Notify::new());
        let (waiting, clock) = (Arc::clone(&news), watch.clock.clone());
        let poll = async move || {
            waiting.notified().await;
            clock.advance(Duration::from_secs(30));
            "news"
        };
        let server = Server::start(Router::new().route("/poll", get(poll)).layer(watch.layer())).await;
        let mut client = Client::connect(&server, version).await;
        let answer = client.send(client.request("GET", "/poll").body(Body::empty()).unwrap());
        watch.under_way(1).await;
        news.notify_one();
        answer.await.unwrap().into_body().collect().await.unwrap();
        check_once(&watch, server, &format!("GET http /poll 200 {} - success", version.name())).await;
        assert_eq!(watch.total("http.server.request.duration"), (1, 30.0));
        assert_eq!(watch.total("bellwether.server.stream.duration").0, 0);
    }
}

/// An informational head or an odd status does not end a request that has a body.
#[tokio::test]
async fn odd_statuses() {
    for status in [205, 226, 299, 300, 451, 999] {
        let app = Router::new()
            .route("/odd", get(async move || Response::builder().status(status).body(Body::from("odd")).unwrap()));
        let rest = match status {
            ..400 => "- success",
            400..500 => "- client_error",
            _ => "999 failure",
        };
        let ask = async |mut client: Client| drop(client.get("/odd").await);
        check(app, ask, &format!("GET http /odd {status} {{v}} {rest}")).await;
    }
}
