//! A crash takes no more than what came after the last flush, whatever the counters' pace.

use std::time::Duration;

use bellwether_core::{Clock, Registry, Timestamp};
use bellwether_history::{History, Options};
use bellwether_promql::{MatchOp, Matcher};

const START: i64 = 1_700_000_040_000;

fn check(step: impl Fn(u64) -> u64) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.redb");
    let clock = Clock::manual(Timestamp::from_unix_nanos(START as u64 * 1_000_000));
    let registry = Registry::on(clock.clone());
    let history = History::open(&path, Options::new(), clock.timestamp());
    let jobs = registry.counter("jobs").build().unwrap();
    let mut counted = Vec::new();
    for tick in 0..12 * 97 {
        jobs.add(step(tick));
        counted.push(jobs.value());
        history.tick(&registry, clock.timestamp(), clock.now());
        if tick % 12 == 0 {
            history.flush(clock.timestamp()).unwrap();
        }
        clock.advance(Duration::from_secs(5));
    }
    drop(history); // without a word

    clock.advance(Duration::from_secs(600));
    let history = History::open(&path, Options::new().label("job", "other"), clock.timestamp());
    let name = Matcher::new("__name__", MatchOp::Equal, "jobs_total").unwrap();
    // The last minute was not over when it was flushed. The others are known before this run ticks, whatever its labels are.
    let (to, last) = (START + 95 * 60_000, counted[12 * 95]);
    let view = history.view();
    assert!(view.until().is_some_and(|until| until > to - 60_000), "{:?}", view.until());
    let found = view.increase(std::slice::from_ref(&name), START - 1, to).unwrap();
    assert_eq!(found.first().map(|increase| increase.count), Some(u128::from(last)));
    assert_eq!(view.unknown(START, to).unwrap(), [], "that time is accounted for");
    history.tick(&Registry::on(clock.clone()), clock.timestamp(), clock.now());
    let view = history.view();
    let found = view.increase(&[name], START - 1, to).unwrap();
    assert_eq!(found.first().map(|increase| increase.count), Some(u128::from(last)));
    let gaps = view.unknown(START, to).unwrap();
    assert_eq!(gaps, [], "that time is accounted for");
}

#[test]
fn at_an_even_pace() {
    check(|_| 5);
}

#[test]
fn at_rest() {
    check(|tick| u64::from(tick < 3));
}

#[test]
fn as_it_comes() {
    check(|tick| tick * tick % 7);
}
