//! Random PromQL over random series, answered by Prometheus 2.42 and by bellwether-promql: the same.
//!
//! What 2.42 does differently from Prometheus 3, whose language ours is, is kept out of sight rather than compared:
//! - a range includes a sample at its very start: so no sample lies where a range or a lookback begins, nor does a step
//!   of a subquery;
//! - a quantile or share of a native histogram interpolates linearly within a bucket: not asked for;
//! - the rate of a counter is extrapolated a little further where it would be zero within the range, and that of a native
//!   histogram beyond: counters are far from zero, even after a reset;
//! - a function of floats takes a histogram for zero, rather than leave it out: histograms are only added, and asked for
//!   their rate, count and sum;
//! - in a range query `predict_linear(x[5m] @ 0, 1)` loses samples from its window step by step: not asked for;
//! - `atan2` keeps the name of the metric: not asked for;
//! - the deviation of a single NaN is zero rather than NaN: asked for of what holds none;
//! - there are no custom buckets, no functions younger than 2.42 (`histogram_avg`, `mad_over_time`, `info`, `sort_by_label`,
//!   `limitk`, `double_exponential_smoothing`), no annotations, and no names in UTF-8: not asked for.

mod queries;
mod series;

use std::collections::BTreeMap;
use std::time::Duration;

use bellwether_promql::{Engine, MemoryStorage, SampleValue, Value};
use bellwether_tests::prometheus::{Asks, Prometheus};
use bellwether_tests::real;
use serde_json::Value as Json;

/// When the series begin, in milliseconds since 1970.
const START: i64 = 1_700_000_000_000;
/// Off the multiples of a second at which queries, ranges and subqueries begin and end.
const JITTER: i64 = 137;
const QUERIES: usize = 400;

/// Labels as text, and values by time in seconds; a histogram is its count, its sum and its buckets.
type Answer = BTreeMap<String, Vec<(f64, Vec<f64>)>>;

#[tokio::test]
async fn answers_as_prometheus_does() {
    if !real() {
        return;
    }
    let prometheus = Prometheus::start(Asks::Protobuf, &[]).await;
    let mut storage = MemoryStorage::new();
    let mut random = fastrand::Rng::with_seed(2042);
    prometheus.write(&series::all(&mut random, &mut storage)).await;
    let engine = Engine::default();
    let mut filled = 0;
    let mut different = Vec::new();
    for _ in 0..QUERIES {
        let query = queries::query(&mut random);
        let (start, end) = (START + 607_000, START + 2_407_000);
        let text = |ms: i64| format!("{}", ms as f64 / 1000.0);
        let instant = prometheus.ask("/api/v1/query", &[("query", &query), ("time", &text(end))]).await;
        let ours = engine.instant(&storage, &query, end).map(|answer| answer.value);
        filled += usize::from(compare(&query, &ours, instant, &mut different));
        let times = [("query", query.as_str()), ("start", &text(start)), ("end", &text(end)), ("step", "120")];
        let range = prometheus.ask("/api/v1/query_range", &times).await;
        let ours = engine.range(&storage, &query, start, end, Duration::from_secs(120)).map(|answer| answer.value);
        filled += usize::from(compare(&format!("range of {query}"), &ours, range, &mut different));
    }
    assert!(different.is_empty(), "{} of {}:\n{}", different.len(), 2 * QUERIES, different.join("\n"));
    assert!(filled > QUERIES, "only {filled} of {} answers have anything in them", 2 * QUERIES);
}

/// Notes a difference; says whether there was anything to compare.
fn compare(
    query: &str,
    ours: &Result<Value, bellwether_promql::Error>,
    theirs: Result<Json, String>,
    different: &mut Vec<String>,
) -> bool {
    match (ours, theirs) {
        (Err(_), Err(_)) => false,
        (Ok(ours), Ok(theirs)) => {
            let (ours, theirs) = (our_answer(ours), their_answer(&theirs));
            if !same(&ours, &theirs) {
                different.push(format!("{query}\n  ours   {ours:?}\n  theirs {theirs:?}"));
            }
            !theirs.is_empty()
        }
        (ours, theirs) => {
            different.push(format!("{query}\n  ours   {ours:?}\n  theirs {theirs:?}"));
            false
        }
    }
}

fn same(ours: &Answer, theirs: &Answer) -> bool {
    let near =
        |a: f64, b: f64| a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-6 * (a.abs() + b.abs()) + 1e-12;
    ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|((labels, ours), (same_labels, theirs))| {
            labels == same_labels
                && ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|((at, a), (same_at, b))| {
                    at == same_at && a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(*a, *b))
                })
        })
}

fn our_answer(value: &Value) -> Answer {
    let sample = |sample: &bellwether_promql::Sample| {
        let numbers = match &sample.value {
            SampleValue::Float(x) => vec![*x],
            SampleValue::Histogram(h) => {
                let buckets = h.positive_buckets().map(|(_, count)| count);
                let filled = std::iter::once(h.zero_count()).chain(buckets).filter(|count| *count != 0.0);
                [h.count(), h.sum()].into_iter().chain(filled).collect()
            }
        };
        (sample.timestamp_ms as f64 / 1000.0, numbers)
    };
    let labels = |labels: &bellwether_promql::Labels| format!("{:?}", labels.iter().collect::<BTreeMap<_, _>>());
    match value {
        Value::Scalar { timestamp_ms, value } => {
            [(String::new(), vec![(*timestamp_ms as f64 / 1000.0, vec![*value])])].into()
        }
        Value::String { .. } => Answer::new(),
        Value::Vector(elements) => elements.iter().map(|e| (labels(&e.labels), vec![sample(&e.sample)])).collect(),
        Value::Matrix(series) => {
            series.iter().map(|s| (labels(&s.labels), s.samples.iter().map(sample).collect())).collect()
        }
    }
}

fn their_answer(data: &Json) -> Answer {
    let number = |json: &Json| -> f64 {
        let text = json.as_str().unwrap_or_default();
        text.trim_start_matches('+').parse().unwrap_or_else(|_| panic!("{json} is no number"))
    };
    let time = |json: &Json| json.as_f64().expect("a time");
    let float = |pair: &Json| (time(&pair[0]), vec![number(&pair[1])]);
    let histogram = |pair: &Json| {
        let h = &pair[1];
        let buckets = h["buckets"].as_array().into_iter().flatten().map(|bucket| number(&bucket[3]));
        (time(&pair[0]), [number(&h["count"]), number(&h["sum"])].into_iter().chain(buckets).collect::<Vec<f64>>())
    };
    if data["resultType"] == "scalar" {
        return [(String::new(), vec![float(&data["result"])])].into();
    }
    let rows = data["result"].as_array().into_iter().flatten();
    rows.map(|row| {
        let pairs: BTreeMap<&str, &str> = row["metric"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
            .collect();
        let mut samples: Vec<(f64, Vec<f64>)> = Vec::new();
        samples.extend(row.get("value").into_iter().map(float));
        samples.extend(row.get("histogram").into_iter().map(histogram));
        samples.extend(row["values"].as_array().into_iter().flatten().map(float));
        samples.extend(row["histograms"].as_array().into_iter().flatten().map(histogram));
        samples.sort_by(|a, b| a.0.total_cmp(&b.0));
        (format!("{pairs:?}"), samples)
    })
    .collect()
}
