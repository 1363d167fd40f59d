//! The query API as others meet it: a Prometheus that holds the same series answers the same, and clients made for
//! Prometheus do not see a difference.

mod clients;
mod differential;
mod series;

use std::future::IntoFuture as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use bellwether_core::{Clock, Timestamp};
use bellwether_dashboard::{QueryApi, Source};
use tokio::task::JoinHandle;

/// When the series begin, in milliseconds since 1970.
const START: i64 = 1_700_000_000_000;

/// An API that serves one test, below `/prometheus`. Dropping it stops the server.
struct Served {
    url: String,
    server: JoinHandle<()>,
}

impl Served {
    async fn new(source: impl Source + Send + Sync + 'static) -> Self {
        let source = Arc::new(source);
        let api = QueryApi::new(
            move || source.clone(),
            Clock::manual(Timestamp::from_unix_seconds((START / 1000) as u64 + 600)),
        );
        let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("a port");
        let url = format!("http://{}/prometheus", listener.local_addr().expect("its address"));
        let app: Router = Router::new().nest_service("/prometheus", api);
        let served = axum::serve(listener, app).into_future();
        let server = tokio::spawn(async {
            let _ = served.await;
        });
        Self { url, server }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}
