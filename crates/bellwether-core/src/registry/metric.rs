//! A metric: a named kind of measurement, and all its series within their budget.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::index::Index;
use super::series::{Handle, Series};
use crate::clock::Clock;
use crate::counter::{Counter, Scale};
use crate::error::Error;
use crate::gauge::Gauge;
use crate::histogram::{Histogram, Shape};
use crate::labels::{self, MAX_VALUE_LEN, Names, Values};
use crate::state_set::StateSet;
use crate::sync::OnceBox;

/// What a metric measures with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricKind {
    /// Only up.
    Counter,
    /// Up and down.
    Gauge,
    /// A distribution.
    Histogram,
    /// One of a few states.
    StateSet,
}

/// A metric and its series. Readers get it from [`Registry::metrics`](super::Registry::metrics).
#[derive(Debug)]
pub struct Metric {
    name: Box<str>,
    kind: MetricKind,
    unit: OnceLock<Box<str>>,
    description: OnceLock<Box<str>>,
    scale: Scale,
    additive: bool,
    /// The label that tells the states of a state set apart, and the states.
    states: Option<States>,
    shape: Arc<Shape>,
    budget: usize,
    reserved: Option<Reserved>,
    index: Index,
    names: Mutex<Vec<Arc<Names>>>,
    state: foldhash::fast::RandomState,
    overflow: OnceBox<TurnedAway>,
    /// Found by whoever asks first: the one who was turned away has no time for it.
    blame: OnceLock<Overflow>,
    overflowed: AtomicU64,
}

/// The overflow series, and the labels that were the first to be turned away.
#[derive(Debug)]
struct TurnedAway {
    series: Series,
    names: Arc<Names>,
    values: Values,
}

/// A label and the states that it tells apart.
pub(super) type States = (Box<str>, Box<[Box<str>]>);

/// What a metric turned away when its budget of series was spent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overflow {
    /// The label with the most different values: the one to look at.
    pub label: String,
    /// A value of it that was turned away.
    pub sample: String,
    /// How many different values of it have series.
    pub distinct: usize,
}

/// A label, and those of its values that may still open series when the budget is spent.
pub(super) type Reserved = (Box<str>, HashSet<Box<str>>);

#[derive(Debug)]
pub(super) struct Spec {
    pub(super) name: Box<str>,
    pub(super) kind: MetricKind,
    pub(super) unit: Option<Box<str>>,
    pub(super) description: Option<Box<str>>,
    pub(super) scale: Scale,
    pub(super) additive: bool,
    pub(super) states: Option<States>,
    pub(super) bounds: Box<[f64]>,
    /// As stated; else the registry's.
    pub(super) budget: Option<usize>,
    pub(super) reserved: Option<Reserved>,
}

impl Metric {
    pub(super) fn new(spec: Spec, budget: usize, clock: Clock) -> Self {
        Self {
            name: spec.name,
            kind: spec.kind,
            unit: spec.unit.map(OnceLock::from).unwrap_or_default(),
            description: spec.description.map(OnceLock::from).unwrap_or_default(),
            scale: spec.scale,
            additive: spec.additive,
            states: spec.states,
            shape: Arc::new(Shape::new(clock, spec.bounds)),
            budget: spec.budget.unwrap_or(budget),
            reserved: spec.reserved,
            index: Index::default(),
            names: Mutex::default(),
            state: foldhash::fast::RandomState::default(),
            overflow: OnceBox::new(),
            blame: OnceLock::new(),
            overflowed: AtomicU64::new(0),
        }
    }

    /// The dotted name, as given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it measures with.
    pub fn kind(&self) -> MetricKind {
        self.kind
    }

    /// The unit by UCUM, as OpenTelemetry writes it (`s`, `By`, `{request}`); empty if none was given.
    pub fn unit(&self) -> &str {
        self.unit.get().map_or("", AsRef::as_ref)
    }

    /// What is measured, in a sentence; empty if none was given.
    pub fn description(&self) -> &str {
        self.description.get().map_or("", AsRef::as_ref)
    }

    /// What one count of a counter is worth in the metric's unit: 1, or 1e-9 for seconds counted in nanoseconds.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// Whether the levels of a gauge's series add up to something: requests in flight do, temperatures do not.
    /// OpenTelemetry's UpDownCounter.
    pub fn is_additive(&self) -> bool {
        self.additive
    }

    /// The label that tells the states of a state set apart, and the states by their position; `None` of anything else.
    pub fn states(&self) -> Option<(&str, &[Box<str>])> {
        self.states.as_ref().map(|(label, states)| (&**label, &**states))
    }

    /// The declared bounds of a histogram, ascending.
    pub fn bounds(&self) -> &[f64] {
        &self.shape.bounds
    }

    /// How many series it has, the overflow series not counted.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether it has no series yet.
    pub fn is_empty(&self) -> bool {
        self.index.len() == 0 && self.overflow.get().is_none()
    }

    /// How many series it may have.
    pub fn max_series(&self) -> usize {
        self.budget
    }

    /// All series in the order they began; the overflow series, if there is one, last. Takes no lock: new series may
    /// begin meanwhile and are not waited for.
    pub fn series(&self) -> impl Iterator<Item = &Series> {
        self.series_after(0)
    }

    /// As [`series`](Self::series), without the first `skip`: a reader that pauses continues here, at no cost.
    pub fn series_after(&self, skip: usize) -> impl Iterator<Item = &Series> {
        self.index.iter_from(skip).chain(self.overflow.get().map(|turned_away| &turned_away.series))
    }

    /// The sets of label names that its series were asked for with, each sorted, in no particular order; the overflow
    /// series' not among them. At most 64: code that invents label names has more, which are not kept.
    pub fn label_names(&self) -> Vec<Vec<String>> {
        let known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|names| names.iter().map(str::to_owned).collect()).collect()
    }

    /// What was turned away when the budget was spent; `None` as long as it is not.
    pub fn overflow(&self) -> Option<&Overflow> {
        let first = self.overflow.get()?;
        Some(self.blame.get_or_init(|| self.most_varied(first)))
    }

    /// How many lookups went to the overflow series.
    pub fn overflowed(&self) -> u64 {
        self.overflowed.load(Relaxed)
    }

    /// How many NaN or infinite values a histogram was offered and dropped, or a state set positions that no state has.
    pub fn dropped(&self) -> u64 {
        self.shape.dropped.load(Relaxed)
    }

    /// The names as the metric knows them, so that series of the same names share them and compare by address.
    pub(super) fn intern(&self, names: Names) -> Arc<Names> {
        let mut known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = known.iter().find(|own| ***own == names) {
            return Arc::clone(own);
        }
        let names = Arc::new(names);
        // Sets of names come from code and are few. Where they are not, the rest just compares slower.
        if known.len() < 64 {
            known.push(Arc::clone(&names));
        }
        names
    }

    /// The series of these values, given in the order of the sorted names.
    #[inline]
    pub(super) fn resolve(&self, names: &Arc<Names>, values: &[&str]) -> &Series {
        if values.iter().any(|value| value.len() > MAX_VALUE_LEN) {
            return self.resolve_cut(names, values);
        }
        let hash = labels::hash(&self.state, values);
        match self.index.find(hash, |series| series.is(names, values)) {
            Some(series) => series,
            None => self.open(hash, names, values),
        }
    }

    #[cold]
    fn resolve_cut(&self, names: &Arc<Names>, values: &[&str]) -> &Series {
        let mut short = [""; labels::MAX_LABELS];
        for (place, value) in short.iter_mut().zip(values) {
            *place = labels::cut(value, MAX_VALUE_LEN);
        }
        self.resolve(names, short.get(..values.len()).unwrap_or_default())
    }

    /// Opens a series if the budget allows, else gives the overflow series: no lock and no allocation then.
    fn open(&self, hash: u64, names: &Arc<Names>, values: &[&str]) -> &Series {
        let is = |series: &Series| series.is(names, values);
        let admit = |len| self.admits(len, names, values);
        let make = || self.make(hash, Arc::clone(names), Values::new(values.iter().copied()));
        self.index.find_or_insert(hash, is, admit, make).unwrap_or_else(|_| self.overflow_series(names, values))
    }

    fn admits(&self, len: usize, names: &Names, values: &[&str]) -> bool {
        let is_reserved = || {
            let (label, known) = self.reserved.as_ref()?;
            names.position(label).and_then(|at| values.get(at)).map(|value| known.contains(*value))
        };
        // Reserved values may double the budget, not more: the other labels of such a series may be anybody's.
        let fits = len < self.budget || len < 2 * self.budget && is_reserved() == Some(true);
        fits && !names.overflows(values)
    }

    #[cold]
    fn overflow_series(&self, names: &Arc<Names>, values: &[&str]) -> &Series {
        self.overflowed.fetch_add(1, Relaxed);
        let turned_away = self.overflow.get_or_init(|| {
            let series = self.make(0, Arc::new(Names::overflow()), Values::new(["true"].into_iter()));
            Box::new(TurnedAway { series, names: Arc::clone(names), values: Values::new(values.iter().copied()) })
        });
        &turned_away.series
    }

    /// The label to blame, found once by looking at all series there are.
    fn most_varied(&self, first: &TurnedAway) -> Overflow {
        let mut distinct: HashMap<&str, HashSet<&str>> = HashMap::new();
        for series in self.index.iter() {
            for (name, value) in series.labels() {
                distinct.entry(name).or_default().insert(value);
            }
        }
        let labels = first.names.iter().zip(first.values.iter(first.names.len()));
        let (label, sample) =
            labels.max_by_key(|(name, _)| distinct.get(name).map_or(0, HashSet::len)).unwrap_or_default();
        Overflow {
            label: label.to_owned(),
            sample: sample.to_owned(),
            distinct: distinct.get(label).map_or(0, HashSet::len),
        }
    }

    fn make(&self, hash: u64, names: Arc<Names>, values: Values) -> Series {
        let handle = match self.kind {
            MetricKind::Counter => Handle::Counter(Counter::live()),
            MetricKind::Gauge => Handle::Gauge(Gauge::live()),
            MetricKind::Histogram => Handle::Histogram(Histogram::live(&self.shape)),
            MetricKind::StateSet => {
                let of = self.states.as_ref().map_or(0, |(_, states)| states.len());
                Handle::StateSet(StateSet::live(of, &self.shape))
            }
        };
        Series { hash, names, values, created: self.shape.clock.timestamp(), handle }
    }

    /// Fills in what an earlier registration left open.
    pub(super) fn describe(&self, unit: Option<Box<str>>, description: Option<Box<str>>) {
        // Whoever comes second is not heard; a unit that differs was refused before.
        unit.map(|unit| self.unit.set(unit));
        description.map(|description| self.description.set(description));
    }

    /// This metric for one more registration, if that means the same.
    pub(super) fn again(self: Arc<Self>, spec: Spec) -> Result<Arc<Self>, Error> {
        self.check_same(&spec)?;
        self.describe(spec.unit, spec.description);
        Ok(self)
    }

    fn check_same(&self, spec: &Spec) -> Result<(), Error> {
        let conflict = |aspect, there: &dyn ToString, here: &dyn ToString| {
            Err(Error::conflict(&self.name, aspect, there.to_string(), here.to_string()))
        };
        if self.kind != spec.kind {
            return conflict("kind", &self.kind, &spec.kind);
        }
        if let (Some(there), Some(here)) = (self.unit.get(), &spec.unit)
            && there != here
        {
            return conflict("unit", &format_args!("in {there:?}"), &format_args!("in {here:?}"));
        }
        if self.scale != spec.scale {
            return conflict(
                "scale",
                &format_args!("scaled by {}", self.scale.factor()),
                &format_args!("scaled by {}", spec.scale.factor()),
            );
        }
        if spec.additive && !self.additive {
            return conflict("additivity", &"not additive", &"additive");
        }
        if let Some(budget) = spec.budget
            && budget != self.budget
        {
            let at_most = |series| format!("with at most {series} series");
            return conflict("max_series", &at_most(self.budget), &at_most(budget));
        }
        if let Some((label, _)) = &spec.reserved
            && spec.reserved != self.reserved
        {
            let there = self.reserved.as_ref().map(|(label, _)| format!("with reserved values of {label:?}"));
            let here = format_args!("with others of {label:?}");
            return conflict("reserved values", &there.unwrap_or("without reserved values".to_owned()), &here);
        }
        if self.states != spec.states {
            let list = |states: &Option<States>| {
                states.as_ref().map_or(String::new(), |(label, all)| format!("with the states {all:?} of {label:?}"))
            };
            return conflict("states", &list(&self.states), &list(&spec.states));
        }
        if !spec.bounds.is_empty() && *self.bounds() != *spec.bounds {
            return conflict(
                "bounds",
                &format_args!("with bounds {:?}", self.bounds()),
                &format_args!("with bounds {:?}", spec.bounds),
            );
        }
        Ok(())
    }
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "a counter",
            Self::Gauge => "a gauge",
            Self::Histogram => "a histogram",
            Self::StateSet => "a state set",
        })
    }
}
