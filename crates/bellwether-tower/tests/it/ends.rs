//! Answers that come to their end, in every way an answer can.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::routing::{any, get, post};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use crate::harness::{Client, Raw, Server, Version, Watch, check, check_all, check_once};

/// A body of these pieces, of which nobody knows beforehand that it ends.
pub(crate) fn pieces(pieces: &'static [&'static str]) -> Body {
    Body::from_stream(stream::iter(pieces).map(|piece| Ok::<_, std::io::Error>(Bytes::from_static(piece.as_bytes()))))
}

fn respond(status: u16, body: impl Into<Body>) -> Response<Body> {
    Response::builder().status(status).body(body.into()).unwrap()
}

fn at(path: &str, answer: fn() -> Response<Body>) -> Router {
    Router::new().route(path, any(async move || answer()))
}

#[tokio::test]
async fn known_length() {
    let app = at("/hello", || respond(200, "hello"));
    check(
        app,
        async |mut client: Client| assert_eq!(client.get("/hello").await.text, "hello"),
        "GET http /hello 200 {v} - success",
    )
    .await;
}

#[tokio::test]
async fn known_length_in_a_hundred_frames() {
    let app = Router::new().route("/big", get(async || "x".repeat(3 << 20)));
    check(
        app,
        async |mut client| assert_eq!(client.get("/big").await.text.len(), 3 << 20),
        "GET http /big 200 {v} - success",
    )
    .await;
}

#[tokio::test]
async fn no_body() {
    let app = at("/none", || respond(200, Body::empty()));
    check(app, async |mut client| assert_eq!(client.get("/none").await.text, ""), "GET http /none 200 {v} - success")
        .await;
}

#[tokio::test]
async fn no_content() {
    let app = at("/none", || respond(204, Body::empty()));
    check(app, async |mut client| drop(client.get("/none").await), "GET http /none 204 {v} - success").await;
}

/// A body that has no business there. Over HTTP/1.1 hyper drops it unread, and that is not the client's doing.
#[tokio::test]
async fn no_content_with_a_body() {
    let app = at("/none", || respond(204, pieces(&["never", "sent"])));
    check(app, async |mut client| drop(client.get("/none").await), "GET http /none 204 {v} - success").await;
}

#[tokio::test]
async fn not_modified() {
    let app = at("/same", || respond(304, pieces(&["never", "sent"])));
    check(app, async |mut client| drop(client.get("/same").await), "GET http /same 304 {v} - success").await;
}

#[tokio::test]
async fn head_of_a_known_length() {
    let app = Router::new().route("/hello", get(async || "hello"));
    let ask = async |mut client: Client| {
        let answer = client.ask("HEAD", "/hello").await;
        assert_eq!((answer.header("content-length"), &*answer.text), ("5", ""));
    };
    check(app, ask, "HEAD http /hello 200 {v} - success").await;
}

#[tokio::test]
async fn head_of_a_stream() {
    let app = at("/stream", || respond(200, pieces(&["never", "sent"])));
    check(app, async |mut client| drop(client.ask("HEAD", "/stream").await), "HEAD http /stream 200 {v} - success")
        .await;
}

#[tokio::test]
async fn stream_to_its_end() {
    let app = at("/stream", || respond(200, pieces(&["one ", "two ", "three"])));
    let ask = async |mut client: Client| assert_eq!(client.get("/stream").await.text, "one two three");
    check(app, ask, "GET http /stream 200 {v} - success").await;
}

#[tokio::test]
async fn stream_of_nothing() {
    let app = at("/stream", || respond(200, pieces(&[])));
    check(app, async |mut client| drop(client.get("/stream").await), "GET http /stream 200 {v} - success").await;
}

/// hyper writes what the head promised and then drops the body, without asking whether there is more.
#[tokio::test]
async fn stream_of_a_declared_length() {
    let app = at("/declared", || {
        Response::builder().header("content-length", "10").body(pieces(&["01234", "56789"])).unwrap()
    });
    let ask = async |mut client: Client| assert_eq!(client.get("/declared").await.text, "0123456789");
    check(app, ask, "GET http /declared 200 {v} - success").await;
}

#[tokio::test]
async fn declared_to_be_empty() {
    let app = at("/declared", || Response::builder().header("content-length", "0").body(pieces(&[])).unwrap());
    check(app, async |mut client| drop(client.get("/declared").await), "GET http /declared 200 {v} - success").await;
}

#[tokio::test]
async fn trailers() {
    let app = at("/trailers", || {
        let trailers = HeaderMap::from_iter([("x-sum".parse().unwrap(), "42".parse().unwrap())]);
        let frames = [Frame::data(Bytes::from_static(b"data")), Frame::trailers(trailers)];
        let body = StreamBody::new(stream::iter(frames).map(Ok::<_, std::io::Error>));
        Response::builder().header("trailer", "x-sum").body(Body::new(body)).unwrap()
    });
    let ask = async |mut client: Client| {
        let request = client.request("GET", "/trailers").header("te", "trailers").body(Body::empty()).unwrap();
        let body = client.send(request).await.unwrap().into_body().collect().await.unwrap();
        assert_eq!(body.trailers().expect("trailers come through")["x-sum"], "42");
    };
    check(app, ask, "GET http /trailers 200 {v} - success").await;
}

#[tokio::test]
async fn every_class_of_status() {
    let app =
        Router::new().route("/{status}", get(async |path: axum::extract::Path<u16>| respond(path.0, "as you wish")));
    for (status, rest) in [
        (200, "- success"),
        (302, "- success"),
        (400, "- client_error"),
        (404, "- client_error"),
        (429, "- client_error"),
        (500, "500 failure"),
        (501, "501 failure"),
        (502, "502 failure"),
        (503, "503 failure"),
        (504, "504 failure"),
        (507, "507 failure"),
        (599, "599 failure"),
    ] {
        let ask = async |mut client: Client| drop(client.get(&format!("/{status}")).await);
        check(app.clone(), ask, &format!("GET http /{{status}} {status} {{v}} {rest}")).await;
    }
}

#[tokio::test]
async fn request_body_read() {
    let app = Router::new().route("/up", post(async |body: Bytes| body.len().to_string()));
    let ask = async |mut client: Client| {
        let request = client.request("POST", "/up").body(Body::from("x".repeat(100_000))).unwrap();
        assert_eq!(client.ask_with(request).await.text, "100000");
    };
    check(app, ask, "POST http /up 200 {v} - success").await;
}

#[tokio::test]
async fn request_body_left_unread() {
    let app = Router::new().route("/up", post(async |_: Request| (StatusCode::PAYLOAD_TOO_LARGE, "no, thanks")));
    let ask = async |mut client: Client| {
        let request = client.request("POST", "/up").body(Body::from("x".repeat(10_000_000))).unwrap();
        // Over HTTP/1.1 the connection may be closed under the client's hands.
        let _ = client.send(request).await;
    };
    check(app, ask, "POST http /up 413 {v} - client_error").await;
}

async fn nine_more(body: Bytes) -> Body {
    let more = pieces(&["four", "five5"]).into_data_stream();
    Body::from_stream(more.chain(Body::from(body).into_data_stream()))
}

#[tokio::test]
async fn sizes_of_bodies() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let app = Router::new().route("/echo", post(nine_more));
        let server = Server::start(app.layer(watch.layer())).await;
        let mut client = Client::connect(&server, version).await;
        for body in [Body::from("x".repeat(1000)), pieces(&["y", "zz"])] {
            let request = client.request("POST", "/echo").body(body).unwrap();
            client.ask_with(request).await;
        }
        let line = format!("POST http /echo 200 {} - success", version.name());
        check_all(&watch, server, &[&line, &line]).await;
        assert_eq!(watch.total("http.server.request.body.size"), (2, 1003.0));
        assert_eq!(watch.total("http.server.response.body.size"), (2, 1021.0));
        let heard = watch.ended();
        assert_eq!((heard[0].request_bytes, heard[0].response_bytes), (1000, 1009));
        assert_eq!((heard[1].request_bytes, heard[1].response_bytes), (3, 12));
    }
}

/// Three pieces, each 100 ms after the one before by the layer's own clock: headers at 100, first byte at 200, end at 400.
#[tokio::test]
async fn durations_of_a_stream() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let clock = watch.clock.clone();
        let app = Router::new().route(
            "/slow",
            get(async move || {
                clock.advance(Duration::from_millis(100));
                let pieces = stream::iter(["a", "b", "c"]).map(move |piece| {
                    clock.advance(Duration::from_millis(100));
                    Ok::<_, std::io::Error>(Bytes::from_static(piece.as_bytes()))
                });
                Body::from_stream(pieces)
            }),
        );
        let server = Server::start(app.layer(watch.layer())).await;
        Client::connect(&server, version).await.get("/slow").await;
        check_once(&watch, server, &format!("GET http /slow 200 {} - success", version.name())).await;
        assert_eq!(watch.total("http.server.request.duration"), (1, 0.4));
        assert_eq!(watch.total("bellwether.server.time_to_first_byte"), (1, 0.2));
        let heard = watch.the_one();
        assert_eq!(heard.duration, Duration::from_millis(400));
        assert_eq!(heard.first_byte, Some(Duration::from_millis(200)));
    }
}

/// Without a body there is no first byte, and no time to it.
#[tokio::test]
async fn durations_without_a_body() {
    let watch = Watch::new();
    let clock = watch.clock.clone();
    let app = Router::new().route("/none", get(async move || clock.advance(Duration::from_millis(250))));
    let server = Server::start(app.layer(watch.layer())).await;
    Client::connect(&server, Version::One).await.get("/none").await;
    check_once(&watch, server, "GET http /none 200 1.1 - success").await;
    assert_eq!(watch.total("http.server.request.duration"), (1, 0.25));
    assert_eq!(watch.total("bellwether.server.time_to_first_byte"), (0, 0.0));
    assert_eq!(watch.the_one().first_byte, None);
}

#[tokio::test]
async fn one_after_the_other_on_a_connection() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let app = Router::new().route("/hello", get(async || "hello"));
        let server = Server::start(app.layer(watch.layer())).await;
        let mut client = Client::connect(&server, version).await;
        for _ in 0..50 {
            client.get("/hello").await;
        }
        let line = format!("GET http /hello 200 {} - success", version.name());
        check_all(&watch, server, &[&*line; 50]).await;
    }
}

#[tokio::test]
async fn many_at_once_on_a_connection() {
    let watch = Watch::new();
    let app = Router::new().route("/hello", get(async || "hello"));
    let server = Server::start(app.layer(watch.layer())).await;
    let mut client = Client::connect(&server, Version::Two).await;
    let requests: Vec<_> =
        (0..100).map(|_| client.send(client.request("GET", "/hello").body(Body::empty()).unwrap())).collect();
    for answer in futures_util::future::join_all(requests).await {
        answer.unwrap().into_body().collect().await.unwrap();
    }
    check_all(&watch, server, &["GET http /hello 200 2 - success"; 100]).await;
}

#[tokio::test]
async fn pipelined() {
    let watch = Watch::new();
    let app = Router::new().route("/hello", get(async || "hello"));
    let server = Server::start(app.layer(watch.layer())).await;
    let mut raw = Raw::connect(&server).await;
    raw.write("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n".repeat(9)).await;
    raw.write("GET /hello HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert_eq!(raw.into_rest().await.matches("hello").count(), 10);
    check_all(&watch, server, &["GET http /hello 200 1.1 - success"; 10]).await;
}

#[tokio::test]
async fn older_version() {
    let watch = Watch::new();
    let app = at("/hello", || respond(200, pieces(&["by closing"])));
    let server = Server::start(app.layer(watch.layer())).await;
    let mut raw = Raw::connect(&server).await;
    raw.write("GET /hello HTTP/1.0\r\n\r\n").await;
    assert!(raw.into_rest().await.ends_with("by closing"));
    check_once(&watch, server, "GET http /hello 200 1.0 - success").await;
}

/// The same through the framework's own server.
#[tokio::test]
async fn served_by_axum() {
    for version in Version::BOTH {
        let watch = Watch::new();
        let app = at("/stream", || respond(200, pieces(&["one", "two"])));
        let server = Server::axum(app.layer(watch.layer())).await;
        Client::connect(&server, version).await.get("/stream").await;
        check_once(&watch, server, &format!("GET http /stream 200 {} - success", version.name())).await;
    }
}
