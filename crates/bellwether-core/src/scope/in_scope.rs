//! A future that carries its scope to whichever threads poll it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Scope;

pin_project_lite::pin_project! {
    /// A future that runs in a scope; from [`Scope::wrap`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct InScope<F> {
        #[pin]
        future: Option<F>,
        scope: Scope,
    }

    impl<F> PinnedDrop for InScope<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // What the future drops may record, too: that belongs to the scope.
            let _entered = this.scope.enter();
            this.future.set(None);
        }
    }
}

impl<F> InScope<F> {
    pub(super) fn new(future: F, scope: Scope) -> Self {
        Self { future: Some(future), scope }
    }
}

impl<F: Future> Future for InScope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _lent = this.scope.lend();
        match this.future.as_pin_mut() {
            Some(future) => future.poll(cx),
            // Only dropping empties it, and nobody polls after that.
            None => Poll::Pending,
        }
    }
}
