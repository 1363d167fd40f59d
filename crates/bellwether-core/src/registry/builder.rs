//! Describes a metric and registers it.

use std::collections::HashSet;
use std::marker::PhantomData;
use std::sync::Arc;

use super::Registry;
use super::family::{Family, Instrument, sealed};
use super::metric::{Metric, Spec};
use crate::counter::Scale;
use crate::error::Error;
use crate::histogram::{Histogram, grid};
use crate::labels::{MAX_VALUE_LEN, Names, alike, cut};
use crate::state_set::StateSet;

/// A histogram has at most this many bounds.
const MAX_BOUNDS: usize = 64;

/// Describes a metric; from [`Registry::counter`], [`Registry::gauge`], [`Registry::histogram`] and
/// [`Registry::state_set`].
#[derive(Debug)]
#[must_use = "a metric is registered by `build`, `family` or `series`"]
pub struct MetricBuilder<'r, I, const N: usize> {
    registry: &'r Registry,
    labels: [String; N],
    spec: Spec,
    instrument: PhantomData<fn() -> I>,
}

impl<'r, I: Instrument> MetricBuilder<'r, I, 0> {
    pub(super) fn new(registry: &'r Registry, name: &str) -> Self {
        let spec = Spec {
            name: name.into(),
            kind: <I as sealed::Instrument>::KIND,
            unit: None,
            description: None,
            scale: Scale::ONE,
            additive: false,
            states: None,
            bounds: Box::default(),
            budget: None,
            reserved: None,
        };
        Self { registry, labels: [], spec, instrument: PhantomData }
    }

    /// The labels that tell its series apart.
    pub fn labels<const N: usize>(self, labels: [&str; N]) -> MetricBuilder<'r, I, N> {
        MetricBuilder {
            registry: self.registry,
            labels: labels.map(str::to_owned),
            spec: self.spec,
            instrument: PhantomData,
        }
    }

    /// Registers the metric and gives its one series without labels.
    ///
    /// # Errors
    /// As [`family`](MetricBuilder::family).
    pub fn build(self) -> Result<I, Error> {
        Ok(self.family()?.get([]).clone())
    }

    /// Registers the metric and gives the series of these labels, for label names that are known only at run time.
    ///
    /// # Errors
    /// As [`family`](MetricBuilder::family).
    pub fn series(self, labels: &[(&str, &str)]) -> Result<I, Error> {
        let mut labels = labels.to_vec();
        labels.sort_unstable();
        let (metric, names) = self.register(labels.iter().map(|(name, _)| *name))?;
        let values: Vec<&str> = labels.iter().map(|(_, value)| *value).collect();
        Ok(<I as sealed::Instrument>::of(metric.resolve(&names, &values).handle()).unwrap_or(I::NOOP).clone())
    }
}

impl<I: Instrument, const N: usize> MetricBuilder<'_, I, N> {
    /// The unit by UCUM, as OpenTelemetry writes it: `s`, `By`, `{request}`.
    pub fn unit(mut self, unit: impl Into<Box<str>>) -> Self {
        self.spec.unit = Some(unit.into());
        self
    }

    /// What is measured, in a sentence.
    pub fn description(mut self, description: impl Into<Box<str>>) -> Self {
        self.spec.description = Some(description.into());
        self
    }

    /// How many series it may have; what is beyond goes to one series labeled `overflow="true"`, and so does what is so
    /// labeled to begin with. Default: the registry's.
    pub fn max_series(mut self, series: usize) -> Self {
        self.spec.budget = Some(series);
        self
    }

    /// Values of one label, known beforehand, that get their series also when others have spent the budget: routes that a
    /// scanner must not crowd out. At most as many series again as the budget.
    pub fn reserve<V: Into<Box<str>>>(mut self, label: &str, values: impl IntoIterator<Item = V>) -> Self {
        let known = values.into_iter().map(|value| cut(&value.into(), MAX_VALUE_LEN).into()).collect();
        self.spec.reserved = Some((label.into(), known));
        self
    }

    /// Registers the metric and gives its series by label values. Registering the same metric again gives the same series;
    /// what is then left unsaid is as it was said first.
    ///
    /// # Errors
    /// If the name, a label, the unit or a bound is not legal; if the name is taken by a metric of another kind or scale, or
    /// of another unit, set of bounds, `max_series` or set of reserved values than is said here; if the registry is full.
    pub fn family(self) -> Result<Family<I, N>, Error> {
        let labels = self.labels.clone();
        let given = labels.each_ref().map(String::as_str);
        let (metric, names) = self.register(given)?;
        Ok(Family::new(metric, names, given))
    }

    fn register<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Result<(Arc<Metric>, Arc<Names>), Error> {
        let registry = self.registry;
        let registered = Names::new(names).and_then(|names| {
            if let Some((label, _)) = &self.spec.states
                && names.iter().chain(["overflow"]).any(|name| alike(name, label))
            {
                return Err(Error::illegal(
                    "label of states",
                    label,
                    "a name that differs from the other labels' in a letter",
                ));
            }
            let metric = registry.insert(self.spec.checked()?)?;
            let names = metric.intern(names);
            Ok((metric, names))
        });
        registered.inspect_err(|_| registry.count_refused())
    }
}

impl Spec {
    fn checked(mut self) -> Result<Self, Error> {
        check_name(&self.name)?;
        if let Some(unit) = &self.unit {
            check_unit(unit)?;
        }
        let factor = self.scale.factor();
        if !(factor > 0.0 && factor.is_finite()) {
            return Err(Error::illegal("scale", &factor.to_string(), "a positive number such as 1e-9"));
        }
        if let Some((label, states)) = &self.states {
            let unit = self.unit.as_deref().unwrap_or_default();
            if !(unit.is_empty() || unit.starts_with('{') && unit.ends_with('}')) {
                return Err(Error::illegal("unit of a state set", unit, "none, or a remark such as \"{breaker}\""));
            }
            Names::new([&**label])?;
            let distinct = states.iter().collect::<HashSet<_>>().len() == states.len();
            let named = states.iter().all(|state| (1..=MAX_VALUE_LEN).contains(&state.len()));
            if !distinct || !named || !(1..=StateSet::MAX_STATES).contains(&states.len()) {
                return Err(Error::illegal(
                    "list of states",
                    &format!("{states:?}"),
                    "1 to 16 different names of at most 256 bytes",
                ));
            }
        }
        self.bounds = check_bounds(self.bounds)?;
        Ok(self)
    }
}

impl<const N: usize> MetricBuilder<'_, Histogram, N> {
    /// Bounds up to which values are to be counted exactly: the classic buckets, and every threshold of an objective.
    pub fn bounds(mut self, bounds: impl IntoIterator<Item = f64>) -> Self {
        self.spec.bounds = bounds.into_iter().collect();
        self
    }
}

impl<const N: usize> MetricBuilder<'_, crate::Gauge, N> {
    /// The levels of its series add up to something, as those of requests in flight do: by OTLP it goes out as what
    /// OpenTelemetry calls an UpDownCounter.
    pub fn additive(mut self) -> Self {
        self.spec.additive = true;
        self
    }
}

impl<'r> MetricBuilder<'r, StateSet, 0> {
    pub(super) fn of_states(mut self, label: &str, states: impl IntoIterator<Item = Box<str>>) -> Self {
        self.spec.states = Some((label.into(), states.into_iter().collect()));
        self
    }
}

impl<const N: usize> MetricBuilder<'_, crate::Counter, N> {
    /// What one count is worth in the metric's unit. Seconds counted in nanoseconds, `scale(1e-9)`, add up exactly.
    pub fn scale(mut self, scale: f64) -> Self {
        self.spec.scale = Scale::new(scale);
        self
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let legal = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-' | b'/' | b':');
    let starts = name.bytes().next().is_some_and(|c| c.is_ascii_alphabetic() || c == b'_');
    if starts && name.len() <= 255 && name.bytes().all(legal) {
        return Ok(());
    }
    let accepted =
        "1 to 255 of [A-Za-z0-9_.:/-], starting with a letter or underscore, such as \"http.server.request.duration\"";
    Err(Error::illegal("metric name", name, accepted))
}

fn check_unit(unit: &str) -> Result<(), Error> {
    if unit.len() <= 63 && unit.bytes().all(|c| c.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Error::illegal(
        "unit",
        unit,
        "up to 63 printable ASCII characters without spaces, such as \"s\", \"By\" or \"{request}\"",
    ))
}

fn check_bounds(bounds: Box<[f64]>) -> Result<Box<[f64]>, Error> {
    let mut bounds = bounds.into_vec();
    let legal = |bound: &f64| bound.is_finite() && (*bound == 0.0 || bound.abs() > grid::ZERO_THRESHOLD);
    if let Some(bad) = bounds.iter().find(|bound| !legal(bound)) {
        return Err(Error::illegal("bound", &bad.to_string(), "a finite number; infinity is always there"));
    }
    bounds.sort_by(f64::total_cmp);
    bounds.dedup();
    if bounds.len() > MAX_BOUNDS {
        return Err(Error::illegal("number of bounds", &bounds.len().to_string(), "at most 64"));
    }
    Ok(bounds.into())
}
