//! Recording, and calls of dependencies, by criterion: every case on one thread, and on each of two.
#![allow(missing_docs, reason = "criterion's macros define undocumented functions")]

use std::sync::Arc;
use std::time::Duration;

use bellwether_benches::{Pinned, dependency, record};
use criterion::{Criterion, criterion_group, criterion_main};

fn benches(criterion: &mut Criterion) {
    let pinned = Pinned::new(2).expect("two CPUs");
    for threads in [1, 2] {
        for case in record::cases().into_iter().chain(dependency::cases()) {
            let run = Arc::new((case.make)());
            let mut group = criterion.benchmark_group(format!("{}, {threads} threads", case.group));
            group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1)).sample_size(20);
            group.bench_function(case.name, |bencher| bencher.iter_custom(|times| pinned.time(threads, &run, times)));
            group.finish();
        }
    }
}

criterion_group!(record, benches);
criterion_main!(record);
