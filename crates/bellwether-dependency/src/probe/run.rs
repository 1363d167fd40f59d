//! One check under way: it ends, panics, or its time is over; dropped, it lets go of its dependency.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};

use bellwether_core::Instant;

use super::{Check, Finding, Probe};
use crate::cascade::Failure;
use crate::dependency::Dependency;
use crate::health::Statement;
use crate::status::{Health, Reason};

/// A check under way. There is at most one for a dependency, however many drivers there are.
pub(super) struct Run {
    dependency: Dependency,
    check: Option<Check>,
    began: Instant,
    pub(super) deadline: Instant,
    slow_at: Option<Instant>,
    says: Option<Statement>,
}

impl Run {
    /// Begins a check, if none is under way.
    pub(super) fn begin(dependency: &Dependency, probe: &Probe, now: Instant) -> Option<Self> {
        if !dependency.claim_probe() {
            return None;
        }
        let mut run = Self {
            dependency: dependency.clone(),
            check: None,
            began: now,
            deadline: now.after(probe.timeout),
            slow_at: probe.slow_after.map(|after| now.after(after)),
            says: None,
        };
        match catch_unwind(AssertUnwindSafe(|| (probe.make)())) {
            Ok(check) => run.check = Some(check),
            Err(panic) => {
                discard(panic);
                run.dependency.probed(Health::Down, Reason::Panicked, None, now);
            }
        }
        Some(run)
    }

    /// Ready when it is over and its dependency was told. A panic is how that check ended, and nothing else's.
    pub(super) fn poll(&mut self, now: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let Some(check) = &mut self.check else { return Poll::Ready(()) };
        let (health, reason) = match catch_unwind(AssertUnwindSafe(|| check.as_mut().poll(cx))) {
            Ok(Poll::Pending) if now < self.deadline => return Poll::Pending,
            Ok(Poll::Pending) => (Health::Down, Reason::Probe(Failure::Timeout)),
            // A future that blocked and then went well was too late all the same.
            Ok(Poll::Ready(Ok(_))) if self.deadline < now => (Health::Down, Reason::Probe(Failure::Timeout)),
            Ok(Poll::Ready(Ok(finding))) => self.found(finding, now),
            Ok(Poll::Ready(Err(fault))) => (Health::Down, Reason::Probe(fault.failure)),
            Err(panic) => {
                discard(panic);
                (Health::Down, Reason::Panicked)
            }
        };
        self.let_go();
        self.dependency.probe_took(now.since(self.began));
        self.dependency.probed(health, reason, self.says.take(), now);
        Poll::Ready(())
    }

    /// What to think of an answer. What it says of itself degrades it at most, and so goes no further: whoever asks us is told
    /// of a warning, which degrades nothing.
    fn found(&mut self, finding: Finding, now: Instant) -> (Health, Reason) {
        match finding {
            Finding::Well => {}
            Finding::Says(says) => self.says = Some(says),
            Finding::Mute => self.dependency.mute(),
        }
        if self.says.as_ref().is_some_and(|says| says.health == Health::Down) {
            (Health::Degraded, Reason::SaysDown)
        } else if self.slow_at.is_some_and(|slow| slow < now) {
            (Health::Degraded, Reason::Slow)
        } else {
            (Health::Up, Reason::Answered)
        }
    }

    /// Drops the check, which may panic, too.
    fn let_go(&mut self) {
        let check = self.check.take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(check))) {
            discard(panic);
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.let_go();
        self.dependency.release_probe();
    }
}

/// What was panicked with is anybody's, and may panic when it is dropped.
fn discard(panic: Box<dyn std::any::Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
}
