//! `grpc.health.v1`: whether the whole or a part of it is serving, told when asked and whenever it changes.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tonic::codegen::tokio_stream::Stream;
use tonic::codegen::{Body, BoxFuture, Service, StdError, http};
use tonic::server::NamedService;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer, SERVICE_NAME};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::dependencies::Dependencies;
use crate::health::Phase;

/// The service `grpc.health.v1.Health`; from [`Dependencies::grpc_health`]. It is for `Server::builder().add_service` of tonic.
///
/// | asked for | is serving |
/// |---|---|
/// | nothing: the whole server | while it is [ready](crate::Readiness) |
/// | a [`service`](Self::service) that was named | the same |
/// | a dependency, by its name | unless that is down |
/// | anything else | `NOT_FOUND` to `Check`; `SERVICE_UNKNOWN` to `Watch`, which goes on, since it may come |
///
/// `Watch` tells what is so and then only what has changed, at once if the service enters another [`Phase`] and within a second
/// otherwise. It ends with `OK` when the service stops, after it has said so, and therefore holds up no graceful shutdown.
/// Whoever can ask must know a dependency's name to be told of it; there is no list.
#[derive(Clone)]
pub struct GrpcHealth {
    dependencies: Dependencies,
    services: Arc<[Box<str>]>,
    max_watchers: usize,
    watchers: Arc<AtomicUsize>,
    sleep: Arc<dyn Fn(Duration) -> Sleep + Send + Sync>,
}

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A watcher learns of a change within this time.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Of a request, which is no more than a name.
const MAX_REQUEST: usize = 4 << 10;

impl GrpcHealth {
    pub(crate) fn new<F>(dependencies: Dependencies, sleep: impl Fn(Duration) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self {
            dependencies,
            services: Arc::new([]),
            max_watchers: 256,
            watchers: Arc::default(),
            sleep: Arc::new(move |time| Box::pin(sleep(time))),
        }
    }

    /// A service of the server, by its full name, such as `voice.v1.Voice` or `VoiceServer::<()>::NAME`: it is serving while the
    /// server is.
    #[must_use]
    pub fn service(mut self, name: &str) -> Self {
        self.services = self.services.iter().cloned().chain([name.into()]).collect();
        self
    }

    /// The most who may watch at one time; further ones are told `RESOURCE_EXHAUSTED`. Default: 256.
    #[must_use]
    pub fn max_watchers(mut self, watchers: usize) -> Self {
        self.max_watchers = watchers;
        self
    }

    fn status(&self, service: &str) -> ServingStatus {
        let is_own = self.services.iter().any(|own| **own == *service);
        match self.dependencies.report().is_serving(if is_own { "" } else { service }) {
            Some(true) => ServingStatus::Serving,
            Some(false) => ServingStatus::NotServing,
            None => ServingStatus::ServiceUnknown,
        }
    }

    /// A place among those who watch, if there is one.
    fn place(&self) -> Option<Place> {
        let more = |watchers| (watchers < self.max_watchers).then_some(watchers + 1);
        self.watchers.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        Some(Place(Arc::clone(&self.watchers)))
    }
}

#[tonic::async_trait]
impl Health for GrpcHealth {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        match self.status(&request.get_ref().service) {
            ServingStatus::ServiceUnknown => Err(Status::not_found("no such service")),
            status => Ok(Response::new(response(status))),
        }
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let place = self.place().ok_or_else(|| Status::resource_exhausted("too many watch already"))?;
        Ok(Response::new(Box::pin(Watcher {
            number: self.dependencies.number_waiter(),
            health: self.clone(),
            service: request.into_inner().service,
            said: None,
            sleep: None,
            _place: place,
        })))
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status as i32 }
}

/// One who is told of changes.
struct Watcher {
    number: u64,
    health: GrpcHealth,
    service: String,
    said: Option<ServingStatus>,
    sleep: Option<Sleep>,
    _place: Place,
}

impl Stream for Watcher {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            // Before looking: who changes something meanwhile wakes us.
            this.health.dependencies.wake_on_change(this.number, cx.waker());
            let is_over = this.health.dependencies.phase() == Phase::Stopping;
            let status = this.health.status(&this.service);
            if this.said.replace(status) != Some(status) {
                return Poll::Ready(Some(Ok(response(status))));
            }
            if is_over {
                return Poll::Ready(None);
            }
            let sleep = this.sleep.get_or_insert_with(|| (this.health.sleep)(LOOK_EVERY));
            std::task::ready!(sleep.as_mut().poll(cx));
            this.sleep = None;
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.health.dependencies.waiter_is_gone(self.number);
    }
}

/// A place among those who watch.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<B> Service<http::Request<B>> for GrpcHealth
where
    B: Body + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        HealthServer::new(self.clone()).max_decoding_message_size(MAX_REQUEST).call(request)
    }
}

impl NamedService for GrpcHealth {
    const NAME: &'static str = SERVICE_NAME;
}

impl fmt::Debug for GrpcHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcHealth")
            .field("services", &self.services)
            .field("watchers", &self.watchers)
            .finish_non_exhaustive()
    }
}
