//! What is old goes, what is too much goes, in steps that are bounded; and nothing else goes.

use super::{HOUR, NOW, Note, blocks, key, note, open, place};
use bellwether_history::file::{BlockKey, Flushed, Limits, Options, Query, Store};
use std::time::Duration;

const MIB: u64 = 1 << 20;

/// Fills a file that may have 2 MiB with slots of blocks, and looks at its size after each.
#[track_caller]
fn stays_within(series: u32, slots: i64, sizes: &[usize]) {
    let (_folder, path) = place();
    let store = Store::open(Options::new(&path).max_bytes(2 * MIB), NOW);
    let (mut most, mut removed) = (0, 0);
    for slot in 0..slots {
        for size in sizes {
            for series in 0..series {
                store.put(key(1, slot * HOUR, series), &vec![7; size + series as usize % 7]);
            }
            removed += store.flush(NOW).expect("a sound file").removed;
            most = most.max(store.status().file_bytes);
        }
    }
    assert!(most <= 2 * MIB, "{most} bytes");
    assert!(most > MIB && removed > 0, "not even half of it is used: {most} bytes");
    let kept = blocks(&store, 1, series - 1);
    let newest = (slots - 1) * HOUR;
    let contiguous = kept.iter().rev().zip(0..).all(|((start, _), back)| *start == newest - back * HOUR);
    assert!(kept.len() > 1 && contiguous, "the newest are kept");
}

#[test]
fn the_file_stays_within_its_bound() {
    stays_within(500, 30, &[200]);
    stays_within(100, 30, &[900]);
    stays_within(50, 40, &[2400]);
    stays_within(50, 40, &[5000]);
    stays_within(3000, 30, &[20]);
    // Blocks that grow, flush by flush.
    stays_within(300, 40, &[20, 60, 100, 140, 180, 220]);
    stays_within(100, 40, &[100, 400, 900, 1800]);
}

#[test]
fn a_tier_keeps_what_is_not_too_old() {
    for path in [None, Some(place())] {
        let mut options = path.as_ref().map_or_else(Options::in_memory, |(_, path)| Options::new(path));
        options = options.keep(1, Duration::from_secs(10 * 3600)).keep(2, Duration::from_secs(30 * 3600));
        let store = Store::open(options, NOW);
        for hour in 0..40 {
            for tier in 1..=3 {
                store.put(key(tier, NOW + hour * HOUR, 7), &[1]);
            }
            store.flush(NOW + hour * HOUR).expect("a sound file");
        }
        // The last, and those that began ten and thirty hours before it.
        assert_eq!([1, 2, 3].map(|tier| blocks(&store, tier, 7).len()), [11, 31, 40]);
    }
}

#[test]
fn what_is_removed_at_once_is_bounded() {
    let (_folder, path) = place();
    let store = Store::open(Options::new(&path).keep(1, Duration::from_secs(3600)), NOW);
    for series in 0..10_000 {
        store.put(key(1, NOW, series), &[1]);
    }
    store.flush(NOW).expect("a sound file");
    let later = NOW + 2 * HOUR;
    let removed: Vec<usize> = (0..4).map(|_| store.flush(later).expect("a sound file").removed).collect();
    assert_eq!(removed, [4096, 4096, 1808, 0]);
}

/// The ids and times of all notes, oldest first.
fn notes(store: &Store) -> Vec<(u64, i64)> {
    let page = store.log::<Note>(Limits::default()).page(&Query::oldest().limit(100_000)).expect("a sound file");
    page.entries.into_iter().map(|entry| (entry.id, entry.at)).collect()
}

#[test]
fn a_log_keeps_what_is_not_too_old() {
    for path in [None, Some(place())] {
        let options = path.as_ref().map_or_else(Options::in_memory, |(_, path)| Options::new(path));
        let store = Store::open(options, NOW);
        let log = store.log(Limits::default().age(Duration::from_secs(10 * 3600)));
        for hour in 0..40 {
            log.append(&note("x"), NOW + hour * HOUR).expect("a small one");
            store.flush(NOW + hour * HOUR).expect("a sound file");
        }
        let times: Vec<i64> = notes(&store).into_iter().map(|(_, at)| at).collect();
        assert_eq!(times, (29..40).map(|hour| NOW + hour * HOUR).collect::<Vec<_>>());
    }
}

#[test]
fn a_log_keeps_within_its_bytes_and_its_ids_go_on() {
    for path in [None, Some(place())] {
        let options = path.as_ref().map_or_else(Options::in_memory, |(_, path)| Options::new(path));
        let store = Store::open(options, NOW);
        let log = store.log(Limits::default().bytes(20_000));
        let mut ids = Vec::new();
        for n in 0..300 {
            ids.push(log.append(&note("x".repeat(100)), NOW + n).expect("a small one"));
            if n % 10 == 9 {
                store.flush(NOW).expect("a sound file");
            }
        }
        let page = log.page(&Query::oldest().limit(1000)).expect("a sound file");
        let kept: Vec<u64> = page.entries.iter().map(|entry| entry.id).collect();
        assert!(kept.len() > 100 && kept.len() * 114 <= 20_000, "{} kept", kept.len());
        assert_eq!(kept, ids[300 - kept.len()..]);

        // Once nothing is left of it, the next id is larger still; also where the clock was set back.
        store.log::<Note>(Limits::default().bytes(0));
        store.flush(NOW).expect("a sound file");
        assert_eq!(notes(&store), []);
        store.log::<Note>(Limits::default());
        assert!(log.append(&note("y"), 0).expect("a small one") > ids[299]);
    }
}

#[test]
fn a_record_that_is_too_large_is_refused_in_words() {
    let store = Store::open(Options::in_memory(), NOW);
    let log = store.log(Limits::default().record(10));
    log.append(&note("0123456789"), NOW).expect("not too large");
    let refused = log.append(&note("0123456789a"), NOW).expect_err("too large");
    assert_eq!(refused.to_string(), "a record of 11 bytes for the log \"notes\", which takes 10 at most");
    assert_eq!(notes(&store).len(), 1);
}

#[test]
fn memory_is_bounded_and_what_it_loses_is_counted() {
    let store = Store::open(Options::in_memory().max_memory(1000), NOW);
    let log = store.log(Limits::default());
    for n in 0..20 {
        store.put(key(1, n, 1), &[0; 100]);
        store.put(key(2, n, 1), &[0; 100]);
        log.append(&note("x".repeat(10)), NOW).expect("a small one");
    }
    let status = store.status();
    assert!(status.pending_bytes <= 1000);
    // 20 records of 24 bytes, and 5 blocks: the oldest went first, those of the coarser tier before those of the finer.
    assert_eq!((status.lost.blocks, status.lost.records), (35, 0));
    assert_eq!(blocks(&store, 1, 1).into_iter().map(|(start, _)| start).collect::<Vec<_>>(), [17, 18, 19]);
    assert_eq!(blocks(&store, 2, 1).into_iter().map(|(start, _)| start).collect::<Vec<_>>(), [18, 19]);
    for _ in 0..100 {
        log.append(&note("x".repeat(10)), NOW).expect("a small one");
    }
    let status = store.status();
    assert_eq!((status.lost.blocks, status.lost.records), (40, 79));
    assert_eq!(notes(&store).len(), 41);
}

#[test]
fn a_flush_without_anything_to_do_writes_nothing() {
    let (_folder, path) = place();
    let store = open(&path);
    store.put(BlockKey { tier: 1, start: NOW, series: 1 }, &[1]);
    store.flush(NOW).expect("a sound file");
    let before = std::fs::read(&path).expect("a file");
    assert_eq!(store.flush(NOW).expect("a sound file"), Flushed::default());
    assert_eq!(std::fs::read(&path).expect("a file"), before);
}
