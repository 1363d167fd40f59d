//! The layer that puts a breaker around an HTTP client or service, and what it can be told.

use std::sync::Arc;
use std::time::Duration;

use bellwether_breaker::{Breaker, Breakers, Deadlines, Outcome};
use tower_layer::Layer;

use super::evidence::Evidence;
use super::keyed::{Keyed, KeyedGuard};
use super::rules::{Handle, Rules};
use super::service::Guard;
use super::timer::Timer;

/// Guards whatever answers over HTTP by a breaker. A call goes on until its answer's body has ended, and how it went is decided
/// there: an error after a 200 is a failure.
///
/// It goes around any service that answers with `http::Response`, or with `reqwest::Response` (feature `reqwest`), whatever its
/// requests are; and with that feature it is a middleware of reqwest-middleware. What counts how is in the
/// [crate's documentation](crate#what-a-guard-makes-of-an-answer).
///
/// ```
/// use bellwether_breaker::{Breaker, Trip};
/// use bellwether_tower::{GuardError, GuardLayer};
/// use http::{Request, Response, StatusCode};
/// use http_body_util::{BodyExt, Full};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # let http = service_fn(async |_: Request<()>| {
/// #     let mut answer = Response::new(Full::new(bytes::Bytes::new()));
/// #     *answer.status_mut() = StatusCode::BAD_GATEWAY;
/// #     Ok::<_, std::convert::Infallible>(answer)
/// # });
/// let breaker = Breaker::builder("tts").trip(Trip::consecutive(1)).build()?;
/// let client = ServiceBuilder::new().layer(GuardLayer::new(breaker)).service(http);
///
/// let answer = client.clone().oneshot(Request::new(())).await?;
/// assert_eq!(answer.status(), 502);
/// answer.into_body().collect().await?;
///
/// let error = client.oneshot(Request::new(())).await.unwrap_err();
/// assert!(matches!(error, GuardError::Rejected(_)));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct GuardLayer<B = Breaker> {
    breaker: B,
    rules: Arc<Rules>,
}

impl GuardLayer {
    /// Guards by this breaker.
    pub fn new(breaker: Breaker) -> Self {
        Self { breaker, rules: Arc::default() }
    }

    pub(crate) fn handle(&self) -> Handle {
        Handle::new(self.breaker.clone(), Arc::clone(&self.rules))
    }
}

impl<F> GuardLayer<Keyed<F>> {
    /// Guards each request by the breaker of its key: `key` is a `Fn(&Request) -> String`. The inner service must be `Clone`.
    ///
    /// ```
    /// use bellwether_breaker::{Breaker, Breakers};
    /// use bellwether_tower::GuardLayer;
    ///
    /// let breakers = Breakers::new(Breaker::builder("upstream"), 100)?;
    /// let layer = GuardLayer::by_key(breakers, |request: &http::Request<String>| {
    ///     request.uri().host().unwrap_or_default().to_owned()
    /// });
    /// # Ok::<(), bellwether_breaker::Error>(())
    /// ```
    pub fn by_key(breakers: Breakers, key: F) -> Self {
        Self { breaker: Keyed::new(breakers, key), rules: Arc::default() }
    }

    #[cfg(feature = "reqwest")]
    pub(crate) fn handle_of<Req>(&self, request: &Req) -> Handle
    where
        F: Fn(&Req) -> String,
    {
        self.breaker.handle(request, &self.rules)
    }
}

impl<B> GuardLayer<B> {
    /// Judges otherwise than usual: `None` leaves it as it is. Called once for the head of an answer, its trailers, and an error.
    ///
    /// ```
    /// use bellwether_breaker::{Breaker, Outcome};
    /// use bellwether_tower::{Evidence, GuardLayer};
    ///
    /// let breaker = Breaker::builder("index").build()?;
    /// let layer = GuardLayer::new(breaker).judge(|evidence| match evidence {
    ///     // Of an index, "not found" says that it is not there.
    ///     Evidence::Head { status, .. } if status == 404 => Some(Outcome::Failure),
    ///     _ => None,
    /// });
    /// # Ok::<(), bellwether_breaker::Error>(())
    /// ```
    pub fn judge(mut self, judge: impl Fn(Evidence<'_>) -> Option<Outcome> + Send + Sync + 'static) -> Self {
        self.rules_mut().judge = Some(Arc::new(judge));
        self
    }

    /// Gives up what takes longer, which is a failure. By tokio's timer.
    #[cfg(feature = "tokio")]
    pub fn deadlines(self, deadlines: Deadlines) -> Self {
        self.deadlines_by(deadlines, tokio::time::sleep)
    }

    /// Gives up what takes longer, by any timer: `sleep` makes a future that ends after that time.
    pub fn deadlines_by<F>(
        mut self,
        deadlines: Deadlines,
        sleep: impl Fn(Duration) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + Sync + 'static,
    {
        self.rules_mut().deadlines = Some((deadlines, Timer::new(sleep)));
        self
    }

    /// Takes a `text/event-stream` for a body like any other. Unless told so, a guard reads along: an answer that says that it
    /// failed has failed, one that ends without saying so is truncated, and one that was read up to its proper end was a
    /// success, where that can be told from the [dialect](bellwether_breaker::sse).
    pub fn ignore_events(mut self) -> Self {
        self.rules_mut().events = false;
        self
    }

    /// Holds an answer back until its first content has come, and makes an error of one that failed before that: a 5xx, a 429,
    /// a body that breaks off. Then nobody has seen anything of it, and something else can be asked: by
    /// [`FallbackLayer`](super::FallbackLayer), or a retry. Of a stream of events, frames that only say that it has begun
    /// are held back too, up to 256 KiB.
    pub fn hold_back(mut self) -> Self {
        self.rules_mut().hold_back = true;
        self
    }

    fn rules_mut(&mut self) -> &mut Rules {
        Arc::make_mut(&mut self.rules)
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard::new(inner, self.handle())
    }
}

impl<S, F: Clone> Layer<S> for GuardLayer<Keyed<F>> {
    type Service = KeyedGuard<S, F>;

    fn layer(&self, inner: S) -> KeyedGuard<S, F> {
        KeyedGuard::new(inner, self.breaker.clone(), Arc::clone(&self.rules))
    }
}
