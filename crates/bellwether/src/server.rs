//! A port of its own: a few connections at a time, none of them for long.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use bellwether_core::{Counter, Error, Registry};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tower_service::Service;

/// What all ports of a front door share.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    router: Router,
    places: Arc<Semaphore>,
    refused: Counter,
}

/// Connections at a time, of all ports: many times what scrapers and probes need.
const PLACES: usize = 64;
/// To send the head of a request; also how long a connection may lie idle.
const HEAD: Duration = Duration::from_secs(10);
/// After this a connection is asked to end, and somewhat later it is cut: whoever reads a page this slowly holds a place
/// that others need.
const LIFE: Duration = Duration::from_secs(120);
const LAST_WORDS: Duration = Duration::from_secs(10);

impl Server {
    pub(crate) fn new(registry: &Registry, router: Router) -> Result<Self, Error> {
        Ok(Self {
            router,
            places: Arc::new(Semaphore::new(PLACES)),
            refused: registry
                .counter("bellwether.server.refused")
                .unit("{connection}")
                .description(
                    "Connections to Bellwether's own port that were closed at once because all places were taken.",
                )
                .build()?,
        })
    }

    /// Serves until the runtime ends.
    pub(crate) async fn serve(self, listener: std::net::TcpListener) -> std::io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.admit(stream, peer),
                // Out of files, most likely: they come back.
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            // Rather at once than never: a probe that waits is a probe that fails without a reason.
            self.refused.inc();
            return;
        };
        let router = self.router.clone();
        tokio::spawn(async move {
            converse(router, stream, peer).await;
            drop(place);
        });
    }
}

async fn converse(router: Router, stream: TcpStream, peer: SocketAddr) {
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = router.clone().call(request);
        async move { answer.await.map_err(|never: Infallible| never) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(64 << 10)
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = std::pin::pin!(connection);
    // A client that breaks off is nothing to report.
    if timeout(LIFE, connection.as_mut()).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(LAST_WORDS, connection).await;
    }
}
