//! The timer of deadlines: whatever future sleeps for a time, of whichever runtime.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bellwether_breaker::{Breaker, Deadlines, Elapsed, Progress};
use bellwether_core::Instant;

/// A sleep.
type Sleep = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// Makes sleeps.
#[derive(Clone)]
pub(crate) struct Timer(Arc<dyn Fn(Duration) -> Sleep + Send + Sync>);

/// The deadlines of one call, and the sleep until the next of them.
pub(crate) struct Timing {
    progress: Progress,
    timer: Timer,
    /// Until when it sleeps. Where there is more time by then, it goes to sleep again.
    sleep: Option<(Instant, Sleep)>,
}

impl Timer {
    pub(crate) fn new<F>(sleep: impl Fn(Duration) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + Sync + 'static,
    {
        Self(Arc::new(move |time| Box::pin(sleep(time))))
    }
}

impl Timing {
    pub(crate) fn start(deadlines: Deadlines, timer: Timer, now: Instant) -> Box<Self> {
        Box::new(Self { progress: deadlines.start(now), timer, sleep: None })
    }

    /// Something came.
    pub(crate) fn came(&mut self, at: Came, now: Instant) -> Result<(), Elapsed> {
        match at {
            Came::Headers => self.progress.headers(now),
            Came::Work => self.progress.work(now),
            Came::Content(units) => self.progress.content(now, units),
            Came::Nothing => self.progress.check(now),
        }
    }

    /// Ready when a deadline has elapsed. A sleep that is over has slept as long as it should, whatever the clock says.
    pub(crate) fn poll_elapsed(&mut self, breaker: &Breaker, cx: &mut Context<'_>) -> Poll<Elapsed> {
        loop {
            let Some(due) = self.progress.due() else { return Poll::Pending };
            if self.sleep.as_ref().is_none_or(|(until, _)| due < *until) {
                let left = due.since(breaker.clock().now());
                self.sleep = Some((due, (self.timer.0)(left)));
            }
            let Some((until, sleep)) = &mut self.sleep else { return Poll::Pending };
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now = breaker.clock().now().max(*until);
            self.sleep = None;
            if let Err(elapsed) = self.progress.check(now) {
                return Poll::Ready(elapsed);
            }
        }
    }
}

/// What came of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    Nothing,
    Headers,
    /// A sign of work that is no content.
    Work,
    Content(u64),
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timer")
    }
}

impl fmt::Debug for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timing").field("progress", &self.progress).finish_non_exhaustive()
    }
}
