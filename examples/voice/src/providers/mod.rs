//! The AI providers a turn calls: on loopback by default, the real ones when a key is given.

pub mod llm;
pub mod stt;
pub mod tts;

use std::{env, fmt, time::Duration};

use bellwether::tower::{CallLayer, ObserveCalls};
use http::header::RETRY_AFTER;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

use crate::{
    failure::{Failure, Why},
    upstream::{Upstream, Upstreams},
};

/// One client per provider.
#[derive(Debug)]
pub struct Providers {
    /// Speech to text.
    pub stt: stt::Stt,
    /// The language model.
    pub llm: llm::Llm,
    /// Text to speech.
    pub tts: tts::Tts,
}

/// Where a provider is, and what it wants to see.
struct Endpoint {
    http: ClientWithMiddleware,
    base: String,
    key: String,
}

impl fmt::Debug for Endpoint {
    /// Not the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Providers {
    /// The demo's own servers on loopback.
    pub fn loopback(upstreams: &Upstreams, calls: &CallLayer) -> Result<Self, String> {
        let bases = [&upstreams.stt, &upstreams.llm, &upstreams.tts].map(Upstream::base_url);
        Ok(Self::new(&loopback_client()?, calls, bases, "loopback"))
    }

    /// The real ones, if `OPENAI_API_KEY` is set; `OPENAI_BASE_URL` points to any server that speaks the same.
    pub fn from_env(calls: &CallLayer) -> Result<Option<Self>, String> {
        let Some(key) = env::var("OPENAI_API_KEY").ok().filter(|key| !key.is_empty()) else {
            return Ok(None);
        };
        let base = env::var("OPENAI_BASE_URL").unwrap_or_else(|_| "https://api.openai.com/v1".into());
        let http = http_client(|builder| builder)?;
        Ok(Some(Self::new(&http, calls, [base.clone(), base.clone(), base], &key)))
    }

    fn new(http: &reqwest::Client, calls: &CallLayer, [stt, llm, tts]: [String; 3], key: &str) -> Self {
        let endpoint = |name, base: String| Endpoint {
            // Every call is observed under the name of who is called.
            http: ClientBuilder::new(http.clone()).with(ObserveCalls::new(calls.for_peer(name))).build(),
            base: base.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
        };
        Self {
            stt: stt::Stt::new(endpoint(stt::NAME, stt)),
            llm: llm::Llm::new(endpoint(llm::NAME, llm)),
            tts: tts::Tts::new(endpoint(tts::NAME, tts)),
        }
    }
}

/// An HTTP client for servers on this machine: it trusts no certificate, so that it needs none installed.
pub(crate) fn loopback_client() -> Result<reqwest::Client, String> {
    http_client(|builder| builder.tls_certs_only([]))
}

/// An HTTP client that gives up in time; `read_timeout` also covers a stream that falls silent.
fn http_client(tls: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Result<reqwest::Client, String> {
    // The process default for TLS; a second call finds it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder =
        reqwest::Client::builder().connect_timeout(Duration::from_secs(1)).read_timeout(Duration::from_secs(5));
    tls(builder).build().map_err(|error| format!("cannot make an HTTP client: {error:?}"))
}

/// The response, if it is a success.
async fn success(
    name: &'static str,
    sent: reqwest_middleware::Result<reqwest::Response>,
) -> Result<reqwest::Response, Failure> {
    let response = match sent {
        Ok(response) => response,
        Err(reqwest_middleware::Error::Reqwest(error)) => return Err(Failure::upstream(name, &error)),
        Err(reqwest_middleware::Error::Middleware(error)) => return Err(Failure::Bug(error.to_string())),
    };
    let why = match response.status().as_u16() {
        200..=299 => return Ok(response),
        429 => Why::Throttled(retry_after(response.headers())),
        status => Why::Status(status),
    };
    // Read to the end, the connection can be used again.
    let words = response.text().await.unwrap_or_default();
    tracing::warn!(name, words, "a provider refused");
    Err(Failure::Upstream { name, why })
}

/// Whole seconds, the form the providers use; one second if there is none.
fn retry_after(headers: &http::HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}
