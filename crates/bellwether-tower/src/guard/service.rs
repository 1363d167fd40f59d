//! The service that a guard makes of another.

use std::task::{Context, Poll, ready};

use bellwether_breaker::Rejected;
use tower_service::Service;

use super::answer::Answer;
use super::error::{BoxError, GuardError};
use super::future::GuardFuture;
use super::rules::Handle;

/// The service that [`GuardLayer`](super::GuardLayer) makes. Its clones share the breaker.
///
/// While the breaker is open, the service is ready to refuse, and the inner one is not asked whether it is ready. Being ready
/// holds no permit; the one that a call takes is held until its answer's body has ended.
///
/// Until the inner service is ready, a closed breaker's is not, as with any layer: what is waited for there is no call yet, and
/// counts neither as one nor against whoever is called. A breaker that opens meanwhile wakes nobody who waits.
#[derive(Debug)]
pub struct Guard<S> {
    inner: S,
    handle: Handle,
    /// What the service was said to be ready for: to refuse.
    refusal: Option<Rejected>,
}

impl<S> Guard<S> {
    pub(crate) fn new(inner: S, handle: Handle) -> Self {
        Self { inner, handle, refusal: None }
    }
}

impl<S: Clone> Clone for Guard<S> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.handle.another())
    }
}

impl<S, Req> Service<Req> for Guard<S>
where
    S: Service<Req>,
    S::Response: Answer,
    S::Error: Into<BoxError>,
{
    type Response = <S::Response as Answer>::Guarded;
    type Error = GuardError;
    type Future = GuardFuture<S::Future, S::Response>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), GuardError>> {
        // Once ready to refuse, it stays so until it is called: the inner service was not asked.
        self.refusal = self.refusal.or_else(|| self.handle.breaker().refusal());
        if self.refusal.is_some() {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(ready!(self.inner.poll_ready(cx)).map_err(|error| self.handle.not_ready(error.into())))
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        GuardFuture::of(self.handle.clone(), self.refusal.take(), || self.inner.call(request))
    }
}
