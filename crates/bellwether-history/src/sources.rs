//! Where samples come from: which series of history each series of the registry is.

use std::collections::HashMap;
use std::sync::Arc;

use bellwether_core::prometheus::{Names, label_name};
use bellwether_core::{Metric, Series};
use bellwether_promql::Labels;

use crate::family::Family;
use crate::index::Index;

/// The metrics of the registry, by their names there.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    metrics: HashMap<Box<str>, Source>,
}

/// A metric, and where its series are in history.
#[derive(Debug)]
pub(crate) struct Source {
    metric: Arc<Metric>,
    /// `None` if nothing of its name is legal in Prometheus.
    pub(crate) family: Option<Arc<Family>>,
    /// In the order the metric has them; `None` of one that is turned away.
    pub(crate) places: Vec<Option<usize>>,
    /// Of its overflow series, which comes last wherever that is.
    pub(crate) overflow: Option<Option<usize>>,
}

impl Sources {
    /// All metrics, each with where its series are.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Arc<Metric>, &[Option<usize>])> {
        self.metrics.values().map(|source| (&source.metric, &*source.places))
    }

    /// The source of a metric. One that takes another's name, as in another registry, is not the same.
    pub(crate) fn of(&mut self, metric: &Arc<Metric>, index: &mut Index) -> &mut Source {
        let known = self.metrics.get(metric.name()).is_some_and(|source| Arc::ptr_eq(&source.metric, metric));
        if !known {
            let family = Family::of(metric).map(|family| index.family(family));
            let source = Source { metric: Arc::clone(metric), family, places: Vec::new(), overflow: None };
            self.metrics.insert(metric.name().into(), source);
        }
        let make = || Source { metric: Arc::clone(metric), family: None, places: Vec::new(), overflow: None };
        self.metrics.entry(metric.name().into()).or_insert_with(make)
    }
}

impl Source {
    /// The labels of one of its series, as Prometheus has them and after the constant ones. Labels whose names become
    /// the same have their values joined.
    pub(crate) fn labels(&self, series: &Series, constant: &[(String, String)], index: &mut Index) -> Option<Labels> {
        let family = self.family.as_ref()?;
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in series.labels().filter(|(_, value)| !value.is_empty()) {
            let name = label_name(Names::Underscored, family.kind, name);
            match pairs.iter_mut().find(|(own, _)| *own == name) {
                Some((_, all)) => {
                    all.push(';');
                    all.push_str(value);
                }
                None => pairs.push((name, value.to_owned())),
            }
        }
        let own = |name: &String| pairs.iter().any(|(own, _)| own == name);
        let constant: Vec<_> = constant.iter().filter(|(name, _)| !own(name)).cloned().collect();
        pairs.extend(constant);
        Some(index.intern(&family.name, &pairs))
    }
}

/// Whether this is the series of what a metric had no room for: no other has these labels.
pub(crate) fn is_overflow(series: &Series) -> bool {
    let mut labels = series.labels();
    labels.next() == Some(("overflow", "true")) && labels.next().is_none()
}
