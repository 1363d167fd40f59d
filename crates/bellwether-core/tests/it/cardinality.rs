//! Label values by a scanner: memory stays flat, what is beyond the budget is counted, and known values keep their series.

use std::fmt::Write;

use allocation_counter::measure;
use bellwether_core::{Counter, Family, Handle, Metric, Registry};

fn total(metric: &Metric) -> u64 {
    metric.series().map(|series| if let Handle::Counter(counter) = series.handle() { counter.value() } else { 0 }).sum()
}

#[test]
fn a_million_values_keep_memory_flat() {
    const BUDGET: usize = 1000;
    let registry = Registry::new();
    let routes = ["/v1/turns", "/v1/orders"];
    let builder = registry.counter("requests").labels(["route", "method"]);
    let family: Family<Counter, 2> = builder.max_series(BUDGET).reserve("route", routes).family().unwrap();
    let mut path = String::with_capacity(64);
    let mut scan = |numbers: std::ops::Range<u32>| {
        for number in numbers {
            path.clear();
            write!(path, "/{number}").unwrap();
            family.get([&path, "GET"]).inc();
        }
    };
    scan(0..BUDGET as u32 + 1);
    let seen = measure(|| scan(BUDGET as u32 + 1..1_000_000));
    assert_eq!(seen.count_total, 0, "the overflow path does not allocate: {seen:?}");

    let metric = family.metric();
    assert_eq!((metric.len(), metric.overflowed()), (BUDGET, 1_000_000 - BUDGET as u64));
    let overflow = metric.overflow().unwrap();
    assert_eq!((overflow.label.as_str(), overflow.sample.as_str(), overflow.distinct), ("route", "/1000", BUDGET));
    let last: Vec<_> = metric.series().last().unwrap().labels().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    assert_eq!(last, [("overflow".to_owned(), "true".to_owned())]);

    // Known routes get their series even now.
    for route in routes {
        family.get([route, "GET"]).inc();
        assert_eq!(family.get([route, "GET"]).value(), 1);
    }
    assert_eq!((metric.len(), total(metric)), (BUDGET + 2, 1_000_002), "and nothing is lost");
}

#[test]
fn a_known_value_does_not_open_the_door_to_others() {
    let registry = Registry::new();
    let builder = registry.counter("requests").labels(["method", "route"]).max_series(10);
    let family = builder.reserve("route", ["/known"]).family().unwrap();
    (0..100).for_each(|n| family.get([&format!("M{n}"), "/known"]).inc());
    assert_eq!((family.metric().len(), family.metric().overflowed()), (20, 80), "twice the budget at most");
    assert_eq!(total(family.metric()), 100);
}

#[test]
fn a_known_value_longer_than_any_label_is_known_all_the_same() {
    let registry = Registry::new();
    let long = "/x".repeat(300);
    let builder = registry.counter("requests").labels(["route"]).max_series(0);
    let family = builder.reserve("route", [long.as_str()]).family().unwrap();
    family.get([&long]).inc();
    assert_eq!(family.metric().overflowed(), 1, "twice nothing is nothing");
    let builder = registry.counter("more_requests").labels(["route"]).max_series(1);
    let family = builder.reserve("route", [long.as_str()]).family().unwrap();
    family.get(["/"]).inc();
    family.get([&long]).inc();
    assert_eq!((family.metric().len(), family.metric().overflowed()), (2, 0));
}

#[test]
fn the_label_to_blame_is_the_most_varied() {
    let registry = Registry::new();
    let family = registry.counter("requests").labels(["method", "customer", "status"]).max_series(50).family().unwrap();
    for n in 0..60 {
        family.get([["GET", "PUT"][n % 2], &format!("c{n}"), ["200", "404", "500"][n % 3]]).inc();
    }
    let overflow = family.metric().overflow().unwrap();
    assert_eq!((overflow.label.as_str(), overflow.sample.as_str(), overflow.distinct), ("customer", "c50", 50));
}

#[test]
fn what_is_labeled_as_the_overflow_is_the_overflow() {
    let registry = Registry::new();
    let family = registry.counter("requests").labels(["overflow", "path"]).max_series(2).family().unwrap();
    family.get(["true", ""]).inc();
    registry.counter("requests").series(&[("overflow", "true")]).unwrap().inc();
    assert_eq!((family.metric().len(), family.metric().overflowed(), total(family.metric())), (0, 2, 2));
    for path in ["/a", "/b", "/c"] {
        family.get(["", path]).inc();
    }
    family.get(["true", "/a"]).inc();
    family.get(["true", ""]).inc();
    let metric = family.metric();
    assert_eq!((metric.len(), metric.series().count(), total(metric)), (2, 3, 7));
}

#[test]
fn a_budget_of_nothing_counts_all_in_one() {
    let registry = Registry::new();
    let family = registry.counter("requests").labels(["path"]).max_series(0).family().unwrap();
    family.get(["/a"]).inc();
    family.get(["/b"]).inc();
    assert_eq!((family.metric().len(), family.metric().series().count(), total(family.metric())), (0, 1, 2));
}

/// A value of this character, so often, is cut to a label of this length.
fn check_cut(character: char, times: usize, length: usize) {
    let registry = Registry::new();
    let family = registry.counter("requests").labels(["path"]).family().unwrap();
    let long: String = std::iter::repeat_n(character, times).collect();
    family.get([&long]).inc();
    let metric = family.metric();
    let series = metric.series().next().unwrap();
    let label = series.label("path").unwrap();
    assert!(label.len() == length && long.starts_with(label), "{label:?} has {} bytes", label.len());
    family.get([label]).inc();
    assert_eq!((metric.len(), total(metric)), (1, 2), "cut or not, it is the same series");
}

#[test]
fn long_values_are_cut_between_characters() {
    check_cut('a', 256, 256);
    check_cut('a', 257, 256);
    check_cut('a', 1 << 20, 256);
    check_cut('ä', 128, 256);
    check_cut('ä', 129, 256);
    check_cut('€', 86, 255);
    check_cut('€', 1000, 255);
    check_cut('🦀', 1000, 256);
}

#[test]
fn any_value_is_kept_apart_from_any_other() {
    let registry = Registry::new();
    let family = registry.counter("requests").labels(["a", "b"]).family().unwrap();
    let pairs = [["", ""], ["ab", ""], ["a", "b"], ["", "ab"], ["\0", ""], ["", "\0"], ["b", "a"], ["\n\"\\", "é"]];
    for (n, pair) in pairs.iter().enumerate() {
        family.get(*pair).add(n as u64 + 1);
    }
    let metric = family.metric();
    let kept: Vec<[&str; 2]> = metric.series().map(|s| ["a", "b"].map(|name| s.label(name).unwrap())).collect();
    assert_eq!(kept, pairs);
    pairs.iter().enumerate().for_each(|(n, pair)| assert_eq!(family.get(*pair).value(), n as u64 + 1));
}
