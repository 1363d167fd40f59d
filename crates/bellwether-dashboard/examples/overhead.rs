//! What the API costs over the engine: the same range queries with and without it, as times and as bytes.
#![allow(clippy::print_stdout, reason = "a command-line tool speaks to its terminal")]
#![allow(clippy::disallowed_methods, reason = "it measures what time passes")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bellwether_core::{Clock, Timestamp};
use bellwether_dashboard::QueryApi;
use bellwether_promql::{Engine, Histogram, Labels, MemoryStorage, Sample};
use http_body_util::{BodyExt, Empty};

const POINTS: i64 = 100;
const STEP: i64 = 15;
const ROUNDS: usize = 21;

/// What is asked for, and by what query.
const CASES: [(&str, &str); 4] = [
    ("10,000 series x 100 floats", "requests_total"),
    ("10,000 series x 100 rates", "rate(requests_total[1m])"),
    ("1,000 series x 100 histograms of 20 buckets", "h"),
    ("1 series x 100 floats, summed of 10,000", "sum(requests_total)"),
];

fn main() {
    // One query alone, once and of fewer series, to be counted by callgrind, under which all takes fifty times as long.
    let only = std::env::args().nth(1);
    let (rounds, share) = if only.is_some() { (1, 20) } else { (ROUNDS, 1) };
    let storage = Arc::new(storage(share));
    let last = START + (POINTS - 1) * STEP;
    let now = Clock::manual(Timestamp::from_unix_seconds(last as u64));
    let source = storage.clone();
    let api = QueryApi::new(move || source.clone(), now);
    let engine = Engine::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build();
    let runtime = runtime.expect("a runtime");
    println!("{:44}{:>12}{:>12}{:>8}{:>12}", "least of 21 rounds", "engine", "with API", "ratio", "bytes");
    for (name, query) in CASES.into_iter().filter(|(_, query)| only.as_ref().is_none_or(|only| only == query)) {
        let path = format!("/api/v1/query_range?query={query}&start={START}&end={last}&step={STEP}");
        let (mut least, mut with, mut bytes) = (Duration::MAX, Duration::MAX, 0);
        // In turns, so that whatever else the machine does hits both.
        for _ in 0..rounds {
            let begun = Instant::now();
            // On a thread as the API has it: memory comes from elsewhere on the first one.
            let (engine, storage) = (engine.clone(), storage.clone());
            let alone = runtime.block_on(runtime.spawn_blocking(move || {
                let step = Duration::from_secs(STEP as u64);
                let answer = engine.range(&*storage, query, START * 1000, last * 1000, step);
                drop(std::hint::black_box(answer.expect("an answer")));
            }));
            alone.expect("no panic");
            least = least.min(begun.elapsed());
            let request = http::Request::get(path.as_str()).body(Empty::<bytes::Bytes>::new()).expect("a request");
            let begun = Instant::now();
            bytes = runtime.block_on(async {
                let mut body = api.respond(request).await.into_body();
                let mut bytes = 0;
                while let Some(frame) = body.frame().await {
                    bytes += frame.ok().and_then(|frame| frame.into_data().ok()).map_or(0, |data| data.len());
                }
                bytes
            });
            with = with.min(begun.elapsed());
        }
        let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
        let ratio = with.as_secs_f64() / least.as_secs_f64();
        println!("{name:44}{:>12}{:>12}{ratio:>8.2}{bytes:>12}", ms(least), ms(with));
    }
}

/// When the series begin, in seconds.
const START: i64 = 1_700_000_000;

fn storage(share: i64) -> MemoryStorage {
    let mut storage = MemoryStorage::new();
    for series in 0..10_000 / share {
        let [route, host] = [series % 100, series / 100].map(|n| format!("name-{n}"));
        let labels = [("__name__", "requests_total".to_owned()), ("route", route), ("host", host)];
        let labels = Labels::new(labels.clone());
        for at in 0..POINTS {
            let value = (at * (series % 7 + 1)) as f64 + series as f64 / 8.0;
            storage.push(&labels, Sample::float((START + at * STEP) * 1000, value));
        }
    }
    for series in 0..1000 / share {
        let labels = Labels::new([("__name__", "h".to_owned()), ("n", series.to_string())]);
        for at in 0..POINTS {
            let count = (at + 1) as f64;
            let buckets = (0..20).map(|bucket| (bucket, count * f64::from(bucket + 1)));
            let histogram = Histogram::exponential(5).totals(count * 210.0, count / 3.0).positive(buckets);
            storage.push(&labels, Sample::histogram((START + at * STEP) * 1000, histogram));
        }
    }
    storage
}
