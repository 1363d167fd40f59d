//! The demo's providers, with somebody between them and the demo who reads the headers, and refuses when told to.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use bellwether_tests::client;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use voice::providers::llm::Key;
use voice::upstream::Upstreams;

/// Running providers, all behind one address. Dropping them stops them.
pub(crate) struct Between {
    pub(crate) addr: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstreams: Upstreams,
    client: reqwest::Client,
    calls: Mutex<Vec<Call>>,
    refusals: AtomicU32,
}

/// A call that came by.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
}

impl Between {
    pub(crate) async fn start() -> Self {
        let shared = Shared {
            upstreams: Upstreams::start(1).expect("upstreams"),
            client: client(),
            calls: Mutex::default(),
            refusals: AtomicU32::new(0),
        };
        let shared = Arc::new(shared);
        let app = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let addr = listener.local_addr().expect("its address");
        tokio::spawn(axum::serve(listener, app).into_future());
        Self { addr, shared }
    }

    /// What makes the demo call here instead of its own ones, by keys of the names that they have there.
    pub(crate) fn env(&self) -> [(&'static str, String); 3] {
        let [primary, batch] = Key::ALL.map(|key| key.as_str().to_owned());
        let base = format!("http://{}/v1", self.addr);
        [("OPENAI_API_KEY", primary), ("OPENAI_BATCH_API_KEY", batch), ("OPENAI_BASE_URL", base)]
    }

    /// The providers themselves, to have faults.
    pub(crate) fn upstreams(&self) -> &Upstreams {
        &self.shared.upstreams
    }

    /// The next `calls` get a 503.
    pub(crate) fn refuse(&self, calls: u32) {
        self.shared.refusals.store(calls, SeqCst);
    }

    /// What came by so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().expect("no panic inside").clone()
    }
}

async fn pass(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let call = Call { path: uri.path().to_owned(), headers: headers.clone() };
    shared.calls.lock().expect("no panic inside").push(call);
    if shared.refusals.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
        return (StatusCode::SERVICE_UNAVAILABLE, "out to lunch").into_response();
    }
    let upstream = match uri.path() {
        path if path.ends_with("/transcriptions") => &shared.upstreams.stt,
        path if path.ends_with("/completions") => &shared.upstreams.llm,
        _ => &shared.upstreams.tts,
    };
    let mut request = shared.client.post(format!("http://{}{}", upstream.address(), uri.path()));
    for name in [header::CONTENT_TYPE, header::AUTHORIZATION] {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    let Ok(answer) = request.body(body).send().await else {
        return (StatusCode::BAD_GATEWAY, "nobody is there").into_response();
    };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let Ok(body) = answer.bytes().await else {
        return (StatusCode::BAD_GATEWAY, "it broke off").into_response();
    };
    let mut response = (status, body).into_response();
    for name in ["content-type", "retry-after", "retry-after-ms"] {
        if let Some(value) = headers.get(name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}
