//! A check of whether a dependency answers, made while nobody calls it.

mod blocking;
mod driver;
mod run;
mod tcp;

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::fault::Fault;

pub use driver::Probes;

/// A check under way.
pub(crate) type Check = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

/// Asks a dependency whether it answers, at most once in an interval, and only if no call has told.
///
/// A check is a future, run by [`Probes`] and by nobody who asks for the health: who asks is told what is known. It must be
/// **cancel-safe**, since it is dropped when its time is over, and it must not block: for what blocks there is
/// [`blocking`](Self::blocking), which has a thread of its own. It may panic, never end, or fail with whatever it likes: of
/// its error only the class is kept, no text.
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
            Box::pin(async move { check.await.map(|_| ()).map_err(|error| Fault::of(&error)) })
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
