//! What following objectives holds in memory: as much after a day as after a minute.

use std::time::Duration;

use allocation_counter::measure;
use bellwether_core::{Clock, Registry};
use bellwether_slo::{Judge, Moment, Slo};

use crate::log::{at, secs, target};

#[test]
fn flat() {
    let clock = Clock::manual(at(1_791_158_400));
    let registry = Registry::on(clock.clone());
    let family = registry.histogram("http.server.request.duration").unit("s").bounds([0.3]);
    let family = family.labels(["http.route", "outcome"]).family().unwrap();
    let slos = || {
        [
            Slo::availability("available", target(0.999)),
            Slo::latency("fast", Duration::from_millis(300), target(0.95)).route("/a"),
            Slo::uptime("up", target(0.99)),
        ]
    };
    let mut judge = None;
    let made = measure(|| judge = Some(Judge::new(slos()).unwrap()));
    let mut judge = judge.unwrap();
    assert!(made.bytes_current < 3 * 42 * 1024, "{} bytes for three", made.bytes_current);
    let mut run = |ticks: u32| {
        for tick in 0..ticks {
            family.get(["/a", "success"]).record(f64::from(tick % 7) * 0.1);
            family.get(["/b", "failure"]).record(0.1);
            clock.advance(secs(5));
            judge.tick(Moment::now(&clock), &registry);
        }
    };
    run(100);
    let day = measure(|| run(17_280));
    assert_eq!(day.bytes_current, 0);
    let tick = measure(|| run(1));
    assert!(tick.count_total < 100, "{} allocations at a tick", tick.count_total);
}
