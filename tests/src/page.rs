//! A page with fixed content, served over loopback, that remembers what its readers asked for.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::routing::get;
use bytes::Bytes;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A served page, at `/metrics`. Dropping it stops the server.
#[derive(Debug)]
pub struct Page {
    addr: SocketAddr,
    accepts: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl Page {
    /// Serves `body` as `content_type`, whatever is asked for.
    ///
    /// # Panics
    /// If no port can be had.
    pub async fn serve(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let accepts = Arc::new(Mutex::new(Vec::new()));
        let (body, seen) = (body.into(), Arc::clone(&accepts));
        let answer = async move |State(seen): State<Arc<Mutex<Vec<String>>>>, headers: HeaderMap| {
            let accept = headers.get(header::ACCEPT).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
            seen.lock().expect("no panic inside").push(accept.unwrap_or_default());
            ([(header::CONTENT_TYPE, content_type)], body)
        };
        let app = Router::new().route("/metrics", get(answer)).with_state(seen);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let addr = listener.local_addr().expect("its address");
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Self { addr, accepts, server }
    }

    /// Where it is served.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The `Accept` header of each request so far.
    ///
    /// # Panics
    /// Never, unless the server panicked.
    #[must_use]
    pub fn accepts(&self) -> Vec<String> {
        self.accepts.lock().expect("no panic inside").clone()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.server.abort();
    }
}
