//! A collector that takes whatever it is sent, and forgets it.

use std::net::{SocketAddr, TcpListener};
use std::thread;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;

/// The environment variable that names a collector in another process.
pub const ADDRESS: &str = "BELLWETHER_BENCH_COLLECTOR";

/// Where one is.
#[derive(Debug, Clone, Copy)]
pub struct Collector;

impl Collector {
    /// Starts one on a thread of this process, for good.
    pub fn start() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let app = Router::new().fallback(|_: Bytes| async {}).layer(DefaultBodyLimit::disable());
            runtime.block_on(async {
                listener.set_nonblocking(true).expect("a socket");
                let listener = tokio::net::TcpListener::from_std(listener).expect("a runtime with I/O");
                axum::serve(listener, app).await.expect("it never ends");
            });
        });
        address
    }

    /// The one that [`ADDRESS`] names, or a new one here.
    pub(super) fn named_or_started() -> SocketAddr {
        let named = std::env::var(ADDRESS).ok().and_then(|address| address.parse().ok());
        named.unwrap_or_else(Self::start)
    }
}
