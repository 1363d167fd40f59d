//! A breaker around any service: the call ends with its future, and its result is what there is to judge.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bellwether_breaker::{Breaker, CallError, Outcome, Permit, Rejected};
use tower_layer::Layer;
use tower_service::Service;

/// Guards any service by a breaker: `Ok` is a success, `Err` a failure, or whatever [`judge`](Self::judge) says. For HTTP
/// there is [`GuardLayer`](super::GuardLayer), since there a call goes on until its answer's body has ended.
///
/// While the breaker is open, the service is not asked whether it is ready.
///
/// ```
/// use bellwether_breaker::{Breaker, CallError, Outcome, Trip};
/// use bellwether_tower::CallGuardLayer;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), bellwether_breaker::Error> {
/// let breaker = Breaker::builder("orders-db").trip(Trip::consecutive(1)).build()?;
/// let divide = ServiceBuilder::new()
///     .layer(CallGuardLayer::new(breaker))
///     .service(service_fn(async |by: u32| 84_u32.checked_div(by).ok_or("division by zero")));
///
/// assert_eq!(divide.clone().oneshot(2).await, Ok(42));
/// assert_eq!(divide.clone().oneshot(0).await, Err(CallError::Failed("division by zero")));
/// assert!(divide.oneshot(2).await.unwrap_err().rejected().is_some());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct CallGuardLayer<J = ByResult> {
    breaker: Breaker,
    judge: J,
}

/// The service that [`CallGuardLayer`] makes. Its clones share the breaker.
pub struct CallGuard<S, J = ByResult> {
    inner: S,
    /// Of this clone alone, so that calls on two threads do not meet in its count of references.
    breaker: Arc<Breaker>,
    judge: J,
    /// What the service was said to be ready for: to refuse.
    refusal: Option<Rejected>,
}

/// How a call is judged unless told otherwise: `Ok` is a success, `Err` a failure.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct ByResult;

/// Judges the results of calls; any such closure does.
pub trait Judge<T, E> {
    /// How the call went.
    fn judge(&self, result: &Result<T, E>) -> Outcome;
}

impl<T, E> Judge<T, E> for ByResult {
    #[inline]
    fn judge(&self, result: &Result<T, E>) -> Outcome {
        if result.is_ok() { Outcome::Success } else { Outcome::Failure }
    }
}

impl<T, E, F: Fn(&Result<T, E>) -> Outcome> Judge<T, E> for F {
    fn judge(&self, result: &Result<T, E>) -> Outcome {
        self(result)
    }
}

impl CallGuardLayer {
    /// Guards services by this breaker.
    pub fn new(breaker: Breaker) -> Self {
        Self { breaker, judge: ByResult }
    }
}

impl<J> CallGuardLayer<J> {
    /// Judges results otherwise than `Ok` and `Err`: a `Fn(&Result<T, E>) -> Outcome`.
    pub fn judge<F>(self, judge: F) -> CallGuardLayer<F> {
        CallGuardLayer { breaker: self.breaker, judge }
    }
}

impl<S, J: Clone> Layer<S> for CallGuardLayer<J> {
    type Service = CallGuard<S, J>;

    fn layer(&self, inner: S) -> CallGuard<S, J> {
        let breaker = Arc::new(self.breaker.clone());
        CallGuard { inner, breaker, judge: self.judge.clone(), refusal: None }
    }
}

impl<S: Clone, J: Clone> Clone for CallGuard<S, J> {
    fn clone(&self) -> Self {
        let breaker = Arc::new(Breaker::clone(&self.breaker));
        Self { inner: self.inner.clone(), breaker, judge: self.judge.clone(), refusal: None }
    }
}

impl<S, J, Req> Service<Req> for CallGuard<S, J>
where
    S: Service<Req>,
    J: Judge<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = CallError<S::Error>;
    type Future = CallGuardFuture<S::Future, J>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // Once ready to refuse, it stays so until it is called: the service itself was not asked.
        self.refusal = self.refusal.or_else(|| self.breaker.refusal());
        if self.refusal.is_some() {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(ready!(self.inner.poll_ready(cx)).or_else(|error| self.not_ready(error)))
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let state = match admit(Arc::clone(&self.breaker), self.refusal.take()) {
            Ok(permit) => {
                State::Calling { call: self.inner.call(request), permit: Some(permit), judge: self.judge.clone() }
            }
            Err(rejected) => State::Rejected { rejected },
        };
        CallGuardFuture { state }
    }
}

impl<S, J> CallGuard<S, J> {
    /// A service that will not be ready any more: a call that failed.
    #[cold]
    fn not_ready<T, E>(&self, error: E) -> Result<(), CallError<E>>
    where
        J: Judge<T, E>,
    {
        let result = Err(error);
        if let Ok(permit) = self.breaker.try_acquire() {
            permit.finish(self.judge.judge(&result));
        }
        result.map(drop).map_err(CallError::Failed)
    }
}

/// A permit, unless the service was ready only to refuse. Where it would not refuse any more, it does so once more, and the
/// breaker learns nothing from it.
#[inline]
pub(crate) fn admit<B>(breaker: B, refusal: Option<Rejected>) -> Result<Permit<B>, Rejected>
where
    B: std::borrow::Borrow<Breaker>,
{
    let permit = Permit::acquire(breaker)?;
    match refusal {
        None => Ok(permit),
        Some(rejected) => {
            permit.finish(Outcome::Neutral);
            Err(rejected)
        }
    }
}

pin_project_lite::pin_project! {
    /// The future of a guarded call.
    pub struct CallGuardFuture<F, J> {
        #[pin]
        state: State<F, J>,
    }
}

pin_project_lite::pin_project! {
    #[project = StateProj]
    enum State<F, J> {
        Calling {
            #[pin]
            call: F,
            permit: Option<Permit<Arc<Breaker>>>,
            judge: J,
        },
        Rejected { rejected: Rejected },
    }
}

impl<F, J, T, E> Future for CallGuardFuture<F, J>
where
    F: Future<Output = Result<T, E>>,
    J: Judge<T, E>,
{
    type Output = Result<T, CallError<E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Calling { call, permit, judge } => {
                let result = ready!(call.poll(cx));
                if let Some(permit) = permit.take() {
                    permit.finish(judge.judge(&result));
                }
                Poll::Ready(result.map_err(CallError::Failed))
            }
            StateProj::Rejected { rejected } => Poll::Ready(Err(CallError::Rejected(*rejected))),
        }
    }
}

impl<S, J> fmt::Debug for CallGuard<S, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallGuard").field("breaker", &*self.breaker).finish_non_exhaustive()
    }
}

impl<F, J> fmt::Debug for CallGuardFuture<F, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallGuardFuture").finish_non_exhaustive()
    }
}
