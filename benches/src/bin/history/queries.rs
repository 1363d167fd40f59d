//! The same queries on history and on plain vectors of the same samples, in turns.

use std::time::Duration;

use bellwether_core::{Clock, Registry, Timestamp};
use bellwether_history::{History, Options, View};
use bellwether_promql::{Engine, MatchOp, Matcher, MemoryStorage, Selection, Storage, Value};
use fastrand::Rng;

use crate::cpu;

const ROUNDS: usize = 41;
/// An hour of a sample every 15 s, as the PromQL benches have it.
const SAMPLES: usize = 240;
const SCRAPE: Duration = Duration::from_secs(15);
const SERIES: usize = 1_000;
const BUCKETS: i32 = 20;

const QUERIES: [(&str, usize); 7] = [
    ("sum by (route) (rate(requests_total[5m]))", 1),
    ("sum by (route) (rate(requests_total[5m]))", 250),
    ("max_over_time(queue_depth[10m])", 1),
    ("queue_depth > 10", 1),
    ("histogram_quantile(0.99, sum(rate(h[5m])))", 1),
    ("histogram_quantile(0.99, sum(rate(h[5m])))", 250),
    (r#"rate(requests_total{instance="i-7"}[5m])"#, 1),
];

/// Of each query: the first time, by a history that was never asked before; and asked again and again, in turns with plain
/// vectors.
pub(crate) fn table() {
    println!(
        "\n| ms of CPU, least / median of {ROUNDS} in turns | the first time | history | plain vectors | ratio of the least | of the medians |"
    );
    println!("|---|---|---|---|---|---|");
    for (query, steps) in QUERIES {
        let view = load();
        let plain = plain(&load());
        let engine = Engine::default();
        let end = view.until().expect("it has ticked");
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let first = ask(&engine, &view, query, steps, end);
        for round in 0..=ROUNDS {
            // Each goes first half of the time.
            for turn in [round % 2, 1 - round % 2] {
                let took = if turn == 0 {
                    ask(&engine, &view, query, steps, end)
                } else {
                    ask(&engine, &plain, query, steps, end)
                };
                if round > 0 {
                    if turn == 0 { &mut ours } else { &mut theirs }.push(took);
                }
            }
        }
        ours.sort();
        theirs.sort();
        let ms = |took: Duration| took.as_secs_f64() * 1e3;
        let ratio = |at: usize| ms(ours[at]) / ms(theirs[at]);
        let both = |all: &[Duration]| format!("{:.3} / {:.3}", ms(all[0]), ms(all[ROUNDS / 2]));
        println!(
            "| `{query}`, {steps} | {:.3} | {} | {} | {:.2} | {:.2} |",
            ms(first),
            both(&ours),
            both(&theirs),
            ratio(0),
            ratio(ROUNDS / 2)
        );
    }
}

fn ask(engine: &Engine, storage: &dyn Storage, query: &str, steps: usize, end: i64) -> Duration {
    let start = cpu();
    let step = Duration::from_secs(12);
    let answer = match steps {
        1 => engine.instant(storage, query, end),
        _ => engine.range(storage, query, end - 12_000 * (steps as i64 - 1), end, step),
    };
    let answer = answer.unwrap_or_else(|error| panic!("{query}: {error}"));
    let found = match &answer.value {
        Value::Vector(elements) => elements.len(),
        Value::Matrix(series) => series.len(),
        _ => 0,
    };
    let took = cpu() - start;
    assert!(found > 0, "nothing in the answer to {query}");
    took
}

/// Random series that were recorded and remembered.
fn load() -> View {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let registry = Registry::on(clock.clone());
    let history = History::in_memory(Options::new());
    let counters = registry.counter("requests").labels(["route", "instance"]).family().expect("a legal metric");
    let gauges = registry.gauge("queue.depth").labels(["instance"]).family().expect("a legal metric");
    let histograms = registry.histogram("h").labels(["instance"]).family().expect("a legal metric");
    let mut random = Rng::with_seed(1);
    let all: Vec<_> = (0..SERIES)
        .map(|number| {
            let instance = format!("i-{number}");
            let counter = counters.get([&format!("/route/{}", number % 20), &instance]).clone();
            (counter, gauges.get([&instance]).clone(), histograms.get([&instance]).clone())
        })
        .collect();
    for _ in 0..SAMPLES {
        for (counter, gauge, histogram) in &all {
            counter.add(random.u64(0..100));
            gauge.set((random.f64() * 1e6).floor());
            for bucket in 0..BUCKETS {
                // The middle of a bucket, and some of its neighbors.
                (0..random.u32(0..4)).for_each(|_| histogram.record((f64::from(bucket) / 32.0 + 0.01).exp2()));
            }
        }
        history.tick(&registry, clock.timestamp(), clock.now());
        clock.advance(SCRAPE);
    }
    history.view()
}

/// The same samples as plain vectors.
fn plain(view: &View) -> MemoryStorage {
    let mut storage = MemoryStorage::new();
    for name in ["requests_total", "queue_depth", "h"] {
        let matchers = [Matcher::new("__name__", MatchOp::Equal, name).expect("no regex")];
        let selected = view.select(&Selection::new(&matchers, i64::MIN / 2, i64::MAX / 2)).expect("it is in memory");
        for series in selected {
            let series = series.expect("it is in memory");
            series.samples.iter().for_each(|sample| storage.push(&series.labels, sample.clone()));
        }
    }
    storage
}
