//! A call of an operation: let through or not, timed, and told to all who want to know how it went.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use bellwether_breaker::{Breaker, CallError, Outcome, Permit, Reason, Rejected};
use bellwether_core::{Call, Instant, Scope, Work};

use crate::cascade::{Begun, Failure, Guard};
use crate::dependency::Dependency;
use crate::fault::Fault;
use crate::operation::Series;

/// One kind of call to a dependency; from [`Dependency::operation`]. Cheap to clone, and to be kept: its series are looked up
/// when it is made.
#[derive(Clone)]
pub struct Operation {
    dependency: Dependency,
    series: Arc<Series>,
}

/// A call under way. Say how it went by [`end`](Self::end); one that is dropped says that its caller gave it up.
#[must_use = "a call that is dropped at once was given up"]
pub struct Ongoing<'o> {
    operation: Cow<'o, Operation>,
    permit: Option<Permit<Cow<'o, Breaker>>>,
    began: Instant,
    /// What the call is to whoever follows it.
    followed: Option<Begun>,
    /// The scope to tell of it; `None` if it is the one that is current when it ends.
    scope: Option<Scope>,
    is_over: bool,
}

impl Operation {
    pub(crate) fn new(dependency: Dependency, series: Arc<Series>) -> Self {
        Self { dependency, series }
    }

    /// Makes a call, if it may be made. An error is put into its class by its type ([`Fault::of`]).
    ///
    /// # Errors
    /// If the call may not be made now, or fails.
    #[inline]
    pub async fn call<T, E: Error + 'static>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CallError<E>> {
        self.call_judged(call, |result| result.as_ref().err().map(|error| Fault::of(error))).await
    }

    /// [`call`](Self::call), with a judgement of one's own on how it went, `None` being well: for an answer that holds an
    /// error, and for errors of no known type.
    ///
    /// # Errors
    /// If the call may not be made now, or fails.
    #[inline]
    pub async fn call_judged<T, E>(
        &self,
        call: impl Future<Output = Result<T, E>>,
        judge: impl FnOnce(&Result<T, E>) -> Option<Fault>,
    ) -> Result<T, CallError<E>> {
        let ongoing = self.begin().map_err(CallError::Rejected)?;
        let result = ongoing.run(call).await;
        ongoing.end(judge(&result));
        result.map_err(CallError::Failed)
    }

    /// Begins a call that ends elsewhere: with the last chunk of a stream. What it takes is awaited through
    /// [`Ongoing::run`]; of what is not, a client's layer tells the scope as well.
    ///
    /// # Errors
    /// If the call may not be made now.
    #[inline]
    pub fn begin(&self) -> Result<Ongoing<'_>, Rejected> {
        self.begun(Cow::Borrowed(self), self.dependency.breaker().map(Cow::Borrowed))
    }

    /// [`begin`](Self::begin), for a call that moves elsewhere: into a body that streams, or another task. It is told to the
    /// scope in which it began.
    ///
    /// # Errors
    /// If the call may not be made now.
    pub fn begin_owned(&self) -> Result<Ongoing<'static>, Rejected> {
        let mut ongoing = self.begun(Cow::Owned(self.clone()), self.dependency.breaker().cloned().map(Cow::Owned))?;
        ongoing.scope = Some(Scope::current());
        Ok(ongoing)
    }

    /// Whose it is.
    pub fn dependency(&self) -> &Dependency {
        &self.dependency
    }

    #[inline]
    fn begun<'o>(&self, operation: Cow<'o, Self>, breaker: Option<Cow<'o, Breaker>>) -> Result<Ongoing<'o>, Rejected> {
        let permit = match breaker.map(Permit::acquire).transpose() {
            Ok(permit) => permit,
            Err(rejected) => return Err(self.refused(rejected)),
        };
        let inner = &*self.dependency.0;
        inner.in_flight.begin();
        let began = inner.clock.now();
        let followed = self.dependency.followed();
        let followed = followed.map(|(live, node)| live.begin(node, Work::current(), began));
        Ok(Ongoing { operation, permit, began, followed, scope: None, is_over: false })
    }

    #[cold]
    fn refused(&self, rejected: Rejected) -> Rejected {
        let now = self.dependency.0.clock.now();
        self.ended(Some(Fault::from(rejected)), now, now, None);
        if let Some((live, node)) = self.dependency.followed() {
            let guard = if rejected.reason == Reason::Limit { Guard::Limit } else { Guard::Breaker };
            live.refuse(node, guard, Work::current(), now);
        }
        rejected
    }

    #[inline]
    fn ended(&self, fault: Option<Fault>, began: Instant, now: Instant, scope: Option<&Scope>) {
        let inner = &*self.dependency.0;
        let took = now.since(began);
        match fault {
            None => {
                inner.evidence.good();
                self.series.good(took);
            }
            Some(fault) => {
                inner.evidence.failed(fault.failure);
                self.series.failed(fault, took);
            }
        }
        let tell = |scope: &Scope| {
            let (outcome, error) = fault
                .map_or((bellwether_core::Outcome::Success, ""), |fault| (fault.outcome(), fault.failure.as_str()));
            scope.call_ended(Call::new(Arc::clone(self.dependency.shared_name()), outcome, error, took));
        };
        match scope {
            Some(scope) => tell(scope),
            None => drop(Scope::with_current(tell)),
        }
    }
}

impl Ongoing<'_> {
    /// When it began, by the clock of its dependency.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// Does a part of what it takes: what is called meanwhile is called on its behalf, and the scope is told of this call, not
    /// of what the client's layer sees of it.
    #[inline]
    pub async fn run<T>(&self, part: impl Future<Output = T>) -> T {
        let followed = self.followed.and_then(|followed| followed.work);
        let mut part = pin!(part);
        poll_fn(|cx| {
            let work = followed.or_else(Work::current).unwrap_or(Work::UNFOLLOWED);
            work.told().run(|| part.as_mut().poll(cx))
        })
        .await
    }

    /// It is over; `None` is well.
    #[inline]
    pub fn end(mut self, fault: Option<Fault>) {
        if let Some(mut permit) = self.permit.take() {
            if let Some(after) = fault.and_then(|fault| fault.retry_after) {
                permit.retry_after(after);
            }
            permit.finish(fault.map_or(Outcome::Success, Fault::evidence));
        }
        self.over(fault);
    }

    #[inline]
    fn over(&mut self, fault: Option<Fault>) {
        self.is_over = true;
        let inner = &*self.operation.dependency.0;
        inner.in_flight.end();
        let now = inner.clock.now();
        self.operation.ended(fault, self.began, now, self.scope.as_ref());
        if let Some((followed, (live, node))) = self.followed.zip(self.operation.dependency.followed()) {
            live.end(node, followed, fault.map(|fault| fault.failure), self.began, now);
        }
    }
}

impl Drop for Ongoing<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.over(Some(Fault::new(Failure::Cancelled)));
        }
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("dependency", &self.dependency.name()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Ongoing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ongoing").field("operation", &*self.operation).finish_non_exhaustive()
    }
}
