//! What the query API answers from: a PromQL storage that also knows its series, what metrics mean, and exemplars.

use std::collections::BTreeMap;
use std::sync::Arc;

use bellwether_promql::{Error, Labels, MemoryStorage, Selection, Storage};

/// What a [`QueryApi`](crate::QueryApi) answers a request from.
///
/// It is asked on a thread that may block. Everything beyond [`Storage`] has a default: series are found by reading them, and
/// there are no metadata and no exemplars.
pub trait Source: Storage {
    /// The labels of the series that match and have a sample in the time wanted, in any order.
    ///
    /// # Errors
    /// [`Error::storage`] if it cannot answer.
    fn series<'a>(
        &'a self,
        selection: &Selection<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Labels, Error>> + 'a>, Error> {
        Ok(Box::new(self.select(selection)?.map(|found| Ok(found?.labels))))
    }

    /// The times of the first and the last sample, in milliseconds since the Unix epoch, as far as it knows without looking.
    ///
    /// # Errors
    /// [`Error::storage`] if it cannot answer.
    fn span(&self) -> Result<(Option<i64>, Option<i64>), Error> {
        Ok((None, None))
    }

    /// What metrics mean, by their names; of the one that is named, or of all.
    ///
    /// # Errors
    /// [`Error::storage`] if it cannot answer.
    fn metadata(&self, metric: Option<&str>) -> Result<BTreeMap<String, Metadata>, Error> {
        let _ = metric;
        Ok(BTreeMap::new())
    }

    /// The exemplars of the series that match, in the time wanted.
    ///
    /// # Errors
    /// [`Error::storage`] if it cannot answer.
    fn exemplars(&self, selection: &Selection<'_>) -> Result<Vec<SeriesExemplars>, Error> {
        let _ = selection;
        Ok(Vec::new())
    }
}

/// What a metric means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Its type as Prometheus calls it: `counter`, `gauge`, `histogram`, `summary` or `unknown`.
    pub kind: String,
    /// What it counts or measures, for people.
    pub help: String,
    /// Its unit, such as `seconds`; empty if it has none.
    pub unit: String,
}

/// The exemplars of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesExemplars {
    /// Who the series belongs to.
    pub labels: Labels,
    /// Its exemplars, oldest first.
    pub exemplars: Vec<Exemplar>,
}

/// A real observation, with where to read more of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// Such as `trace_id`.
    pub labels: Labels,
    /// What was observed.
    pub value: f64,
    /// When, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
}

impl Source for MemoryStorage {}

impl<S: Source + ?Sized> Source for Arc<S> {
    fn series<'a>(
        &'a self,
        selection: &Selection<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Labels, Error>> + 'a>, Error> {
        (**self).series(selection)
    }

    fn span(&self) -> Result<(Option<i64>, Option<i64>), Error> {
        (**self).span()
    }

    fn metadata(&self, metric: Option<&str>) -> Result<BTreeMap<String, Metadata>, Error> {
        (**self).metadata(metric)
    }

    fn exemplars(&self, selection: &Selection<'_>) -> Result<Vec<SeriesExemplars>, Error> {
        (**self).exemplars(selection)
    }
}
