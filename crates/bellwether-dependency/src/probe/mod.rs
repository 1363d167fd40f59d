//! A check of whether a dependency answers, made while nobody calls it.

mod blocking;
mod driver;
#[cfg(feature = "grpc")]
mod grpc;
#[cfg(feature = "http")]
mod http;
mod redis;
mod run;
#[cfg(feature = "sqlx")]
mod sqlx;
mod tcp;

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::fault::Fault;
use crate::health::Statement;

pub use driver::Probes;

/// A check under way.
pub(crate) type Check = Pin<Box<dyn Future<Output = Result<Finding, Fault>> + Send>>;

/// What a check found that got an answer.
#[cfg_attr(not(all(feature = "grpc", feature = "http")), allow(dead_code, reason = "not all probes are told as much"))]
pub(crate) enum Finding {
    /// It answers.
    Well,
    /// It answers, and says how it is.
    Says(Statement),
    /// It answers that it cannot be asked this, which will not change.
    Mute,
}

/// Asks a dependency whether it answers, at most once in an interval, and only if no call has told.
///
/// A check is a future, run by [`Probes`] and by nobody who asks for the health: who asks is told what is known. It must be
/// **cancel-safe**, since it is dropped when its time is over, and it must not block: for what blocks there is
/// [`blocking`](Self::blocking), which has a thread of its own. It may panic, never end, or fail with whatever it likes: of
/// its error only the class is kept, no text.
///
/// It runs on the thread that runs [`Probes`], and so do connections that it makes. A client with a pool is therefore best one of
/// its own, of one connection: it then neither hands its connections to the service nor takes a pool that is full for a
/// server that is down.
///
/// ```
/// use bellwether_dependency::Probe;
/// use std::time::Duration;
///
/// async fn ping() -> Result<(), std::io::Error> {
///     Ok(()) // `sqlx::query("SELECT 1")`, Redis' PING, gRPC's health check, an HTTP request
/// }
/// let probe = Probe::new(ping).every(Duration::from_secs(30)).timeout(Duration::from_secs(2));
/// # let _ = probe;
/// ```
#[derive(Clone)]
pub struct Probe {
    make: Arc<dyn Fn() -> Check + Send + Sync>,
    every: Duration,
    timeout: Duration,
    slow_after: Option<Duration>,
}

impl Probe {
    /// A check that is a future. What it answers does not matter.
    pub fn new<T, E, F>(check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        E: Error + 'static,
    {
        Self::of(move || {
            let check = check();
            Box::pin(async move { check.await.map(|_| Finding::Well).map_err(|error| Fault::of(&error)) })
        })
    }

    /// A check that blocks. It runs on a thread of its own, of which there is at most one: as long as one check does not
    /// return, none is begun, and each that would have been is one that took too long.
    pub fn blocking<T, E>(check: impl Fn() -> Result<T, E> + Send + Sync + 'static) -> Self
    where
        E: Error + 'static,
    {
        blocking::probe(move || check().map(|_| ()).map_err(|error| Fault::of(&error)))
    }

    /// Whether a TCP connection can be made to `host:port`. The name is resolved anew each time, and each of its addresses
    /// is tried.
    pub fn tcp(address: &str) -> Self {
        tcp::probe(address)
    }

    /// Whether a Redis at `host:port` answers a `PING`, on a thread of its own and without any client. One that is loading, or
    /// wants to know who asks, does not.
    pub fn redis(address: &str) -> Self {
        redis::probe(address, None)
    }

    /// [`redis`](Self::redis), by a user and its password, for Redis 6 or newer; a password without a user is that of `default`.
    /// The password goes nowhere but there.
    pub fn redis_as(address: &str, user: &str, password: &str) -> Self {
        redis::probe(address, Some((user, password)))
    }

    /// How long to wait between checks, give or take a tenth. Default: 15 s.
    pub fn every(mut self, interval: Duration) -> Self {
        self.every = interval;
        self
    }

    /// A check that takes longer is dropped, and has failed. Default: 2 s.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// A check that goes well but takes longer makes the dependency degraded. Default: none does.
    pub fn slow_after(mut self, limit: Duration) -> Self {
        self.slow_after = Some(limit);
        self
    }

    pub(crate) fn interval(&self) -> Duration {
        self.every
    }

    pub(crate) fn time_limit(&self) -> Duration {
        self.timeout
    }

    fn of(make: impl Fn() -> Check + Send + Sync + 'static) -> Self {
        Self { make: Arc::new(make), every: Duration::from_secs(15), timeout: Duration::from_secs(2), slow_after: None }
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("every", &self.every).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
