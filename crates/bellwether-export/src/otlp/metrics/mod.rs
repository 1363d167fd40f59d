//! The registry as OTLP metrics: encoded straight from the series, in requests of bounded size.
//!
//! Nothing is allocated per series, unless deltas are wanted, and nothing is held between requests but a place in the
//! registry: a hundred thousand series cost one request's memory.

mod delta;
mod point;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bellwether_core::{HistogramSnapshot, Metric, MetricKind, Registry, Series, Timestamp};

use super::outbox::Batch;
use super::settings::{Histograms, Push, Temporality};
use super::wire;

pub(crate) use delta::Deltas;

/// `ScopeMetrics.metrics`.
const METRIC: u32 = 2;
/// Of `Metric`.
const GAUGE: u32 = 5;
const SUM: u32 = 7;
const HISTOGRAM: u32 = 9;
const EXPONENTIAL: u32 = 10;

/// A request is closed at so many bytes; one data point above, it is still below the 4 MiB that gRPC servers accept.
const MAX_BYTES: usize = 2 << 20;
/// Or at so many data points.
const MAX_POINTS: usize = 20_000;

/// One walk through a registry, in as many batches as it takes.
#[derive(Debug)]
pub(crate) struct Walk {
    metrics: Vec<Arc<Metric>>,
    /// The metric the walk has come to, and how far into its series.
    metric: usize,
    series: usize,
    now: Timestamp,
    exemplars_after: Timestamp,
    histograms: Histograms,
    temporality: Temporality,
    max_bytes: usize,
    max_points: usize,
    /// Kept from series to series, so that reading one need not allocate.
    snapshot: HistogramSnapshot,
}

/// What all points of a metric share.
struct Shared {
    now: Timestamp,
    exemplars_after: Timestamp,
    histograms: Histograms,
}

impl Walk {
    /// Starts a walk. Exemplars are sent if they are newer than `exemplars_after`: what came with the last push.
    pub(crate) fn new(registry: &Registry, push: Push, exemplars_after: Timestamp) -> Self {
        Self {
            metrics: registry.metrics(),
            metric: 0,
            series: 0,
            now: registry.clock().timestamp(),
            exemplars_after,
            histograms: push.histograms,
            temporality: push.temporality,
            max_bytes: MAX_BYTES,
            max_points: MAX_POINTS,
            snapshot: HistogramSnapshot::default(),
        }
    }

    /// With other limits on a batch.
    #[cfg(test)]
    pub(crate) fn limits(mut self, max_bytes: usize, max_points: usize) -> Self {
        (self.max_bytes, self.max_points) = (max_bytes, max_points);
        self
    }

    /// When this walk reads: the time of all its points.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// The next batch, into `batch`, which is cleared first; false when there is none any more. With deltas, what is in
    /// the batch has to be [committed](Deltas::commit) or [abandoned](Deltas::abandon) before the next.
    pub(crate) fn next(&mut self, batch: &mut Batch, deltas: &mut Deltas) -> bool {
        batch.bytes.clear();
        batch.items = 0;
        while let Some(metric) = self.metrics.get(self.metric).map(Arc::clone) {
            let done = self.metric(&metric, batch, deltas);
            if done {
                self.metric += 1;
                self.series = 0;
            }
            if !done || batch.items >= self.max_points || batch.bytes.len() >= self.max_bytes {
                break;
            }
        }
        batch.items > 0
    }

    /// Writes as much of a metric as fits, and says whether that was all of it.
    fn metric(&mut self, metric: &Metric, batch: &mut Batch, deltas: &mut Deltas) -> bool {
        let before = (batch.bytes.len(), batch.items);
        let bytes = &mut batch.bytes;
        let mut done = false;
        let points = wire::nested(bytes, METRIC, 3, |out| {
            wire::bytes(out, 1, metric.name().as_bytes());
            wire::bytes(out, 2, metric.description().as_bytes());
            wire::bytes(out, 3, metric.unit().as_bytes());
            let field = match (metric.kind(), self.histograms) {
                (MetricKind::Counter, _) => SUM,
                (MetricKind::Gauge, _) if metric.is_additive() => SUM,
                (MetricKind::Histogram, Histograms::Exponential) => EXPONENTIAL,
                (MetricKind::Histogram, Histograms::Explicit) => HISTOGRAM,
                (_, _) => GAUGE,
            };
            wire::nested(out, field, 3, |out| {
                let points = self.points(metric, out, before.1, deltas, &mut done);
                // What goes up and down is a level, and cumulative whatever is preferred.
                let monotonic = !matches!(metric.kind(), MetricKind::Gauge | MetricKind::StateSet);
                if field != GAUGE {
                    let delta = self.temporality == Temporality::Delta && monotonic;
                    wire::uint(out, 2, if delta { 1 } else { 2 });
                }
                if field == SUM {
                    wire::uint(out, 3, u64::from(monotonic));
                }
                points
            })
        });
        batch.items += points;
        if points == 0 {
            batch.bytes.truncate(before.0);
        }
        done
    }

    /// Writes the points of a metric until it is done or the batch is full; returns how many.
    fn points(
        &mut self,
        metric: &Metric,
        out: &mut Vec<u8>,
        in_batch: usize,
        deltas: &mut Deltas,
        done: &mut bool,
    ) -> usize {
        let shared = Shared { now: self.now, exemplars_after: self.exemplars_after, histograms: self.histograms };
        let mut points = 0;
        // The overflow series comes after all others, also after those that begin meanwhile.
        for series in metric.series_after(self.series) {
            let full = in_batch + points >= self.max_points || out.len() >= self.max_bytes;
            // A batch has one point at least, or there would be no end.
            if full && in_batch + points > 0 {
                return points;
            }
            self.series += 1;
            points += match self.temporality {
                Temporality::Cumulative => shared.cumulative(metric, series, &mut self.snapshot, out),
                Temporality::Delta => shared.delta(metric, series, &mut self.snapshot, deltas, out),
            };
        }
        *done = true;
        points
    }
}

impl Shared {
    /// Writes the point, or points, of everything since the series began; returns how many.
    fn cumulative(
        &self,
        metric: &Metric,
        series: &Series,
        snapshot: &mut HistogramSnapshot,
        out: &mut Vec<u8>,
    ) -> usize {
        let times = point::Times { start: series.created(), now: self.now };
        match series.handle() {
            bellwether_core::Handle::Counter(counter) => {
                point::count(out, series, times, counter.value(), metric.scale());
            }
            bellwether_core::Handle::Gauge(gauge) => {
                // Not knowing is not 0.
                let Some(level) = gauge.known() else { return 0 };
                let start = metric.is_additive().then_some(times.start);
                point::level(out, series, start, self.now, level);
            }
            bellwether_core::Handle::Histogram(histogram) => {
                histogram.read_into(snapshot);
                let exemplars = point::Exemplars { of: histogram, after: self.exemplars_after };
                point::histogram(out, series, times, snapshot, self.histograms, &exemplars);
            }
            bellwether_core::Handle::StateSet(set) => {
                let Some(states) = metric.states() else { return 0 };
                point::states(out, series, self.now, states, set.state());
                return states.1.len();
            }
            _ => return 0,
        }
        1
    }

    /// Writes the point of everything since the last that arrived, if there is anything; returns how many. What is a level is
    /// cumulative all the same.
    fn delta(
        &self,
        metric: &Metric,
        series: &Series,
        snapshot: &mut HistogramSnapshot,
        deltas: &mut Deltas,
        out: &mut Vec<u8>,
    ) -> usize {
        match series.handle() {
            bellwether_core::Handle::Counter(counter) => {
                let Some((start, count)) = deltas.count(series, counter.value(), self.now) else { return 0 };
                let times = point::Times { start, now: self.now };
                point::count(out, series, times, count, metric.scale());
            }
            bellwether_core::Handle::Histogram(histogram) => {
                histogram.read_into(snapshot);
                let Some((start, window)) = deltas.histogram(series, snapshot, self.now) else { return 0 };
                let times = point::Times { start, now: self.now };
                let exemplars = point::Exemplars { of: histogram, after: start };
                point::histogram(out, series, times, &window, self.histograms, &exemplars);
            }
            _ => return self.cumulative(metric, series, snapshot, out),
        }
        1
    }
}
