//! The demo's stand-ins for the AI providers: HTTP servers on loopback that speak the providers' formats.

mod behavior;
mod latency;
mod llm;
mod server;
mod stt;
mod tts;

use std::{io, net::SocketAddr};

use axum::Router;
use tokio::{net::TcpListener, sync::watch};

use crate::worker::Worker;
use behavior::{Behavior, Refusal};
pub use latency::Latency;

/// The three servers, on a thread of their own; they end when this is dropped.
#[derive(Debug)]
pub struct Upstreams {
    /// Speech to text.
    pub stt: Upstream,
    /// The language model.
    pub llm: Upstream,
    /// Text to speech.
    pub tts: Upstream,
    _worker: Worker,
}

/// One server: where it is, and the fault it has.
#[derive(Clone, Debug)]
pub struct Upstream {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
}

/// What can be wrong with a server; shares are `0.0..=1.0` of the requests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// All is well.
    #[default]
    None,
    /// Everything takes so many times as long.
    Slow(f64),
    /// At most so many requests a second by each key; the others get a 429.
    Quota(u32),
    /// The same for this key alone.
    QuotaOf(&'static str, u32),
    /// A share of the requests gets a 503.
    Errors(f64),
    /// A share of the streams ends in the middle.
    Cut(f64),
    /// Connections break and new ones are refused.
    Down,
}

impl Upstreams {
    /// Starts all three on ports that are free.
    pub fn start(seed: u64) -> io::Result<Self> {
        let (stt, stt_server) = open(stt::routes, seed)?;
        let (llm, llm_server) = open(llm::routes, seed.wrapping_add(1))?;
        let (tts, tts_server) = open(tts::routes, seed.wrapping_add(2))?;
        let worker = Worker::start("upstreams", async {
            tokio::join!(stt_server, llm_server, tts_server);
        })?;
        Ok(Self { stt, llm, tts, _worker: worker })
    }
}

impl Upstream {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its API begins.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Replaces the fault it has.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }
}

/// Binds at once, so that the address is known; serves when the future is polled.
fn open(
    routes: impl FnOnce(Behavior) -> Router,
    seed: u64,
) -> io::Result<(Upstream, impl Future<Output = ()> + Send + 'static)> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let (fault, watched) = watch::channel(Fault::None);
    let routes = routes(Behavior::new(watched.clone(), seed));
    let server = async move {
        match TcpListener::from_std(listener) {
            Ok(listener) => server::serve(listener, routes, watched).await,
            Err(error) => tracing::error!(%error, "an upstream did not start"),
        }
    };
    Ok((Upstream { address, fault }, server))
}
