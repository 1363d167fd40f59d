//! All samples in memory, and the tick that appends to them.

use std::sync::Arc;

use bellwether_core::prometheus::Buckets;
use bellwether_core::{Handle, HistogramSnapshot, Metric, MetricKind, Registry, Scale};

use crate::append::{Moment, Pages};
use crate::bytes;
use crate::chunk::Counts;
use crate::family::Family;
use crate::file::Store;
use crate::index::Index;
use crate::options::Options;
use crate::series::{Series, state_word};
use crate::sources::{Source, Sources, is_overflow};
use crate::stamps::Stamp;
use crate::tiers::{Steps, Ticks};

/// Series and their samples; what the lock of a history is around.
#[derive(Debug)]
pub(crate) struct Samples {
    pub(crate) index: Index,
    pub(crate) ticks: Ticks,
    /// When the last sample of earlier runs was.
    pub(crate) earlier: Option<i64>,
    pub(crate) steps: Vec<Steps>,
    /// Bytes of all chunks of every tick.
    pub(crate) bytes: usize,
    pub(crate) refused: u64,
    pub(crate) evicted: u64,
    /// What the next new series is called by the store.
    pub(crate) next_id: u32,
    /// How many milliseconds are accounted for, and where that is kept as a series.
    covered: u64,
    coverage: usize,
    /// Ticks before this one are on their way out.
    floor: u32,
    /// Labels of every series.
    constant: Vec<(String, String)>,
    max_series: usize,
    max_bytes: usize,
    retention: i64,
}

/// What a tick needs beside: reused from tick to tick.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) sources: Sources,
    snapshot: HistogramSnapshot,
    counts: Counts,
}

impl Samples {
    pub(crate) fn new(options: &Options) -> Self {
        let mut samples = Self {
            index: Index::default(),
            ticks: Ticks::default(),
            earlier: None,
            steps: options.tiers.iter().map(|tier| Steps::new(*tier)).collect(),
            bytes: 0,
            refused: 0,
            evicted: 0,
            next_id: 0,
            covered: 0,
            coverage: 0,
            floor: 0,
            constant: options.labels.clone(),
            max_series: options.max_series,
            max_bytes: options.max_memory / 2,
            retention: crate::tiers::millis(options.retention),
        };
        let family = samples.index.family(coverage());
        let labels = samples.index.intern(&family.name, &options.labels);
        samples.coverage = samples.insert(family, labels);
        samples
    }

    /// The series that counts how much time is accounted for.
    pub(crate) fn coverage(&self) -> usize {
        self.coverage
    }

    /// How long the samples of every tick are kept, in milliseconds.
    pub(crate) fn retention(&self) -> i64 {
        self.retention
    }

    /// Appends what the registry says now.
    pub(crate) fn tick(&mut self, registry: &Registry, stamp: Stamp, scratch: &mut Scratch, store: &Store) {
        let at = stamp.at;
        let before = self.ticks.last();
        let ended: Vec<bool> = self.steps.iter_mut().map(|steps| steps.step(at)).collect();
        let tick = self.ticks.next();
        self.ticks.push(at);
        let moment = Moment { tick, at, before, ended: &ended };
        self.covered += stamp.covered.max(0) as u64;
        let covered = self.covered;
        self.append(self.coverage, &moment, store, |series, pages| series.count(covered, at, pages));
        for metric in registry.metrics() {
            self.read(&metric, &moment, scratch, store);
        }
        self.turn(store);
        self.forget(tick, at);
    }

    fn read(&mut self, metric: &Arc<Metric>, moment: &Moment<'_>, scratch: &mut Scratch, store: &Store) {
        let Scratch { sources, snapshot, counts } = scratch;
        let source = sources.of(metric, &mut self.index);
        for (number, series) in metric.series().enumerate() {
            let place = match source.places.get(number) {
                Some(place) => *place,
                None if is_overflow(series) => match source.overflow {
                    Some(place) => place,
                    None => *source.overflow.insert(self.admit(source.family.clone(), source, series, store)),
                },
                None => {
                    let place = self.admit(source.family.clone(), source, series, store);
                    source.places.push(place);
                    place
                }
            };
            let Some(place) = place else { continue };
            let created = series.created().unix_millis() as i64;
            self.append(place, moment, store, |own, pages| match series.handle() {
                Handle::Counter(counter) => own.count(counter.value(), created, pages),
                Handle::Gauge(gauge) => own.word(gauge.known().map(f64::to_bits), Some(created), pages),
                Handle::StateSet(set) => own.word(Some(state_word(set.state(), 0)), Some(created), pages),
                Handle::Histogram(histogram) => {
                    histogram.read_into(snapshot);
                    counts.read(snapshot);
                    own.counts(counts, created, pages)
                }
                _ => 0,
            });
        }
    }

    /// Appends a sample to a series, once a tick.
    fn append(
        &mut self,
        place: usize,
        moment: &Moment<'_>,
        store: &Store,
        sample: impl FnOnce(&mut Series, &Pages<'_>) -> isize,
    ) {
        let Some(series) = self.index.series.get_mut(place) else { return };
        if series.seen == Some(moment.tick) {
            // Another series of the registry that is called the same.
            self.refused += 1;
            return;
        }
        let pages = Pages { moment, ticks: &self.ticks, steps: &self.steps, store };
        let grown = sample(series, &pages);
        self.bytes = self.bytes.saturating_add_signed(grown);
    }

    /// The place of a series that was not read before; `None` if there is no room for it.
    fn admit(
        &mut self,
        family: Option<Arc<Family>>,
        source: &Source,
        series: &bellwether_core::Series,
        store: &Store,
    ) -> Option<usize> {
        let labels = source.labels(series, &self.constant, &mut self.index)?;
        let family = family?;
        if let Some(at) = self.index.position(&labels) {
            if !Arc::ptr_eq(&self.index.series.get(at)?.family, &family) {
                let id = self.take_id();
                let own = self.index.series.get_mut(at)?;
                own.finish_all(&self.steps, &self.ticks, store);
                own.become_of(id, family);
                self.index.refamily(at);
                describe(self.index.series.get(at)?, store);
            }
            return Some(at);
        }
        if self.index.series.len() >= self.max_series {
            self.refused += 1;
            return None;
        }
        let at = self.insert(family, labels);
        describe(self.index.series.get(at)?, store);
        Some(at)
    }

    pub(crate) fn insert(&mut self, family: Arc<Family>, labels: bellwether_promql::Labels) -> usize {
        let id = self.take_id();
        self.index.insert(Series::new(id, family, labels, self.steps.len()))
    }

    fn take_id(&mut self) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Puts into the store what the blocks of coarser tiers have that is new, but for more of the same.
    pub(crate) fn save(&mut self, store: &Store) {
        for (tier, steps) in self.steps.iter().enumerate() {
            for series in &mut self.index.series {
                if series.coarse.get(tier).is_some_and(|coarse| coarse.dirty) {
                    series.save(tier, steps, store);
                }
            }
        }
    }

    /// Puts the last values of all series into the store.
    pub(crate) fn finish(&mut self, store: &Store) {
        self.index.series.iter_mut().for_each(|series| series.finish_all(&self.steps, &self.ticks, store));
    }

    /// Begins other blocks in tiers whose block is full.
    fn turn(&mut self, store: &Store) {
        for tier in 0..self.steps.len() {
            if !self.steps[tier].is_full() {
                continue;
            }
            for series in &mut self.index.series {
                series.close(tier, &self.steps[tier], store);
            }
            self.steps[tier].turn();
        }
    }

    /// Forgets samples that are too old, and when memory is short the oldest there are.
    fn forget(&mut self, tick: u32, at: i64) {
        let old = self.ticks.since(at.saturating_sub(self.retention));
        self.floor = self.floor.max(old);
        // A few series at each tick: their chunks are not all read at once.
        let pressed = self.bytes > self.max_bytes;
        if pressed {
            let kept = tick.saturating_sub(self.floor);
            self.floor += (kept / 8).max(1);
        }
        let floor = self.floor;
        for (number, series) in self.index.series.iter_mut().enumerate() {
            if pressed || number as u32 % 32 == tick % 32 {
                while let Some(first) = series.chunks.front().filter(|first| first.end() <= floor) {
                    self.bytes = self.bytes.saturating_sub(first.size());
                    self.evicted += if first.end() > old { u64::from(first.len) } else { 0 };
                    series.chunks.pop_front();
                }
            }
        }
        // A chunk has at most so many samples.
        self.ticks.forget_before(old.min(floor).saturating_sub(1024));
    }
}

/// What a restart finds a series by.
pub(crate) fn describe(series: &Series, store: &Store) {
    let mut out = Vec::new();
    series.family.encode(&mut out);
    for (label, value) in series.labels.iter() {
        bytes::put_bytes(&mut out, label.as_bytes());
        bytes::put_bytes(&mut out, value.as_bytes());
    }
    store.describe(series.id, out);
}

/// What counts the time that is accounted for: it goes on while there are ticks.
fn coverage() -> Family {
    Family {
        name: "bellwether_history_covered_seconds_total".into(),
        kind: MetricKind::Counter,
        unit: "s".to_owned(),
        suffix: "seconds".to_owned(),
        help: "Time that history has samples for.".to_owned(),
        scale: Scale::new(1e-3),
        bounds: Vec::new(),
        buckets: Buckets::new("s", &[]),
        states: None,
    }
}
