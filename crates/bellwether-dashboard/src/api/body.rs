//! The body of an answer: chunks that are there already.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::run::Place;

/// What a [`QueryApi`](crate::QueryApi) answers with.
#[derive(Debug)]
pub struct QueryBody {
    chunks: std::vec::IntoIter<Bytes>,
    left: u64,
    /// Kept until the last chunk is taken: an answer that is read slowly takes memory for as long.
    place: Option<Place>,
}

impl QueryBody {
    pub(crate) fn empty() -> Self {
        Self::new(Vec::new(), 0, None)
    }

    pub(crate) fn new(chunks: Vec<Bytes>, left: u64, place: Option<Place>) -> Self {
        // One chunk is in the hands of the server at once.
        let place = place.filter(|_| chunks.len() > 1);
        Self { chunks: chunks.into_iter(), left, place }
    }
}

impl Body for QueryBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let next = this.chunks.next();
        this.left -= next.as_ref().map_or(0, |chunk| chunk.len() as u64);
        if this.chunks.len() == 0 {
            this.place = None;
        }
        Poll::Ready(next.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
