//! CPU time of threads, by names that somebody else gives.

use std::time::Duration;

use bellwether_core::{Handle, Registry};

use super::{MAX_NAMES, Own};

#[test]
fn names_are_bounded_and_no_time_is_lost() {
    let registry = Registry::new();
    let mut own = Own::new(&registry).unwrap();
    for id in 0..100 {
        own.count(id, format!("bellwether-{id}"), Duration::from_millis(10));
        own.count(id, format!("bellwether-{id}"), Duration::from_millis(20));
    }
    let cpu = registry.metric("bellwether.cpu.time").unwrap();
    assert_eq!((cpu.len(), cpu.overflowed(), own.totals.len()), (MAX_NAMES + 1, 0, MAX_NAMES + 1));
    let used = |handle: &Handle| match handle {
        Handle::Counter(counter) => counter.value(),
        other => panic!("{other:?}"),
    };
    assert_eq!(cpu.series().map(|series| used(series.handle())).sum::<u64>(), 100 * 20_000_000);
}
