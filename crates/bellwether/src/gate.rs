//! Whether the service may get traffic: told by the application, taken back first thing at shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

/// Shared by the handle, the routes and the loop.
#[derive(Debug, Clone)]
pub(crate) struct Gate(Arc<AtomicU8>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Readiness {
    /// Not told yet.
    Starting = 0,
    Ready = 1,
    /// Told not to be.
    Busy = 2,
    /// Shutting down, and there is no way back.
    Stopping = 3,
}

impl Gate {
    pub(crate) fn new(ready: bool) -> Self {
        let first = if ready { Readiness::Ready } else { Readiness::Starting };
        Self(Arc::new(AtomicU8::new(first as u8)))
    }

    pub(crate) fn tell(&self, ready: bool) {
        let next = if ready { Readiness::Ready } else { Readiness::Busy };
        // A service that was told to stop does not become ready by an answer that comes late.
        let _ = self.0.fetch_update(SeqCst, SeqCst, |now| (now != Readiness::Stopping as u8).then_some(next as u8));
    }

    pub(crate) fn stop(&self) {
        self.0.store(Readiness::Stopping as u8, SeqCst);
    }

    pub(crate) fn now(&self) -> Readiness {
        match self.0.load(SeqCst) {
            0 => Readiness::Starting,
            1 => Readiness::Ready,
            2 => Readiness::Busy,
            _ => Readiness::Stopping,
        }
    }
}

impl Readiness {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Busy => "not ready",
            Self::Stopping => "stopping",
        }
    }
}
