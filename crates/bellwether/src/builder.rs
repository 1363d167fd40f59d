//! Describes the front door, and opens it.

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bellwether_core::{Follow, OnEnd, Registry};
use bellwether_dependency::{Dependencies, DependenciesBuilder, Phase};
use bellwether_export::Resource;
use bellwether_tower::{CallLayer, ObserveBuilder, ObserveLayer, Sampler};
use tokio::runtime::Handle;

use crate::access::Access;
use crate::bellwether::{Bellwether, Parts};
use crate::error::Error;
use crate::install::Installs;
use crate::keeper::HistoryPlan;
use crate::life::Life;
use crate::log::LogPlan;
use crate::objectives::ObjectivesPlan;
use crate::otlp::{Otlp, OtlpPlan};
use crate::queries::Queries;
use crate::routes::Routes;
use crate::server::Server;
use crate::settings::{self, Config, Settings};
use crate::shutdown::Ending;
use crate::watch::Watch;

/// Describes a [`Bellwether`]; from [`Bellwether::builder`].
///
/// Settings come from code, then from the file, then from `BELLWETHER_*` variables, then from `OTEL_*` variables; what
/// comes later wins: whoever deploys has the last word. Code and file differ in nothing but that; the order of calls does
/// not matter.
#[must_use = "it opens by `start`"]
pub struct Builder {
    name: Box<str>,
    settings: Settings,
    file: Config,
    registry: Option<Registry>,
    listeners: Vec<Arc<dyn OnEnd>>,
    observe: Option<Box<Observe>>,
    environment: Box<Environment>,
    /// The names of all variables, where they are known.
    variables: fn() -> Vec<String>,
    installs: Installs,
    pub(crate) log: LogPlan,
    pub(crate) otlp: OtlpPlan,
    pub(crate) history: HistoryPlan,
    pub(crate) objectives: ObjectivesPlan,
    pub(crate) queries: Queries,
}

type Observe = dyn for<'r> FnOnce(ObserveBuilder<'r>) -> ObserveBuilder<'r> + Send;
type Environment = dyn Fn(&str) -> Option<String> + Send;

impl Builder {
    pub(crate) fn new(service: &str) -> Self {
        Self {
            name: service.into(),
            settings: Settings::default(),
            file: Config::default(),
            registry: None,
            listeners: Vec::new(),
            observe: None,
            environment: Box::new(|name| std::env::var(name).ok()),
            variables: || std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect(),
            installs: Installs::default(),
            log: LogPlan::default(),
            otlp: OtlpPlan::default(),
            history: HistoryPlan::default(),
            objectives: ObjectivesPlan::default(),
            queries: Queries::default(),
        }
    }

    /// The version of the service.
    pub fn version(self, version: &str) -> Self {
        self.attribute("service.version", version)
    }

    /// An attribute of the service, by OpenTelemetry's name, such as `deployment.environment.name`.
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.settings.attributes.retain(|(own, _)| own != name);
        self.settings.attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Reads a file of settings, `bellwether.toml` by custom. One that is not there has none.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn config(mut self, path: impl AsRef<Path>) -> Result<Self, Error> {
        self.file = Config::read(path)?;
        Ok(self)
    }

    /// Settings that were read before.
    pub fn settings(mut self, config: Config) -> Self {
        self.file = config;
        self
    }

    /// A registry that is there already. Default: a new one.
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// How often process and registry are looked at: 100 ms to 60 s; default 5 s.
    pub fn tick(mut self, every: Duration) -> Self {
        self.settings.tick = every.clamp(Duration::from_millis(100), Duration::from_secs(60));
        self
    }

    /// Whether the service may get traffic before [`Bellwether::ready`] says so. Default: yes.
    pub fn ready(mut self, ready: bool) -> Self {
        self.settings.ready = ready;
        self
    }

    /// Who may read `/metrics`. Default: programs on this machine.
    pub fn access(mut self, access: Access) -> Self {
        self.settings.access = access;
        self
    }

    /// Who may see more than one word of `/readyz` and `/health`: dependencies by name, why they are as they are, who is to be
    /// asked. Default: who may read `/metrics`.
    pub fn health_access(mut self, access: Access) -> Self {
        self.settings.health.access = Some(access);
        self
    }

    /// Another path than `/health`, for an application that has one of its own.
    pub fn health_path(mut self, path: &str) -> Self {
        self.settings.health.path = path.to_owned();
        self
    }

    /// The most dependencies there may be. Default: 256.
    pub fn max_dependencies(mut self, dependencies: usize) -> Self {
        self.settings.max_dependencies = Some(dependencies);
        self
    }

    /// Whether it is judged which failure caused which. Without it no request is followed while it is under way, which saves
    /// its share of each one's cost, and nothing is said of what hangs before it ends. Default: yes.
    pub fn cascade(mut self, enabled: bool) -> Self {
        self.settings.cascade = enabled;
        self
    }

    /// A port of its own from the start; [`Bellwether::serve`] opens more.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.settings.listen = Some(address);
        self
    }

    /// The share of traces that are sampled, of those that begin here. Default: all if there is OTLP, else none.
    pub fn sample(mut self, share: f64) -> Self {
        self.settings.sample = Some(if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) });
        self
    }

    /// Somebody who wants to hear of the end of every request, and of every call made through
    /// [`Bellwether::calls`].
    pub fn listener(mut self, listener: Arc<dyn OnEnd>) -> Self {
        self.listeners.push(listener);
        self
    }

    /// Everything else that the layer can be told. Called last, so it wins over all settings.
    pub fn observe(
        mut self,
        describe: impl for<'r> FnOnce(ObserveBuilder<'r>) -> ObserveBuilder<'r> + Send + 'static,
    ) -> Self {
        self.observe = Some(Box::new(describe));
        self
    }

    /// Where environment variables are read. Default: `std::env::var`.
    pub fn environment(mut self, var: impl Fn(&str) -> Option<String> + Send + 'static) -> Self {
        self.environment = Box::new(var);
        self.variables = Vec::new;
        self
    }

    /// Counts and logs panics. The hook that was there is called after.
    pub fn install_panic_hook(mut self) -> Self {
        self.installs.panic_hook = true;
        self
    }

    /// Makes the registry the recorder of the `metrics` facade, if there is none.
    #[cfg(feature = "metrics-facade")]
    pub fn install_metrics(mut self) -> Self {
        self.installs.metrics = true;
        self
    }

    /// Installs a subscriber for `tracing` that writes JSON logs and exports by OTLP, if there is none. What it logs is
    /// decided by `log.level`, else `RUST_LOG`, else it is everything from `info` up.
    #[cfg(any(feature = "log", feature = "otlp"))]
    pub fn install_tracing(mut self) -> Self {
        self.installs.tracing = true;
        self
    }

    /// JSON logs on standard output, with a line for each request.
    #[cfg(feature = "log")]
    pub fn log(mut self, layout: bellwether_export::log::Layout) -> Self {
        self.log.layout = Some(layout);
        self
    }

    /// Where JSON logs go instead of standard output.
    #[cfg(feature = "log")]
    pub fn log_to(mut self, writer: impl std::io::Write + Send + 'static) -> Self {
        self.log.writer = Some(crate::log::Writer(Box::new(writer)));
        self
    }

    /// Traces, metrics and logs by OTLP. Without this they are exported only if the file or the environment names a
    /// collector.
    #[cfg(feature = "otlp")]
    pub fn otlp(mut self, settings: bellwether_export::otlp::OtlpSettings) -> Self {
        self.otlp.settings = Some(settings);
        self
    }

    /// Opens the front door: registers metrics, opens ports, starts the thread. Called on a tokio runtime, it watches that
    /// runtime from then on.
    ///
    /// # Errors
    /// If a setting or the path of `/health` is not accepted, a port is taken, the registry has other metrics of the names used here, or no thread
    /// can be started.
    pub fn start(self) -> Result<Bellwether, Error> {
        let Self { name, mut settings, file, registry, listeners, observe, environment, variables, .. } = self;
        let (installs, log, otlp, history) = (self.installs, self.log, self.otlp, self.history);
        let objectives = self.objectives.and(file.promises());
        let queries = self.queries.checked()?;
        file.apply(&mut settings);
        settings::from_environment(&mut settings, &environment)?;
        let registry = registry.unwrap_or_default();
        let since = registry.clock().now();
        if let Some(series) = settings.max_series {
            registry.limit_series(series);
        }
        let resource = describe(&name, &settings, &environment);
        let mut notices: Vec<String> = resource.refused().iter().map(ToString::to_string).collect();
        notices.extend(settings::misspelled(variables()));
        let listener = settings.listen.map(listen).transpose()?;

        let logs = log.start(&settings, &resource, &registry)?;
        let otlp = otlp.start(&settings, &resource, &registry, &environment)?;
        let own = otlp.listener().into_iter().chain(logs.listener());
        let heard: Vec<Arc<dyn OnEnd>> = own.chain(listeners.iter().cloned()).collect();
        let sampler = otlp.sampler().or(settings.sample.map(Sampler::ratio)).unwrap_or_else(Sampler::never);
        let limits = Dependencies::builder(&registry);
        let dependencies = settings.max_dependencies.into_iter().fold(limits, DependenciesBuilder::max).build()?;
        let follower = settings.cascade.then(|| dependencies.follower());
        let layer = layer(&registry, &settings, sampler, &otlp, &heard, (follower, objectives.bounds()), observe)?;
        let calls = calls(&registry, &settings, sampler, &otlp, &listeners)?;

        if settings.ready {
            dependencies.enter(Phase::Serving);
        }
        let mut keeper = history.start(&settings, &resource, &registry);
        let mut objectives =
            objectives.start(&settings, &resource, &registry, &dependencies, &mut keeper, &mut notices)?;
        // What is counted from here on counts.
        objectives.tick();
        let asked = (queries.over(&keeper, registry.clock()), objectives.clone());
        let routes = Routes::new(&registry, resource.clone(), &settings, dependencies.clone(), asked)?;
        let overrides = Arc::new(settings.overrides());
        let mut watch = Watch::new(&registry, &settings, dependencies.clone(), overrides.clone(), logs.clone())?;
        let server = Server::new(&registry, routes.add_to(Router::new()))?;
        installs.install(&settings, &registry, &logs, &otlp, &environment, &mut notices)?;
        // Before anybody can ask: a page without the process on it would be a lie.
        watch.tick();
        let life = Life {
            registry: registry.clone(),
            dependencies: dependencies.clone(),
            tick: settings.tick,
            watch,
            server,
            logs: logs.clone(),
            otlp: otlp.clone(),
            keeper: keeper.clone(),
            objectives: objectives.clone(),
            application: Handle::try_current().ok(),
        };
        let orders = life.begin()?;
        let ending = Ending::default();
        let bellwether = Bellwether::new(Parts {
            registry,
            resource,
            layer,
            calls,
            routes,
            dependencies,
            overrides,
            since,
            logs,
            otlp,
            keeper,
            objectives,
            notices,
            orders,
            ending,
        });
        if let Some(listener) = listener {
            bellwether.serve_on(listener)?;
        }
        Ok(bellwether)
    }
}

/// The resource. Its name is the environment's if that has one; attributes set here win over `OTEL_RESOURCE_ATTRIBUTES`,
/// as OpenTelemetry has it.
fn describe(name: &str, settings: &Settings, var: &dyn Fn(&str) -> Option<String>) -> Resource {
    let name = settings.name.as_deref().unwrap_or(name);
    let attributes = settings.attributes.iter();
    attributes
        .fold(Resource::builder(name), |resource, (key, value)| resource.attribute(key.as_str(), value.as_str()))
        .from_env(var)
        .build()
}

fn layer(
    registry: &Registry,
    settings: &Settings,
    sampler: Sampler,
    otlp: &Otlp,
    listeners: &[Arc<dyn OnEnd>],
    (follower, bounds): (Option<Arc<dyn Follow>>, Vec<f64>),
    observe: Option<Box<Observe>>,
) -> Result<ObserveLayer, Error> {
    let mut layer = ObserveLayer::builder(registry).sampler(sampler).duration_bounds(bounds);
    layer = follower.into_iter().fold(layer, ObserveBuilder::follower);
    if let Some(trust) = settings.trust_remote_sampled {
        layer = layer.trust_remote_sampled(trust);
    }
    if let Some(header) = &settings.request_id_header {
        layer = layer.request_id_header(header.clone());
    }
    if let Some(adopt) = otlp.span_hook() {
        layer = layer.span_hook(adopt);
    }
    layer = layer.routes(settings.routes.iter().map(String::as_str));
    layer = listeners.iter().fold(layer, |layer, listener| layer.listener(Arc::clone(listener)));
    if let Some(observe) = observe {
        layer = observe(layer);
    }
    Ok(layer.build()?)
}

fn calls(
    registry: &Registry,
    settings: &Settings,
    sampler: Sampler,
    otlp: &Otlp,
    listeners: &[Arc<dyn OnEnd>],
) -> Result<CallLayer, Error> {
    let mut layer = CallLayer::builder(registry).sampler(sampler);
    if let (Some(adopt), Some(position)) = (otlp.span_hook(), otlp.position()) {
        layer = layer.span_hook(adopt).position(position);
    }
    if let Some(header) = &settings.request_id_header {
        layer = layer.request_id_header(header.clone());
    }
    // A call of a sampled request has a span, also where no subscriber makes one.
    let layer = otlp.listener().into_iter().fold(layer, |layer, late| layer.listener(late));
    Ok(listeners.iter().fold(layer, |layer, listener| layer.listener(Arc::clone(listener))).build()?)
}

fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    let refuse = |error| Error::listen(address, error);
    let listener = TcpListener::bind(address).map_err(refuse)?;
    listener.set_nonblocking(true).map_err(refuse)?;
    Ok(listener)
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("name", &self.name).field("settings", &self.settings).finish_non_exhaustive()
    }
}
