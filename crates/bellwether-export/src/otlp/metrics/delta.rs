//! What each series had reached when it last arrived at the collector: the registry itself is never reset.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::mem;

use bellwether_core::{HistogramSnapshot, Series, Timestamp};

/// What arrived, by series. A push that does not arrive leaves it as it is, and so is in the next one.
#[derive(Debug)]
pub(crate) struct Deltas {
    /// By the address of the series: those of a registry stay where they are as long as it lives.
    arrived: HashMap<usize, Reached>,
    /// What is under way.
    sent: Vec<(usize, Reached)>,
    max_series: usize,
    turned_away: u64,
}

#[derive(Debug)]
struct Reached {
    at: Timestamp,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Count(u64),
    Histogram(Box<HistogramSnapshot>),
}

impl Deltas {
    /// Series that are followed; what is beyond is not sent. Far above what a registry holds by default.
    pub(crate) const MAX_SERIES: usize = 1_000_000;

    pub(crate) fn new(max_series: usize) -> Self {
        Self { arrived: HashMap::new(), sent: Vec::new(), max_series, turned_away: 0 }
    }

    /// What a counter gained, and since when; `None` if that is nothing.
    pub(super) fn count(&mut self, series: &Series, now: u64, at: Timestamp) -> Option<(Timestamp, u64)> {
        let key = self.key(series)?;
        let (start, before) = match self.arrived.get(&key) {
            Some(Reached { at, value: Value::Count(count) }) => (*at, *count),
            _ => (series.created(), 0),
        };
        // A counter that went back has wrapped.
        let gained = now.wrapping_sub(before);
        if gained == 0 {
            return None;
        }
        self.sent.push((key, Reached { at, value: Value::Count(now) }));
        Some((start, gained))
    }

    /// What a histogram gained, and since when; `None` if that is nothing.
    pub(super) fn histogram(
        &mut self,
        series: &Series,
        now: &HistogramSnapshot,
        at: Timestamp,
    ) -> Option<(Timestamp, HistogramSnapshot)> {
        let key = self.key(series)?;
        let (start, window) = match self.arrived.get(&key) {
            Some(Reached { at, value: Value::Histogram(before) }) => (*at, now.since(before)),
            _ => (series.created(), now.clone()),
        };
        if window.is_empty() {
            return None;
        }
        self.sent.push((key, Reached { at, value: Value::Histogram(Box::new(now.clone())) }));
        Some((start, window))
    }

    /// What was sent has arrived.
    pub(crate) fn commit(&mut self) {
        for (key, reached) in self.sent.drain(..) {
            self.arrived.insert(key, reached);
        }
    }

    /// What was sent has not arrived.
    pub(crate) fn abandon(&mut self) {
        self.sent.clear();
    }

    /// How many points were not sent since there were too many series; asked, it starts again from 0.
    pub(crate) fn turned_away(&mut self) -> u64 {
        mem::take(&mut self.turned_away)
    }

    fn key(&mut self, series: &Series) -> Option<usize> {
        let key = std::ptr::from_ref(series).addr();
        let full = self.arrived.len() + self.sent.len() >= self.max_series;
        if full && let Entry::Vacant(_) = self.arrived.entry(key) {
            self.turned_away += 1;
            return None;
        }
        Some(key)
    }
}
