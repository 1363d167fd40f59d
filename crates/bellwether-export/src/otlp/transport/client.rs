//! An HTTP client that keeps its connections until one disappoints.

use std::error::Error as StdError;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::super::destination::{Protocol, Resolved};
use super::super::error::Error;
use super::tls;

/// A client, and what it takes to make another.
#[derive(Debug)]
pub(super) struct Client {
    pool: Pool<Connector, Full<Bytes>>,
    connector: Connector,
    protocol: Protocol,
}

type Connector = HttpsConnector<HttpConnector>;

impl Client {
    pub(super) fn new(to: &Resolved) -> Result<Self, Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(to.timeout));
        // The machine's certificates are read only if they are needed: that takes its time.
        let tls = if to.uri.scheme() == Some(&Scheme::HTTPS) { tls::config(&to.certificates)? } else { tls::none()? };
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
        let connector = match to.protocol {
            Protocol::Grpc => connector.enable_http2().wrap_connector(tcp),
            Protocol::Http => connector.enable_all_versions().wrap_connector(tcp),
        };
        Ok(Self { pool: pool(&connector, to.protocol), connector, protocol: to.protocol })
    }

    /// The head of the answer, or why there is none.
    pub(super) async fn request(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, String> {
        self.pool.request(request).await.map_err(|error| causes(&error))
    }

    /// Leaves all connections to their fate: the next request opens another.
    pub(super) fn reconnect(&mut self) {
        self.pool = pool(&self.connector, self.protocol);
    }
}

fn pool(connector: &Connector, protocol: Protocol) -> Pool<Connector, Full<Bytes>> {
    Pool::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(1)
        .http2_only(protocol == Protocol::Grpc)
        .build(connector.clone())
}

/// An error with all that caused it, in one line.
pub(super) fn causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Many an error repeats what it was caused by.
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
