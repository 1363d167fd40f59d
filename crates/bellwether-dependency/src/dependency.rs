//! A dependency: whom the service calls, how those calls go, and how it is.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bellwether_breaker::{Breaker, CallError};
use bellwether_core::{Clock, Gauge, Histogram, Instant};

use crate::builder::DependencyBuilder;
use crate::call::Operation;
use crate::cascade::{self, Meter};
use crate::error::{Error, Why};
use crate::health::Statement;
use crate::kind::{Criticality, Kind};
use crate::limits::Heard;
use crate::operation::{CallMetrics, Operations};
use crate::probe::Probe;
use crate::status::{Evidence, Health, Judged, Reason, Status, held_back};

/// Something the service relies on. Cheap to clone; clones are the same dependency.
///
/// ```
/// use bellwether_core::Registry;
/// use bellwether_dependency::{Dependencies, Dependency};
///
/// let dependencies = Dependencies::new(&Registry::new())?;
/// let orders = dependencies.register(Dependency::sql("orders-db").critical_local().owner("orders"))?;
///
/// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// # let example = async {
/// let rows = orders.call("select", async { Ok::<_, std::io::Error>(3) }).await;
/// assert_eq!(rows.unwrap(), 3);
/// # };
/// # assert!(pin!(example).poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// # Ok::<(), bellwether_dependency::Error>(())
/// ```
#[derive(Clone)]
pub struct Dependency(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) described: DependencyBuilder,
    breaker: Option<Breaker>,
    pub(crate) clock: Clock,
    pub(crate) metrics: CallMetrics,
    operations: Operations,
    meter: Meter,
    /// The number of its node there, plus one; 0 until it is known.
    node: AtomicU32,
    pub(crate) in_flight: Gauge,
    probe_duration: Histogram,
    pub(crate) evidence: Evidence,
    judged: Mutex<Judged>,
    pub(crate) heard: Heard,
    /// Whether a check is under way.
    probing: AtomicBool,
    /// Whether there is nothing that a check could ask.
    is_mute: AtomicBool,
}

impl Dependency {
    /// Describes an HTTP service.
    pub fn http(name: &str) -> DependencyBuilder {
        DependencyBuilder::new(Kind::Http, name)
    }

    /// Describes a gRPC service.
    pub fn grpc(name: &str) -> DependencyBuilder {
        DependencyBuilder::new(Kind::Grpc, name)
    }

    /// Describes a database that speaks SQL.
    pub fn sql(name: &str) -> DependencyBuilder {
        DependencyBuilder::new(Kind::Sql, name)
    }

    /// Describes a Redis.
    pub fn redis(name: &str) -> DependencyBuilder {
        DependencyBuilder::new(Kind::Redis, name)
    }

    /// Describes a queue or a broker.
    pub fn queue(name: &str) -> DependencyBuilder {
        DependencyBuilder::new(Kind::Queue, name)
    }

    /// Describes anything else.
    pub fn custom(name: &str) -> DependencyBuilder {
        DependencyBuilder::new(Kind::Custom, name)
    }

    pub(crate) fn new(
        described: DependencyBuilder,
        clock: Clock,
        metrics: CallMetrics,
        meter: Meter,
        max_operations: usize,
    ) -> Result<Self, Error> {
        let name = &described.name;
        let breaker = described.breaker.clone().map(|breaker| breaker.name(name).clock(clock.clone()).build());
        let breaker = breaker.transpose().map_err(|error| Error::new(name, Why::Breaker(error)))?;
        let now = clock.now();
        Ok(Self(Arc::new(Inner {
            breaker,
            meter,
            node: AtomicU32::new(0),
            operations: Operations::new(&metrics, name, max_operations),
            in_flight: metrics.in_flight(name),
            probe_duration: metrics.probe_duration(name),
            evidence: Evidence::default(),
            judged: Mutex::new(Judged::new(described.patience, described.staleness(), now)),
            heard: Heard::default(),
            probing: AtomicBool::new(false),
            is_mute: AtomicBool::new(false),
            clock,
            metrics,
            described,
        })))
    }

    /// Makes a call, if its breaker lets it through: counts it, times it, tells the scope of the request it is made for, and
    /// takes it as evidence of how the dependency is. Nothing is asked until the future is polled.
    ///
    /// The operation is looked up by each call; [`operation`](Self::operation) does so once. A limit of time belongs inside:
    /// one around it, which drops the call, leaves only that its caller gave it up.
    ///
    /// # Errors
    /// If the call may not be made now, or fails.
    pub async fn call<T, E: std::error::Error + 'static>(
        &self,
        operation: &str,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CallError<E>> {
        self.operation(operation).call(call).await
    }

    /// One kind of call: `select`, `chat`. There are at most so many for a dependency, since names may come from outside;
    /// those beyond are one, called `other`.
    pub fn operation(&self, name: &str) -> Operation {
        let series = self.0.operations.get(&self.0.metrics, &self.0.described.name, name);
        Operation::new(self.clone(), series)
    }

    /// How it is now. Never waits for it.
    pub fn status(&self) -> Status {
        let held_back = self.breaker().and_then(held_back);
        self.judged().status(&self.0.evidence, held_back, self.0.clock.now())
    }

    /// Looks at the calls of a window that is over, whether anybody asks or not; when to look again.
    pub(crate) fn look(&self, now: Instant) -> Instant {
        self.judged().look(&self.0.evidence, now)
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.0.described.name
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.0.described.kind
    }

    /// What it means to lose it.
    pub fn criticality(&self) -> Criticality {
        self.0.described.criticality
    }

    /// Who is to be asked about it.
    pub fn owner(&self) -> Option<&str> {
        self.0.described.owner.as_deref()
    }

    /// What to do when it is down.
    pub fn runbook(&self) -> Option<&str> {
        self.0.described.runbook.as_deref()
    }

    /// The names of those it relies on.
    pub fn depends_on(&self) -> impl Iterator<Item = &str> {
        self.0.described.depends_on.iter().map(|name| &**name)
    }

    /// What guards its calls.
    pub fn breaker(&self) -> Option<&Breaker> {
        self.0.breaker.as_ref()
    }

    pub(crate) fn shared_name(&self) -> &Arc<str> {
        &self.0.described.name
    }

    /// What it says of itself, if it was asked lately and had something to say. It is an annotation: at worst it makes the
    /// dependency degraded.
    pub fn says(&self) -> Option<Arc<Statement>> {
        self.judged().says(self.0.clock.now())
    }

    /// Its last answer was that what it was asked for is not there: of a cache, that the question goes elsewhere.
    pub fn missed(&self) {
        if let Some((live, node)) = self.followed() {
            live.missed(node);
        }
    }

    /// Where its calls are followed, and the number of its node; `None` while nobody does.
    #[inline]
    pub(crate) fn followed(&self) -> Option<(&cascade::Live, u32)> {
        let live = self.0.meter.live()?;
        match self.0.node.load(Ordering::Relaxed) {
            0 => self.find_node(live),
            node => Some((live, node - 1)),
        }
    }

    #[cold]
    fn find_node<'l>(&self, live: &'l cascade::Live) -> Option<(&'l cascade::Live, u32)> {
        let node = live.node(&self.0.described.name, cascade::Kind::Dependency)?;
        self.0.node.store(node + 1, Ordering::Relaxed);
        Some((live, node))
    }

    /// What asks it how it is, as long as it has an answer.
    pub(crate) fn probe(&self) -> Option<&Probe> {
        self.0.described.probe.as_ref().filter(|_| !self.0.is_mute.load(Ordering::Relaxed))
    }

    /// There is nothing to ask it; it is not asked again.
    pub(crate) fn mute(&self) {
        self.0.is_mute.store(true, Ordering::Relaxed);
    }

    /// How many calls have told something, ever.
    pub(crate) fn calls_heard(&self) -> u64 {
        self.0.evidence.read().heard()
    }

    /// Whether no check was under way; now one is.
    pub(crate) fn claim_probe(&self) -> bool {
        !self.0.probing.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn release_probe(&self) {
        self.0.probing.store(false, Ordering::Release);
    }

    pub(crate) fn probe_took(&self, time: Duration) {
        self.0.probe_duration.record_duration(time);
    }

    pub(crate) fn probed(&self, health: Health, reason: Reason, says: Option<Statement>, now: Instant) {
        self.judged().probed(health, reason, says, now);
    }

    /// Held for as long as it takes to count, never while anything is asked.
    fn judged(&self) -> MutexGuard<'_, Judged> {
        self.0.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dependency")
            .field("name", &self.name())
            .field("kind", &self.kind())
            .field("criticality", &self.criticality())
            .finish_non_exhaustive()
    }
}
