//! The clock: the system's goes forward, a manual one only when told.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bellwether_core::{Clock, Instant, Registry, Timestamp};

#[test]
fn the_systems_never_goes_back() {
    let clock = Clock::system();
    let mut before = clock.now();
    for _ in 0..10_000 {
        let now = clock.now();
        assert!(now >= before);
        before = now;
    }
    clock.advance(Duration::from_secs(3600));
    assert!(clock.now().since(before) < Duration::from_secs(1800), "nobody moves it");
    assert!(clock.timestamp() > Timestamp::from_unix_seconds(1_700_000_000));
}

#[test]
fn a_manual_one_is_shared_by_its_clones() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(100));
    let other = clock.clone();
    let start = clock.now();
    other.advance(Duration::from_millis(1500));
    assert_eq!(clock.now().since(start), Duration::from_millis(1500));
    assert_eq!(clock.timestamp().unix_seconds(), 101.5);
    other.jump(Timestamp::from_unix_seconds(50));
    assert_eq!(
        (clock.timestamp().unix_nanos(), clock.now().since(start)),
        (50_000_000_000, Duration::from_millis(1500))
    );
}

#[test]
fn differences_saturate() {
    let [early, late] = [5, 8].map(Instant::from_nanos);
    assert_eq!((late.since(early), early.since(late)), (Duration::from_nanos(3), Duration::ZERO));
    assert_eq!(late.after(Duration::MAX).as_nanos(), u64::MAX);
    let [early, late] = [5, 8].map(Timestamp::from_unix_nanos);
    assert_eq!((late.since(early), early.since(late)), (Duration::from_nanos(3), Duration::ZERO));
    assert_eq!(late.before(Duration::from_secs(1)), Timestamp::default());
    assert_eq!(late.after(Duration::MAX).unix_nanos(), u64::MAX);
    assert_eq!(Timestamp::from_unix_seconds(u64::MAX).unix_nanos(), u64::MAX);
}

#[test]
fn wall_time_and_back() {
    let at = UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
    assert_eq!((Timestamp::from(at).unix_millis(), SystemTime::from(Timestamp::from(at))), (1_700_000_000_123, at));
    assert_eq!(Timestamp::from(UNIX_EPOCH - Duration::from_secs(1)), Timestamp::default());
}

#[test]
fn series_and_exemplars_bear_its_time() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(100));
    let registry = Registry::on(clock.clone());
    clock.advance(Duration::from_secs(1));
    let histogram = registry.histogram("values").build().unwrap();
    clock.advance(Duration::from_secs(1));
    let trace = bellwether_core::TraceContext::root(true);
    histogram.record_in_trace(1.0, trace.trace_id(), trace.span_id());
    let metric = registry.metric("values").unwrap();
    let created = metric.series().next().unwrap().created();
    let times = [registry.started(), created, histogram.exemplars()[0].at].map(Timestamp::unix_seconds);
    assert_eq!(times, [100.0, 101.0, 102.0]);
}
