//! An answer that is held back until there is content, so that something else can be asked where there will be none.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http::{Response, response};
use http_body::{Body, Frame};

use super::body::{Broken, GuardedBody, poll_next};
use super::call::Call;
use super::error::{BoxError, GuardError};

/// Without content, not more than this is held back: so many bytes, and so many frames.
const MOST: (usize, usize) = (256 * 1024, 4096);

/// An answer of which there is no content yet.
pub(crate) struct Held<B: Body> {
    head: response::Parts,
    body: Pin<Box<B>>,
    call: Call,
    frames: VecDeque<Frame<B::Data>>,
    bytes: usize,
}

impl<B: Body> Held<B> {
    pub(crate) fn new(head: response::Parts, body: B, call: Call) -> Self {
        Self { head, body: Box::pin(body), call, frames: VecDeque::new(), bytes: 0 }
    }

    pub(crate) fn let_go(self) -> Response<GuardedBody<B>> {
        Response::from_parts(self.head, GuardedBody::held_back(self.body, self.call, self.frames))
    }
}

impl<B: Body<Error: Into<BoxError>>> Held<B> {
    /// Ready when there is content, or an end without any; an error if that is a failure.
    pub(crate) fn poll_content(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), GuardError>> {
        let status = self.head.status;
        loop {
            if self.call.has_failed() {
                return Poll::Ready(Err(GuardError::Failed { status, error: None }));
            }
            let much = self.bytes > MOST.0 || self.frames.len() >= MOST.1;
            if self.call.has_content || self.call.is_over() || much {
                return Poll::Ready(Ok(()));
            }
            match ready!(poll_next(self.body.as_mut(), &mut self.call, cx)) {
                Some(Ok(frame)) => {
                    self.bytes += frame.data_ref().map_or(0, Buf::remaining);
                    self.frames.push_back(frame);
                }
                Some(Err(Broken::Elapsed(elapsed))) => return Poll::Ready(Err(GuardError::Elapsed(elapsed))),
                Some(Err(Broken::Error(error))) => {
                    return Poll::Ready(Err(GuardError::Failed { status, error: Some(error) }));
                }
                None => {}
            }
        }
    }
}
