//! Guards with a breaker for each key: a host, a model, an API key.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bellwether_breaker::Breakers;
use tower_service::Service;

use super::answer::Answer;
use super::error::{BoxError, GuardError};
use super::future::GuardFuture;
use super::rules::{Handle, Rules};

/// Breakers, and the key by which each request finds its own.
#[derive(Clone)]
pub struct Keyed<F> {
    breakers: Breakers,
    key: F,
}

/// The service that [`GuardLayer::by_key`](super::GuardLayer::by_key) makes. Its clones share the breakers.
///
/// Whether the inner service has to be ready depends on the request, so this one always is: a call that its breaker does not
/// refuse waits until the inner service is ready, and only then takes its permit.
#[derive(Clone)]
pub struct KeyedGuard<S, F> {
    inner: S,
    keyed: Keyed<F>,
    rules: Arc<Rules>,
}

impl<F> Keyed<F> {
    pub(crate) fn new(breakers: Breakers, key: F) -> Self {
        Self { breakers, key }
    }

    pub(crate) fn handle<Req>(&self, request: &Req, rules: &Arc<Rules>) -> Handle
    where
        F: Fn(&Req) -> String,
    {
        Handle::new(self.breakers.get(&(self.key)(request)), Arc::clone(rules))
    }
}

impl<S, F> KeyedGuard<S, F> {
    pub(crate) fn new(inner: S, keyed: Keyed<F>, rules: Arc<Rules>) -> Self {
        Self { inner, keyed, rules }
    }
}

impl<S, F, Req> Service<Req> for KeyedGuard<S, F>
where
    S: Service<Req> + Clone,
    S::Response: Answer,
    S::Error: Into<BoxError>,
    F: Fn(&Req) -> String,
{
    type Response = <S::Response as Answer>::Guarded;
    type Error = GuardError;
    type Future = KeyedGuardFuture<S, Req>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), GuardError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let handle = self.keyed.handle(&request, &self.rules);
        let waiting = Waiting { service: self.inner.clone(), request, handle };
        KeyedGuardFuture { state: State::Waiting { waiting: Some(waiting) } }
    }
}

/// A call whose service may not be ready yet.
struct Waiting<S, Req> {
    service: S,
    request: Req,
    handle: Handle,
}

pin_project_lite::pin_project! {
    /// The future of a guarded answer that may have to wait for its service.
    pub struct KeyedGuardFuture<S, Req>
    where
        S: Service<Req>,
        S::Response: Answer,
    {
        #[pin]
        state: State<S, Req>,
    }
}

pin_project_lite::pin_project! {
    #[project = StateProj]
    enum State<S, Req>
    where
        S: Service<Req>,
        S::Response: Answer,
    {
        Waiting { waiting: Option<Waiting<S, Req>> },
        Calling {
            #[pin]
            call: GuardFuture<S::Future, S::Response>,
        },
    }
}

impl<S, Req> Future for KeyedGuardFuture<S, Req>
where
    S: Service<Req>,
    S::Response: Answer,
    S::Error: Into<BoxError>,
{
    type Output = Result<<S::Response as Answer>::Guarded, GuardError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        if let StateProj::Waiting { waiting } = state.as_mut().project() {
            let Some(Waiting { service, handle, .. }) = waiting else { return Poll::Pending };
            let refusal = handle.breaker().refusal();
            if refusal.is_none()
                && let Err(error) = ready!(service.poll_ready(cx))
            {
                return Poll::Ready(Err(handle.not_ready(error.into())));
            }
            let Some(Waiting { mut service, request, handle }) = waiting.take() else { return Poll::Pending };
            state.set(State::Calling { call: GuardFuture::of(handle, refusal, || service.call(request)) });
        }
        match state.project() {
            StateProj::Calling { call } => call.poll(cx),
            StateProj::Waiting { .. } => Poll::Pending,
        }
    }
}

impl<F> fmt::Debug for Keyed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keyed").field(&self.breakers).finish()
    }
}

impl<S, F> fmt::Debug for KeyedGuard<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyedGuard").field(&self.keyed).finish()
    }
}

impl<S, Req> fmt::Debug for KeyedGuardFuture<S, Req>
where
    S: Service<Req>,
    S::Response: Answer,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedGuardFuture").finish_non_exhaustive()
    }
}
