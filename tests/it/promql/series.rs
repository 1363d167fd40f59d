//! Random series, as a remote-write request and in our storage.

use bellwether_promql::{Histogram, Labels, MemoryStorage, STALE_NAN, Sample};
use bellwether_tests::remote_write as wire;

use super::{JITTER, START};

/// Every 15 s for 45 minutes.
const SAMPLES: i64 = 180;
const HOSTS: [&str; 4] = ["a", "b", "c", "d"];

/// Counters that are reset, gauges, classic and native histograms: each with gaps, and some that end.
pub(super) fn all(random: &mut fastrand::Rng, storage: &mut MemoryStorage) -> wire::WriteRequest {
    let mut timeseries = Vec::new();
    for host in HOSTS {
        for job in ["api", "web"] {
            let labels = [("host", host), ("job", job)];
            let (mut counter, mut buckets) = (1e6, [50.0, 90.0, 95.0, 100.0]);
            let mut series = vec![Both::new("c_total", &labels, &[]), Both::new("g", &labels, &[])];
            let les = ["0.1", "1", "10", "+Inf"];
            series.extend(les.map(|le| Both::new("b_bucket", &labels, &[("le", le)])));
            for at in 0..SAMPLES {
                counter += random.f64() * 50.0;
                if random.u32(0..40) == 0 {
                    counter *= 0.8;
                }
                let mut more = 0.0;
                for bucket in &mut buckets {
                    more += f64::from(random.u32(0..4));
                    *bucket += more;
                }
                if random.u32(0..12) == 0 {
                    continue;
                }
                let values = [counter, random.f64() * 200.0 - 100.0].into_iter().chain(buckets);
                series.iter_mut().zip(values).for_each(|(series, value)| series.float(at, value));
            }
            if host == "d" {
                series.iter_mut().for_each(|series| series.float(SAMPLES, f64::from_bits(STALE_NAN)));
            }
            let mut native = Both::new("h", &labels, &[]);
            let mut counts = [10_000_u64; 5];
            for at in 0..SAMPLES {
                counts.iter_mut().for_each(|count| *count += random.u64(0..6));
                if random.u32(0..60) == 0 {
                    counts = [9_000; 5];
                }
                if random.u32(0..12) != 0 {
                    native.histogram(at, i32::from(host != "a") + 1, counts);
                }
            }
            series.push(native);
            timeseries.extend(series.into_iter().map(|series| series.land(storage)));
        }
    }
    wire::WriteRequest { timeseries }
}

/// A series in both forms.
struct Both {
    labels: Labels,
    wire: wire::TimeSeries,
    ours: Vec<Sample>,
}

impl Both {
    fn new(name: &str, labels: &[(&str, &str)], more: &[(&str, &str)]) -> Self {
        let pairs = labels.iter().chain(more).copied().chain([("__name__", name)]);
        let labels = Labels::new(pairs);
        let pair = |(name, value): (&str, &str)| wire::Label { name: name.to_owned(), value: value.to_owned() };
        let wire = wire::TimeSeries { labels: labels.iter().map(pair).collect(), ..wire::TimeSeries::default() };
        Self { labels, wire, ours: Vec::new() }
    }

    fn float(&mut self, at: i64, value: f64) {
        let timestamp = time(at);
        self.wire.samples.push(wire::Sample { value, timestamp });
        self.ours.push(Sample::float(timestamp, value));
    }

    /// The first count is that of the bucket around zero; there is a gap before the last bucket.
    fn histogram(&mut self, at: i64, schema: i32, counts: [u64; 5]) {
        let timestamp = time(at);
        let [zero, filled @ ..] = counts;
        let (count, sum) = (counts.iter().sum::<u64>(), counts.iter().sum::<u64>() as f64 * 1.5);
        let mut before = 0;
        let positive_deltas = filled.iter().map(|count| {
            let delta = *count as i64 - before;
            before = *count as i64;
            delta
        });
        self.wire.histograms.push(wire::Histogram {
            count: Some(count),
            sum,
            schema,
            zero_threshold: 0.001,
            zero_count: Some(zero),
            positive_spans: vec![wire::BucketSpan { offset: -1, length: 3 }, wire::BucketSpan { offset: 2, length: 1 }],
            positive_deltas: positive_deltas.collect(),
            timestamp,
            ..wire::Histogram::default()
        });
        let ours = Histogram::exponential(schema)
            .totals(count as f64, sum)
            .zero(0.001, zero as f64)
            .positive([-1, 0, 1, 4].into_iter().zip(filled.map(|count| count as f64)));
        self.ours.push(Sample::histogram(timestamp, ours));
    }

    fn land(self, storage: &mut MemoryStorage) -> wire::TimeSeries {
        for sample in self.ours {
            storage.push(&self.labels, sample);
        }
        self.wire
    }
}

fn time(at: i64) -> i64 {
    START + at * 15_000 + JITTER
}
