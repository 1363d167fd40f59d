//! Threads lose nothing: totals are exact after any number of writers, and readers meanwhile never see one go back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use bellwether_core::histogram::grid::{lower_bound, upper_bound};
use bellwether_core::{Counter, Gauge, Histogram, Registry};

const TIMES: u64 = 20_000;

/// Lets so many threads do the same, started together.
fn on(threads: usize, work: impl Fn(usize) + Sync) {
    let start = std::sync::Barrier::new(threads);
    thread::scope(|scope| {
        for number in 0..threads {
            let (start, work) = (&start, &work);
            scope.spawn(move || {
                start.wait();
                work(number);
            });
        }
    });
}

fn counter() -> Counter {
    Registry::new().counter("events").build().unwrap()
}

fn histogram() -> Histogram {
    Registry::new().histogram("values").bounds([2.0, 5.0]).build().unwrap()
}

#[test]
fn counters_add_up() {
    for threads in 2..=8 {
        let counter = counter();
        on(threads, |number| (0..TIMES).for_each(|_| counter.add(number as u64 + 1)));
        let each: u64 = (1..=threads as u64).sum();
        assert_eq!(counter.value(), TIMES * each, "{threads} threads");
    }
}

#[test]
fn histograms_add_up() {
    for threads in 2..=8 {
        let histogram = histogram();
        // Whole numbers of few bits: their sum is exact in any order.
        on(threads, |number| (0..TIMES).for_each(|i| histogram.record(((i + number as u64) % 10) as f64)));
        let seen = histogram.snapshot();
        let each = TIMES * threads as u64 / 10;
        assert_eq!((seen.count(), seen.sum), (10 * each, (45 * each) as f64), "{threads} threads");
        assert_eq!(seen.bounds, [(2.0, 3 * each), (5.0, 6 * each)], "{threads} threads");
        assert_eq!((seen.zero, seen.min, seen.max), (each, Some(0.0), Some(9.0)), "{threads} threads");
    }
}

#[test]
fn gauges_come_back_to_where_they_were() {
    for threads in 2..=8 {
        let gauge: Gauge = Registry::new().gauge("level").build().unwrap();
        on(threads, |number| {
            for _ in 0..TIMES {
                gauge.add(number as f64);
                let _one = gauge.in_flight();
                gauge.sub(number as f64);
            }
        });
        assert_eq!(gauge.value(), 0.0, "{threads} threads");
    }
}

#[test]
fn what_begins_here_may_end_elsewhere() {
    let gauge: Gauge = Registry::new().gauge("in_flight").build().unwrap();
    let (pass, passed) = std::sync::mpsc::sync_channel(2);
    thread::scope(|scope| {
        let begins = gauge.clone();
        scope.spawn(move || (0..TIMES).for_each(|_| pass.send(begins.in_flight()).unwrap()));
        let reader = scope.spawn(|| (0..TIMES).all(|_| gauge.value() >= 0.0));
        passed.into_iter().for_each(drop);
        assert!(reader.join().unwrap(), "what ends elsewhere is never seen without its beginning");
    });
    assert_eq!(gauge.value(), 0.0);
    gauge.set(2.5);
    let one = gauge.in_flight();
    assert_eq!(gauge.value(), 3.5, "a level and what is under way beside it");
    gauge.set(7.0);
    drop(one);
    assert_eq!(gauge.value(), 7.0);
}

#[test]
fn threads_that_die_and_are_replaced_lose_nothing() {
    let (counter, histogram) = (counter(), histogram());
    for _ in 0..200 {
        // New threads often live where dead ones did, and then own their lanes.
        on(3, |_| {
            for _ in 0..100 {
                counter.inc();
                histogram.record(3.0);
            }
        });
    }
    let seen = histogram.snapshot();
    assert_eq!(counter.value(), 200 * 3 * 100);
    assert_eq!((seen.count(), seen.sum), (200 * 3 * 100, 3.0 * 200.0 * 3.0 * 100.0));
}

#[test]
fn more_threads_than_lanes() {
    let counter = counter();
    // All alive at once, so that no lane is inherited.
    on(150, |_| (0..200).for_each(|_| counter.inc()));
    assert_eq!(counter.value(), 150 * 200);
}

#[test]
fn what_is_read_meanwhile_never_goes_back() {
    let (counter, histogram) = (counter(), histogram());
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            let (mut count, mut before) = (0, histogram.snapshot());
            while !done.load(Ordering::Relaxed) || reads == 0 {
                let now = counter.value();
                assert!(now >= count, "{now} after {count}");
                count = now;
                let now = histogram.snapshot();
                assert!(now.count() >= before.count() && now.sum >= before.sum);
                assert!(now.bounds.iter().zip(&before.bounds).all(|(now, before)| now.1 >= before.1));
                let window = now.since(&before);
                assert_eq!(window.count(), now.count() - before.count(), "no reset seen");
                before = now;
                reads += 1;
            }
        });
        on(3, |_| {
            for i in 0..TIMES {
                counter.inc();
                histogram.record((i % 10) as f64);
            }
        });
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
    assert_eq!((counter.value(), histogram.snapshot().count()), (3 * TIMES, 3 * TIMES));
}

#[test]
fn what_is_counted_the_extremes_know() {
    let histogram = histogram();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = 0;
            while !done.load(Ordering::Relaxed) || seen == 0 {
                let now = histogram.snapshot();
                if let (Some((least, _)), Some((greatest, _))) = (now.positive.first(), now.positive.last()) {
                    assert!(now.min.unwrap() <= upper_bound(*least), "{now:?}");
                    assert!(now.max.unwrap() >= lower_bound(*greatest), "{now:?}");
                    seen += 1;
                }
            }
        });
        // Each value is the least or the greatest so far.
        on(2, |_| (0..2000).for_each(|i| histogram.record(1.01_f64.powi(if i % 2 == 0 { i } else { -i }))));
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
}

#[test]
fn whoever_opens_a_series_first_everybody_gets_the_same() {
    const SERIES: usize = 700;
    let registry = Registry::new();
    let family = registry.counter("requests").labels(["path"]).family().unwrap();
    let paths: Vec<String> = (0..SERIES).map(|number| format!("/{number}")).collect();
    on(4, |number| {
        for i in 0..SERIES {
            // Two upwards, two downwards, so that they meet at the same new series and at old ones while the table grows.
            let at = if number % 2 == 0 { i } else { SERIES - 1 - i };
            family.get([&paths[at]]).inc();
        }
    });
    let metric = registry.metric("requests").unwrap();
    let mut seen: Vec<&str> = metric.series().filter_map(|series| series.label("path")).collect();
    seen.sort_unstable();
    let mut expected: Vec<&str> = paths.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(seen, expected, "each label set is one series");
    assert!(
        paths.iter().all(|path| family.get([path]).value() == 4),
        "each handle counts into the series that is seen"
    );
    assert_eq!((metric.len(), metric.overflowed()), (SERIES, 0));
}
