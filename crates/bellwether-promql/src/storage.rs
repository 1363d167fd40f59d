//! Where series come from: one small trait, and a storage in memory.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::labels::METRIC_NAME;
use crate::{CounterResetHint, Error, Histogram, Labels, Matcher, Sample, SampleValue};

/// What a selector wants: series by matchers, samples by time.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Selection<'a> {
    /// All of them must match.
    pub matchers: &'a [Matcher],
    /// The oldest sample wanted, in milliseconds since the Unix epoch; included.
    pub start_ms: i64,
    /// The youngest sample wanted, in milliseconds since the Unix epoch; included.
    pub end_ms: i64,
    /// What the samples are for.
    pub hints: Hints,
}

/// What becomes of samples: a storage that has them in more than one resolution may choose by it, any other need not look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hints {
    /// The first instant the selector is evaluated for, in milliseconds since the Unix epoch.
    pub first_ms: i64,
    /// Milliseconds from one such instant to the next; 0 if there is but one.
    pub step_ms: i64,
    /// How many milliseconds a range selector looks back; 0 for an instant selector.
    pub range_ms: i64,
    /// The function that the range selector is the argument of, such as `max_over_time`.
    pub function: Option<&'static str>,
}

impl<'a> Selection<'a> {
    /// The series that all these match, and their samples from the one time to the other, both included.
    pub fn new(matchers: &'a [Matcher], start_ms: i64, end_ms: i64) -> Self {
        Self { matchers, start_ms, end_ms, hints: Hints::default() }
    }
}

/// A series that a selection found.
#[derive(Debug, Clone)]
pub struct Selected<'a> {
    /// Who the series belongs to; no two series of a storage have the same labels.
    pub labels: Labels,
    /// The samples of the wanted time, oldest first, one a timestamp at most. More than wanted does no harm.
    pub samples: Cow<'a, [Sample]>,
}

/// Series that can be asked for by matchers and time.
pub trait Storage {
    /// The series that match, with their samples of the time wanted.
    ///
    /// # Errors
    /// [`Error::storage`] if the storage cannot answer.
    fn select<'a>(
        &'a self,
        selection: &Selection<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Selected<'a>, Error>> + 'a>, Error>;
}

impl<S: Storage + ?Sized> Storage for Arc<S> {
    fn select<'a>(
        &'a self,
        selection: &Selection<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Selected<'a>, Error>> + 'a>, Error> {
        (**self).select(selection)
    }
}

/// Series in memory, for tests and for programs that hold few of them.
#[derive(Debug, Clone, Default)]
pub struct MemoryStorage {
    /// By the name of the metric, which almost every selector gives.
    metrics: BTreeMap<String, BTreeMap<Labels, Vec<Sample>>>,
    /// The names and values of labels, each once: a query compares those of many series, and finds them in the cache.
    texts: BTreeSet<Arc<str>>,
}

impl MemoryStorage {
    /// A storage without series.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a sample, in any order; one at the same instant is replaced.
    ///
    /// A histogram that does not say whether it started anew is compared with the one before it, and told apart from then
    /// on, as the database of Prometheus does.
    pub fn push(&mut self, labels: &Labels, mut sample: Sample) {
        let metric = self.metrics.entry(labels.metric_name().unwrap_or_default().to_owned()).or_default();
        let samples = match metric.get_mut(labels) {
            Some(samples) => samples,
            None => metric.entry(labels.interned(&mut self.texts)).or_default(),
        };
        let at = samples.partition_point(|s| s.timestamp_ms < sample.timestamp_ms);
        if let (SampleValue::Histogram(h), Some(before)) = (&mut sample.value, at.checked_sub(1).map(|at| &samples[at]))
        {
            tell_reset(h, &before.value);
        }
        match samples.get_mut(at) {
            Some(same) if same.timestamp_ms == sample.timestamp_ms => *same = sample,
            _ => samples.insert(at, sample),
        }
    }
}

/// Notes in a histogram whether it started anew, if it does not say and is a counter.
fn tell_reset(h: &mut Arc<Histogram>, before: &SampleValue) {
    let SampleValue::Histogram(before) = before else { return };
    let known = |h: &Histogram| h.counter_reset_hint() != CounterResetHint::Unknown;
    if known(h) || before.counter_reset_hint() == CounterResetHint::Gauge {
        return;
    }
    let reset = if h.detect_reset(before) { CounterResetHint::Reset } else { CounterResetHint::NotReset };
    Arc::make_mut(h).set_counter_reset_hint(reset);
}

impl Storage for MemoryStorage {
    fn select<'a>(
        &'a self,
        selection: &Selection<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Selected<'a>, Error>> + 'a>, Error> {
        // Its name is the same for all series of a metric, so it is tried once.
        let (names, others): (Vec<Matcher>, Vec<Matcher>) =
            selection.matchers.iter().cloned().partition(|matcher| matcher.name() == METRIC_NAME);
        let (start, end) = (selection.start_ms, selection.end_ms);
        let metrics =
            self.metrics.iter().filter(move |(metric, _)| names.iter().all(|matcher| matcher.matches(metric)));
        Ok(Box::new(metrics.flat_map(|(_, series)| series).filter_map(move |(labels, samples)| {
            if !others.iter().all(|matcher| matcher.matches_labels(labels)) {
                return None;
            }
            // Most queries end now, after all samples: then there is nothing to search.
            let to = match samples.last() {
                Some(last) if last.timestamp_ms <= end => samples.len(),
                _ => samples.partition_point(|s| s.timestamp_ms <= end),
            };
            let from = samples.partition_point(|s| s.timestamp_ms < start);
            (from < to).then(|| Ok(Selected { labels: labels.clone(), samples: Cow::Borrowed(&samples[from..to]) }))
        })))
    }
}
