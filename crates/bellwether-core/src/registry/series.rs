//! One series: its labels, when it began, and the handle that records into it.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::counter::Counter;
use crate::gauge::Gauge;
use crate::histogram::Histogram;
use crate::labels::{Names, Values};
use crate::state_set::StateSet;

/// One series of a metric, as a reader sees it.
#[derive(Debug)]
pub struct Series {
    pub(super) hash: u64,
    pub(super) names: Arc<Names>,
    pub(super) values: Values,
    pub(super) created: Timestamp,
    pub(super) handle: Handle,
}

/// What records into a series, and reads from it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Handle {
    /// Of a counter.
    Counter(Counter),
    /// Of a gauge.
    Gauge(Gauge),
    /// Of a histogram.
    Histogram(Histogram),
    /// Of a state set.
    StateSet(StateSet),
}

impl Series {
    /// Whether this is the series of these labels. Names are almost always the very same ones: one comparison.
    #[inline]
    pub(super) fn is(&self, names: &Arc<Names>, values: &[&str]) -> bool {
        (Arc::ptr_eq(&self.names, names) || self.names == *names) && self.values.are(values)
    }

    /// The labels: name and value, by ascending name.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.names.iter().zip(self.values.iter(self.names.len()))
    }

    /// The value of one label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// When the series began to count.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// The handle.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}
