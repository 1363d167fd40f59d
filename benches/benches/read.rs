//! Reading a registry of 10,000 series, as every tick and every scrape does.
#![allow(missing_docs, reason = "criterion's macros define undocumented functions")]

use std::hint::black_box;

use bellwether_benches::sample::{BOUNDS, latencies};
use bellwether_core::{Handle, HistogramSnapshot, Registry};
use criterion::{Criterion, criterion_group, criterion_main};

const SERIES: usize = 10_000;

/// A registry with so many counters and as many histograms of 20 values each.
fn registry() -> Registry {
    let registry = Registry::new();
    registry.limit_series(SERIES);
    let counters = registry.counter("requests").labels(["route"]).family().expect("a legal metric");
    let histograms = registry.histogram("duration").bounds(BOUNDS).labels(["route"]).family().expect("a legal metric");
    let mut values = latencies().into_iter().cycle();
    for number in 0..SERIES {
        let route = format!("/v1/things/{number}");
        counters.get([&route]).inc();
        for value in values.by_ref().take(20) {
            histograms.get([&route]).record(value);
        }
    }
    registry
}

fn benches(criterion: &mut Criterion) {
    let registry = registry();
    let mut group = criterion.benchmark_group("read 10,000 series");
    group.sample_size(20);
    group.bench_function("counters", |bencher| {
        let metric = registry.metric("requests").expect("it was registered");
        bencher.iter(|| {
            let values = metric.series().map(|series| match series.handle() {
                Handle::Counter(counter) => counter.value(),
                _ => 0,
            });
            black_box(values.sum::<u64>())
        });
    });
    group.bench_function("histograms, into one snapshot", |bencher| {
        let metric = registry.metric("duration").expect("it was registered");
        let mut snapshot = HistogramSnapshot::default();
        bencher.iter(|| {
            for series in metric.series() {
                if let Handle::Histogram(histogram) = series.handle() {
                    histogram.read_into(&mut snapshot);
                    black_box(&snapshot);
                }
            }
        });
    });
    group.bench_function("histograms, a snapshot each, kept", |bencher| {
        let metric = registry.metric("duration").expect("it was registered");
        bencher.iter(|| {
            let snapshots = metric.series().filter_map(|series| match series.handle() {
                Handle::Histogram(histogram) => Some(histogram.snapshot()),
                _ => None,
            });
            black_box(snapshots.collect::<Vec<_>>())
        });
    });
    group.finish();
}

criterion_group!(read, benches);
criterion_main!(read);
