//! reqwest's answers, and the guard as a middleware of reqwest-middleware.

use http::{Extensions, Response};
use reqwest::{Body, Request, ResponseBuilderExt};
use reqwest_middleware::{Error, Middleware, Next};

use super::answer::{Answer, private::Sealed};
use super::body::GuardedBody;
use super::future::GuardFuture;
use super::keyed::Keyed;
use super::layer::GuardLayer;
use super::rules::Handle;

impl Sealed for reqwest::Response {}

impl Answer for reqwest::Response {
    type Body = Body;
    type Guarded = Self;

    fn open(self) -> Response<Body> {
        // Where it came from is not in what it turns into.
        let url = self.url().clone();
        let mut answer = Response::<Body>::from(self);
        if let Ok(url) = Response::builder().url(url).body(()) {
            answer.extensions_mut().extend(url.into_parts().0.extensions);
        }
        answer
    }

    fn close(answer: Response<GuardedBody<Body>>) -> Self {
        answer.map(Body::wrap).into()
    }
}

/// As middleware. What a guard says is found in [`Error::Middleware`].
///
/// ```
/// use bellwether_breaker::{Breaker, Error};
/// use bellwether_tower::GuardLayer;
/// use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
///
/// fn guarded(client: reqwest::Client) -> Result<ClientWithMiddleware, Error> {
///     let breaker = Breaker::builder("tts").build()?;
///     Ok(ClientBuilder::new(client).with(GuardLayer::new(breaker)).build())
/// }
/// ```
#[async_trait::async_trait]
impl Middleware for GuardLayer {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<reqwest::Response, Error> {
        guarded(self.handle(), request, extensions, next).await
    }
}

#[async_trait::async_trait]
impl<F> Middleware for GuardLayer<Keyed<F>>
where
    F: Fn(&Request) -> String + Send + Sync + 'static,
{
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<reqwest::Response, Error> {
        guarded(self.handle_of(&request), request, extensions, next).await
    }
}

async fn guarded(
    handle: Handle,
    request: Request,
    extensions: &mut Extensions,
    next: Next<'_>,
) -> Result<reqwest::Response, Error> {
    let answer = GuardFuture::of(handle, None, || next.run(request, extensions)).await;
    answer.map_err(|error| error.unwrapped().unwrap_or_else(Error::middleware))
}
