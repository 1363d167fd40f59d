//! An application's runtime that stands still, seen on the front door's own port while it does.

use std::time::Duration;

use bellwether::Bellwether;

use super::{get, nothing};

/// The value of a series without labels on the page.
fn shown(page: &str, name: &str) -> Option<f64> {
    page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[test]
fn a_blocked_runtime_is_seen_from_outside() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let tick = Duration::from_millis(100);
    let bw = runtime.block_on(async { Bellwether::builder("test").environment(nothing).tick(tick).start().unwrap() });
    let address = bw.serve("127.0.0.1:0").unwrap();
    // Nobody drives the runtime now: whatever was spawned on it waits. Each look is at the running clock of the process.
    let stalled = loop {
        match shown(&get(address, "/metrics", ""), "bellwether_runtime_stalled_seconds") {
            Some(stalled) if stalled > 0.2 => break stalled,
            _ => std::thread::yield_now(),
        }
    };
    // It runs again, and its probe has waited at least as long as was seen.
    let delay = runtime.block_on(async {
        loop {
            tokio::task::yield_now().await;
            let metric = bw.registry().metric("bellwether.runtime.scheduling_delay").unwrap();
            let series = metric.series().next().map(|series| series.handle().clone());
            if let Some(bellwether::core::Handle::Histogram(delay)) = series {
                break delay.snapshot().max.unwrap();
            }
        }
    });
    assert!(delay >= stalled, "{delay} {stalled}");
}

#[test]
fn without_a_runtime_there_is_nothing_to_watch() {
    let bw = Bellwether::builder("test").environment(nothing).start().unwrap();
    assert!(bw.registry().metric("bellwether.runtime.stalled").is_none());
}
