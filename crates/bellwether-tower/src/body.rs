//! Bodies that are counted on their way: of the answer, to know its end; of the request, to know its size.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};

use crate::account::Account;

pin_project_lite::pin_project! {
    /// The body of an observed answer: that of the service, accounted for until its end.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: Option<B>,
        account: Option<Box<Account>>,
    }

    impl<B> PinnedDrop for ResponseBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // What a body that is cut short drops may still say something of its request.
            let _entered = this.account.as_ref().map(|account| account.scope.enter());
            this.inner.set(None);
        }
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn new(inner: B, account: Option<Box<Account>>) -> Self {
        Self { inner: Some(inner), account }
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        // Only dropping empties it, and nobody polls after that.
        let Some(mut inner) = this.inner.as_pin_mut() else { return Poll::Ready(None) };
        let Some(account) = this.account else { return inner.poll_frame(cx) };
        let polled = account.run(|| inner.as_mut().poll_frame(cx));
        let frame = ready!(polled);
        let mut now = None;
        let over = match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    now = account.sent(data.remaining() as u64);
                    account.saw(data.chunk());
                }
                if let Some(trailers) = frame.trailers_ref() {
                    account.trailers(trailers);
                }
                // Nobody polls again after trailers, an ended body, or as many bytes as were declared.
                frame.is_trailers() || inner.is_end_stream() || account.sent_all()
            }
            Some(Err(_)) | None => true,
        };
        if over && let Some(account) = this.account.take() {
            match &frame {
                Some(Err(_)) => account.body_failed(),
                _ => account.complete(now),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

/// Counts the bytes of a request body whose size was not declared, if the body is of a framework's known type; else leaves it
/// as it is. The type stays the same, so that a layer can stand anywhere.
pub(crate) fn count_bytes<B: 'static>(body: &mut B) -> Option<Arc<AtomicU64>> {
    let body: &mut dyn Any = body;
    #[cfg(feature = "axum")]
    if let Some(body) = body.downcast_mut::<axum::body::Body>() {
        return Some(count(body, axum::body::Body::new));
    }
    #[cfg(feature = "tonic")]
    if let Some(body) = body.downcast_mut::<tonic::body::Body>() {
        return Some(count(body, tonic::body::Body::new));
    }
    let _ = body;
    None
}

#[cfg(any(feature = "axum", feature = "tonic"))]
fn count<B: Default>(body: &mut B, wrap: impl FnOnce(Counted<B>) -> B) -> Arc<AtomicU64> {
    let counter = Arc::<AtomicU64>::default();
    *body = wrap(Counted { inner: std::mem::take(body), counter: Arc::clone(&counter) });
    counter
}

pin_project_lite::pin_project! {
    struct Counted<B> {
        #[pin]
        inner: B,
        counter: Arc<AtomicU64>,
    }
}

impl<B: Body> Body for Counted<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()).and_then(Frame::data_ref) {
            this.counter.fetch_add(data.remaining() as u64, Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
