//! A distribution: an exponential grid for any quantile, with exact counts at declared bounds.

mod chunk;
pub mod grid;
mod lane;
mod snapshot;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::exemplar::{self, Exemplar};
use crate::lanes::Lanes;
use crate::trace::{SpanId, TraceId};
use lane::Lane;

pub use snapshot::HistogramSnapshot;

/// A handle to one histogram series.
///
/// One record is one count in one bucket, whatever was declared; every quantile is within 1.1 % of the exact one, and the
/// number of values up to a declared bound is exact. NaN and infinities are dropped and counted. While a sampled request
/// runs on this thread, its trace id is kept as an [`Exemplar`].
///
/// ```
/// use bellwether_core::Registry;
///
/// let registry = Registry::new();
/// let wait = registry.histogram("queue.wait").unit("s").bounds([0.1, 0.3]).build()?;
/// for ms in 1..=1000 {
///     wait.record(f64::from(ms) / 1000.0);
/// }
/// let seen = wait.snapshot();
/// assert_eq!(seen.count_le(0.3), Some(300)); // a declared bound: exact
/// let p99 = seen.quantile(0.99).unwrap();
/// assert!((p99 / 0.990 - 1.0).abs() < 0.011); // anything else: within 1.1 %
/// # Ok::<(), bellwether_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "histograms do nothing unless you use them"]
pub struct Histogram(Option<Arc<Cell>>);

#[derive(Debug)]
struct Cell {
    shape: Arc<Shape>,
    lanes: Lanes<Lane>,
}

/// What all series of a histogram metric share.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) clock: Clock,
    /// The declared bounds, ascending.
    pub(crate) bounds: Box<[f64]>,
    /// The bucket each bound falls in; `None` for the zero bucket. Every reading asks for them.
    buckets: Box<[Option<i32>]>,
    /// NaN and infinities that were offered.
    pub(crate) dropped: AtomicU64,
}

impl Shape {
    pub(crate) fn new(clock: Clock, bounds: Box<[f64]>) -> Self {
        let buckets = bounds.iter().map(|bound| grid::index(*bound)).collect();
        Self { clock, bounds, buckets, dropped: AtomicU64::new(0) }
    }
}

impl Histogram {
    /// A histogram that keeps nothing.
    pub const fn noop() -> Self {
        Self(None)
    }

    pub(crate) fn live(shape: &Arc<Shape>) -> Self {
        Self(Some(Arc::new(Cell { shape: Arc::clone(shape), lanes: Lanes::default() })))
    }

    /// Records one value, in the metric's unit.
    #[inline]
    pub fn record(&self, value: f64) {
        let Some(cell) = &self.0 else { return };
        cell.record(value);
        if let Some((trace_id, span_id)) = exemplar::sampled() {
            cell.keep(value, trace_id, span_id);
        }
    }

    /// Records a duration, in seconds.
    #[inline]
    pub fn record_duration(&self, duration: Duration) {
        self.record(duration.as_secs_f64());
    }

    /// Records a value that belongs to a trace other than the one now running on this thread, which becomes its exemplar.
    #[inline]
    pub fn record_in_trace(&self, value: f64, trace_id: TraceId, span_id: SpanId) {
        let Some(cell) = &self.0 else { return };
        cell.record(value);
        cell.keep(value, trace_id, span_id);
    }

    /// What was recorded so far.
    pub fn snapshot(&self) -> HistogramSnapshot {
        let mut snapshot = HistogramSnapshot::default();
        self.read_into(&mut snapshot);
        snapshot
    }

    /// [`snapshot`](Self::snapshot) into one that is there already, so that reading many series need not allocate for each.
    pub fn read_into(&self, snapshot: &mut HistogramSnapshot) {
        match &self.0 {
            Some(cell) => snapshot.read(&cell.shape, cell.lanes.iter()),
            None => snapshot.clear(),
        }
    }

    /// The kept exemplars, by ascending value: at most one per half octave, or per part of it where declared bounds divide
    /// it, the latest. None without sampled traces.
    pub fn exemplars(&self) -> Vec<Exemplar> {
        let Some(cell) = &self.0 else { return Vec::new() };
        let mut kept: Vec<((u16, usize), Exemplar)> = cell
            .lanes
            .iter()
            .flat_map(Lane::chunks)
            .flat_map(|chunk| chunk.exemplars().map(|(part, exemplar)| ((chunk.key, part), exemplar)))
            .collect();
        kept.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.at.cmp(&a.1.at)));
        kept.dedup_by_key(|(place, _)| *place);
        kept.sort_by(|a, b| a.1.value.total_cmp(&b.1.value));
        kept.into_iter().map(|(_, exemplar)| exemplar).collect()
    }
}

impl Cell {
    #[inline]
    fn record(&self, value: f64) {
        if !value.is_finite() {
            self.shape.dropped.fetch_add(1, Relaxed);
            return;
        }
        let bounds = &*self.shape.bounds;
        self.lanes.write(|lane| lane.record_exclusive(value, bounds), |lane| lane.record_shared(value, bounds));
    }

    #[cold]
    fn keep(&self, value: f64, trace_id: TraceId, span_id: SpanId) {
        if !value.is_finite() {
            return;
        }
        let at: Timestamp = self.shape.clock.timestamp();
        let exemplar = Exemplar { value, at, trace_id, span_id };
        let keep = |lane: &Lane| lane.keep(exemplar, &self.shape.bounds);
        self.lanes.write(keep, |lane| {
            keep(lane);
            crate::lanes::Met::Nobody
        });
    }
}
