//! The labels of a series, with the mapping of their names done once for each set of names.

use bellwether_core::prometheus::{Names, label_name};
use bellwether_core::{MetricKind, Series};

use super::format::Escaping;
use super::names;

/// The sets of label names of one metric.
#[derive(Debug)]
pub(super) struct LabelSets {
    names: Names,
    escaping: Escaping,
    /// Turns a name into what precedes a value in the output.
    lead: fn(&str) -> Vec<u8>,
    sets: Vec<LabelSet>,
    /// The set that the last series had.
    last: usize,
    kind: MetricKind,
}

#[derive(Debug)]
struct LabelSet {
    /// Where the first name is in memory: series of a metric share their names.
    address: usize,
    /// What precedes the value of each label in the output, by ascending mapped name.
    leads: Vec<Vec<u8>>,
    /// For each label as the series has them, which of `leads` it belongs to. Empty if that is just its position.
    places: Vec<usize>,
}

/// Sets that are kept; code that invents label names gets them mapped anew for each series.
const MAX_SETS: usize = 64;

impl LabelSets {
    pub(super) fn new(names: Names, escaping: Escaping, lead: fn(&str) -> Vec<u8>) -> Self {
        Self { names, escaping, lead, sets: Vec::new(), last: 0, kind: MetricKind::Gauge }
    }

    /// Forgets the sets of the metric before.
    pub(super) fn start_metric(&mut self, kind: MetricKind) {
        self.sets.clear();
        self.last = 0;
        self.kind = kind;
    }

    /// Calls `emit` with the lead and the value of each label that is not empty. Labels whose names map to the same get
    /// their values joined by semicolons, as OpenTelemetry has it.
    #[inline]
    pub(super) fn each(&mut self, series: &Series, mut emit: impl FnMut(&[u8], &str)) {
        let Some(set) = self.set_of(series) else { return };
        if set.places.is_empty() {
            for (lead, (_, value)) in set.leads.iter().zip(series.labels()) {
                if !value.is_empty() {
                    emit(lead, value);
                }
            }
        } else {
            let mut values = vec![String::new(); set.leads.len()];
            for (place, (_, value)) in set.places.iter().zip(series.labels()) {
                if let Some(all) = values.get_mut(*place) {
                    join(all, value);
                }
            }
            for (lead, value) in set.leads.iter().zip(&values).filter(|(_, value)| !value.is_empty()) {
                emit(lead, value);
            }
        }
    }

    /// As [`each`](Self::each), for labels that belong to no series.
    pub(super) fn each_of<'a>(
        &self,
        labels: impl Iterator<Item = (&'a str, &'a str)> + Clone,
        mut emit: impl FnMut(&[u8], &str),
    ) {
        let set = self.map(0, labels.clone().map(|(name, _)| name));
        let mut values = vec![String::new(); set.leads.len()];
        for (at, (_, value)) in labels.enumerate() {
            if let Some(all) = values.get_mut(set.places.get(at).copied().unwrap_or(at)) {
                join(all, value);
            }
        }
        for (lead, value) in set.leads.iter().zip(&values).filter(|(_, value)| !value.is_empty()) {
            emit(lead, value);
        }
    }

    #[inline]
    fn set_of(&mut self, series: &Series) -> Option<&LabelSet> {
        let address = series.labels().next()?.0.as_ptr().addr();
        if self.sets.get(self.last).is_none_or(|set| set.address != address) {
            self.last = self.find_or_map(address, series);
        }
        self.sets.get(self.last)
    }

    #[cold]
    fn find_or_map(&mut self, address: usize, series: &Series) -> usize {
        if let Some(at) = self.sets.iter().position(|set| set.address == address) {
            return at;
        }
        if self.sets.len() >= MAX_SETS {
            self.sets.pop();
        }
        let set = self.map(address, series.labels().map(|(name, _)| name));
        self.sets.push(set);
        self.sets.len() - 1
    }

    fn map<'a>(&self, address: usize, names: impl Iterator<Item = &'a str>) -> LabelSet {
        let mapped: Vec<String> = names.map(|name| self.name(name)).collect();
        let mut distinct: Vec<&String> = mapped.iter().collect();
        distinct.sort_unstable();
        distinct.dedup();
        let leads = distinct.iter().map(|name| (self.lead)(name)).collect();
        let in_place = mapped.is_sorted() && distinct.len() == mapped.len();
        let place = |name| distinct.binary_search(&name).unwrap_or(0);
        let places = if in_place { Vec::new() } else { mapped.iter().map(place).collect() };
        LabelSet { address, leads, places }
    }

    /// A label's name as it is written.
    pub(super) fn name(&self, name: &str) -> String {
        written(self.names, self.escaping, self.kind, name)
    }
}

/// A label's name as it is written.
pub(super) fn written(names: Names, escaping: Escaping, kind: MetricKind, name: &str) -> String {
    names::escape(escaping, &label_name(names, kind, name))
}

fn join(all: &mut String, value: &str) {
    if !all.is_empty() && !value.is_empty() {
        all.push(';');
    }
    all.push_str(value);
}
