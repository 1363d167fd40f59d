//! The same queries on history and on plain vectors of the same samples, in turns.

use std::time::Duration;

use bellwether_core::{Clock, Counter, Gauge, Histogram, Registry, Timestamp};
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

/// Of each query: the first time, by a history that was never asked before; then after every tick, in turns with plain
/// vectors; and last without a tick between.
pub(crate) fn table() {
    println!(
        "\n| ms of CPU, least / median of {ROUNDS} in turns | plain vectors | history, asked again | ratios | after another tick | ratios | the first time |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (query, steps) in QUERIES {
        let mut load = Load::new();
        let plain = plain(&Load::new().history.view());
        let engine = Engine::default();
        let end = load.end();
        let first = ask(&engine, &load.history.view(), query, steps, end);
        let [mut theirs, mut again, mut ticked] = [const { Vec::new() }; 3];
        for round in 0..=ROUNDS {
            // Each goes first half of the time.
            for turn in [round % 2, 1 - round % 2] {
                let (view, now) = (load.history.view(), load.end());
                if turn == 0 {
                    again.push(ask(&engine, &view, query, steps, now));
                } else {
                    theirs.push(ask(&engine, &plain, query, steps, end));
                }
            }
            load.tick();
            ticked.push(ask(&engine, &load.history.view(), query, steps, load.end()));
        }
        let ms = |took: Duration| took.as_secs_f64() * 1e3;
        for all in [&mut theirs, &mut again, &mut ticked] {
            all.remove(0);
            all.sort();
        }
        let both = |all: &[Duration]| format!("{:.3} / {:.3}", ms(all[0]), ms(all[ROUNDS / 2]));
        let ratios = |all: &[Duration]| {
            let ratio = |at: usize| ms(all[at]) / ms(theirs[at]);
            format!("{:.2} / {:.2}", ratio(0), ratio(ROUNDS / 2))
        };
        println!(
            "| `{query}`, {steps} | {} | {} | {} | {} | {} | {:.2} |",
            both(&theirs),
            both(&again),
            ratios(&again),
            both(&ticked),
            ratios(&ticked),
            ms(first)
        );
    }
}

/// One query of the list, so many times, for callgrind: it counts what [`measured`] does.
pub(crate) fn one(number: usize, plainly: bool, times: usize) {
    let load = Load::new();
    let (view, end) = (load.history.view(), load.end());
    let storage: Box<dyn Storage> = if plainly { Box::new(plain(&view)) } else { Box::new(view) };
    let (query, steps) = QUERIES[number];
    (0..times).for_each(|_| measured(&*storage, query, steps, end));
}

#[inline(never)]
fn measured(storage: &dyn Storage, query: &str, steps: usize, end: i64) {
    answer(&Engine::default(), storage, query, steps, end);
}

fn ask(engine: &Engine, storage: &dyn Storage, query: &str, steps: usize, end: i64) -> Duration {
    let start = cpu();
    answer(engine, storage, query, steps, end);
    cpu() - start
}

fn answer(engine: &Engine, storage: &dyn Storage, query: &str, steps: usize, end: i64) {
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
    assert!(found > 0, "nothing in the answer to {query}");
}

/// Random series that are recorded and remembered.
struct Load {
    clock: Clock,
    registry: Registry,
    history: History,
    series: Vec<(Counter, Gauge, Histogram)>,
    random: Rng,
}

impl Load {
    fn new() -> Self {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
        let registry = Registry::on(clock.clone());
        let counters = registry.counter("requests").labels(["route", "instance"]).family().expect("a legal metric");
        let gauges = registry.gauge("queue.depth").labels(["instance"]).family().expect("a legal metric");
        let histograms = registry.histogram("h").labels(["instance"]).family().expect("a legal metric");
        let one = |number: usize| {
            let instance = format!("i-{number}");
            let counter = counters.get([&format!("/route/{}", number % 20), &instance]).clone();
            (counter, gauges.get([&instance]).clone(), histograms.get([&instance]).clone())
        };
        let series = (0..SERIES).map(one).collect();
        let history = History::in_memory(Options::new());
        let mut load = Self { clock, registry, history, series, random: Rng::with_seed(1) };
        (0..SAMPLES).for_each(|_| load.tick());
        load
    }

    fn tick(&mut self) {
        let Self { clock, registry, history, series, random } = self;
        for (counter, gauge, histogram) in series {
            counter.add(random.u64(0..100));
            gauge.set((random.f64() * 1e6).floor());
            for bucket in 0..BUCKETS {
                // The middle of a bucket, and some of its neighbors.
                (0..random.u32(0..4)).for_each(|_| histogram.record((f64::from(bucket) / 32.0 + 0.01).exp2()));
            }
        }
        clock.advance(SCRAPE);
        history.tick(registry, clock.timestamp(), clock.now());
    }

    /// The time of the last tick.
    fn end(&self) -> i64 {
        self.history.view().until().expect("it has ticked")
    }
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
