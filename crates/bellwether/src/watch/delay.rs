//! How long the application's runtime makes a task wait: a tiny one is sent there once a second and stamped when it runs.

use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bellwether_core::{Clock, Error, Family, Gauge, Histogram, Instant, Registry};
use tokio::runtime::Handle;

/// One runtime, watched from a thread that is none of its own. There is at most one probe under way, so a runtime that
/// stands still gathers none.
#[derive(Debug)]
pub(super) struct SchedulingDelay {
    runtime: Handle,
    clock: Clock,
    delay: Family<Histogram, 0>,
    stalled: Gauge,
    lag: Lag,
    shared: Arc<Shared>,
}

/// How late the runtime ran what was due since somebody asked last. Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lag(Arc<[AtomicU64; 3]>);

impl Lag {
    /// A probe was run so late.
    fn add(&self, delay: Duration) {
        let [nanos, probes, _] = &*self.0;
        nanos.fetch_add(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX), Relaxed);
        probes.fetch_add(1, Relaxed);
    }

    /// The probe under way waits for so long.
    fn waits(&self, time: Duration) {
        self.0[2].store(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// The mean in seconds, with the probe under way; 0 if there was none.
    pub(super) fn take(&self) -> f64 {
        let [nanos, probes, waits] = [0, 1, 2].map(|word| self.0[word].swap(0, Relaxed));
        let probes = probes + u64::from(waits > 0);
        (nanos as f64 + waits as f64) / 1e9 / probes.max(1) as f64
    }
}

#[derive(Debug, Default)]
struct Shared {
    /// When the probe under way was sent.
    pending: Mutex<Option<Instant>>,
    /// The runtime dropped a probe unrun: it has ended.
    ended: AtomicBool,
}

/// The task. Dropped unrun, it says so.
struct Probe {
    shared: Arc<Shared>,
    ran: bool,
}

impl SchedulingDelay {
    pub(super) fn new(registry: &Registry, runtime: Handle, lag: Lag) -> Result<Self, Error> {
        Ok(Self {
            runtime,
            clock: registry.clock().clone(),
            delay: registry
                .histogram("bellwether.runtime.scheduling_delay")
                .unit("s")
                .description("How long the application's runtime made a ready task wait, by one probe a second.")
                .bounds([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0])
                .family()?,
            stalled: registry
                .gauge("bellwether.runtime.stalled")
                .unit("s")
                .description(
                    "For how long the application's runtime has not run the probe that waits now; 0 if none does.",
                )
                .build()?,
            lag,
            shared: Arc::default(),
        })
    }

    /// Looks after the probe that was sent, and sends the next one if there is none. Returns whether there is still a
    /// runtime to watch.
    pub(super) fn probe(&self) -> bool {
        let now = self.clock.now();
        let waiting = self.shared.pending().map(|sent| now.since(sent));
        self.stalled.set(waiting.unwrap_or_default().as_secs_f64());
        self.lag.waits(waiting.unwrap_or_default());
        if self.shared.ended.load(SeqCst) {
            self.stalled.set(0.0);
            return false;
        }
        if waiting.is_none() {
            *self.shared.lock() = Some(now);
            let mut probe = Probe { shared: Arc::clone(&self.shared), ran: false };
            let (clock, delay, lag) = (self.clock.clone(), self.delay.clone(), self.lag.clone());
            self.runtime.spawn(async move {
                probe.run();
                let late = clock.now().since(now);
                delay.get([]).record_duration(late);
                lag.add(late);
            });
        }
        true
    }
}

impl Shared {
    fn pending(&self) -> Option<Instant> {
        *self.lock()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Probe {
    fn run(&mut self) {
        self.ran = true;
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        *self.shared.lock() = None;
        if !self.ran {
            self.shared.ended.store(true, SeqCst);
        }
    }
}

#[cfg(test)]
mod tests;
