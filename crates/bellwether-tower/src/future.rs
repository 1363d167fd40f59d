//! The future of an observed answer: runs the service in its scope, and hands the account on to the answer's body.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderValue, Response};
use http_body::Body;

use crate::account::Account;
use crate::body::ResponseBody;

pin_project_lite::pin_project! {
    /// The future of an observed answer.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Option<F>,
        account: Option<Box<Account>>,
        // The request id to send back.
        id: Option<HeaderValue>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // What the service drops may still say something of its request.
            let _entered = this.account.as_ref().map(|account| account.scope.enter());
            this.inner.set(None);
        }
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(inner: F, observed: Option<(Box<Account>, Option<HeaderValue>)>) -> Self {
        let (account, id) = observed.map_or((None, None), |(account, id)| (Some(account), id));
        Self { inner: Some(inner), account, id }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: 'static,
    R: Body,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // Only dropping empties it, and nobody polls after that.
        let Some(inner) = this.inner.as_pin_mut() else { return Poll::Pending };
        let polled = match this.account {
            Some(account) => account.run(|| inner.poll(cx)),
            None => inner.poll(cx),
        };
        let response = ready!(polled);
        let Some(mut account) = this.account.take() else {
            return Poll::Ready(response.map(|response| response.map(|body| ResponseBody::new(body, None))));
        };
        match response {
            Ok(response) => {
                let (mut head, body) = response.into_parts();
                let over = account.head(&head, body.is_end_stream());
                if let Some(id) = this.id.take() {
                    head.headers.entry(&account.shared().request_id_header).or_insert(id);
                }
                let account = if over {
                    account.complete(None);
                    None
                } else {
                    Some(account)
                };
                Poll::Ready(Ok(Response::from_parts(head, ResponseBody::new(body, account))))
            }
            Err(error) => {
                let (kind, outcome) = account.shared().error_kind(&error);
                account.service_failed(kind, outcome);
                Poll::Ready(Err(error))
            }
        }
    }
}
