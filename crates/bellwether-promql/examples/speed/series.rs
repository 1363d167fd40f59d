//! Random series, the same in our storage and in Prometheus.

use bellwether_promql::{Histogram, Labels, MemoryStorage, Sample};

use super::prometheus::Prometheus;
use super::prometheus::remote_write as wire;

/// The series go on for an hour up to here, in milliseconds since 1970.
pub(crate) const END: i64 = 1_700_000_000_000;
/// From step to step of a range query, in milliseconds.
pub(crate) const STEP: u64 = 12_000;
pub(crate) const JOBS: usize = 100;
/// Selectors of an eighth of the thousand series, of a quarter, of half and of all of them.
pub(crate) const SHARDS: [&str; 4] = [
    r#"requests_total{shard="0"}"#,
    r#"requests_total{shard=~"0|1"}"#,
    r#"requests_total{shard=~"0|1|2|3"}"#,
    "requests_total",
];

/// Every 15 s for an hour, off the beginnings of ranges: Prometheus 2 counts a sample there, Prometheus 3 does not.
const SAMPLES: i64 = 240;
const SCRAPE: i64 = 15_000;
const JITTER: i64 = 1_137;
/// Samples of all series that are written at once, in order of time, as a server is given them.
const BATCH: i64 = 10;
const BUCKETS: i32 = 20;

/// The first of so many steps up to the end.
pub(crate) fn first(steps: usize) -> i64 {
    END - STEP as i64 * (steps as i64 - 1)
}

pub(crate) fn job(job: usize) -> String {
    format!("job-{job}")
}

pub(crate) fn load(storage: &mut MemoryStorage, mut prometheus: Option<&mut Prometheus>) {
    let mut random = fastrand::Rng::with_seed(1);
    let mut series = requests();
    series.extend(histograms());
    (0..JOBS).for_each(|job| series.extend(of_job(job)));
    for batch in 0..SAMPLES / BATCH {
        let mut written = Vec::with_capacity(series.len());
        for one in &mut series {
            let mut wire = wire::TimeSeries { labels: one.wire.clone(), ..wire::TimeSeries::default() };
            for at in batch * BATCH..(batch + 1) * BATCH {
                let time = END - SCRAPE * (SAMPLES - at) + JITTER;
                storage.push(&one.labels, one.kind.next(&mut random, time, &mut wire));
            }
            written.push(wire);
        }
        if let Some(prometheus) = &mut prometheus {
            prometheus.write(written);
        }
    }
}

struct Series {
    labels: Labels,
    wire: Vec<wire::Label>,
    kind: Kind,
}

/// What a series does next.
enum Kind {
    Gauge,
    /// A counter where it stands.
    Counter(f64),
    /// A native histogram with what its buckets hold.
    Histogram([u64; BUCKETS as usize]),
}

impl Kind {
    fn next(&mut self, random: &mut fastrand::Rng, time: i64, wire: &mut wire::TimeSeries) -> Sample {
        let value = match self {
            Kind::Gauge => (random.f64() * 1e6).floor(),
            Kind::Counter(count) => {
                // Once in ten hours it starts anew.
                *count = if random.u32(0..2400) == 0 { 0.0 } else { *count + f64::from(random.u32(0..100)) };
                *count
            }
            Kind::Histogram(counts) => {
                counts.iter_mut().for_each(|count| *count += random.u64(0..5));
                let (count, sum) = (counts.iter().sum::<u64>(), counts.iter().sum::<u64>() as f64 * 0.3);
                let before = std::iter::once(0).chain(counts.iter().copied());
                wire.histograms.push(wire::Histogram {
                    count: Some(count),
                    sum,
                    schema: 3,
                    zero_threshold: 1e-9,
                    zero_count: Some(0),
                    positive_spans: vec![wire::BucketSpan { offset: 0, length: BUCKETS as u32 }],
                    positive_deltas: counts
                        .iter()
                        .zip(before)
                        .map(|(now, before)| *now as i64 - before as i64)
                        .collect(),
                    timestamp: time,
                    ..wire::Histogram::default()
                });
                let buckets = (0..BUCKETS).zip(counts.iter().map(|count| *count as f64));
                let h = Histogram::exponential(3).totals(count as f64, sum).zero(1e-9, 0.0).positive(buckets);
                return Sample::histogram(time, h);
            }
        };
        wire.samples.push(wire::Sample { value, timestamp: time });
        Sample::float(time, value)
    }
}

fn series(name: &str, pairs: &[(&str, &str)], kind: Kind) -> Series {
    let labels = Labels::new(pairs.iter().copied().chain([("__name__", name)]));
    let pair = |(name, value): (&str, &str)| wire::Label { name: name.to_owned(), value: value.to_owned() };
    Series { wire: labels.iter().map(pair).collect(), labels, kind }
}

/// A thousand counters of 20 routes.
fn requests() -> Vec<Series> {
    let one = |i: usize| {
        let (route, instance, shard) = (format!("/r{}", i % 20), format!("host-{}", i / 20), (i % 8).to_string());
        series("requests_total", &[("route", &route), ("instance", &instance), ("shard", &shard)], Kind::Counter(0.0))
    };
    (0..1_000).map(one).collect()
}

/// A thousand native histograms.
fn histograms() -> Vec<Series> {
    let one = |i: usize| series("h", &[("instance", &format!("host-{i}"))], Kind::Histogram([0; BUCKETS as usize]));
    (0..1_000).map(one).collect()
}

/// A hundred series of a job: twenty of each of its five instances.
fn of_job(number: usize) -> Vec<Series> {
    let mut all = Vec::new();
    for instance in 0..5 {
        let (job, instance) = (job(number), format!("10.0.{number}.{instance}:9100"));
        let mut add = |name: &str, label: Option<(&str, &str)>, kind| {
            let mut pairs = vec![("job", job.as_str()), ("instance", instance.as_str())];
            pairs.extend(label);
            all.push(series(name, &pairs, kind));
        };
        for code in ["200", "404", "500", "503"] {
            add("http_requests_total", Some(("code", code)), Kind::Counter(0.0));
        }
        for le in ["0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "10", "+Inf"] {
            add("latency_seconds_bucket", Some(("le", le)), Kind::Counter(0.0));
        }
        for gauge in ["up", "memory_bytes", "memory_limit_bytes", "queue_depth", "disk_free_bytes"] {
            add(gauge, None, Kind::Gauge);
        }
        add("restarts_total", None, Kind::Counter(0.0));
    }
    all
}
