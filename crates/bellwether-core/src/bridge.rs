//! The registry as a `metrics::Recorder`: what any dependency emits through `metrics` lands here too.

use std::sync::Arc;

use metrics::{CounterFn, GaugeFn, HistogramFn, Key, KeyName, Metadata, SharedString, Unit};

use crate::counter::Counter;
use crate::error::Error;
use crate::gauge::Gauge;
use crate::histogram::Histogram;
use crate::registry::Registry;

/// Install it with `metrics::set_global_recorder(registry.recorder())`, or for a closure with
/// `metrics::with_local_recorder`. A key that is not legal here records nothing and is counted by
/// [`Registry::refused`].
///
/// ```
/// use bellwether_core::{Handle, Registry};
///
/// let registry = Registry::new();
/// metrics::with_local_recorder(&registry.recorder(), || {
///     metrics::counter!("cache_hits", "tier" => "memory").increment(2);
/// });
/// let hits = registry.metric("cache_hits").unwrap();
/// let series = hits.series().next().unwrap();
/// assert!(matches!(series.handle(), Handle::Counter(hits) if hits.value() == 2));
/// ```
#[derive(Debug, Clone)]
pub struct Recorder(Registry);

impl Registry {
    /// This registry as a recorder for the `metrics` facade.
    pub fn recorder(&self) -> Recorder {
        Recorder(self.clone())
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(&key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(&key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(&key, unit, description);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        with_labels(key, |labels| self.0.counter(key.name()).series(labels))
            .map_or_else(metrics::Counter::noop, |counter| metrics::Counter::from_arc(Arc::new(counter)))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        with_labels(key, |labels| self.0.gauge(key.name()).series(labels))
            .map_or_else(metrics::Gauge::noop, |gauge| metrics::Gauge::from_arc(Arc::new(gauge)))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        with_labels(key, |labels| self.0.histogram(key.name()).series(labels))
            .map_or_else(metrics::Histogram::noop, |histogram| metrics::Histogram::from_arc(Arc::new(histogram)))
    }
}

impl Recorder {
    fn describe(&self, key: &KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe(key.as_str(), unit.map(ucum), description.as_ref());
    }
}

/// The name a unit of the facade has in UCUM.
fn ucum(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "1",
        Unit::Percent => "%",
        Unit::Seconds => "s",
        Unit::Milliseconds => "ms",
        Unit::Microseconds => "us",
        Unit::Nanoseconds => "ns",
        Unit::Tebibytes => "TiBy",
        Unit::Gibibytes => "GiBy",
        Unit::Mebibytes => "MiBy",
        Unit::Kibibytes => "KiBy",
        Unit::Bytes => "By",
        Unit::TerabitsPerSecond => "Tbit/s",
        Unit::GigabitsPerSecond => "Gbit/s",
        Unit::MegabitsPerSecond => "Mbit/s",
        Unit::KilobitsPerSecond => "kbit/s",
        Unit::BitsPerSecond => "bit/s",
        Unit::CountPerSecond => "1/s",
    }
}

fn with_labels<T>(key: &Key, register: impl FnOnce(&[(&str, &str)]) -> Result<T, Error>) -> Option<T> {
    let labels: Vec<(&str, &str)> = key.labels().map(|label| (label.key(), label.value())).collect();
    register(&labels).ok()
}

impl CounterFn for Counter {
    fn increment(&self, value: u64) {
        self.add(value);
    }

    fn absolute(&self, value: u64) {
        self.raise_to(value);
    }
}

impl GaugeFn for Gauge {
    fn increment(&self, value: f64) {
        self.add(value);
    }

    fn decrement(&self, value: f64) {
        self.sub(value);
    }

    fn set(&self, value: f64) {
        Self::set(self, value);
    }
}

impl HistogramFn for Histogram {
    fn record(&self, value: f64) {
        Self::record(self, value);
    }
}
