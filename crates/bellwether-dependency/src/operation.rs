//! The calls of one operation of a dependency: its series, looked up once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bellwether_core::{Family, Gauge, Histogram, Outcome, Registry};

use crate::error::Error;
use crate::error::Why;
use crate::fault::Fault;
use crate::limits::LimitMetrics;

/// The name of all operations for which there is no room.
const OTHER: &str = "other";
/// The limit for which an SLO of a call is most often made, in seconds.
const BOUNDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// What is counted of calls to dependencies, for all of them.
#[derive(Debug, Clone)]
pub(crate) struct CallMetrics {
    duration: Family<Histogram, 4>,
    in_flight: Family<Gauge, 1>,
    probe_duration: Family<Histogram, 1>,
    limits: LimitMetrics,
}

/// The series of one operation.
#[derive(Debug)]
pub(crate) struct Series {
    dependency: Arc<str>,
    operation: Box<str>,
    /// Of calls that went well, which most do.
    good: Histogram,
    metrics: CallMetrics,
}

/// The operations of a dependency, at most so many.
#[derive(Debug)]
pub(crate) struct Operations {
    by_name: RwLock<HashMap<Box<str>, Arc<Series>>>,
    other: Arc<Series>,
    max: usize,
}

impl CallMetrics {
    pub(crate) fn new(registry: &Registry) -> Result<Self, Error> {
        let refused = |error| Error::new("", Why::Metrics(error));
        let duration = registry.histogram("dependency.call.duration").unit("s").bounds(BOUNDS);
        let duration = duration.description("How long calls to dependencies took.");
        let duration = duration.labels(["dependency", "operation", "outcome", "error.type"]);
        let in_flight = registry.gauge("dependency.call.in_flight").unit("{call}").additive();
        let in_flight = in_flight.description("Calls to dependencies under way.").labels(["dependency"]);
        let probe = registry.histogram("dependency.probe.duration").unit("s").bounds(BOUNDS);
        let probe = probe.description("How long probes of dependencies took.").labels(["dependency"]);
        Ok(Self {
            duration: duration.family().map_err(refused)?,
            in_flight: in_flight.family().map_err(refused)?,
            probe_duration: probe.family().map_err(refused)?,
            limits: LimitMetrics::new(registry).map_err(refused)?,
        })
    }

    pub(crate) fn in_flight(&self, dependency: &str) -> Gauge {
        self.in_flight.get([dependency]).clone()
    }

    pub(crate) fn probe_duration(&self, dependency: &str) -> Histogram {
        self.probe_duration.get([dependency]).clone()
    }

    pub(crate) fn limits(&self) -> &LimitMetrics {
        &self.limits
    }

    fn series(&self, dependency: &Arc<str>, operation: &str) -> Arc<Series> {
        let good = self.duration.get([dependency, operation, Outcome::Success.as_str(), ""]).clone();
        let dependency = Arc::clone(dependency);
        Arc::new(Series { dependency, operation: operation.into(), good, metrics: self.clone() })
    }
}

impl Series {
    #[inline]
    pub(crate) fn good(&self, took: Duration) {
        self.good.record_duration(took);
    }

    #[cold]
    pub(crate) fn failed(&self, fault: Fault, took: Duration) {
        let (outcome, error) = (fault.outcome().as_str(), fault.failure.as_str());
        let series = self.metrics.duration.get([&self.dependency, &self.operation, outcome, error]);
        series.record_duration(took);
    }
}

impl Operations {
    pub(crate) fn new(metrics: &CallMetrics, dependency: &Arc<str>, max: usize) -> Self {
        Self { by_name: RwLock::default(), other: metrics.series(dependency, OTHER), max }
    }

    /// The series of an operation; those of `other` if there are too many.
    pub(crate) fn get(&self, metrics: &CallMetrics, dependency: &Arc<str>, operation: &str) -> Arc<Series> {
        let known = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        match known.get(operation) {
            Some(series) => return Arc::clone(series),
            None if self.max <= known.len() => return Arc::clone(&self.other),
            None => drop(known),
        }
        let mut known = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        if self.max <= known.len() && !known.contains_key(operation) {
            return Arc::clone(&self.other);
        }
        let operation = cut(operation);
        Arc::clone(known.entry(operation.into()).or_insert_with(|| metrics.series(dependency, operation)))
    }
}

/// A name that is a label's value is not longer than one.
fn cut(name: &str) -> &str {
    let end = (0..=name.len().min(bellwether_core::MAX_VALUE_LEN)).rev().find(|end| name.is_char_boundary(*end));
    end.and_then(|end| name.get(..end)).unwrap_or(OTHER)
}
