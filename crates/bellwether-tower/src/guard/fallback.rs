//! Something else to ask where a call gave no answer.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tower_layer::Layer;
use tower_service::Service;

/// Asks something else where a service gives an error, and tells it why.
///
/// Around a [guard](super::GuardLayer) an error is a refusal, a failure of the call, or an elapsed deadline; and of a guard that
/// [holds answers back](super::GuardLayer::hold_back), also an answer that failed before its first content. Of what came later
/// somebody may have seen something already, so nothing else is asked then.
///
/// The closure is shown each request before it is sent, to keep what it will need of it, and gives a closure for the case of an
/// error, which is asked once at most. What that gives is the answer, whether it is one or not.
///
/// ```
/// use bellwether_breaker::{Breaker, CallError};
/// use bellwether_tower::{CallGuardLayer, FallbackLayer};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let greet = ServiceBuilder::new()
///     .layer(FallbackLayer::new(|name: &String| {
///         let name = name.clone();
///         move |why: CallError<String>| async move { Ok(format!("hello {name}, in spite of {why}")) }
///     }))
///     .layer(CallGuardLayer::new(Breaker::builder("greetings").build()?))
///     .service(service_fn(async |_: String| Err::<String, _>("rain".to_owned())));
///
/// assert_eq!(greet.oneshot("Ada".to_owned()).await.unwrap(), "hello Ada, in spite of rain");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct FallbackLayer<F> {
    instead: F,
}

/// The service that [`FallbackLayer`] makes.
#[derive(Clone)]
pub struct Fallback<S, F> {
    inner: S,
    instead: F,
}

impl<F> FallbackLayer<F> {
    /// `instead` is a `Fn(&Request) -> impl FnOnce(Error) -> impl Future<Output = Result<Response, Error>>`.
    pub fn new(instead: F) -> Self {
        Self { instead }
    }
}

impl<S, F: Clone> Layer<S> for FallbackLayer<F> {
    type Service = Fallback<S, F>;

    fn layer(&self, inner: S) -> Fallback<S, F> {
        Fallback { inner, instead: self.instead.clone() }
    }
}

impl<S, F, G, H, Req> Service<Req> for Fallback<S, F>
where
    S: Service<Req>,
    F: Fn(&Req) -> G,
    G: FnOnce(S::Error) -> H,
    H: Future<Output = Result<S::Response, S::Error>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = FallbackFuture<S::Future, G, H>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let instead = Some((self.instead)(&request));
        FallbackFuture { state: State::First { call: self.inner.call(request), instead } }
    }
}

pin_project_lite::pin_project! {
    /// The future of a call that something else stands in for.
    pub struct FallbackFuture<C, G, H> {
        #[pin]
        state: State<C, G, H>,
    }
}

pin_project_lite::pin_project! {
    #[project = StateProj]
    enum State<C, G, H> {
        First {
            #[pin]
            call: C,
            instead: Option<G>,
        },
        Instead {
            #[pin]
            call: H,
        },
    }
}

impl<C, G, H, T, E> Future for FallbackFuture<C, G, H>
where
    C: Future<Output = Result<T, E>>,
    G: FnOnce(E) -> H,
    H: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let mut state = self.project().state;
        if let StateProj::First { call, instead } = state.as_mut().project() {
            let why = match ready!(call.poll(cx)) {
                Ok(answer) => return Poll::Ready(Ok(answer)),
                Err(why) => why,
            };
            let Some(instead) = instead.take() else { return Poll::Ready(Err(why)) };
            state.set(State::Instead { call: instead(why) });
        }
        match state.project() {
            StateProj::Instead { call } => call.poll(cx),
            StateProj::First { .. } => Poll::Pending,
        }
    }
}

impl<S: fmt::Debug, F> fmt::Debug for Fallback<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<C, G, H> fmt::Debug for FallbackFuture<C, G, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackFuture").finish_non_exhaustive()
    }
}
