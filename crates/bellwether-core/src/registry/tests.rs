//! The index with every hash the same, and with hashes that differ in one half only.

use std::sync::Arc;

use super::index::Index;
use super::series::{Handle, Series};
use crate::clock::Timestamp;
use crate::counter::Counter;
use crate::labels::{Names, Values};

fn series(names: &Arc<Names>, hash: u64, value: &str) -> Series {
    Series {
        hash,
        names: Arc::clone(names),
        values: Values::new([value].into_iter()),
        created: Timestamp::default(),
        handle: Handle::Counter(Counter::live()),
    }
}

/// Inserts so many series with these hashes; each is found, in order, and once.
fn check(count: usize, hash: impl Fn(usize) -> u64) {
    let names = Arc::new(Names::new(["n"]).unwrap());
    let index = Index::default();
    let find = |number: usize| index.find(hash(number), |series| series.is(&names, &[&number.to_string()]));
    for number in 0..count {
        assert!(find(number).is_none());
        let value = number.to_string();
        for _ in 0..2 {
            let made = index.find_or_insert(
                hash(number),
                |series| series.is(&names, &[&value]),
                |len| len == number,
                || series(&names, hash(number), &value),
            );
            assert_eq!(made.unwrap().label("n"), Some(value.as_str()));
        }
    }
    for number in 0..count {
        assert_eq!(find(number).unwrap().label("n"), Some(number.to_string().as_str()));
    }
    assert!(find(count).is_none());
    let all: Vec<_> = index.iter().map(|series| series.label("n").unwrap().parse::<usize>().unwrap()).collect();
    assert!(all.iter().copied().eq(0..count) && index.len() == count);
}

#[test]
fn hashes_that_collide() {
    check(300, |_| 0);
    check(300, |_| u64::MAX);
    check(300, |number| number as u64 % 3);
}

#[test]
fn hashes_that_share_a_half() {
    check(300, |number| (number as u64) << 32);
    check(300, |number| number as u64);
    check(300, |number| 7 << 32 | (number as u64) << 20);
}

#[test]
fn many() {
    check(10_000, |number| (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
}

#[test]
fn who_is_not_admitted_leaves_no_trace() {
    let names = Arc::new(Names::new(["n"]).unwrap());
    let index = Index::default();
    let refused = index.find_or_insert(1, |_| false, |_| false, || series(&names, 1, "never"));
    assert!(refused.is_err());
    assert!(index.len() == 0 && index.iter().next().is_none() && index.find(1, |_| true).is_none());
}
