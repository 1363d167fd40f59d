//! What is thought of one dependency: evidence goes in with the time it was seen, and a status comes out.

use std::sync::Arc;
use std::time::Duration;

use bellwether_breaker::{Breaker, Mode, State};
use bellwether_core::Instant;

use super::evidence::Ended;
use super::hysteresis::Hysteresis;
use super::{Evidence, Health, Patience, Reason, Status};
use crate::health::Statement;

/// Calls are looked at in windows of this length.
pub(crate) const WINDOW: Duration = Duration::from_secs(5);

/// What is thought of a dependency. Reading it costs the same however often it is read: looks go by time, not by readers.
#[derive(Debug)]
pub(crate) struct Judged {
    believed: Hysteresis,
    /// After so long without evidence it is unknown.
    stale_after: Duration,
    /// The window that is filling up: when it began, and what had ended by then.
    window: (Instant, Ended),
    heard: Option<Instant>,
    /// What the last probe was told, and when.
    says: Option<(Arc<Statement>, Instant)>,
    shown: (Health, Instant),
    changes: u64,
}

impl Judged {
    pub(crate) fn new(patience: Patience, stale_after: Duration, now: Instant) -> Self {
        Self {
            believed: Hysteresis::new(patience),
            stale_after,
            window: (now, Ended::default()),
            heard: None,
            says: None,
            shown: (Health::Unknown, now),
            changes: 0,
        }
    }

    /// A probe came back.
    pub(crate) fn probed(&mut self, health: Health, reason: Reason, says: Option<Statement>, now: Instant) {
        self.says = says.map(|says| (Arc::new(says), now));
        self.believed.see((health, reason), now);
        self.heard = Some(now);
    }

    /// What it said of itself, unless that was long ago.
    pub(crate) fn says(&self, now: Instant) -> Option<Arc<Statement>> {
        let (says, at) = self.says.as_ref()?;
        (now.since(*at) < self.stale_after).then(|| Arc::clone(says))
    }

    /// How it is now, whose breaker holds calls back for this reason.
    pub(crate) fn status(&mut self, evidence: &Evidence, held_back: Option<Reason>, now: Instant) -> Status {
        self.look(evidence, now);
        let age = self.heard.map(|heard| now.since(heard));
        if age.is_some_and(|age| age >= self.stale_after) {
            self.believed.forget();
        }
        let believed = self.believed.believed();
        let (health, reason) = match (believed, held_back) {
            // What is worse is said, and of two alike what is known by calls.
            (Some((Health::Up, _)) | None, Some(reason)) => (Health::Degraded, reason),
            (Some(believed), _) => believed,
            (None, None) if age.is_some_and(|age| age >= self.stale_after) => (Health::Unknown, Reason::Stale),
            (None, None) => (Health::Unknown, Reason::Untried),
        };
        if health != self.shown.0 {
            self.shown = (health, now);
            self.changes += 1;
        }
        Status { health, reason, lasts: now.since(self.shown.1), age, changes: self.changes }
    }

    /// Closes the window if its time is over; when the one after it is to be closed. A window without evidence says nothing, and
    /// a probe may be wanted.
    pub(crate) fn look(&mut self, evidence: &Evidence, now: Instant) -> Instant {
        if now.since(self.window.0) < WINDOW {
            return self.window.0.after(WINDOW);
        }
        let ended = evidence.read();
        if let Some(seen) = ended.since(&self.window.1).says() {
            self.believed.see(seen, now);
            self.heard = Some(now);
        }
        self.window = (now, ended);
        now.after(WINDOW)
    }
}

/// Why a breaker keeps calls away, if it does. That makes nothing down: it may be one client's trouble.
///
/// Asked without holding anything: to ask a breaker may move it, and its listeners do as they like.
pub(crate) fn held_back(breaker: &Breaker) -> Option<Reason> {
    let known = breaker.snapshot();
    match known.state {
        _ if known.mode == Mode::Shadow => None,
        State::Closed => known.paced_for.map(|_| Reason::Paced),
        State::Open | State::HalfOpen | State::ForcedOpen => Some(Reason::BreakerOpen),
        _ => None,
    }
}
