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

/// So little that not all is kept.
const SMALL: usize = 40_000;

/// A registry is ticked for a while.
#[derive(Debug, Clone)]
struct Phase {
    registry: usize,
    ticks: u64,
    ago: i64,
    query: usize,
    steps: i64,
}

fn phase() -> impl Strategy<Value = Phase> {
    let parts = (0..3_usize, 1..60_u64, -20_000..60_000_i64, 0..QUERIES.len(), 1..12_i64);
    parts.prop_map(|(registry, ticks, ago, query, steps)| Phase { registry, ticks, ago, query, steps })
}

/// Whoever has asked before is answered as somebody who never has, and who has to search all there is, since the series have
/// ended meanwhile: also where series end and begin, and are forgotten for want of memory.
fn check_phases(phases: &[Phase], max_memory: usize) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let registries: Vec<Registry> = (0..3).map(|_| Registry::on(clock.clone())).collect();
    let jobs: Vec<_> = registries.iter().map(|registry| registry.counter("jobs").build().unwrap()).collect();
    // The third knows nothing of it.
    let level: Vec<_> = registries[..2].iter().map(|registry| registry.gauge("level").build().unwrap()).collect();
    let wait: Vec<_> = registries.iter().map(|registry| registry.histogram("wait").build().unwrap()).collect();
    let all: Vec<History> =
        (0..=phases.len()).map(|_| History::in_memory(Options::new().max_memory(max_memory))).collect();
    let (asked, fresh) = all.split_first().unwrap();
    let mut count = 0_u64;
    for (number, (phase, fresh)) in phases.iter().zip(fresh).enumerate() {
        let mut last = 0;
        for _ in 0..phase.ticks {
            clock.advance(Duration::from_secs(5));
            count += 1;
            jobs[phase.registry].add(count % 7);
            wait[phase.registry].record((count % 1000) as f64 / 100.0);
            level.iter().for_each(|level| level.set((count % 11) as f64));
            for history in all.iter().take(1).chain(&all[1 + number..]) {
                last = history.tick(&registries[phase.registry], clock.timestamp(), clock.now()).at;
            }
        }
        let views = (asked.view(), fresh.view());
        // What was there a moment ago is not there any more: a view of it knows nothing of that.
        let later = Timestamp::from_unix_seconds(u64::try_from(last / 1000 + 5).unwrap());
        fresh.tick(&Registry::on(clock.clone()), later, clock.now().after(Duration::from_secs(5)));
        let (query, to) = (QUERIES[phase.query], last - phase.ago);
        let ask = |view: &View| {
            let answer = match phase.steps {
                1 => Engine::default().instant(view, query, to),
                _ if query.ends_with(']') => Engine::default().instant(view, query, to),
                steps => Engine::default().range(view, query, to - 7000 * steps, to, Duration::from_secs(7)),
            };
            format!("{:?}", answer.map(|answer| answer.value))
        };
        assert_eq!(ask(&views.0), ask(&views.1), "{query} in phase {number}");
        // Everything that might be remembered is.
        for query in QUERIES {
            let _ = Engine::default().instant(&views.0, query, to);
        }
    }
}

/// What is called by a name that something else had is another series, and the one before is told to its last sample.
#[test]
fn what_was_before_a_metric_was_declared_otherwise() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let [before, after] = [(); 2].map(|()| Registry::on(clock.clone()));
    let wait = before.histogram("wait").build().unwrap();
    after.gauge("wait").build().unwrap().set(7.0);
    let history = History::in_memory(Options::new());
    let tick = |registry: &Registry| {
        clock.advance(Duration::from_secs(5));
        wait.record(1.0);
        history.tick(registry, clock.timestamp(), clock.now()).at
    };
    let last = (0..30).fold(0, |_, _| tick(&before));
    let now = (0..5).fold(0, |_, _| tick(&after));
    let view = history.view();
    let ask = |query: &str, at: i64| format!("{:?}", Engine::default().instant(&view, query, at).unwrap().value);
    let counted = ask("histogram_count(wait)", last);
    assert!(counted.contains("Float(30.0)"), "{counted}");
    let is = ask("wait", now);
    assert!(is.contains("Float(7.0)"), "{is}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_those_of_plain_vectors(acts in prop::collection::vec(act(), 1..40)) {
        check(acts);
    }

    #[test]
    fn whoever_asked_before_is_told_the_same(phases in prop::collection::vec(phase(), 1..16), small: bool) {
        check_phases(&phases, if small { SMALL } else { 64 << 20 });
    }
}
