//! The protobuf format: delimited `io.prometheus.client.MetricFamily` messages, histograms native and classic at once.
//!
//! Field numbers: <https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto>.
//! A message is preceded by its length, so a family of many series is sent as several messages of the same name; readers
//! take them one by one.

use bellwether_core::histogram::grid;
use bellwether_core::prometheus::{Buckets, Names};
use bellwether_core::{Exemplar, Handle, Histogram, HistogramSnapshot, Metric, MetricKind, Scale, Series, Timestamp};

use super::exemplars;
use super::format::Format;
use super::labels::LabelSets;
use super::plan::Family;
use super::wire;
use crate::resource::Resource;

/// Writes families as protobuf.
#[derive(Debug)]
pub(super) struct Protobuf {
    created: bool,
    labels: LabelSets,
    buckets: Buckets,
    scale: Scale,
    /// The fields of the family at hand that every message of it begins with.
    header: Vec<u8>,
    /// Its metrics that were not sent yet.
    body: Vec<u8>,
    /// The labels of the series at hand.
    block: Vec<u8>,
    metric: Vec<u8>,
    inner: Vec<u8>,
    scratch: Vec<u8>,
    snapshot: HistogramSnapshot,
    /// The label pair of each state, field and all.
    states: Vec<Vec<u8>>,
}

impl Protobuf {
    pub(super) fn new(names: Names, format: Format, created: bool) -> Self {
        Self {
            created,
            labels: LabelSets::new(names, format.escaping(), lead),
            buckets: Buckets::default(),
            scale: Scale::ONE,
            header: Vec::new(),
            body: Vec::new(),
            block: Vec::new(),
            metric: Vec::new(),
            inner: Vec::new(),
            scratch: Vec::new(),
            snapshot: HistogramSnapshot::default(),
            states: Vec::new(),
        }
    }

    pub(super) fn target(&mut self, resource: &Resource, out: &mut Vec<u8>) {
        self.describe("target_info", GAUGE, None, "The service that is observed.");
        let labels = resource.attributes().iter().map(|(key, value)| (&**key, &**value));
        self.labels.start_metric(MetricKind::Gauge);
        self.metric.clear();
        let (metric, scratch) = (&mut self.metric, &mut self.scratch);
        self.labels.each_of(labels, |lead, value| write_label(lead, value, scratch, metric));
        self.inner.clear();
        wire::double(1, 1.0, &mut self.inner);
        wire::bytes(2, &self.inner, &mut self.metric);
        wire::bytes(4, &self.metric, &mut self.body);
        self.flush(out);
    }

    pub(super) fn start_family(&mut self, family: &Family) {
        let kind = match family.kind {
            MetricKind::Counter => COUNTER,
            MetricKind::Histogram => HISTOGRAM,
            _ => GAUGE,
        };
        self.describe(&family.full_name, kind, family.unit.as_deref(), &family.help);
    }

    fn describe(&mut self, name: &str, kind: u64, unit: Option<&str>, help: &str) {
        self.header.clear();
        self.body.clear();
        wire::bytes(1, name.as_bytes(), &mut self.header);
        if !help.is_empty() {
            wire::bytes(2, help.as_bytes(), &mut self.header);
        }
        wire::uint(3, kind, &mut self.header);
        if let Some(unit) = unit {
            wire::bytes(5, unit.as_bytes(), &mut self.header);
        }
    }

    pub(super) fn start_metric(&mut self, metric: &Metric) {
        self.labels.start_metric(metric.kind());
        self.scale = metric.scale();
        self.states.clear();
        if let Some((label, states)) = metric.states() {
            let lead = lead(&self.labels.name(label));
            self.states.extend(states.iter().map(|state| {
                let mut pair = Vec::new();
                write_label(&lead, state, &mut Vec::new(), &mut pair);
                pair
            }));
        }
        if metric.kind() == MetricKind::Histogram {
            self.buckets = Buckets::of(metric);
        }
    }

    /// The labels of a series, as they are written; the same bytes for the same labels.
    pub(super) fn identify(&mut self, series: &Series) -> &[u8] {
        let (block, scratch) = (&mut self.block, &mut self.scratch);
        block.clear();
        self.labels.each(series, |lead, value| write_label(lead, value, scratch, block));
        &self.block
    }

    /// Keeps the series that was [`identify`](Self::identify)ed until the next [`flush`](Self::flush).
    pub(super) fn series(&mut self, series: &Series) {
        self.metric.clear();
        self.metric.extend_from_slice(&self.block);
        self.inner.clear();
        let field = match series.handle() {
            Handle::Counter(counter) => {
                let value = self.scale.of(counter.value()).min(f64::MAX);
                wire::double(1, value, &mut self.inner);
                self.created(3, series.created());
                3
            }
            Handle::Gauge(gauge) => {
                let Some(level) = gauge.known() else { return };
                wire::double(1, level, &mut self.inner);
                2
            }
            Handle::Histogram(histogram) => {
                self.histogram(histogram);
                self.created(15, series.created());
                7
            }
            Handle::StateSet(set) => return self.state_set(set.state()),
            _ => return,
        };
        wire::bytes(field, &self.inner, &mut self.metric);
        wire::bytes(4, &self.metric, &mut self.body);
    }

    /// A gauge for each state, by one reading: exactly one of them is 1.
    fn state_set(&mut self, state: usize) {
        for (at, label) in self.states.iter().enumerate() {
            self.metric.clear();
            self.metric.extend_from_slice(&self.block);
            self.metric.extend_from_slice(label);
            self.inner.clear();
            wire::double(1, if at == state { 1.0 } else { 0.0 }, &mut self.inner);
            wire::bytes(2, &self.inner, &mut self.metric);
            wire::bytes(4, &self.metric, &mut self.body);
        }
    }

    /// How many bytes wait to be flushed.
    pub(super) fn waiting(&self) -> usize {
        self.body.len()
    }

    /// Sends what was kept as one message.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        if self.body.is_empty() {
            return;
        }
        wire::varint((self.header.len() + self.body.len()) as u64, out);
        out.extend_from_slice(&self.header);
        out.extend_from_slice(&self.body);
        self.body.clear();
    }

    fn histogram(&mut self, histogram: &Histogram) {
        histogram.read_into(&mut self.snapshot);
        let mut exemplars = histogram.exemplars();
        let snapshot = &self.snapshot;
        let (inner, scratch) = (&mut self.inner, &mut self.scratch);
        let total = snapshot.count();
        wire::uint(1, total, inner);
        wire::double(2, snapshot.sum, inner);

        let uppers = self.buckets.uppers();
        let mut rest = exemplars.as_slice();
        let mut at = 0;
        let mut bucket = |count: u64, upper: Option<&f64>| {
            let (own, after) = exemplars::up_to(rest, upper);
            rest = after;
            // The bucket up to infinity goes without saying, unless it has an exemplar.
            if upper.is_none() && own.is_none() {
                return;
            }
            scratch.clear();
            wire::uint(1, count, scratch);
            wire::double(2, upper.copied().unwrap_or(f64::INFINITY), scratch);
            if let Some(exemplar) = own {
                write_exemplar(3, exemplar, scratch);
            }
            wire::bytes(3, scratch, inner);
        };
        self.buckets.cumulative(snapshot, |count| {
            bucket(count, uppers.get(at));
            at += 1;
        });
        bucket(total, None);

        wire::sint(5, i64::from(grid::SCALE), inner);
        wire::double(6, grid::ZERO_THRESHOLD, inner);
        wire::uint(7, snapshot.zero, inner);
        write_native(&snapshot.negative, 9, 10, scratch, inner);
        write_native(&snapshot.positive, 12, 13, scratch, inner);
        // A series takes exemplars by ascending time only.
        exemplars.sort_by_key(|exemplar| exemplar.at);
        for exemplar in &exemplars {
            write_exemplar(16, exemplar, inner);
        }
    }

    fn created(&mut self, field: u32, at: Timestamp) {
        if self.created {
            self.scratch.clear();
            write_timestamp(at, &mut self.scratch);
            wire::bytes(field, &self.scratch, &mut self.inner);
        }
    }
}

const COUNTER: u64 = 0;
const GAUGE: u64 = 1;
const HISTOGRAM: u64 = 4;

/// Empty buckets between two spans that are cheaper written out than skipped.
const BRIDGED: i32 = 2;

/// The buckets of one sign: spans of neighbors, then each count as the difference to the one before.
fn write_native(buckets: &[(i32, u64)], spans: u32, deltas: u32, scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
    let Some(&(first, _)) = buckets.first() else { return };
    scratch.clear();
    // Prometheus numbers a bucket by its upper end: one more than the grid.
    let (mut offset, mut length, mut next) = (first + 1, 0_u32, first);
    let mut before = 0_i64;
    for &(index, count) in buckets {
        let gap = index - next;
        if gap > BRIDGED {
            write_span(spans, offset, length, out);
            (offset, length) = (gap, 0);
        } else {
            for _ in 0..gap {
                wire::varint(wire::zigzag(-before), scratch);
                before = 0;
                length += 1;
            }
        }
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        wire::varint(wire::zigzag(count - before), scratch);
        before = count;
        length += 1;
        next = index + 1;
    }
    write_span(spans, offset, length, out);
    wire::bytes(deltas, scratch, out);
}

fn write_span(field: u32, offset: i32, length: u32, out: &mut Vec<u8>) {
    let (offset, length) = (wire::zigzag(i64::from(offset)), u64::from(length));
    wire::message(field, 2 + wire::varint_len(offset) + wire::varint_len(length), out);
    wire::uint(1, offset, out);
    wire::uint(2, length, out);
}

/// The name of a label pair, field and all.
fn lead(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    wire::bytes(1, name.as_bytes(), &mut out);
    out
}

#[inline]
fn write_label(lead: &[u8], value: &str, scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
    scratch.clear();
    scratch.extend_from_slice(lead);
    wire::bytes(2, value.as_bytes(), scratch);
    wire::bytes(1, scratch, out);
}

fn write_exemplar(field: u32, exemplar: &Exemplar, out: &mut Vec<u8>) {
    let (mut message, mut scratch) = (Vec::with_capacity(96), Vec::with_capacity(48));
    for (name, value) in [("trace_id", &exemplar.trace_id.to_hex()[..]), ("span_id", &exemplar.span_id.to_hex()[..])] {
        scratch.clear();
        wire::bytes(1, name.as_bytes(), &mut scratch);
        wire::bytes(2, value, &mut scratch);
        wire::bytes(1, &scratch, &mut message);
    }
    wire::double(2, exemplar.value, &mut message);
    scratch.clear();
    write_timestamp(exemplar.at, &mut scratch);
    wire::bytes(3, &scratch, &mut message);
    wire::bytes(field, &message, out);
}

fn write_timestamp(at: Timestamp, out: &mut Vec<u8>) {
    wire::uint(1, at.unix_nanos() / 1_000_000_000, out);
    wire::uint(2, at.unix_nanos() % 1_000_000_000, out);
}
