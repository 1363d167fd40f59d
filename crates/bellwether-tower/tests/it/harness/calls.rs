//! Observed clients over real connections, and the table of most of their rows.

use axum::Router;
use axum::body::Body;
use bellwether_tower::{CallLayer, ObservedCall, ResponseBody};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::{Layer, Service, ServiceExt};

use super::{Server, Version, Watch};

type Inner = Client<HttpConnector, Body>;

/// A pooling client under the layer.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) service: ObservedCall<Inner>,
    origin: String,
    version: Version,
}

pub(crate) type Answer = Result<Response<ResponseBody<Incoming>>, hyper_util::client::legacy::Error>;

impl Calls {
    pub(crate) fn new(layer: &CallLayer, server: &Server, version: Version) -> Self {
        let origin = format!("http://{}", server.addr);
        Self { service: layer.layer(plain(version)), origin, version }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> http::request::Builder {
        let version = match self.version {
            Version::One => http::Version::HTTP_11,
            Version::Two => http::Version::HTTP_2,
        };
        Request::builder().method(method).uri(format!("{}{path}", self.origin)).version(version)
    }

    pub(crate) async fn send(&mut self, request: Request<Body>) -> Answer {
        self.service.ready().await?.call(request).await
    }

    pub(crate) async fn ask(&mut self, method: &str, path: &str) -> Answer {
        let request = self.request(method, path).body(Body::empty()).expect("a request");
        self.send(request).await
    }

    /// The whole answer's text; what came, if it breaks off.
    pub(crate) async fn text(&mut self, path: &str) -> String {
        let Ok(mut answer) = self.ask("GET", path).await else { return String::new() };
        let mut text = Vec::new();
        while let Some(Ok(frame)) = answer.body_mut().frame().await {
            text.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        }
        String::from_utf8(text).expect("text")
    }
}

pub(crate) fn plain(version: Version) -> Inner {
    Client::builder(TokioExecutor::new()).http2_only(version == Version::Two).build_http()
}

/// What a client does with a server that is not observed, and the one line that must be left of it, over HTTP/1.1 and
/// over HTTP/2. In the line, `{v}` stands for the version and `{at}` for the server's address and port.
pub(crate) async fn check_call(app: Router, ask: impl AsyncFn(Calls), expect: &str) {
    for version in Version::BOTH {
        let watch = Watch::new();
        let server = Server::start(app.clone()).await;
        let at = format!("{} {}", server.addr.ip(), server.addr.port());
        ask(Calls::new(&watch.call_layer(), &server, version)).await;
        super::check_once(&watch, server, &expect.replace("{v}", version.name()).replace("{at}", &at)).await;
    }
}
