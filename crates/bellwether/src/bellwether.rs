//! The handle: what the application holds while the front door is open.

use std::fmt;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bellwether_breaker::{Breaker, BreakerBuilder};
use bellwether_core::{Instant, Registry};
use bellwether_dependency::cascade::Verdict;
use bellwether_dependency::{Dependencies, Dependency, DependencyBuilder, Phase};
use bellwether_export::Resource;
use bellwether_tower::{CallLayer, ObserveLayer};
use tokio::sync::mpsc;

use crate::builder::Builder;
use crate::dependencies::Overrides;
use crate::error::Error;
use crate::keeper::Keeper;
use crate::life::Order;
use crate::log::Logs;
use crate::objectives::Follower;
use crate::otlp::Otlp;
use crate::routes::Routes;
use crate::shutdown::{Ending, ShuttingDown};

/// A front door that is open. Cheap to clone; it closes by [`shutdown`](Self::shutdown), or when the last handle is
/// dropped: then without a word about what was lost, and without waiting for it.
///
/// Its loop runs on a thread and a runtime of its own, so that an application that stands still is seen to.
#[derive(Clone)]
pub struct Bellwether(Arc<Parts>);

/// What a handle holds. The loop ends when `orders` is dropped.
pub(crate) struct Parts {
    pub(crate) registry: Registry,
    pub(crate) resource: Resource,
    pub(crate) layer: ObserveLayer,
    pub(crate) calls: CallLayer,
    pub(crate) routes: Routes,
    pub(crate) dependencies: Dependencies,
    pub(crate) overrides: Arc<Overrides>,
    /// When it was opened.
    pub(crate) since: Instant,
    pub(crate) logs: Logs,
    pub(crate) otlp: Otlp,
    #[cfg_attr(not(feature = "history"), allow(dead_code, reason = "there is none to give out"))]
    pub(crate) keeper: Keeper,
    #[cfg_attr(not(feature = "slo"), allow(dead_code, reason = "there are none to give out"))]
    pub(crate) objectives: Follower,
    pub(crate) notices: Vec<String>,
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) ending: Ending,
}

impl Bellwether {
    /// Describes the front door of a service.
    pub fn builder(service: &str) -> Builder {
        Builder::new(service)
    }

    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// All metrics of the service; its own go there too.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// The service, as exporters name it.
    pub fn resource(&self) -> &Resource {
        &self.0.resource
    }

    /// What sees every request: for `Router::layer`, or `Server::builder().layer` of tonic.
    pub fn layer(&self) -> ObserveLayer {
        self.0.layer.clone()
    }

    /// What sees every call to others: a layer for HTTP and gRPC clients; [`CallLayer::for_peer`] names whom it calls.
    pub fn calls(&self) -> CallLayer {
        self.0.calls.clone()
    }

    /// A breaker on the registry's clock, shown in it by its name: [what it shows](Breaker::show).
    ///
    /// ```
    /// use bellwether::{Bellwether, breaker::Breaker};
    ///
    /// let bw = Bellwether::builder("shop").environment(|_| None).start()?;
    /// let breaker = bw.breaker(Breaker::builder("orders-db"))?;
    /// breaker.trip();
    /// assert!(bw.registry().metric("breaker.state").is_some());
    /// # Ok::<(), bellwether::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a setting makes no sense, or the registry has other metrics of the names that breakers use.
    pub fn breaker(&self, describe: BreakerBuilder) -> Result<Breaker, Error> {
        let breaker = describe.clock(self.registry().clock().clone()).build()?;
        breaker.show(self.registry())?;
        Ok(breaker)
    }

    /// Registers what the service relies on, shown in the registry, and in what `/readyz` and `/health` say. Its probe is run
    /// by the front door's own thread. What settings say of its name wins. One that was described alike before is the same.
    ///
    /// ```
    /// use bellwether::{Bellwether, Dependency, breaker::Breaker};
    ///
    /// let bw = Bellwether::builder("voice").environment(|_| None).start()?;
    /// let openai = bw.dependency(Dependency::http("openai").critical_shared().breaker(Breaker::builder("openai")))?;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let answer = openai.call("chat", async { Ok::<_, std::io::Error>("hello") }).await;
    /// assert_eq!(answer.unwrap(), "hello");
    /// # });
    /// # Ok::<(), bellwether::Error>(())
    /// ```
    ///
    /// # Errors
    /// If what is said of it makes no sense or differs from what is there under its name, if it would rely on itself by way
    /// of others, or if there are too many.
    pub fn dependency(&self, described: DependencyBuilder) -> Result<Dependency, Error> {
        Ok(self.0.dependencies.register(self.0.overrides.apply(described))?)
    }

    /// Which failure caused which, as judged at the last tick: whether there is an incident, and who is its root. Not known,
    /// as before any traffic, if [that is off](Builder::cascade).
    ///
    /// ```
    /// let bw = bellwether::Bellwether::builder("voice").environment(|_| None).start()?;
    /// assert_eq!(bw.verdict().to_string(), "unknown: no traffic to judge by");
    /// # Ok::<(), bellwether::Error>(())
    /// ```
    pub fn verdict(&self) -> Arc<Verdict> {
        self.0.dependencies.verdict().unwrap_or_default()
    }

    /// All that the service relies on, and how it is.
    pub fn dependencies(&self) -> &Dependencies {
        &self.0.dependencies
    }

    /// `/metrics`, `/livez`, `/readyz`, `/startupz` and `/health`, to merge into a router of the application. What is merged
    /// after [`layer`](Self::layer) is not observed itself. An application that has a `/health` of its own gives this one
    /// another path: [`Builder::health_path`].
    ///
    /// `/livez` says that the process answers, and looks at nothing else. `/readyz` says whether requests may be sent here:
    /// not before [`ready`](Self::ready) was told so, not while a dependency is down that this instance may be alone in
    /// losing, and not from the beginning of the shutdown on. `/startupz` says whether it ever was told so. `/health` is for
    /// people and monitors: a critical dependency that is down is a failure there. Each says one word to everybody, by
    /// `application/health+json`, with `503` and `Retry-After` if it is no; `/readyz` and `/health` name dependencies to
    /// those whom [`Builder::health_access`] admits. `/metrics` is for those whom [`Access`](crate::Access) admits.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        // Of two routers that are merged, axum keeps the second one's answer to what no route matches. It would be this one's
        // that nobody watches: who asks for what is not there is to be seen as well.
        self.0.routes.add_to(Router::new().layer(self.layer()))
    }

    /// Opens a port of its own for the same routes, served by the loop's thread: it answers also while the application's
    /// runtime stands still. Returns the address, with the port that was found for port 0.
    ///
    /// At most 64 connections at a time, of all such ports; what is beyond is closed at once and counted.
    ///
    /// # Errors
    /// If the port is taken, or it was shut down.
    pub fn serve(&self, address: impl ToSocketAddrs) -> Result<SocketAddr, Error> {
        let addresses: Vec<SocketAddr> =
            address.to_socket_addrs().map_err(|error| Error::setting("the address to serve on", error))?.collect();
        let first =
            addresses.first().copied().ok_or_else(|| Error::setting("the address to serve on", "it names none"))?;
        let refuse = |error| Error::listen(first, error);
        let listener = TcpListener::bind(&*addresses).map_err(refuse)?;
        listener.set_nonblocking(true).map_err(refuse)?;
        let local = listener.local_addr().map_err(refuse)?;
        self.serve_on(listener)?;
        Ok(local)
    }

    pub(crate) fn serve_on(&self, listener: TcpListener) -> Result<(), Error> {
        if self.0.ending.has_begun() {
            return Err(Error::ended());
        }
        self.0.orders.try_send(Order::Serve(listener)).map_err(|_| Error::ended())
    }

    /// Tells whether the service may get traffic, as far as it knows itself. Not heard any more once the shutdown has begun.
    pub fn ready(&self, ready: bool) {
        self.0.dependencies.enter(if ready { Phase::Serving } else { Phase::Paused });
    }

    /// Says that the service is about to stop: not ready from this call on, for good, while it is alive and answers what still
    /// comes. To be said at the signal, some seconds before the server is told to end: whoever sends requests takes a while to
    /// notice. Those who watch the service's gRPC health are told and let go, who would hold up the server's end.
    pub fn stopping(&self) {
        self.0.dependencies.enter(Phase::Stopping);
    }

    /// Whether the service may get traffic: it said so, and no dependency is down that it may be alone in losing.
    pub fn is_ready(&self) -> bool {
        self.0.dependencies.report().readiness().ready
    }

    /// What was not as asked for, a sentence each: at the start attributes that were refused, a `BELLWETHER_*` variable that
    /// is no setting, a global that was already taken, to be logged once; and when it has run for a minute, which is logged
    /// by itself, what settings say of dependencies that nobody has registered.
    pub fn notices(&self) -> Vec<String> {
        let runs_for = self.registry().clock().now().since(self.0.since);
        let in_vain = self.0.overrides.in_vain(&self.0.dependencies.all(), runs_for);
        self.0.notices.iter().cloned().chain(in_vain).collect()
    }

    /// Ends it: not ready from this call on, everything that waits is sent, and the thread stops. The future is ready within
    /// the time, on any runtime and whatever the collector does, and says what was delivered and what was lost. Called again,
    /// it gives the same answer.
    pub fn shutdown(&self, within: Duration) -> ShuttingDown {
        self.stopping();
        // For what comes between the loop's answer and the one who waits for it.
        let margin = (within / 10).min(Duration::from_millis(100));
        let orders = self.0.orders.clone();
        self.0.ending.begin(within, move |answer| {
            let _ = orders.try_send(Order::End { within: within.saturating_sub(margin), answer });
        })
    }

    /// The service `grpc.health.v1` for the application's tonic server, `Server::builder().add_service(bw.grpc_health())`: the
    /// whole as `/readyz` says, each dependency by its name. [`service`](bellwether_dependency::GrpcHealth::service) names
    /// services of that server.
    #[cfg(feature = "grpc")]
    pub fn grpc_health(&self) -> bellwether_dependency::GrpcHealth {
        self.0.dependencies.grpc_health(tokio::time::sleep)
    }

    /// The JSON log, to add to a subscriber of the application's own. `None` if nobody asked for one.
    #[cfg(feature = "log")]
    pub fn json_log(&self) -> Option<bellwether_export::log::JsonLog> {
        self.0.logs.log().cloned()
    }

    /// What happened, to the last tick: to be asked in PromQL, or exactly.
    ///
    /// ```
    /// use bellwether::Bellwether;
    ///
    /// let bw = Bellwether::builder("shop").environment(|_| None).start()?;
    /// let view = bw.history().view();
    /// assert!(view.metadata().iter().any(|metric| &*metric.name == "bellwether_history_covered_seconds_total"));
    /// # Ok::<(), bellwether::Error>(())
    /// ```
    #[cfg(feature = "history")]
    pub fn history(&self) -> bellwether_history::History {
        self.0.keeper.history()
    }

    /// When the wall clock jumped, and by how much, as far back as history's file goes: around these times rates and ages are
    /// not what they seem.
    ///
    /// ```
    /// use bellwether::{Bellwether, history::file::Query};
    ///
    /// let bw = Bellwether::builder("shop").environment(|_| None).start()?;
    /// assert!(bw.clock_jumps().page(&Query::newest())?.entries.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "history")]
    pub fn clock_jumps(&self) -> bellwether_history::file::Log<crate::ClockJump> {
        self.0.keeper.clock_jumps()
    }

    /// What was promised, how that stands, and reports of how it stood.
    #[cfg(feature = "slo")]
    pub fn objectives(&self) -> &crate::Objectives {
        self.0.objectives.objectives()
    }

    /// The OTLP pipeline; its layer is for a subscriber of the application's own. `None` if nobody asked for one.
    #[cfg(feature = "otlp")]
    pub fn pipeline(&self) -> Option<bellwether_export::otlp::Pipeline> {
        self.0.otlp.pipeline().cloned()
    }
}

impl fmt::Debug for Bellwether {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bellwether")
            .field("service", &self.0.resource.service_name())
            .field("phase", &self.0.dependencies.phase())
            .field("logs", &self.0.logs)
            .field("otlp", &self.0.otlp)
            .field("notices", &self.0.notices)
            .finish_non_exhaustive()
    }
}
