//! Any text as a PromQL expression over a few series: an error or an answer, in order, within the limits; and printed, it
//! reads back.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use bellwether_promql::{
    CounterResetHint, Engine, Expression, Histogram, Labels, MemoryStorage, Options, STALE_NAN, Sample, Series, Value,
};
use libfuzzer_sys::fuzz_target;

static STORAGE: LazyLock<MemoryStorage> = LazyLock::new(storage);

fuzz_target!(|expression: &str| {
    if let Ok(read) = expression.parse::<Expression>() {
        let (line, pretty) = (read.to_string(), read.pretty());
        assert_eq!(line.parse::<Expression>().expect("what was printed").pretty(), pretty);
        assert_eq!(pretty.parse::<Expression>().expect("what was printed").to_string(), line);
    }
    let mut options = Options::default();
    options.limits.samples = 50_000;
    options.limits.steps = 100;
    // Metric names go early or late, and neither may break an answer.
    options.delayed_name_removal = expression.len() % 2 == 0;
    let engine = Engine::new(options);
    if let Ok(answer) = engine.instant(&*STORAGE, expression, 300_000) {
        match answer.value {
            Value::Vector(elements) => unique(elements.iter().map(|element| &element.labels)),
            Value::Matrix(series) => ordered(&series),
            Value::Scalar { .. } | Value::String { .. } => {}
        }
        for note in answer.warnings.iter().chain(&answer.infos) {
            assert!(note.starts_with("PromQL "), "{note}");
        }
    }
    if let Ok(answer) = engine.range(&*STORAGE, expression, 0, 600_000, Duration::from_secs(45)) {
        let Value::Matrix(series) = answer.value else { panic!("a range query is a matrix") };
        ordered(&series);
    }
});

fn unique<'a>(labels: impl Iterator<Item = &'a Labels>) {
    let mut labels: Vec<_> = labels.collect();
    labels.sort_unstable();
    assert!(labels.windows(2).all(|pair| pair[0] != pair[1]), "two elements with the same labels");
}

fn ordered(series: &[Series]) {
    assert!(series.windows(2).all(|pair| pair[0].labels < pair[1].labels), "series out of order");
    for series in series {
        let times: Vec<i64> = series.samples.iter().map(|sample| sample.timestamp_ms).collect();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "samples out of order: {times:?}");
    }
}

/// A gauge, a counter that is reset, a classic and native histograms of all kinds, with gaps, ends and what is no number.
fn storage() -> MemoryStorage {
    let mut storage = MemoryStorage::new();
    let odd = [1.0, f64::NAN, -3.5, f64::INFINITY, 0.0, f64::from_bits(STALE_NAN), f64::MAX, 5e-324, f64::NEG_INFINITY];
    for (host, shift) in [("a", 0), ("b", 4)] {
        let labels = |name: &str| Labels::new([("__name__", name), ("host", host)]);
        for at in 0..20_i32 {
            let time = i64::from(at) * 30_000;
            let float = |value| Sample::float(time, value);
            storage.push(&labels("g"), float(odd[(at + shift) as usize % odd.len()]));
            storage.push(&labels("c_total"), float(f64::from(at % (7 + shift)) * 3.0));
            for (le, share) in [("0.1", 1), ("1", 3), ("+Inf", 4)] {
                let labels = Labels::new([("__name__", "b"), ("host", host), ("le", le)]);
                storage.push(&labels, float(f64::from(at * share)));
            }
            let n = f64::from(at % 6);
            let wide = Histogram::exponential(at % 3 + shift - 2)
                .totals(n * 5.0, n)
                .zero(0.01 * f64::from(at % 2), n)
                .positive([(-2, n), (0, 2.0 * n), (5, n)])
                .negative([(1, n)]);
            storage.push(&labels("h"), Sample::histogram(time, wide));
            let bounds = if at % 9 == 8 { vec![0.5, 2.0] } else { vec![0.5, 1.0, 2.0] };
            let hint = if shift == 0 { CounterResetHint::Unknown } else { CounterResetHint::Gauge };
            let custom = Histogram::custom(bounds).totals(n * 3.0, n).positive([(0, n), (2, 2.0 * n)]).hint(hint);
            storage.push(&labels("n"), Sample::histogram(time, custom));
        }
    }
    storage.push(&Labels::new([("__name__", "info"), ("host", "a"), ("version", "1.2")]), Sample::float(0, 1.0));
    storage
}
