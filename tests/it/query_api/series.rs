//! Series with everything odd in them, in our storage and as a remote-write request.

use std::collections::BTreeMap;

use bellwether_dashboard::{Exemplar, Metadata, SeriesExemplars, Source};
use bellwether_promql::{
    Error, Histogram, Labels, MemoryStorage, STALE_NAN, Sample, SampleValue, Selected, Selection, Storage,
};
use bellwether_tests::remote_write as wire;

use super::START;

/// Off the multiples of a second at which queries and their ranges begin and end.
const JITTER: i64 = 137;

/// Series, exemplars, and what metrics mean.
#[derive(Default)]
pub(super) struct Memory {
    storage: MemoryStorage,
    all: BTreeMap<Labels, Vec<Sample>>,
    exemplars: Vec<SeriesExemplars>,
}

impl Memory {
    /// A sample every 15 s for ten minutes.
    pub(super) fn new() -> Self {
        let mut memory = Self::default();
        let odd = [
            1.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            1e-7,
            0.000001,
            1e21,
            123456789.125,
            5e-324,
            f64::MAX,
            0.1,
            -1e20,
        ];
        for at in 0..40_i32 {
            let time = START + i64::from(at) * 15_000 + JITTER;
            let n = f64::from(at);
            for (host, shift) in [("a", 0), ("b", 5), ("c", 9)] {
                let labels = |name: &str| Labels::new([("__name__", name), ("host", host), ("job", "api")]);
                memory.push(labels("odd"), Sample::float(time, odd[(at + shift) as usize % odd.len()]));
                memory.push(labels("requests_total"), Sample::float(time, 1000.0 + n * f64::from(shift + 1)));
                // It ends halfway, and says so.
                let ended = if at == 20 { f64::from_bits(STALE_NAN) } else { n };
                if at <= 20 {
                    memory.push(labels("short"), Sample::float(time, ended));
                }
                for (le, share) in [("0.1", 1.0), ("1", 2.5), ("+Inf", 4.0)] {
                    let labels =
                        Labels::new([("__name__", "duration_bucket"), ("host", host), ("job", "api"), ("le", le)]);
                    memory.push(labels, Sample::float(time, n * share));
                }
            }
            let text = "<a href=\"x\">&amp;\\ \n\t\u{7f} é \u{2028}\u{2029} 😀";
            let labels = Labels::new([("__name__", "texts"), ("job", text), ("empty", "")]);
            memory.push(labels, Sample::float(time, n));
            // Far from zero, as Prometheus 2.42 extrapolates rates otherwise there.
            let n = n + 1000.0;
            // Finer buckets than those of schema 0 end where Prometheus's table says, which is up to three floats off.
            for (kind, schema, zero) in [("twos", 0, 0.001), ("fours", -1, 0.001), ("reaching", 0, 0.3)] {
                let histogram = Histogram::exponential(schema)
                    .totals(n * 10.0, n * 1.5)
                    .zero(zero, n)
                    .positive([(-1, n), (0, n * 2.0), (1, 0.0), (7, n * 3.0)])
                    .negative([(0, n * 2.0), (3, n)]);
                memory.push(Labels::new([("__name__", "native"), ("kind", kind)]), Sample::histogram(time, histogram));
            }
            // Floats at first, then histograms.
            let labels = Labels::new([("__name__", "mixed")]);
            let histogram = Histogram::exponential(0).totals(n, n).positive([(2, n)]);
            memory.push(labels, if at < 25 { Sample::float(time, n) } else { Sample::histogram(time, histogram) });
        }
        let exemplar = |n: i64| Exemplar {
            labels: Labels::new([("trace_id".to_owned(), format!("{n:032x}"))]),
            value: n as f64 / 8.0,
            timestamp_ms: START + n * 15_000 + JITTER,
        };
        for host in ["a", "c"] {
            let labels = Labels::new([("__name__", "requests_total"), ("host", host), ("job", "api")]);
            let exemplars = (1..6).map(exemplar).collect();
            memory.exemplars.push(SeriesExemplars { labels, exemplars });
        }
        memory
    }

    fn push(&mut self, labels: Labels, sample: Sample) {
        self.storage.push(&labels, sample.clone());
        self.all.entry(labels).or_default().push(sample);
    }

    /// The same as a request.
    pub(super) fn wire(&self) -> wire::WriteRequest {
        let series = |(labels, samples): (&Labels, &Vec<Sample>)| {
            let mut series = wire::TimeSeries { labels: pairs(labels), ..wire::TimeSeries::default() };
            for Sample { timestamp_ms: timestamp, value } in samples {
                match value {
                    SampleValue::Float(value) => {
                        series.samples.push(wire::Sample { value: *value, timestamp: *timestamp });
                    }
                    SampleValue::Histogram(h) => series.histograms.push(histogram(h, *timestamp)),
                }
            }
            let exemplars = self.exemplars.iter().filter(|one| one.labels == *labels).flat_map(|one| &one.exemplars);
            series.exemplars.extend(exemplars.map(|exemplar| wire::Exemplar {
                labels: pairs(&exemplar.labels),
                value: exemplar.value,
                timestamp: exemplar.timestamp_ms,
            }));
            series
        };
        wire::WriteRequest { timeseries: self.all.iter().map(series).collect() }
    }
}

fn pairs(labels: &Labels) -> Vec<wire::Label> {
    labels.iter().map(|(name, value)| wire::Label { name: name.to_owned(), value: value.to_owned() }).collect()
}

fn histogram(h: &Histogram, timestamp: i64) -> wire::Histogram {
    let (positive_spans, positive_deltas) = spans(h.positive_buckets());
    let (negative_spans, negative_deltas) = spans(h.negative_buckets());
    wire::Histogram {
        count: Some(h.count() as u64),
        sum: h.sum(),
        schema: h.schema(),
        zero_threshold: h.zero_threshold(),
        zero_count: Some(h.zero_count() as u64),
        negative_spans,
        negative_deltas,
        positive_spans,
        positive_deltas,
        timestamp,
    }
}

/// A span for each bucket.
fn spans(buckets: impl Iterator<Item = (i32, f64)>) -> (Vec<wire::BucketSpan>, Vec<i64>) {
    let (mut next, mut before) = (0, 0);
    buckets
        .map(|(index, count)| {
            let span = wire::BucketSpan { offset: index - next, length: 1 };
            let delta = count as i64 - before;
            (next, before) = (index + 1, count as i64);
            (span, delta)
        })
        .unzip()
}

impl Storage for Memory {
    fn select<'a>(
        &'a self,
        selection: &Selection<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Selected<'a>, Error>> + 'a>, Error> {
        self.storage.select(selection)
    }
}

impl Source for Memory {
    fn metadata(&self, _: Option<&str>) -> Result<BTreeMap<String, Metadata>, Error> {
        let requests = Metadata { kind: "counter".to_owned(), help: "Requests.".to_owned(), unit: String::new() };
        Ok(BTreeMap::from([("requests_total".to_owned(), requests)]))
    }

    fn exemplars(&self, selection: &Selection<'_>) -> Result<Vec<SeriesExemplars>, Error> {
        let wanted =
            self.exemplars.iter().filter(|one| selection.matchers.iter().all(|m| m.matches_labels(&one.labels)));
        let times = selection.start_ms..=selection.end_ms;
        let within = |one: &SeriesExemplars| {
            let exemplars = one.exemplars.iter().filter(|exemplar| times.contains(&exemplar.timestamp_ms));
            SeriesExemplars { labels: one.labels.clone(), exemplars: exemplars.cloned().collect() }
        };
        Ok(wanted.map(within).collect())
    }
}
