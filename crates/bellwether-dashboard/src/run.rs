//! How queries run: off the async threads, so many at a time, until their time is over or nobody waits any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use bellwether_core::{Clock, Instant};
use bellwether_promql::Stop;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::{Failure, Kind};

/// Places for queries that run, and for those that wait.
#[derive(Debug)]
pub(crate) struct Places {
    run: Arc<Semaphore>,
    running: usize,
    come: Arc<Semaphore>,
}

/// For each query that runs, so many may wait.
const WAITING: usize = 16;

/// A query's place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _run: OwnedSemaphorePermit,
    _come: OwnedSemaphorePermit,
}

impl Places {
    pub(crate) fn new(concurrent: usize) -> Self {
        let concurrent = concurrent.clamp(1, 1 << 16);
        let come = Semaphore::new(concurrent * (1 + WAITING));
        Self { run: Arc::new(Semaphore::new(concurrent)), running: concurrent, come: Arc::new(come) }
    }

    /// How many may run at a time.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// Runs `work` on a thread that may block, when there is a place for it. The place is given back with the answer, which
    /// may keep it for as long as it takes memory.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        watch: Watch,
        work: impl FnOnce(&Watch, Place) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let busy = || Failure::new(Kind::Unavailable, "too many queries wait already; try again later");
        let come = Arc::clone(&self.come).try_acquire_owned().map_err(|_| busy())?;
        let run = tokio::time::timeout(watch.timeout, Arc::clone(&self.run).acquire_owned());
        let late = |_| Failure::new(Kind::Timeout, "query timed out in query queue");
        let run = run.await.map_err(late)?.map_err(|_| busy())?;
        let _gone = Gone(Arc::clone(&watch.gone));
        let place = Place { _run: run, _come: come };
        let done = tokio::task::spawn_blocking(move || work(&watch, place)).await;
        // It can only have panicked: a bug here or in the source, which is no reason to take the server down.
        done.map_err(|_| Failure::new(Kind::Internal, "the query ended in a panic"))
    }
}

/// Whether a query may go on.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    clock: Clock,
    begun: Instant,
    timeout: Duration,
    gone: Arc<AtomicBool>,
}

impl Watch {
    /// From now on.
    pub(crate) fn new(clock: Clock, timeout: Duration) -> Self {
        Self { begun: clock.now(), clock, timeout, gone: Arc::default() }
    }

    /// How long it has been.
    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.now().since(self.begun)
    }

    /// Why it is to stop, if it is.
    pub(crate) fn stop(&self) -> Option<Stop> {
        match () {
            () if self.gone.load(Relaxed) => Some(Stop::Canceled),
            () if self.elapsed() >= self.timeout => Some(Stop::TimedOut),
            () => None,
        }
    }

    /// For what is no expression.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.stop() {
            None => Ok(()),
            Some(Stop::Canceled) => Err(Failure::new(Kind::Canceled, "query was canceled")),
            Some(Stop::TimedOut) => Err(Failure::new(Kind::Timeout, "query timed out")),
        }
    }
}

/// Says that nobody waits any more, if it is dropped before the answer is there, and then nobody minds.
#[derive(Debug)]
struct Gone(Arc<AtomicBool>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}
