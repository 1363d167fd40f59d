//! All metrics of a process, by name. A value: make one, hand it around; nothing is global.

mod builder;
mod family;
mod index;
mod metric;
mod series;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::clock::{Clock, Timestamp};
use crate::counter::Counter;
use crate::error::Error;
use crate::gauge::Gauge;
use crate::histogram::Histogram;
use crate::state_set::StateSet;
use metric::Spec;

pub use builder::MetricBuilder;
pub use family::{Family, Instrument};
pub use metric::{Metric, MetricKind, Overflow};
pub use series::{Handle, Series};

/// Metrics by name, each with its series. Cheap to clone; clones are the same registry.
///
/// Reading never resets and never makes a writer wait.
///
/// ```
/// use bellwether_core::{Handle, Registry};
///
/// let registry = Registry::new();
/// registry.counter("jobs.done").labels(["queue"]).family()?.get(["mail"]).add(3);
///
/// for metric in registry.metrics() {
///     for series in metric.series() {
///         if let Handle::Counter(counter) = series.handle() {
///             assert_eq!((metric.name(), series.label("queue"), counter.value()), ("jobs.done", Some("mail"), 3));
///         }
///     }
/// }
/// # Ok::<(), bellwether_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Registry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    started: Timestamp,
    metrics: RwLock<BTreeMap<Box<str>, Arc<Metric>>>,
    /// Descriptions that came before their metric did: unit and text by name.
    expected: Mutex<BTreeMap<Box<str>, Expected>>,
    max_series: AtomicUsize,
    refused: AtomicU64,
}

type Expected = (Option<Box<str>>, Box<str>);

impl Default for Inner {
    fn default() -> Self {
        Self::new(Clock::system())
    }
}

impl Inner {
    fn new(clock: Clock) -> Self {
        Self {
            started: clock.timestamp(),
            clock,
            metrics: RwLock::default(),
            expected: Mutex::default(),
            max_series: AtomicUsize::new(Registry::DEFAULT_MAX_SERIES),
            refused: AtomicU64::new(0),
        }
    }
}

impl Registry {
    /// Series a metric may have unless it or the registry says otherwise: OpenTelemetry's limit.
    pub const DEFAULT_MAX_SERIES: usize = 2000;
    /// Metrics a registry may hold.
    pub const MAX_METRICS: usize = 4096;

    /// An empty registry on the machine's clock.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty registry on a given clock.
    pub fn on(clock: Clock) -> Self {
        Self(Arc::new(Inner::new(clock)))
    }

    /// The clock that stamps series and exemplars.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// When the registry was made.
    pub fn started(&self) -> Timestamp {
        self.0.started
    }

    /// The budget of series of metrics that are registered from now on without one of their own.
    pub fn limit_series(&self, series: usize) {
        self.0.max_series.store(series, Relaxed);
    }

    fn max_series(&self) -> usize {
        self.0.max_series.load(Relaxed)
    }

    /// Describes a counter, to be registered.
    pub fn counter(&self, name: &str) -> MetricBuilder<'_, Counter, 0> {
        MetricBuilder::new(self, name)
    }

    /// Describes a gauge, to be registered.
    pub fn gauge(&self, name: &str) -> MetricBuilder<'_, Gauge, 0> {
        MetricBuilder::new(self, name)
    }

    /// Describes a histogram, to be registered.
    pub fn histogram(&self, name: &str) -> MetricBuilder<'_, Histogram, 0> {
        MetricBuilder::new(self, name)
    }

    /// Describes a state set, to be registered: `label` tells its states apart.
    pub fn state_set<S: Into<Box<str>>>(
        &self,
        name: &str,
        label: &str,
        states: impl IntoIterator<Item = S>,
    ) -> MetricBuilder<'_, StateSet, 0> {
        MetricBuilder::new(self, name).of_states(label, states.into_iter().map(Into::into))
    }

    /// All metrics, by ascending name.
    pub fn metrics(&self) -> Vec<Arc<Metric>> {
        self.0.metrics.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// One metric.
    pub fn metric(&self, name: &str) -> Option<Arc<Metric>> {
        self.0.metrics.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// How many registrations were refused with an error.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Relaxed)
    }

    /// Describes a metric that is there, or will be when somebody registers it.
    #[cfg(feature = "metrics")]
    pub(crate) fn describe(&self, name: &str, unit: Option<&str>, description: &str) {
        match self.metric(name) {
            Some(metric) => metric.describe(unit.map(Into::into), Some(description.into())),
            None => {
                let mut expected = self.0.expected.lock().unwrap_or_else(PoisonError::into_inner);
                if expected.len() < Self::MAX_METRICS {
                    expected.insert(name.into(), (unit.map(Into::into), description.into()));
                }
            }
        }
    }

    fn insert(&self, spec: Spec) -> Result<Arc<Metric>, Error> {
        // The `metrics` facade registers with every use of its macros: most of the time the metric is there.
        if let Some(there) = self.metric(&spec.name) {
            return there.again(spec);
        }
        let mut metrics = self.0.metrics.write().unwrap_or_else(PoisonError::into_inner);
        match metrics.get(&spec.name) {
            Some(there) => Arc::clone(there).again(spec),
            None if metrics.len() >= Self::MAX_METRICS => Err(Error::full(&spec.name, Self::MAX_METRICS)),
            None => {
                let name = spec.name.clone();
                let metric = Arc::new(Metric::new(spec, self.max_series(), self.0.clock.clone()));
                let expected = self.0.expected.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
                if let Some((unit, description)) = expected {
                    metric.describe(unit, Some(description));
                }
                metrics.insert(name, Arc::clone(&metric));
                Ok(metric)
            }
        }
    }

    fn count_refused(&self) {
        self.0.refused.fetch_add(1, Relaxed);
    }
}
