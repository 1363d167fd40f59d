//! Whoever asks, again and again while ticks go on, is answered as by plain vectors of the same samples.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use bellwether_core::histogram::grid;
use bellwether_core::{Clock, HistogramSnapshot, Registry, Timestamp};
use bellwether_history::{History, Options, View};
use bellwether_promql::{Engine, Histogram, Labels, MemoryStorage, STALE_NAN, Sample};
use proptest::prelude::*;

/// Some ticks, what happens before each of them, and when it is asked after the last.
#[derive(Debug, Clone)]
struct Act {
    ticks: u64,
    count: u64,
    level: f64,
    known: bool,
    values: Vec<f64>,
    /// So many milliseconds before the last tick, or after it.
    ago: i64,
    query: usize,
    steps: i64,
}

const QUERIES: [&str; 10] = [
    "jobs_total",
    "level",
    "wait",
    "level[30s]",
    "level offset 35s",
    "rate(jobs_total[1m])",
    "max_over_time(level[7m])",
    "increase(jobs_total[3m] offset 10s)",
    "histogram_quantile(0.9, rate(wait[1m]))",
    "sum(increase(wait[4m]))",
];

fn act() -> impl Strategy<Value = Act> {
    let level =
        prop_oneof![(-50..50_i32).prop_map(|level| f64::from(level) / 4.0), any::<f64>().prop_map(|level| level + 0.0)];
    let values = prop::collection::vec((1..2000).prop_map(|ms| f64::from(ms) / 1000.0), 0..4);
    let when = (1..30_u64, -20_000..60_000_i64, 0..QUERIES.len(), 1..12_i64);
    (0..100_u64, level, prop::bool::weighted(0.9), values, when).prop_map(
        |(count, level, known, values, (ticks, ago, query, steps))| Act {
            ticks,
            count,
            level,
            known,
            values,
            ago,
            query,
            steps,
        },
    )
}

fn native(snapshot: &HistogramSnapshot) -> Histogram {
    let positive = snapshot.positive.iter().map(|(index, count)| (index + 1, *count as f64));
    Histogram::exponential(grid::SCALE)
        .positive(positive)
        .zero(grid::ZERO_THRESHOLD, snapshot.zero as f64)
        .totals(snapshot.count() as f64, snapshot.sum)
}

fn check(acts: Vec<Act>) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let registry = Registry::on(clock.clone());
    let history = History::in_memory(Options::new());
    let mut plain = MemoryStorage::new();
    let jobs = registry.counter("jobs").build().unwrap();
    let level = registry.gauge("level").build().unwrap();
    let wait = registry.histogram("wait").build().unwrap();
    let (known, value) = (Arc::new(AtomicBool::new(true)), Arc::new(std::sync::Mutex::new(0.0)));
    let (is_known, what) = (known.clone(), value.clone());
    level.observe(move || is_known.load(Relaxed).then(|| *what.lock().unwrap()));
    let named = |name: &str| Labels::new([("__name__", name)]);
    let tick = |plain: &mut MemoryStorage| {
        clock.advance(Duration::from_secs(5));
        let at = history.tick(&registry, clock.timestamp(), clock.now()).at;
        plain.push(&named("jobs_total"), Sample::float(at, jobs.value() as f64));
        let known = known.load(Relaxed).then(|| *value.lock().unwrap());
        plain.push(&named("level"), Sample::float(at, known.unwrap_or(f64::from_bits(STALE_NAN))));
        plain.push(&named("wait"), Sample::histogram(at, native(&wait.snapshot())));
        at
    };
    // Nobody asks for the time when the series began.
    for _ in 0..150 {
        tick(&mut plain);
    }
    let mut held: Option<(View, i64)> = None;
    for (number, act) in acts.into_iter().enumerate() {
        let mut last = 0;
        known.store(act.known, Relaxed);
        *value.lock().unwrap() = act.level;
        for _ in 0..act.ticks {
            jobs.add(act.count);
            act.values.iter().for_each(|value| wait.record(*value));
            last = tick(&mut plain);
        }
        let (view, until) = match held.take() {
            // A view of some ticks ago.
            Some(held) if number % 3 == 0 => held,
            _ => (history.view(), last),
        };
        let to = until - act.ago.max(0);
        let ask = |storage: &dyn bellwether_promql::Storage, to: i64| {
            let (query, engine) = (QUERIES[act.query], Engine::default());
            let answer = match act.steps {
                1 => engine.instant(storage, query, to),
                _ if query.ends_with(']') => engine.instant(storage, query, to),
                _ => engine.range(storage, query, to - 7000 * act.steps, to, Duration::from_secs(7)),
            };
            answer.unwrap_or_else(|error| panic!("{query}: {error}")).value
        };
        let (ours, theirs) = (ask(&view, to), ask(&plain, to));
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{} at {} of {until}", QUERIES[act.query], act.ago);
        held = Some((view, until));
    }
    let bytes = history.status().memo_bytes;
    for _ in 0..400 {
        tick(&mut plain);
    }
    assert_eq!(history.status().memo_bytes, 0, "{bytes} before, and nobody has asked since");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_those_of_plain_vectors(acts in prop::collection::vec(act(), 1..40)) {
        check(acts);
    }
}
