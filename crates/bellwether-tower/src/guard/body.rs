//! The body of a guarded answer: what comes out of it decides how the call went.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};

use super::call::{Call, End};
use super::error::BoxError;

pin_project_lite::pin_project! {
    /// The body of a guarded answer: that of the service, holding the permit of its call until it ends. Without a call behind
    /// it, made by `from`, it is any body at all.
    pub struct GuardedBody<B: Body> {
        // What was read before the answer was let go.
        held: VecDeque<Frame<B::Data>>,
        #[pin]
        inner: Inner<B>,
        call: Call,
    }
}

pin_project_lite::pin_project! {
    #[project = InnerProj]
    #[project_replace = InnerGone]
    enum Inner<B> {
        Here {
            #[pin]
            body: B,
        },
        // It was read from before it came to its place.
        Boxed { body: Pin<Box<B>> },
        Gone,
    }
}

impl<B: Body> GuardedBody<B> {
    #[inline]
    pub(crate) fn new(body: B, call: Call) -> Self {
        Self { held: VecDeque::new(), inner: Inner::Here { body }, call }
    }

    pub(crate) fn held_back(body: Pin<Box<B>>, call: Call, held: VecDeque<Frame<B::Data>>) -> Self {
        Self { held, inner: Inner::Boxed { body }, call }
    }
}

impl<B: Body> From<B> for GuardedBody<B> {
    fn from(body: B) -> Self {
        Self::new(body, Call::over())
    }
}

impl<B> Inner<B> {
    fn as_pin_mut(self: Pin<&mut Self>) -> Option<Pin<&mut B>> {
        match self.project() {
            InnerProj::Here { body } => Some(body),
            InnerProj::Boxed { body } => Some(body.as_mut()),
            InnerProj::Gone => None,
        }
    }

    fn as_ref(&self) -> Option<&B> {
        match self {
            Self::Here { body } => Some(body),
            Self::Boxed { body } => Some(body),
            Self::Gone => None,
        }
    }
}

/// Why a body broke off.
#[derive(Debug)]
pub(crate) enum Broken {
    Elapsed(bellwether_breaker::Elapsed),
    Error(BoxError),
}

/// The next frame of a body, as its call sees it.
pub(crate) fn poll_next<B>(
    mut body: Pin<&mut B>,
    call: &mut Call,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Frame<B::Data>, Broken>>>
where
    B: Body<Error: Into<BoxError>>,
{
    let frame = match body.as_mut().poll_frame(cx) {
        Poll::Ready(frame) => frame,
        Poll::Pending => return call.poll_elapsed(cx).map(|elapsed| Some(Err(Broken::Elapsed(elapsed)))),
    };
    let frame = match frame {
        Some(Ok(frame)) => frame,
        Some(Err(error)) => {
            let error = error.into();
            call.end(End::Error(&*error));
            return Poll::Ready(Some(Err(Broken::Error(error))));
        }
        None => {
            call.end(End::Complete);
            return Poll::Ready(None);
        }
    };
    if let Some(Err(elapsed)) = frame.data_ref().map(|data| call.data(data)) {
        return Poll::Ready(Some(Err(Broken::Elapsed(elapsed))));
    }
    if let Some(trailers) = frame.trailers_ref() {
        call.trailers(trailers);
    }
    // Nobody polls again after trailers, an ended body, or as many bytes as were declared.
    if frame.is_trailers() || body.is_end_stream() || call.has_all() {
        call.end(End::Complete);
    }
    Poll::Ready(Some(Ok(frame)))
}

impl<B> Body for GuardedBody<B>
where
    B: Body<Error: Into<BoxError>>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let mut this = self.project();
        if let Some(frame) = this.held.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        let Some(body) = this.inner.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        if this.call.is_over() {
            return body.poll_frame(cx).map_err(Into::into);
        }
        poll_next(body, this.call, cx).map(|next| {
            next.map(|frame| {
                frame.map_err(|broken| match broken {
                    Broken::Error(error) => error,
                    Broken::Elapsed(elapsed) => {
                        // Whatever it waits for, nobody does any more.
                        this.inner.project_replace(Inner::Gone);
                        elapsed.into()
                    }
                })
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint);
        let held = self.held.iter().filter_map(Frame::data_ref).map(|data| data.remaining() as u64).sum::<u64>();
        if held > 0 {
            let upper = hint.upper().and_then(|upper| upper.checked_add(held));
            let lower = hint.lower().saturating_add(held);
            hint = SizeHint::new();
            hint.set_lower(lower);
            if let Some(upper) = upper {
                hint.set_upper(upper);
            }
        }
        hint
    }
}

impl<B: Body> std::fmt::Debug for GuardedBody<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuardedBody").field("call", &self.call).finish_non_exhaustive()
    }
}
