//! A well-behaved client over one connection of HTTP/1.1 or HTTP/2, which can hang up at any moment.

use std::future::Future;

use axum::body::Body;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Server;
use super::tasks::Tasks;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    One,
    Two,
}

/// One connection.
pub(crate) struct Client {
    pub(crate) version: Version,
    sender: Sender,
    tasks: Tasks,
}

enum Sender {
    One(http1::SendRequest<Body>),
    Two(http2::SendRequest<Body>),
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Version {
    pub(crate) const BOTH: [Self; 2] = [Self::One, Self::Two];

    /// As `network.protocol.version` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::One => "1.1",
            Self::Two => "2",
        }
    }
}

impl Client {
    pub(crate) async fn connect(server: &Server, version: Version) -> Self {
        let io = TokioIo::new(TcpStream::connect(server.addr).await.expect("the server listens"));
        let tasks = Tasks::default();
        let sender = match version {
            Version::One => {
                let (sender, connection) = http1::handshake(io).await.expect("handshake");
                tasks.spawn(async { drop(connection.with_upgrades().await) });
                Sender::One(sender)
            }
            Version::Two => {
                let (sender, connection) = http2::handshake(tasks.clone(), io).await.expect("handshake");
                tasks.spawn(async { drop(connection.await) });
                Sender::Two(sender)
            }
        };
        Self { version, sender, tasks }
    }

    /// A request that fits this connection: origin form with a host, or absolute.
    pub(crate) fn request(&self, method: &str, path: &str) -> http::request::Builder {
        let request = Request::builder().method(method.parse::<Method>().expect("a method"));
        match self.version {
            Version::One => request.uri(path).header("host", "localhost"),
            Version::Two => request.uri(format!("http://localhost{path}")),
        }
    }

    /// Sends a request. It is on its way when this returns; the future is for the head of the answer, and dropping it
    /// gives the request up: by closing the connection, or over HTTP/2 by RST_STREAM.
    pub(crate) fn send(
        &mut self,
        request: Request<Body>,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> + use<> {
        let (one, two) = match &mut self.sender {
            Sender::One(sender) => (Some(sender.send_request(request)), None),
            Sender::Two(sender) => (None, Some(sender.send_request(request))),
        };
        async move {
            match (one, two) {
                (Some(answer), _) => answer.await,
                (_, Some(answer)) => answer.await,
                _ => unreachable!("one of the two was sent"),
            }
        }
    }

    /// Sends a request without a body and reads the whole answer.
    pub(crate) async fn ask(&mut self, method: &str, path: &str) -> Answer {
        let request = self.request(method, path).body(Body::empty()).expect("a request");
        self.ask_with(request).await
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn ask_with(&mut self, request: Request<Body>) -> Answer {
        let answer = self.send(request).await.expect("an answer");
        let (head, body) = answer.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        Answer { status: head.status, headers: head.headers, text }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path).await
    }

    /// Sends a request and reads the head of the answer.
    pub(crate) async fn head_of(&mut self, path: &str) -> Response<Incoming> {
        let request = self.request("GET", path).body(Body::empty()).expect("a request");
        self.send(request).await.expect("an answer")
    }

    /// Closes the connection, whatever is going on.
    pub(crate) async fn hang_up(self) {
        self.tasks.cut_off().await;
    }
}

impl Answer {
    /// The value of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header of text"))
    }
}
