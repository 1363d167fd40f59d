//! The future of a guarded answer: hands its call on to the answer's body, or ends it where there is no answer.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bellwether_breaker::Rejected;
use http::Response;
use http_body::Body;

use super::answer::Answer;
use super::body::GuardedBody;
use super::call::{Call, End};
use super::error::{BoxError, GuardError};
use super::held::Held;
use super::result::admit;
use super::rules::Handle;

pin_project_lite::pin_project! {
    /// The future of a guarded answer.
    pub struct GuardFuture<F, R: Answer> {
        #[pin]
        state: State<F, R>,
    }
}

pin_project_lite::pin_project! {
    #[project = StateProj]
    #[project_replace = StateOwned]
    enum State<F, R: Answer> {
        Calling {
            #[pin]
            inner: F,
            call: Call,
        },
        HoldingBack { held: Held<R::Body> },
        Rejected { rejected: Rejected },
        Over,
    }
}

impl<F, R: Answer> GuardFuture<F, R> {
    /// A call, if it may be made.
    #[inline]
    pub(crate) fn of(handle: Handle, refusal: Option<Rejected>, call: impl FnOnce() -> F) -> Self {
        let state = match admit(handle, refusal) {
            Ok(permit) => {
                let guarded = Call::new(permit);
                State::Calling { inner: call(), call: guarded }
            }
            Err(rejected) => State::Rejected { rejected },
        };
        Self { state }
    }
}

impl<F, R, E> Future for GuardFuture<F, R>
where
    F: Future<Output = Result<R, E>>,
    E: Into<BoxError>,
    R: Answer,
{
    type Output = Result<R::Guarded, GuardError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        if let StateProj::Calling { inner, call } = state.as_mut().project() {
            let Poll::Ready(result) = inner.poll(cx) else {
                return call.poll_elapsed(cx).map(|elapsed| Err(GuardError::Elapsed(elapsed)));
            };
            let answer = result.map_err(|error| {
                let error = error.into();
                call.end(End::Error(&*error));
                GuardError::Inner(error)
            })?;
            let (head, body) = answer.open().into_parts();
            call.head(&head, body.is_end_stream()).map_err(GuardError::Elapsed)?;
            let call = mem::replace(call, Call::over());
            if !call.is_held_back() {
                return Poll::Ready(Ok(R::close(Response::from_parts(head, GuardedBody::new(body, call)))));
            }
            state.set(State::HoldingBack { held: Held::new(head, body, call) });
        }
        let content = match state.as_mut().project() {
            StateProj::HoldingBack { held } => ready!(held.poll_content(cx)),
            StateProj::Rejected { rejected } => return Poll::Ready(Err(GuardError::Rejected(*rejected))),
            StateProj::Calling { .. } | StateProj::Over => return Poll::Pending,
        };
        match state.project_replace(State::Over) {
            StateOwned::HoldingBack { held } => Poll::Ready(content.map(|()| R::close(held.let_go()))),
            _ => Poll::Pending,
        }
    }
}

impl<F, R: Answer> fmt::Debug for GuardFuture<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardFuture").finish_non_exhaustive()
    }
}
