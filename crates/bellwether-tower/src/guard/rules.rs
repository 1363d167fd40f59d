//! What a guard is told about calls, apart from the breaker; and the handle to both that a call holds.

use std::borrow::Borrow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bellwether_breaker::{Breaker, Deadlines, Outcome, Permit};
use http::{HeaderMap, StatusCode};

use super::call::{Call, End};
use super::error::{BoxError, GuardError};
use super::evidence::{Evidence, Judgement};
use super::timer::{Timer, Timing};

/// What a guard is told about calls.
#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) judge: Option<Arc<Judge>>,
    pub(crate) deadlines: Option<(Deadlines, Timer)>,
    /// Streams of events are read along.
    pub(crate) events: bool,
    /// Answers are held back until there is content.
    pub(crate) hold_back: bool,
}

/// A judgement of one's own; `None` leaves it as it is.
pub(crate) type Judge = dyn Fn(Evidence<'_>) -> Option<Outcome> + Send + Sync;

/// A breaker and the rules, owned by one clone of a service, so that calls on two threads do not meet in its count of references.
#[derive(Debug, Clone)]
pub(crate) struct Handle(Arc<Own>);

#[derive(Debug)]
struct Own {
    breaker: Breaker,
    rules: Arc<Rules>,
}

impl Handle {
    pub(crate) fn new(breaker: Breaker, rules: Arc<Rules>) -> Self {
        Self(Arc::new(Own { breaker, rules }))
    }

    /// The same for another clone of the service.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.0.breaker.clone(), Arc::clone(&self.0.rules))
    }

    pub(crate) fn breaker(&self) -> &Breaker {
        &self.0.breaker
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.0.rules
    }

    /// A service that will not be ready any more: a call that failed.
    #[cold]
    pub(crate) fn not_ready(&self, error: BoxError) -> GuardError {
        if let Ok(permit) = Permit::acquire(self.clone()) {
            Call::new(permit).end(End::Error(&*error));
        }
        GuardError::Inner(error)
    }

    pub(crate) fn start_timing(&self) -> Option<Box<Timing>> {
        let (deadlines, timer) = self.rules().deadlines.as_ref()?;
        Some(Timing::start(*deadlines, timer.clone(), self.breaker().clock().now()))
    }

    pub(crate) fn judge_head(&self, status: StatusCode, headers: &HeaderMap) -> Judgement {
        let usual = Judgement::of_head(status, headers, || self.breaker().clock().timestamp());
        self.rules().judged(Evidence::Head { status, headers }, usual)
    }

    /// `None` if the trailers say nothing.
    pub(crate) fn judge_trailers(&self, trailers: &HeaderMap, grpc: bool) -> Option<Judgement> {
        let usual = if grpc { Judgement::of_grpc(trailers) } else { None };
        let own = self.rules().judge.as_ref().and_then(|judge| judge(Evidence::Trailers(trailers)));
        let own = own.map(|outcome| Judgement { outcome, retry_after: usual.and_then(|usual| usual.retry_after) });
        own.or(usual)
    }

    pub(crate) fn judge_error(&self, error: &(dyn Error + 'static)) -> Judgement {
        self.rules().judged(Evidence::Error(error), Judgement::of_error(error))
    }
}

impl Borrow<Breaker> for Handle {
    fn borrow(&self) -> &Breaker {
        &self.0.breaker
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self { judge: None, deadlines: None, events: true, hold_back: false }
    }
}

impl Rules {
    fn judged(&self, evidence: Evidence<'_>, usual: Judgement) -> Judgement {
        let own = self.judge.as_ref().and_then(|judge| judge(evidence));
        Judgement { outcome: own.unwrap_or(usual.outcome), ..usual }
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("deadlines", &self.deadlines).finish_non_exhaustive()
    }
}
