//! A page served over loopback, fixed or passed on from elsewhere, that remembers what its readers asked for.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
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
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    source: Source,
    accepts: Mutex<Vec<String>>,
}

/// Where the content comes from.
#[derive(Debug)]
enum Source {
    Fixed { content_type: HeaderValue, body: Bytes },
    Relay { client: reqwest::Client, url: String, accept: HeaderValue },
}

impl Page {
    /// Serves `body` as `content_type`, whatever is asked for.
    ///
    /// # Panics
    /// If no port can be had.
    pub async fn serve(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let content_type = HeaderValue::from_static(content_type);
        Self::start(Source::Fixed { content_type, body: body.into() }).await
    }

    /// Passes on what `url` answers to this `accept`, so that a reader meets a format it would not ask for itself.
    ///
    /// # Panics
    /// If no port can be had.
    pub async fn relay(url: &str, accept: &'static str) -> Self {
        let accept = HeaderValue::from_static(accept);
        Self::start(Source::Relay { client: crate::client(), url: url.to_owned(), accept }).await
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
        self.shared.accepts.lock().expect("no panic inside").clone()
    }

    async fn start(source: Source) -> Self {
        let shared = Arc::new(Shared { source, accepts: Mutex::default() });
        let app = Router::new().route("/metrics", get(answer)).with_state(Arc::clone(&shared));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let addr = listener.local_addr().expect("its address");
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Self { addr, shared, server }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
    shared.accepts.lock().expect("no panic inside").push(accept.unwrap_or_default());
    let answer = match &shared.source {
        Source::Fixed { content_type, body } => Ok((content_type.clone(), body.clone())),
        Source::Relay { client, url, accept } => fetch(client, url, accept).await,
    };
    match answer {
        Ok((content_type, body)) => ([(header::CONTENT_TYPE, content_type)], body).into_response(),
        Err(e) => (StatusCode::BAD_GATEWAY, e.to_string()).into_response(),
    }
}

async fn fetch(
    client: &reqwest::Client,
    url: &str,
    accept: &HeaderValue,
) -> Result<(HeaderValue, Bytes), reqwest::Error> {
    let answer = client.get(url).header(header::ACCEPT, accept).send().await?.error_for_status()?;
    let content_type = answer.headers().get(header::CONTENT_TYPE).cloned();
    Ok((content_type.unwrap_or_else(|| HeaderValue::from_static("")), answer.bytes().await?))
}
