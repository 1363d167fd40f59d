//! Runtimes that stand still, catch up, and end, on a clock that stands still by itself.

use std::time::Duration;

use bellwether_core::{Clock, Handle, HistogramSnapshot, Registry, Timestamp};
use tokio::runtime::{Builder, Runtime};

use super::{Lag, SchedulingDelay};

struct Watched {
    clock: Clock,
    registry: Registry,
    runtime: Option<Runtime>,
    watch: SchedulingDelay,
}

impl Watched {
    fn new() -> Self {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
        let registry = Registry::on(clock.clone());
        // It runs nothing but within `block_on`: blocked whenever it is not told to run.
        let runtime = Builder::new_current_thread().build().unwrap();
        let watch = SchedulingDelay::new(&registry, runtime.handle().clone(), Lag::default()).unwrap();
        Self { clock, registry, runtime: Some(runtime), watch }
    }

    fn run(&self) {
        self.runtime.as_ref().unwrap().block_on(tokio::task::yield_now());
    }

    fn stalled(&self) -> f64 {
        let metric = self.registry.metric("bellwether.runtime.stalled").unwrap();
        match metric.series().next().unwrap().handle() {
            Handle::Gauge(gauge) => gauge.value(),
            other => panic!("{other:?}"),
        }
    }

    fn delays(&self) -> Option<HistogramSnapshot> {
        let metric = self.registry.metric("bellwether.runtime.scheduling_delay").unwrap();
        match metric.series().next()?.handle() {
            Handle::Histogram(histogram) => Some(histogram.snapshot()),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_blocked_runtime_is_seen_while_it_is_blocked() {
    let watched = Watched::new();
    assert!(watched.watch.probe());
    assert_eq!((watched.stalled(), watched.delays()), (0.0, None));
    for seconds in 1..=30 {
        watched.clock.advance(Duration::from_secs(1));
        assert!(watched.watch.probe());
        assert_eq!(watched.stalled(), f64::from(seconds));
    }
    watched.run();
    // One probe, not thirty, and it waited for all of the thirty seconds.
    let delays = watched.delays().unwrap();
    assert_eq!((delays.count(), delays.sum), (1, 30.0));
    assert!(watched.watch.probe());
    assert_eq!(watched.stalled(), 0.0);
}

#[test]
fn a_runtime_that_runs_waits_little() {
    let watched = Watched::new();
    for _ in 0..10 {
        watched.watch.probe();
        watched.clock.advance(Duration::from_millis(2));
        watched.run();
        watched.clock.advance(Duration::from_secs(1));
    }
    let delays = watched.delays().unwrap();
    assert_eq!((delays.count(), delays.count_le(0.001), delays.count_le(0.005)), (10, Some(0), Some(10)));
    assert_eq!(watched.stalled(), 0.0);
}

#[test]
fn a_runtime_that_has_ended_is_not_stalled() {
    let mut watched = Watched::new();
    watched.watch.probe();
    drop(watched.runtime.take());
    watched.clock.advance(Duration::from_secs(60));
    assert!(!watched.watch.probe());
    assert_eq!(watched.stalled(), 0.0);
}
