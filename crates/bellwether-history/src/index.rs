//! Which series there are: by the names of their samples, and by each label. What a query costs goes with what it finds.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bellwether_core::prometheus::le;
use bellwether_promql::{Labels, MatchOp, Matcher};

use crate::family::{Facet, Family};
use crate::series::Series;

const NAME: &str = "__name__";

/// All series, and ways to find them.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) series: Vec<Series>,
    by_labels: HashMap<Labels, usize>,
    /// The families that have samples of a name, each with its series.
    names: BTreeMap<Arc<str>, Vec<Named>>,
    /// Each family once.
    families: Vec<Arc<Family>>,
    /// By the name and the value of a label, the series that have it, ascending.
    labels: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Vec<usize>>>,
}

#[derive(Debug)]
struct Named {
    family: Arc<Family>,
    facets: Arc<[Facet]>,
    /// Ascending.
    series: Vec<usize>,
}

/// A series that was asked for, and what of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) series: usize,
    pub(crate) facets: Arc<[Facet]>,
}

impl Index {
    /// The family as it is kept. One that is only told otherwise takes the place of what was told before.
    pub(crate) fn family(&mut self, family: Family) -> Arc<Family> {
        let Some(own) = self.families.iter_mut().find(|own| own.is_like(&family)) else {
            let family = Arc::new(family);
            self.families.push(Arc::clone(&family));
            return family;
        };
        if **own != family {
            let before = std::mem::replace(own, Arc::new(family));
            let named = self.names.values_mut().flatten().map(|named| &mut named.family);
            for place in named.chain(self.series.iter_mut().map(|series| &mut series.family)) {
                if Arc::ptr_eq(place, &before) {
                    place.clone_from(own);
                }
            }
        }
        Arc::clone(own)
    }

    /// Where the series of these labels is.
    pub(crate) fn position(&self, labels: &Labels) -> Option<usize> {
        self.by_labels.get(labels).copied()
    }

    /// The labels of a series as it is to be kept: each text once.
    pub(crate) fn intern(&mut self, name: &Arc<str>, pairs: &[(String, String)]) -> Labels {
        let name_label = self.labels.get_key_value(NAME).map_or_else(|| NAME.into(), |(name, _)| name.clone());
        let shared = pairs.iter().map(|(label, value)| {
            let label = match self.labels.get_key_value(label.as_str()) {
                Some((label, _)) => label.clone(),
                None => Arc::from(label.as_str()),
            };
            let values = self.labels.entry(label.clone()).or_default();
            let value = match values.get_key_value(value.as_str()) {
                Some((value, _)) => value.clone(),
                None => Arc::from(value.as_str()),
            };
            (label, value)
        });
        let all: Vec<_> = shared.chain([(name_label, name.clone())]).collect();
        Labels::new(all)
    }

    /// Adds a series and says where it is.
    pub(crate) fn insert(&mut self, series: Series) -> usize {
        let at = self.series.len();
        self.by_labels.insert(series.labels.clone(), at);
        for (label, value) in series.labels.iter().filter(|(label, _)| *label != NAME) {
            if !self.labels.contains_key(label) {
                self.labels.insert(label.into(), BTreeMap::new());
            }
            let Some(values) = self.labels.get_mut(label) else { continue };
            match values.get_mut(value) {
                Some(all) => all.push(at),
                None => drop(values.insert(value.into(), vec![at])),
            }
        }
        self.name(&series.family.clone(), at);
        self.series.push(series);
        at
    }

    /// Takes note that a series is of another family now.
    pub(crate) fn refamily(&mut self, at: usize) {
        for named in self.names.values_mut().flatten() {
            if let Ok(place) = named.series.binary_search(&at) {
                named.series.remove(place);
            }
        }
        let family = self.series[at].family.clone();
        self.name(&family, at);
    }

    fn name(&mut self, family: &Arc<Family>, at: usize) {
        for (name, facets) in family.names() {
            let all = self.names.entry(name).or_default();
            let own = match all.iter_mut().position(|named| Arc::ptr_eq(&named.family, family)) {
                Some(own) => own,
                None => {
                    all.push(Named { family: family.clone(), facets: facets.into(), series: Vec::new() });
                    all.len() - 1
                }
            };
            let series = &mut all[own].series;
            let place = series.partition_point(|other| *other < at);
            series.insert(place, at);
        }
    }

    /// The series that match, each once, by their places.
    pub(crate) fn find(&self, matchers: &[Matcher]) -> Vec<Found> {
        let (of_name, others): (Vec<&Matcher>, Vec<&Matcher>) =
            matchers.iter().partition(|matcher| matcher.name() == NAME);
        let exact = of_name.iter().find(|matcher| matcher.op() == MatchOp::Equal);
        let named: Box<dyn Iterator<Item = (&Arc<str>, &Vec<Named>)>> = match exact {
            Some(matcher) => Box::new(self.names.get_key_value(matcher.value()).into_iter()),
            None => Box::new(self.names.iter()),
        };
        let mut found: Vec<Found> = Vec::new();
        for (name, families) in named {
            if of_name.iter().all(|matcher| matcher.matches(name)) {
                families.iter().for_each(|named| self.find_in(named, &others, &mut found));
            }
        }
        if exact.is_none() {
            found.sort_by_key(|found| found.series);
            found.dedup_by(|next, kept| {
                let same = next.series == kept.series;
                if same {
                    kept.facets = kept.facets.iter().chain(next.facets.iter()).copied().collect();
                }
                same
            });
        }
        found
    }

    fn find_in(&self, named: &Named, matchers: &[&Matcher], found: &mut Vec<Found>) {
        // A label that tells facets apart is none of the series.
        let apart = named.apart();
        let (of_facets, of_series): (Vec<&Matcher>, Vec<&Matcher>) =
            matchers.iter().partition(|matcher| Some(matcher.name()) == apart);
        let mut facets = Arc::clone(&named.facets);
        if !of_facets.is_empty() {
            let wanted = facets.iter().copied().filter(|facet| {
                let value = named.value(*facet);
                of_facets.iter().all(|matcher| matcher.matches(&value))
            });
            facets = wanted.collect();
        }
        if facets.is_empty() {
            return;
        }
        let nobody = Vec::new();
        let exact = of_series.iter().filter(|matcher| matcher.op() == MatchOp::Equal && !matcher.value().is_empty());
        let lists = exact.map(|matcher| {
            self.labels.get(matcher.name()).and_then(|values| values.get(matcher.value())).unwrap_or(&nobody)
        });
        let shortest = lists.min_by_key(|list| list.len()).unwrap_or(&named.series);
        let whole = shortest.len() >= named.series.len();
        for &at in if whole { &named.series } else { shortest } {
            let Some(series) = self.series.get(at) else { continue };
            let own = whole || Arc::ptr_eq(&series.family, &named.family);
            if own && of_series.iter().all(|matcher| matcher.matches_labels(&series.labels)) {
                found.push(Found { series: at, facets: facets.clone() });
            }
        }
    }

    /// All families that have series, by the names of their samples.
    pub(crate) fn families(&self) -> impl Iterator<Item = &Arc<Family>> {
        self.names.iter().flat_map(|(name, families)| {
            let own = families.iter().filter(move |named| named.family.name == *name && !named.series.is_empty());
            own.map(|named| &named.family)
        })
    }
}

impl Named {
    /// The label that tells the facets apart.
    fn apart(&self) -> Option<&str> {
        match self.facets.first() {
            Some(Facet::Bucket(_)) => Some("le"),
            Some(Facet::State(_)) => self.family.states.as_ref().map(|(label, _)| label.as_str()),
            _ => None,
        }
    }

    /// Its value for a facet.
    fn value(&self, facet: Facet) -> String {
        match (facet, &self.family.states) {
            (Facet::Bucket(at), _) => {
                self.family.buckets.uppers().get(usize::from(at)).map_or("+Inf".to_owned(), |upper| le(*upper))
            }
            (Facet::State(at), Some((_, states))) => states.get(usize::from(at)).cloned().unwrap_or_default(),
            _ => String::new(),
        }
    }
}
