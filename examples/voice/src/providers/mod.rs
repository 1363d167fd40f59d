//! The AI providers a turn calls: on loopback by default, the real ones when a key is given.

pub mod llm;
pub mod stt;
pub mod tts;

mod reply;

use std::{env, fmt, time::Duration};

use bellwether::{
    Bellwether, Dependency,
    dependency::genai::{GenAi, Model, ModelBuilder},
    tower::ObserveCalls,
};
use http::header::RETRY_AFTER;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

use crate::{
    guards::Guards,
    upstream::{Upstream, Upstreams},
};

/// Whose formats they speak.
const PROVIDER: &str = "openai";

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
    /// What is measured of its model.
    model: Model,
}

impl fmt::Debug for Endpoint {
    /// Not the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Providers {
    /// The demo's own servers on loopback, where a key is called what it is.
    pub fn loopback(upstreams: &Upstreams, bw: &Bellwether, guards: &Guards) -> Result<Self, String> {
        let bases = [&upstreams.stt, &upstreams.llm, &upstreams.tts].map(Upstream::base_url);
        Self::new(&loopback_client()?, bw, guards, bases, llm::Key::ALL.map(llm::Key::as_str))
    }

    /// The real ones, if `OPENAI_API_KEY` is set; `OPENAI_BASE_URL` points to any server that speaks the same.
    pub fn from_env(bw: &Bellwether, guards: &Guards) -> Result<Option<Self>, String> {
        let var = |name| env::var(name).ok().filter(|key| !key.is_empty());
        let Some(key) = var("OPENAI_API_KEY") else {
            return Ok(None);
        };
        let batch = var("OPENAI_BATCH_API_KEY").unwrap_or_else(|| key.clone());
        let base = env::var("OPENAI_BASE_URL").unwrap_or_else(|_| "https://api.openai.com/v1".into());
        let http = http_client(|builder| builder)?;
        Self::new(&http, bw, guards, [base.clone(), base.clone(), base], [&key, &batch]).map(Some)
    }

    fn new(
        http: &reqwest::Client,
        bw: &Bellwether,
        guards: &Guards,
        [stt, llm, tts]: [String; 3],
        keys: [&str; 2],
    ) -> Result<Self, String> {
        let calls = bw.calls();
        let genai = GenAi::new(bw.registry()).map_err(|error| error.to_string())?;
        let endpoint = |name, base: &str, key: &str, dependency: &Dependency, described: ModelBuilder| Endpoint {
            // Every call is observed under the name of who is called.
            http: ClientBuilder::new(http.clone()).with(ObserveCalls::new(calls.for_peer(name))).build(),
            base: base.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
            // What the dependency's breaker refuses is no call.
            model: genai.model(dependency, at(base, described)),
        };
        let thinks = |key: llm::Key| {
            let described = Model::chat(PROVIDER, llm::MODEL);
            endpoint(llm::NAME, &llm, keys[key as usize], guards.llm(key), described)
        };
        let hears = Model::speech_to_text(PROVIDER, stt::MODEL);
        let speaks = Model::text_to_speech(PROVIDER, tts::MODEL).audio_rate(tts::BYTES_A_SECOND);
        Ok(Self {
            stt: stt::Stt::new(endpoint(stt::NAME, &stt, keys[0], &guards.stt, hears)),
            llm: llm::Llm::new(llm::Key::ALL.map(thinks)),
            tts: tts::Tts::new(endpoint(tts::NAME, &tts, keys[0], &guards.tts, speaks)),
        })
    }
}

/// A model at this URL.
fn at(base: &str, described: ModelBuilder) -> ModelBuilder {
    match reqwest::Url::parse(base).ok().as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)))
    {
        Some((host, port)) => described.server(host, port),
        None => described,
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

/// Whole seconds, the form the providers use; one second if there is none.
fn retry_after(headers: &http::HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}
