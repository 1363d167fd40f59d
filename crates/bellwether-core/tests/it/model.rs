//! Where threads meet, in every order of events that matters: loom runs the very files of the library.

#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../src/histogram/chunk.rs"]
mod chunk;
#[allow(dead_code, unreachable_pub, reason = "the library uses all of it, and publishes it")]
#[path = "../../src/histogram/grid.rs"]
mod grid;
#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../src/registry/index.rs"]
mod index;
#[allow(dead_code, unreachable_pub, clippy::modulo_one, reason = "the library uses all of it, and has more lanes")]
#[path = "../../src/lanes.rs"]
pub(crate) mod lanes;

/// What the index keeps, as far as the index knows it.
mod series {
    #[derive(Debug)]
    pub(crate) struct Series {
        pub(crate) hash: u64,
        pub(crate) label: u32,
    }
}

use std::sync::atomic::Ordering::Relaxed;

use loom::sync::Arc;
use loom::sync::atomic::AtomicU64;
use loom::thread;

use chunk::{CARRY, Chunk};
use index::Index;
use lanes::{Lanes, add_exclusive, add_shared, update_f64};
use series::Series;

/// Runs a model in every order with at most so many forced switches between threads. Loom runs threads one after the
/// other at first, and looks for other orders of a read and the last write before it: readers must come last.
fn model(switches: usize, run: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(switches);
    model.max_branches = 10_000;
    model.check(run);
}

fn add(lanes: &Lanes<AtomicU64>, n: u64) {
    lanes.write(|lane| add_exclusive(lane, n), |lane| add_shared(lane, n));
}

fn total(lanes: &Lanes<AtomicU64>) -> u64 {
    lanes.iter().map(|lane| lane.load(Relaxed)).sum()
}

/// A thread that writes each number once.
fn writer(lanes: &Arc<Lanes<AtomicU64>>, numbers: u64) -> thread::JoinHandle<()> {
    let lanes = Arc::clone(lanes);
    thread::spawn(move || (1..=numbers).for_each(|n| add(&lanes, n)))
}

#[test]
fn two_writers_own_a_lane_each() {
    model(4, || {
        let lanes = Arc::default();
        let writers = [writer(&lanes, 3), writer(&lanes, 3)];
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        assert_eq!(total(&lanes), 6 + 6);
    });
}

#[test]
fn a_third_and_fourth_share_until_they_collide() {
    model(3, || {
        let lanes = Arc::default();
        add(&lanes, 1);
        writer(&lanes, 1).join().unwrap();
        assert_eq!(lanes.iter().count(), 2, "both lanes with owners are taken");
        let writers = [writer(&lanes, 3), writer(&lanes, 3)];
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        assert_eq!(total(&lanes), 2 + 6 + 6);
    });
}

#[test]
fn a_reader_never_sees_a_total_go_back() {
    model(2, || {
        let lanes = Arc::default();
        let writers = [writer(&lanes, 1), writer(&lanes, 1)];
        let read = Arc::clone(&lanes);
        let reader = thread::spawn(move || {
            let first = total(&read);
            let second = total(&read);
            assert!(first <= second, "{second} after {first}");
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        reader.join().unwrap();
        assert_eq!(total(&lanes), 2);
    });
}

#[test]
fn a_shared_sum_loses_no_addend() {
    model(4, || {
        let sum = Arc::new(AtomicU64::new(0));
        let other = Arc::clone(&sum);
        let writer = thread::spawn(move || {
            update_f64(&other, |sum| sum + 1.0);
            update_f64(&other, |sum| sum + 2.0);
        });
        update_f64(&sum, |sum| sum + 4.0);
        writer.join().unwrap();
        assert_eq!(f64::from_bits(sum.load(Relaxed)), 7.0);
    });
}

#[test]
fn a_count_that_is_carried_is_never_seen_to_go_back() {
    model(3, || {
        let chunk = Arc::new(Chunk::new(0, &[]));
        chunk.counts[5].store(CARRY - 2, Relaxed);
        let write = Arc::clone(&chunk);
        let writer = thread::spawn(move || (0..3).for_each(|_| _ = write.count_shared(5)));
        let read = Arc::clone(&chunk);
        let reader = thread::spawn(move || {
            let first = read.counts()[5];
            let second = read.counts()[5];
            assert!(first <= second, "{second} after {first}");
        });
        writer.join().unwrap();
        reader.join().unwrap();
        assert_eq!(chunk.counts()[5], u64::from(CARRY) + 1);
    });
}

/// All labels have one hash, so that they meet in the table.
fn open(index: &Index, label: u32) -> *const Series {
    let found = index.find(7, |series| series.label == label);
    let series = found.unwrap_or_else(|| {
        let made = index.find_or_insert(7, |series| series.label == label, |_| true, || Series { hash: 7, label });
        made.expect("it was admitted")
    });
    assert_eq!(series.label, label);
    std::ptr::from_ref(series)
}

#[test]
fn one_label_set_is_one_series() {
    model(3, || {
        let index = Arc::new(Index::default());
        let other = Arc::clone(&index);
        let writer = thread::spawn(move || (open(&other, 1) as usize, open(&other, 2) as usize));
        let two = open(&index, 2) as usize;
        let one = open(&index, 1) as usize;
        assert_eq!(writer.join().unwrap(), (one, two));
        assert_eq!(index.iter().count(), 2);
    });
}

#[test]
fn who_sees_a_series_counted_finds_it() {
    model(3, || {
        let index = Arc::new(Index::default());
        let read = Arc::clone(&index);
        let reader = thread::spawn(move || {
            let len = read.len();
            assert!(read.iter().count() >= len);
            (0..len as u32).for_each(|label| assert!(read.find(7, |series| series.label == label).is_some()));
        });
        open(&index, 0);
        open(&index, 1);
        reader.join().unwrap();
    });
}

#[test]
fn the_last_series_of_a_budget_is_found_by_all() {
    model(3, || {
        let index = Arc::new(Index::default());
        let open = |index: &Index| {
            let found = index.find_or_insert(7, |_| true, |len| len < 1, || Series { hash: 7, label: 0 });
            std::ptr::from_ref(found.expect("it is the one series there is")) as usize
        };
        let other = Arc::clone(&index);
        let second = thread::spawn(move || open(&other));
        let first = open(&index);
        assert_eq!(second.join().unwrap(), first);
    });
}

#[test]
fn no_series_is_missed_while_the_table_grows() {
    model(2, || {
        let index = Arc::new(Index::default());
        // The next one makes the first table too small.
        (0..8).for_each(|label| assert!(!open(&index, label).is_null()));
        let other = Arc::clone(&index);
        let writer = thread::spawn(move || {
            assert!(other.find(7, |series| series.label == 5).is_some());
            open(&other, 8) as usize
        });
        let ninth = open(&index, 8) as usize;
        assert_eq!(writer.join().unwrap(), ninth);
        assert_eq!(index.iter().count(), 9);
    });
}
