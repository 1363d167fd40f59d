//! All a service relies on: registered by name, at most so many, in no circle.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::task::Waker;
use std::time::Duration;

use bellwether_core::{Clock, Follow, Instant, Registry};

use crate::builder::DependencyBuilder;
use crate::cascade::{self, Graph, Meter, Occupancy, Pool, Refusal, Relation, Verdict};
use crate::dependency::Dependency;
use crate::error::{Error, Why};
use crate::health::{Phase, Report};
use crate::operation::CallMetrics;
use crate::probe::Probes;
use crate::status::Health;

/// All dependencies of a service. Cheap to clone; clones are the same.
#[derive(Debug, Clone)]
pub struct Dependencies(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    registry: Registry,
    metrics: CallMetrics,
    meter: Meter,
    /// What was said of the last tick.
    verdict: Mutex<Option<Arc<Verdict>>>,
    bounds: Bounds,
    /// In the order in which they came.
    all: RwLock<Arc<[Dependency]>>,
    phase: AtomicU8,
    peers_ready: Mutex<Option<f64>>,
    /// Who is to look again when there is another dependency or phase: each one's waker, by its number.
    wakers: Mutex<HashMap<u64, Waker>>,
    waiters: AtomicU64,
}

/// Describes the limits of [`Dependencies`]; from [`Dependencies::builder`].
#[derive(Debug, Clone)]
#[must_use = "they are made by `build`"]
pub struct DependenciesBuilder {
    registry: Registry,
    bounds: Bounds,
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    dependencies: usize,
    operations: usize,
    probes: usize,
    seed: Option<u64>,
}

impl DependenciesBuilder {
    /// The most dependencies there may be. Default: 256.
    pub fn max(mut self, dependencies: usize) -> Self {
        self.bounds.dependencies = dependencies;
        self
    }

    /// The most operations of one dependency; further ones are counted as `other`. Default: 32.
    pub fn max_operations(mut self, operations: usize) -> Self {
        self.bounds.operations = operations;
        self
    }

    /// The most probes that are under way at one time, at least 1. Default: 8.
    pub fn max_probes(mut self, probes: usize) -> Self {
        self.bounds.probes = probes.max(1);
        self
    }

    /// Makes chance repeatable: when probes are made. Default: no two processes do it alike.
    pub fn seed(mut self, seed: u64) -> Self {
        self.bounds.seed = Some(seed);
        self
    }

    /// Makes them, without any yet.
    ///
    /// # Errors
    /// If the registry has other metrics of the same names.
    pub fn build(self) -> Result<Dependencies, Error> {
        let metrics = CallMetrics::new(&self.registry)?;
        Ok(Dependencies(Arc::new(Shared {
            registry: self.registry,
            metrics,
            meter: Meter::default(),
            verdict: Mutex::default(),
            bounds: self.bounds,
            all: RwLock::new(Arc::new([])),
            phase: AtomicU8::new(Phase::Starting as u8),
            peers_ready: Mutex::new(None),
            wakers: Mutex::default(),
            waiters: AtomicU64::new(0),
        })))
    }
}

impl Dependencies {
    /// No dependencies yet. They are timed by the registry's clock, and shown in it:
    ///
    /// | metric | labels | what it is |
    /// |---|---|---|
    /// | `dependency.call.duration` | `dependency`, `operation`, `outcome`, `error.type` | how long calls took |
    /// | `dependency.call.in_flight` | `dependency` | calls under way |
    /// | `dependency.status` | `dependency`, `status` | 1 for how it is, 0 for the others |
    /// | `dependency.evidence.age` | `dependency` | for how many seconds nothing was heard of it; absent if nothing ever was |
    /// | `dependency.probe.duration` | `dependency` | how long probes took |
    ///
    /// and what their breakers show.
    ///
    /// # Errors
    /// If the registry has other metrics of the same names.
    pub fn new(registry: &Registry) -> Result<Self, Error> {
        Self::builder(registry).build()
    }

    /// [`new`](Self::new), with other limits.
    pub fn builder(registry: &Registry) -> DependenciesBuilder {
        let bounds = Bounds { dependencies: 256, operations: 32, probes: 8, seed: None };
        DependenciesBuilder { registry: registry.clone(), bounds }
    }

    /// Registers a dependency. One of the same name that was described alike is the same one.
    ///
    /// # Errors
    /// If what is said of it makes no sense or differs from what is there, if it would rely on itself by way of others, or if
    /// there are too many.
    pub fn register(&self, described: DependencyBuilder) -> Result<Dependency, Error> {
        described.check()?;
        let inner = &*self.0;
        let mut all = inner.all.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(there) = all.iter().find(|there| there.name() == &*described.name) {
            return described.check_alike(&there.0.described).map(|()| there.clone());
        }
        if inner.bounds.dependencies <= all.len() {
            return Err(Error::new(&described.name, Why::Full(all.len())));
        }
        if let Some(circle) = circle(&all, &described) {
            return Err(Error::new(&described.name, Why::Cycle(circle)));
        }
        let clock = self.clock().clone();
        let dependency =
            Dependency::new(described, clock, inner.metrics.clone(), inner.meter.clone(), inner.bounds.operations)?;
        self.show(&dependency).map_err(|error| Error::new(dependency.name(), Why::Metrics(error)))?;
        *all = all.iter().cloned().chain([dependency.clone()]).collect();
        drop(all);
        self.wake();
        Ok(dependency)
    }

    /// One of them, by its name.
    pub fn get(&self, name: &str) -> Option<Dependency> {
        self.all().iter().find(|own| own.name() == name).cloned()
    }

    /// All of them, in the order in which they were registered.
    pub fn all(&self) -> Arc<[Dependency]> {
        Arc::clone(&self.0.all.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A future that runs the probes as long as it is polled. What is given makes a future that ends after that time:
    /// `tokio::time::sleep`.
    pub fn probes<F>(&self, sleep: impl Fn(Duration) -> F + Send + 'static) -> Probes
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let seed = self.0.bounds.seed.unwrap_or_else(|| RandomState::new().hash_one(()));
        Probes::new(self.clone(), sleep, seed)
    }

    /// The service `grpc.health.v1` of a gRPC server. What is given makes a future that ends after that time:
    /// `tokio::time::sleep`.
    #[cfg(feature = "grpc")]
    pub fn grpc_health<F>(&self, sleep: impl Fn(Duration) -> F + Send + Sync + 'static) -> crate::GrpcHealth
    where
        F: Future<Output = ()> + Send + 'static,
    {
        crate::GrpcHealth::new(self.clone(), sleep)
    }

    /// Where the service is in its life. It is starting until somebody says otherwise. Readiness follows at once: say
    /// [`Stopping`](Phase::Stopping) first, and go on answering for a while. That is the last word, and what was started does
    /// not start again: what leads elsewhere is not heard.
    pub fn enter(&self, phase: Phase) {
        let next = |now| Phase::of(now).leads_to(phase).then_some(phase as u8);
        if self.0.phase.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).is_ok() {
            self.wake();
        }
    }

    /// Where the service is in its life.
    pub fn phase(&self) -> Phase {
        Phase::of(self.0.phase.load(Ordering::Acquire))
    }

    /// What share of all instances is ready, 0 to 1, from whoever knows; `None` if nobody does. Below a half, none leaves any
    /// more for what it lacks.
    pub fn peers_ready(&self, share: Option<f64>) {
        *lock(&self.0.peers_ready) = share.filter(|share| (0.0..=1.0).contains(share));
    }

    /// How all of them are now. Never waits for any.
    pub fn report(&self) -> Report {
        let peers_ready = *lock(&self.0.peers_ready);
        let incident = self.verdict().filter(|verdict| verdict.incident.is_some());
        Report::new(self.phase(), peers_ready, &self.all(), incident, self.clock().now())
    }

    /// Declares all of them, and who of them relies on whom, to a graph that a [`Judge`](crate::cascade::Judge) goes by.
    ///
    /// # Errors
    /// If the graph is full, or one of their names belongs to something else in it.
    pub fn declare(&self, graph: &mut Graph) -> Result<(), Refusal> {
        for dependency in self.all().iter() {
            let from = graph.node(dependency.name(), cascade::Kind::Dependency)?;
            for name in dependency.depends_on() {
                let to = graph.node(name, cascade::Kind::Dependency)?;
                graph.edge(from, to, Relation::Declared)?;
            }
        }
        Ok(())
    }

    /// Follows requests for whoever [reads](cascade::Reader) which of their failures caused which: for the layer that sees
    /// them. While nobody reads it does next to nothing.
    pub fn follower(&self) -> Arc<dyn Follow> {
        Arc::new(self.0.meter.clone())
    }

    /// Tells the route of each request that has been under way for longer than this, so that one that hangs is known before it
    /// ends. Requests are followed once a [cascade](crate::cascade::Reader) is read, as the front door does.
    pub fn hanging(&self, longer_than: Duration, now: Instant, tell: impl FnMut(&str)) {
        self.0.meter.hanging(longer_than, now, tell);
    }

    /// A pool with so many permits, 0 if they have no limit, for those who take them to say so.
    ///
    /// ```
    /// # use bellwether_core::Registry;
    /// # use bellwether_dependency::Dependencies;
    /// # let dependencies = Dependencies::new(&Registry::new())?;
    /// let pool = dependencies.pool("orders-pool", 4);
    /// # let example = async {
    /// let connection = pool.take(async { Ok::<_, std::io::Error>("what `PgPool::acquire` gives") }).await?;
    /// assert!(connection.starts_with("what")); // and dropped, it is given back
    /// # Ok::<(), std::io::Error>(())
    /// # };
    /// # use std::{future::Future, pin::pin, task::{Context, Waker}};
    /// # assert!(pin!(example).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    /// # Ok::<(), bellwether_dependency::Error>(())
    /// ```
    pub fn pool(&self, name: &str, permits: u64) -> Pool {
        Pool::new(self.0.meter.clone(), self.clock().clone(), name, permits)
    }

    /// A pool that is asked how full it is whenever somebody reads, and whose it is. It says less than one that is
    /// [told](Self::pool): who has its permits is a guess. `false` if there are too many; the last one of a name counts.
    pub fn watch_pool(
        &self,
        name: &str,
        owner: &Dependency,
        source: impl Fn() -> Option<Occupancy> + Send + Sync + 'static,
    ) -> bool {
        self.0.meter.watch(name, owner, source)
    }

    /// Which failure caused which, as judged at the last tick; `None` while nobody [watches](cascade::Watch).
    pub fn verdict(&self) -> Option<Arc<Verdict>> {
        lock(&self.0.verdict).clone()
    }

    /// This is the last verdict now. Returns the one before.
    pub(crate) fn judged(&self, verdict: Arc<Verdict>) -> Option<Arc<Verdict>> {
        lock(&self.0.verdict).replace(verdict)
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.0.registry
    }

    pub(crate) fn downgrade(&self) -> Weak<Shared> {
        Arc::downgrade(&self.0)
    }

    pub(crate) fn upgrade(weak: &Weak<Shared>) -> Option<Self> {
        weak.upgrade().map(Self)
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.0.meter
    }

    pub(crate) fn clock(&self) -> &Clock {
        self.0.registry.clock()
    }

    pub(crate) fn max_probes(&self) -> usize {
        self.0.bounds.probes
    }

    /// A number of its own for each who waits for changes.
    pub(crate) fn number_waiter(&self) -> u64 {
        self.0.waiters.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn wake_on_change(&self, waiter: u64, waker: &Waker) {
        let before = lock(&self.0.wakers).insert(waiter, waker.clone());
        drop(before);
    }

    pub(crate) fn waiter_is_gone(&self, waiter: u64) {
        let last = lock(&self.0.wakers).remove(&waiter);
        drop(last);
    }

    /// Those who wait for a change are to look again.
    fn wake(&self) {
        let wakers = std::mem::take(&mut *lock(&self.0.wakers));
        wakers.into_values().for_each(Waker::wake);
    }

    fn show(&self, dependency: &Dependency) -> Result<(), bellwether_core::Error> {
        let registry = &self.0.registry;
        let status = registry.state_set("dependency.status", "status", Health::ALL.map(Health::as_str));
        let status = status.description("How a dependency is.").labels(["dependency"]).family()?;
        let age = registry.gauge("dependency.evidence.age").unit("s");
        let age = age.description("For how long nothing was heard of a dependency.").labels(["dependency"]).family()?;
        let weak = Arc::downgrade(&dependency.0);
        let ask = move |weak: &Weak<_>| weak.upgrade().map(|inner| Dependency(inner).status());
        let of_status = weak.clone();
        status.get([dependency.name()]).observe(move || ask(&of_status).map(|status| status.health as usize));
        age.get([dependency.name()]).observe(move || ask(&weak)?.age.map(|age| age.as_secs_f64()));
        dependency.breaker().map_or(Ok(()), |breaker| breaker.show(registry))
    }
}

/// The way from a new dependency back to itself, if there is one.
fn circle(all: &[Dependency], new: &DependencyBuilder) -> Option<Vec<String>> {
    let mut seen = HashSet::new();
    let mut open: Vec<Vec<&str>> = new.depends_on.iter().map(|next| vec![&*new.name, &**next]).collect();
    while let Some(way) = open.pop() {
        let last = *way.last()?;
        if last == &*new.name {
            return Some(way.into_iter().map(str::to_owned).collect());
        }
        if !seen.insert(last) {
            continue;
        }
        let further = all.iter().find(|own| own.name() == last).into_iter().flat_map(Dependency::depends_on);
        open.extend(further.map(|next| way.iter().copied().chain([next]).collect()));
    }
    None
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
