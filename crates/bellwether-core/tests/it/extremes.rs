//! NaN, infinities, subnormals, zeros and huge values: what they leave behind in each instrument.

use bellwether_core::{Gauge, Handle, HistogramSnapshot, Registry};

/// Records into a histogram; what it held, and how much it dropped.
fn record(values: &[f64]) -> (HistogramSnapshot, u64) {
    let registry = Registry::new();
    let histogram = registry.histogram("values").bounds([0.0]).build().unwrap();
    values.iter().for_each(|value| histogram.record(*value));
    (histogram.snapshot(), registry.metric("values").unwrap().dropped())
}

fn check(values: &[f64], (count, zero, dropped): (u64, u64, u64), sum: f64, extremes: Option<(f64, f64)>) {
    let (snapshot, lost) = record(values);
    assert_eq!((snapshot.count(), snapshot.zero, lost), (count, zero, dropped), "{values:?}");
    assert_eq!(snapshot.sum, sum, "{values:?}");
    assert_eq!(snapshot.min.zip(snapshot.max), extremes, "{values:?}");
}

#[test]
fn what_is_not_a_number_is_dropped_and_counted() {
    check(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -f64::NAN], (0, 0, 4), 0.0, None);
    check(&[1.0, f64::NAN, 2.0], (2, 0, 1), 3.0, Some((1.0, 2.0)));
}

#[test]
fn the_zero_bucket_holds_what_is_not_normal() {
    let least = f64::from_bits(1);
    check(&[0.0, -0.0], (2, 2, 0), 0.0, Some((0.0, 0.0)));
    check(&[least, -least], (2, 2, 0), 0.0, Some((-least, least)));
    check(&[f64::MIN_POSITIVE], (1, 1, 0), f64::MIN_POSITIVE, Some((f64::MIN_POSITIVE, f64::MIN_POSITIVE)));
    let more = f64::MIN_POSITIVE.next_up();
    check(&[more, -more], (2, 0, 0), 0.0, Some((-more, more)));
}

#[test]
fn a_sum_beyond_f64_stays_at_its_end() {
    check(&[f64::MAX, f64::MAX], (2, 0, 0), f64::MAX, Some((f64::MAX, f64::MAX)));
    check(&[f64::MAX, f64::MAX, f64::MIN, f64::MIN], (4, 0, 0), f64::MAX, Some((f64::MIN, f64::MAX)));
    check(&[f64::MIN, f64::MIN, 1.0], (3, 0, 0), f64::MIN, Some((f64::MIN, 1.0)));
    check(&[f64::MAX, f64::MIN], (2, 0, 0), 0.0, Some((f64::MIN, f64::MAX)));
}

#[test]
fn sums_of_several_threads_meet_without_nan() {
    let histogram = Registry::new().histogram("values").build().unwrap();
    for value in [f64::MAX, f64::MIN, f64::MAX] {
        let histogram = histogram.clone();
        std::thread::scope(|scope| {
            // Two threads at a time, so that neither inherits the other's lane.
            let other = scope.spawn(|| (0..2).for_each(|_| histogram.record(value)));
            (0..2).for_each(|_| histogram.record(value));
            other.join().unwrap();
        });
    }
    let mut snapshot = histogram.snapshot();
    assert!(snapshot.sum.is_finite());
    snapshot.merge(&snapshot.clone());
    assert!(snapshot.sum.is_finite() && snapshot.mean().unwrap().is_finite());
    let other = record(&[f64::MIN, f64::MIN]).0;
    assert!(snapshot.since(&other).sum.is_finite());
}

#[test]
fn a_gauge_always_holds_a_number() {
    let gauge = Registry::new().gauge("level").build().unwrap();
    let check = |change: fn(&Gauge), level: f64| {
        change(&gauge);
        assert_eq!(gauge.value(), level);
    };
    check(|gauge| gauge.set(2.5), 2.5);
    check(|gauge| gauge.set(f64::NAN), 2.5);
    check(|gauge| gauge.set(f64::INFINITY), 2.5);
    check(|gauge| gauge.add(f64::NEG_INFINITY), 2.5);
    check(|gauge| gauge.sub(f64::NAN), 2.5);
    check(|gauge| gauge.set(f64::MAX), f64::MAX);
    check(|gauge| gauge.add(f64::MAX), f64::MAX);
    check(|gauge| gauge.sub(f64::MAX), 0.0);
    check(|gauge| gauge.set(f64::MIN), f64::MIN);
    check(|gauge| gauge.sub(f64::MAX), f64::MIN);
}

#[test]
fn a_counter_wraps_and_ignores_lower_totals() {
    let counter = Registry::new().counter("events").build().unwrap();
    counter.raise_to(10);
    counter.raise_to(7);
    counter.add(1);
    assert_eq!(counter.value(), 11);
    counter.add(u64::MAX);
    assert_eq!(counter.value(), 10);
}

#[test]
fn noops_record_nothing() {
    use bellwether_core::{Counter, Histogram};
    let (counter, gauge, histogram) = (Counter::noop(), Gauge::noop(), Histogram::noop());
    counter.inc();
    counter.raise_to(5);
    gauge.set(5.0);
    drop(gauge.in_flight());
    histogram.record(5.0);
    assert_eq!((counter.value(), gauge.value(), histogram.snapshot().count()), (0, 0.0, 0));
    assert!(histogram.exemplars().is_empty());
}

#[test]
fn in_flight_ends_when_dropped_also_by_a_panic() {
    let registry = Registry::new();
    let gauge = registry.gauge("in_flight").build().unwrap();
    let panicked = std::panic::catch_unwind({
        let gauge = gauge.clone();
        move || {
            let _work = gauge.in_flight();
            assert_eq!(gauge.value(), 1.0);
            std::panic::resume_unwind(Box::new(())); // without the hook's message
        }
    });
    assert!(panicked.is_err());
    assert_eq!(gauge.value(), 0.0);
    let metric = registry.metric("in_flight").unwrap();
    assert!(matches!(metric.series().next().unwrap().handle(), Handle::Gauge(_)));
}
