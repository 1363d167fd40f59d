//! Which series there are, what their metrics mean, and what was really observed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bellwether_core::{Exemplar, Handle};
use bellwether_promql::{Labels, Matcher};

use crate::error::Error;
use crate::family::Facet;
use crate::parts::Shelves;
use crate::view::View;

/// What a metric means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// As samples of it are called; of a histogram, as its native one is.
    pub name: Arc<str>,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// In a sentence; empty if nobody said.
    pub help: String,
    /// With which the name ends, such as `seconds`; else empty.
    pub unit: String,
}

/// Real observations of one series, each with its trace.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Exemplars {
    /// Whose.
    pub labels: Labels,
    /// By ascending time.
    pub exemplars: Vec<Exemplar>,
}

impl View {
    /// The labels of all series that match and have a sample after `from` until `to`, in order. Times are milliseconds
    /// since 1970.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn series(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<Labels>, Error> {
        let found: Vec<(Vec<Labels>, Shelves)> = {
            let samples = self.shared.samples();
            let found = samples.index.find(matchers).into_iter().filter_map(|found| {
                let series = samples.index.series.get(found.series)?;
                let shelves = Shelves::of(&samples, found.series, from, to.min(self.until))?;
                Some((found.facets.iter().map(|facet| series.labels_of(*facet)).collect(), shelves))
            });
            found.collect()
        };
        let mut all = Vec::new();
        for (mut labels, shelves) in found {
            if shelves.has_any(|| self.store())? {
                all.append(&mut labels);
            }
        }
        all.sort();
        Ok(all)
    }

    /// The names of the labels of these series, in order.
    ///
    /// # Errors
    /// As [`series`](Self::series).
    pub fn label_names(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<String>, Error> {
        let series = self.series(matchers, from, to)?;
        let names: BTreeSet<&str> = series.iter().flat_map(Labels::iter).map(|(name, _)| name).collect();
        Ok(names.into_iter().map(str::to_owned).collect())
    }

    /// The values of one label of these series, in order.
    ///
    /// # Errors
    /// As [`series`](Self::series).
    pub fn label_values(&self, name: &str, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<String>, Error> {
        let series = self.series(matchers, from, to)?;
        let values: BTreeSet<&str> = series.iter().filter_map(|labels| labels.get(name)).collect();
        Ok(values.into_iter().map(str::to_owned).collect())
    }

    /// What all metrics mean, by their names.
    pub fn metadata(&self) -> Vec<Metadata> {
        let samples = self.shared.samples();
        let families = samples.index.families();
        let all = families.map(|family| Metadata {
            name: family.name.clone(),
            kind: family.type_name(),
            help: family.help.clone(),
            unit: family.suffix.clone(),
        });
        all.collect()
    }

    /// The exemplars that the histograms which match have kept after `from` until `to`. There is at most one for each
    /// half octave of a series, the latest, and they do not outlive the process.
    pub fn exemplars(&self, matchers: &[Matcher], from: i64, to: i64) -> Vec<Exemplars> {
        let metrics = self.shared.metrics();
        let samples = self.shared.samples();
        let wanted: BTreeMap<usize, Arc<[Facet]>> =
            samples.index.find(matchers).into_iter().map(|found| (found.series, found.facets)).collect();
        let mut all = Vec::new();
        for (metric, places) in metrics {
            for (series, place) in metric.series().zip(places) {
                let (Handle::Histogram(histogram), Some(place)) = (series.handle(), place) else { continue };
                let (Some(facets), Some(own)) = (wanted.get(&place), samples.index.series.get(place)) else { continue };
                let mut kept = histogram.exemplars();
                kept.retain(|one| (from + 1..=to).contains(&(one.at.unix_millis() as i64)));
                kept.sort_by_key(|one| one.at);
                for facet in facets.iter() {
                    let uppers = own.family.buckets.uppers();
                    let exemplars: Vec<Exemplar> = match facet {
                        Facet::Whole => kept.clone(),
                        Facet::Bucket(at) => {
                            let bucket = |one: &&Exemplar| uppers.partition_point(|upper| *upper < one.value);
                            kept.iter().filter(|one| bucket(one) == usize::from(*at)).copied().collect()
                        }
                        _ => Vec::new(),
                    };
                    if !exemplars.is_empty() {
                        all.push(Exemplars { labels: own.labels_of(*facet), exemplars });
                    }
                }
            }
        }
        all.sort_by(|a, b| a.labels.cmp(&b.labels));
        all
    }
}
