//! A request through each stack, by criterion. Each is a process of its own, since what they install is global; the CPU time
//! of its request thread is taken.
#![allow(missing_docs, reason = "criterion's macros define undocumented functions")]

use std::path::Path;
use std::time::Duration;

use bellwether_benches::layer::{self, Child, Collector};
use criterion::{Criterion, criterion_group, criterion_main};

fn benches(criterion: &mut Criterion) {
    let collector = Collector::start();
    let mut group = criterion.benchmark_group("layer");
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1)).sample_size(20);
    for stack in layer::stacks() {
        let mut child = Child::start(Path::new(env!("CARGO_BIN_EXE_layers")), stack, collector);
        group.bench_function(stack.name, |bencher| {
            bencher.iter_custom(|times| Duration::from_nanos((child.ask(times).thread_mean * times as f64) as u64));
        });
    }
    group.finish();
}

criterion_group!(layer, benches);
criterion_main!(layer);
