//! Which series count for which objectives: found out once for each, when it is first seen.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

use super::readings::Read;
use crate::objective::{Count, Reading, Role, Selector, Slo};

/// The most series that are kept in mind; what is beyond is turned away and counted.
pub(super) const MAX_SERIES: usize = 1_000_000;

/// What is known of all series.
#[derive(Debug, Default)]
pub(super) struct Index {
    wanted: HashMap<String, OfMetric, RandomState>,
    series: HashMap<u64, Known, RandomState>,
}

/// What is wanted of a metric: by a label that must have one of a few values, where there is one, so that a new series is not
/// compared with everything that is wanted.
#[derive(Debug, Default)]
struct OfMetric {
    all: Vec<Wanted>,
    /// Label by label, value by value, the places of those that want it.
    by_label: BTreeMap<String, BTreeMap<String, Vec<usize>>>,
    /// The places of the others.
    others: Vec<usize>,
}

/// A count of an objective over series of a metric.
#[derive(Debug)]
struct Wanted {
    track: usize,
    role: Role,
    reading: Reading,
    selector: Selector,
}

/// What is known of a series: for whom it counts, and what it counted at the last tick.
#[derive(Debug)]
struct Known {
    uses: Box<[(usize, Role, Reading)]>,
    total: u64,
    /// The bounds that anybody asks for.
    bounds: Box<[Bound]>,
}

/// How many values were at most a bound, at the last tick and at this one.
#[derive(Debug)]
struct Bound {
    bound: f64,
    before: u64,
    now: u64,
}

/// What came of looking at a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing that calls for more.
    Fine,
    /// It counts less than before: it started anew.
    Reset,
    /// There are too many series, and it is not among those kept in mind.
    TurnedAway,
}

impl Index {
    pub(super) fn want(&mut self, track: usize, slo: &Slo) {
        let plan = slo.indicator.plan().unwrap_or_default();
        for (role, count) in plan.counts() {
            if let Count::Series { selector, reading } = count {
                let wanted = Wanted { track, role, reading: *reading, selector: selector.clone() };
                self.wanted.entry(selector.metric.clone()).or_default().add(wanted);
            }
        }
    }

    /// Looks at a series, and says for whom it counted how many. What is there at the `first` tick came before it.
    pub(super) fn look(
        &mut self,
        read: &dyn Read,
        first: bool,
        mut tell: impl FnMut(usize, Result<(Role, u64), f64>),
    ) -> Look {
        let Some(wanted) = self.wanted.get(read.metric()) else { return Look::Fine };
        let (id, is_full) = (read.id(), self.series.len() >= MAX_SERIES);
        let known = match self.series.get_mut(&id) {
            Some(known) => known,
            None if is_full => return Look::TurnedAway,
            None => self.series.entry(id).or_insert(Known::new(wanted, read, first)),
        };
        if known.uses.is_empty() {
            return Look::Fine;
        }
        let Some(total) = read.total() else { return Look::Fine };
        let mut is_reset = total < known.total;
        for Bound { bound, before, now } in &mut known.bounds {
            *now = read.at_most(*bound).unwrap_or(*before);
            is_reset |= *now < *before;
        }
        let since = |now: u64, before: u64| if is_reset { now } else { now - before };
        let all = since(total, known.total);
        for (track, role, reading) in &known.uses {
            let within = |bound: f64| {
                let known = known.bounds.iter().find(|known| known.bound == bound)?;
                Some(since(known.now, known.before).min(all))
            };
            let counted = match *reading {
                Reading::All => Ok(all),
                Reading::AtMost(bound) => within(bound).ok_or(bound),
                Reading::Above(bound) => within(bound).map(|within| all - within).ok_or(bound),
            };
            match counted {
                Ok(0) => {}
                counted => tell(*track, counted.map(|events| (*role, events))),
            }
        }
        known.total = total;
        known.bounds.iter_mut().for_each(|bound| bound.before = bound.now);
        if is_reset { Look::Reset } else { Look::Fine }
    }
}

impl OfMetric {
    fn add(&mut self, wanted: Wanted) {
        let place = self.all.len();
        let few = wanted.selector.tests.iter().filter_map(|test| Some((&test.label, test.value.exactly()?)));
        match few.min_by_key(|(_, values)| values.len()) {
            Some((label, values)) => {
                let by_value = self.by_label.entry(label.clone()).or_default();
                values.iter().for_each(|value| by_value.entry(value.clone()).or_default().push(place));
            }
            None => self.others.push(place),
        }
        self.all.push(wanted);
    }

    /// Those that want a series.
    fn of<'w>(&'w self, read: &dyn Read) -> impl Iterator<Item = &'w Wanted> {
        let by_label =
            self.by_label.iter().filter_map(|(label, by_value)| by_value.get(read.label(label).unwrap_or_default()));
        let maybe: Vec<&Wanted> = by_label.flatten().chain(&self.others).filter_map(|at| self.all.get(*at)).collect();
        maybe.into_iter().filter(|wanted| wanted.selector.selects(read.metric(), |name| read.label(name)))
    }
}

impl Known {
    fn new(wanted: &OfMetric, read: &dyn Read, first: bool) -> Self {
        let uses: Box<[_]> = wanted.of(read).map(|wanted| (wanted.track, wanted.role, wanted.reading)).collect();
        let mut bounds: Vec<f64> = uses.iter().filter_map(|(_, _, reading)| reading.bound()).collect();
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        let before = |now: Option<u64>| if first { now.unwrap_or(0) } else { 0 };
        // Without such a bound there is nothing to subtract, and those who ask are told.
        let bounds = bounds.into_iter().filter_map(|bound| {
            let before = before(Some(read.at_most(bound)?));
            Some(Bound { bound, before, now: before })
        });
        let bounds = if uses.is_empty() { Box::default() } else { bounds.collect() };
        let total = if uses.is_empty() { 0 } else { before(read.total()) };
        Self { uses, total, bounds }
    }
}
