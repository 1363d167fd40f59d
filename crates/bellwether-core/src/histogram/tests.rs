//! Counts that are carried, as one lane sees them: no test can count to two thousand million.

use std::sync::atomic::Ordering::Relaxed;

use super::chunk::{CARRY, Chunk};
use super::lane::Lane;
use super::{Shape, grid};
use crate::HistogramSnapshot;
use crate::clock::Clock;
use crate::lanes::Met;

fn chunk() -> Chunk {
    Chunk::new(grid::place(1.5).unwrap().chunk, &[])
}

/// Counts so often from just below the point where it is carried.
fn check(count: impl Fn(&Chunk), times: u64) {
    let chunk = chunk();
    for _ in 0..3 {
        let before = chunk.counts()[5];
        let short = CARRY - 2 - chunk.counts[5].load(Relaxed);
        chunk.counts[5].fetch_add(short, Relaxed);
        (0..times).for_each(|_| count(&chunk));
        assert_eq!(chunk.counts()[5], before + u64::from(short) + times);
    }
    let others: u64 = chunk.counts().iter().enumerate().filter(|(at, _)| *at != 5).map(|(_, count)| count).sum();
    assert_eq!((others, chunk.counts()[5] > 3 * u64::from(CARRY)), (0, true));
}

#[test]
fn a_count_that_reaches_its_end_is_carried() {
    for times in 3..6 {
        check(|chunk| chunk.count_exclusive(5), times);
        check(|chunk| assert!(chunk.count_shared(5) == Met::Nobody), times);
    }
}

#[test]
fn a_snapshot_has_what_was_carried() {
    let lane = Lane::default();
    lane.record_exclusive(1.5, &[1.5]);
    lane.record_exclusive(1.5_f64.next_up(), &[1.5]);
    let place = grid::place(1.5).unwrap();
    let chunk = lane.chunks().next().unwrap();
    chunk.counts[usize::from(place.bucket)].fetch_add(CARRY - 2, Relaxed);
    lane.record_exclusive(1.5_f64.next_up(), &[1.5]);
    assert_eq!(chunk.counts[usize::from(place.bucket)].load(Relaxed), 0, "it was carried");
    let mut snapshot = HistogramSnapshot::default();
    snapshot.read(&Shape::new(Clock::system(), Box::new([1.5])), std::iter::once(&lane));
    assert_eq!((snapshot.count(), snapshot.count_le(1.5)), (u64::from(CARRY) + 1, Some(1)));
    assert_eq!(snapshot.positive.len(), 1);
}

#[test]
fn readers_and_carriers_agree() {
    let chunk = chunk();
    chunk.counts[5].store(CARRY - 500, Relaxed);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..1000).for_each(|_| _ = chunk.count_shared(5)));
        }
        let mut before = 0;
        while before < u64::from(CARRY) + 2500 {
            let now = chunk.counts()[5];
            assert!(now >= before, "{now} after {before}");
            before = now;
        }
    });
    assert_eq!(chunk.counts()[5], u64::from(CARRY) + 2500);
}
