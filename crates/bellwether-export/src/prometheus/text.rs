//! The text formats: Prometheus 0.0.4 and OpenMetrics 1.0.

use bellwether_core::prometheus::{Buckets, Names, le};
use bellwether_core::{Exemplar, Handle, Histogram, HistogramSnapshot, Metric, MetricKind, Scale, Series, Timestamp};

use super::format::{Format, Syntax};
use super::labels::LabelSets;
use super::names;
use super::number::{write_f64, write_timestamp, write_u64};
use super::plan::Family;
use crate::resource::Resource;

/// Writes families as text, holding what is the same for all series of one.
#[derive(Debug)]
pub(super) struct Text {
    open_metrics: bool,
    created: bool,
    labels: LabelSets,
    heads: Heads,
    buckets: Buckets,
    scale: Scale,
    /// What follows the labels in the line of each bucket, infinity's last: `le="0.5"} `.
    tails: Vec<Vec<u8>>,
    /// The labels of the series at hand: `a="1",b="2"`.
    block: Vec<u8>,
    /// What the lines of all its buckets begin with.
    line: Vec<u8>,
    snapshot: HistogramSnapshot,
    /// What precedes the value in the line of each state: `state="open"} `.
    states: Vec<Vec<u8>>,
}

/// The beginnings of a family's lines.
#[derive(Debug, Default)]
struct Heads {
    sample: Head,
    bucket: Head,
    sum: Head,
    count: Head,
    created: Head,
}

/// A sample's name, as it is before labels and without any: `name{` and `name`, or `{"na.me",` and `{"na.me"}`.
#[derive(Debug, Default)]
struct Head {
    before_labels: Vec<u8>,
    bare: Vec<u8>,
}

impl Text {
    pub(super) fn new(names: Names, format: Format, created: bool) -> Self {
        let open_metrics = format.syntax() == Syntax::OpenMetrics;
        Self {
            open_metrics,
            created: created && open_metrics,
            labels: LabelSets::new(names, format.escaping(), lead),
            heads: Heads::default(),
            buckets: Buckets::default(),
            scale: Scale::ONE,
            tails: Vec::new(),
            block: Vec::new(),
            line: Vec::new(),
            snapshot: HistogramSnapshot::default(),
            states: Vec::new(),
        }
    }

    /// The resource as `target_info`.
    pub(super) fn target(&mut self, resource: &Resource, out: &mut Vec<u8>) {
        let name = if self.open_metrics { "target" } else { "target_info" };
        let kind = if self.open_metrics { "info" } else { "gauge" };
        self.describe(name, kind, None, "The service that is observed.", out);
        let labels = resource.attributes().iter().map(|(key, value)| (&**key, &**value));
        let block = &mut self.block;
        block.clear();
        self.labels.start_metric(MetricKind::Gauge);
        self.labels.each_of(labels, |lead, value| write_label(lead, value, block));
        Head::new("target_info").write(block, out);
        out.extend_from_slice(b"1\n");
    }

    /// A remark, where the format has room for one.
    pub(super) fn remark(&self, text: &str, out: &mut Vec<u8>) {
        if !self.open_metrics {
            out.extend_from_slice(b"# Left out: ");
            out.extend(text.bytes().map(|c| if c == b'\n' { b' ' } else { c }));
            out.push(b'\n');
        }
    }

    pub(super) fn start_family(&mut self, family: &Family, out: &mut Vec<u8>) {
        let (kind, name) = match family.kind {
            MetricKind::Counter if self.open_metrics => ("counter", &family.name),
            MetricKind::Counter => ("counter", &family.full_name),
            MetricKind::Histogram => ("histogram", &family.name),
            MetricKind::StateSet if self.open_metrics && family.labeled_by_name => ("stateset", &family.name),
            _ => ("gauge", &family.name),
        };
        self.describe(name, kind, family.unit.as_deref().filter(|_| self.open_metrics), &family.help, out);
        let head = |suffix: &str| Head::new(&format!("{}{suffix}", family.name));
        self.heads = Heads {
            sample: Head::new(&family.full_name),
            bucket: head("_bucket"),
            sum: head("_sum"),
            count: head("_count"),
            created: head("_created"),
        };
    }

    pub(super) fn start_metric(&mut self, metric: &Metric) {
        self.labels.start_metric(metric.kind());
        self.scale = metric.scale();
        self.states.clear();
        if let Some((label, states)) = metric.states() {
            let lead = lead(&self.labels.name(label));
            self.states.extend(states.iter().map(|state| {
                let mut tail = Vec::new();
                write_label(&lead, state, &mut tail);
                tail
            }));
        }
        if metric.kind() == MetricKind::Histogram {
            self.buckets = Buckets::of(metric);
            let uppers = self.buckets.uppers().iter().map(|upper| le(*upper));
            let tail = |le: String| format!("le=\"{le}\"}} ").into_bytes();
            self.tails = uppers.chain(["+Inf".to_owned()]).map(tail).collect();
        }
    }

    /// The labels of a series, as they are written; the same text for the same labels.
    pub(super) fn identify(&mut self, series: &Series) -> &[u8] {
        let block = &mut self.block;
        block.clear();
        self.labels.each(series, |lead, value| write_label(lead, value, block));
        &self.block
    }

    /// All lines of the series that was [`identify`](Self::identify)ed.
    pub(super) fn series(&mut self, series: &Series, out: &mut Vec<u8>) {
        match series.handle() {
            Handle::Counter(counter) => {
                self.heads.sample.write(&self.block, out);
                if self.scale.is_one() {
                    write_u64(counter.value(), out);
                } else {
                    write_f64(self.scale.of(counter.value()), out);
                }
                out.push(b'\n');
                self.created(series.created(), out);
            }
            Handle::Gauge(gauge) => {
                let Some(level) = gauge.known() else { return };
                self.heads.sample.write(&self.block, out);
                write_f64(level, out);
                out.push(b'\n');
            }
            Handle::Histogram(histogram) => {
                self.histogram(histogram, out);
                self.created(series.created(), out);
            }
            Handle::StateSet(set) => {
                // Read once: exactly one of the samples is 1.
                let is = set.state();
                for (at, state) in self.states.iter().enumerate() {
                    self.line.clear();
                    self.line.extend_from_slice(&self.block);
                    if !self.block.is_empty() {
                        self.line.push(b',');
                    }
                    self.line.extend_from_slice(state);
                    self.heads.sample.write(&self.line, out);
                    out.push(if at == is { b'1' } else { b'0' });
                    out.push(b'\n');
                }
            }
            _ => {}
        }
    }

    fn histogram(&mut self, histogram: &Histogram, out: &mut Vec<u8>) {
        histogram.read_into(&mut self.snapshot);
        let exemplars = if self.open_metrics { histogram.exemplars() } else { Vec::new() };
        let total = self.snapshot.count();
        self.line.clear();
        self.line.extend_from_slice(&self.heads.bucket.before_labels);
        self.line.extend_from_slice(&self.block);
        if !self.block.is_empty() {
            self.line.push(b',');
        }
        // The count that was written last, and where it is: in most buckets it is the same again.
        let (mut written, mut digits) = (None, 0..0);
        let mut exemplars = exemplars.as_slice();
        let mut at = 0;
        let (line, tails, uppers) = (&self.line, &self.tails, self.buckets.uppers());
        let mut bucket = |count: u64| {
            let Some(tail) = tails.get(at) else { return };
            out.extend_from_slice(line);
            out.extend_from_slice(tail);
            if written == Some(count) {
                out.extend_from_within(digits.clone());
            } else {
                let start = out.len();
                write_u64(count, out);
                (written, digits) = (Some(count), start..out.len());
            }
            if !exemplars.is_empty() {
                let (own, rest) = super::exemplars::up_to(exemplars, uppers.get(at));
                exemplars = rest;
                if let Some(exemplar) = own {
                    write_exemplar(exemplar, out);
                }
            }
            out.push(b'\n');
            at += 1;
        };
        self.buckets.cumulative(&self.snapshot, &mut bucket);
        bucket(total);
        // OpenMetrics has no sum, and without one no count, where a bucket is negative: the sum could fall.
        if self.open_metrics && self.buckets.negative() {
            return;
        }
        self.heads.sum.write(&self.block, out);
        write_f64(self.snapshot.sum, out);
        out.push(b'\n');
        self.heads.count.write(&self.block, out);
        write_u64(total, out);
        out.push(b'\n');
    }

    fn created(&self, at: Timestamp, out: &mut Vec<u8>) {
        if self.created {
            self.heads.created.write(&self.block, out);
            write_timestamp(at, out);
            out.push(b'\n');
        }
    }

    pub(super) fn end(&self, out: &mut Vec<u8>) {
        if self.open_metrics {
            out.extend_from_slice(b"# EOF\n");
        }
    }

    /// The lines before a family's samples.
    fn describe(&self, name: &str, kind: &str, unit: Option<&str>, help: &str, out: &mut Vec<u8>) {
        let mut line = |word: &str, text: &[u8]| {
            out.extend_from_slice(b"# ");
            out.extend_from_slice(word.as_bytes());
            out.push(b' ');
            write_name(name, out);
            out.push(b' ');
            out.extend_from_slice(text);
            out.push(b'\n');
        };
        if !help.is_empty() {
            let mut text = Vec::with_capacity(help.len());
            write_escaped(help, self.open_metrics, &mut text);
            line("HELP", &text);
        }
        line("TYPE", kind.as_bytes());
        if let Some(unit) = unit {
            line("UNIT", unit.as_bytes());
        }
    }
}

impl Head {
    fn new(name: &str) -> Self {
        let mut bare = Vec::new();
        write_name(name, &mut bare);
        if names::is_legacy(name) {
            Self { before_labels: [&bare[..], b"{"].concat(), bare }
        } else {
            Self { before_labels: [b"{", &bare[..], b","].concat(), bare: [b"{", &bare[..], b"}"].concat() }
        }
    }

    /// The name and the labels, up to the value.
    #[inline]
    fn write(&self, block: &[u8], out: &mut Vec<u8>) {
        if block.is_empty() {
            out.extend_from_slice(&self.bare);
            out.push(b' ');
        } else {
            out.extend_from_slice(&self.before_labels);
            out.extend_from_slice(block);
            out.extend_from_slice(b"} ");
        }
    }
}

/// A name as it precedes a label's value.
fn lead(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    write_name(name, &mut out);
    out.extend_from_slice(b"=\"");
    out
}

fn write_name(name: &str, out: &mut Vec<u8>) {
    if names::is_legacy(name) {
        out.extend_from_slice(name.as_bytes());
    } else {
        out.push(b'"');
        write_escaped(name, true, out);
        out.push(b'"');
    }
}

#[inline]
fn write_label(lead: &[u8], value: &str, block: &mut Vec<u8>) {
    if !block.is_empty() {
        block.push(b',');
    }
    block.extend_from_slice(lead);
    write_escaped(value, true, block);
    block.push(b'"');
}

/// Text with backslashes and newlines escaped, and quotes where they would end it.
#[inline]
fn write_escaped(text: &str, quotes: bool, out: &mut Vec<u8>) {
    let special = |c: u8| c == b'\\' || c == b'\n' || (quotes && c == b'"');
    if !text.bytes().any(special) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for c in text.bytes() {
        match c {
            b'\n' => out.extend_from_slice(b"\\n"),
            c if special(c) => out.extend_from_slice(&[b'\\', c]),
            c => out.push(c),
        }
    }
}

/// The ids make 63 characters of labels; OpenMetrics allows 128.
fn write_exemplar(exemplar: &Exemplar, out: &mut Vec<u8>) {
    out.extend_from_slice(b" # {trace_id=\"");
    out.extend_from_slice(&exemplar.trace_id.to_hex());
    out.extend_from_slice(b"\",span_id=\"");
    out.extend_from_slice(&exemplar.span_id.to_hex());
    out.extend_from_slice(b"\"} ");
    write_f64(exemplar.value, out);
    out.push(b' ');
    write_timestamp(exemplar.at, out);
}
