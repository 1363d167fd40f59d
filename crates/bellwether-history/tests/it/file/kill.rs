//! Killed at any moment: the file opens again, all that was acknowledged is there, and nothing is half there.
//!
//! A child of this very binary flushes and says so, until it is killed; then the file is read from end to end.
//! `cargo xtask kill --times N` does it N times.
#![allow(clippy::print_stdout, reason = "the child speaks to its parent")]

use super::{HOUR, NOW, Note, key, note};
use bellwether_history::file::{Limits, Options, Query, Store};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Where the child is told the path, and how often it is to be killed is said.
const PATH: &str = "BELLWETHER_KILL_PATH";
const TIMES: &str = "BELLWETHER_KILL_TIMES";

/// What one flush writes: so many records, and a block of so many series.
const RECORDS: u64 = 3;
const SERIES: u32 = 20;

/// The start of a slot that stays open: so late that it is not removed for want of space.
const OPEN: i64 = 1 << 60;

fn open(path: &Path) -> Store {
    Store::open(Options::new(path).max_bytes(1 << 20).cache(1 << 20), NOW)
}

/// Small enough that flushes remove records, too.
fn limits() -> Limits {
    Limits::default().bytes(10_000)
}

/// The block of flush `n`: what it holds says whose it is.
fn block(n: u64, series: u32) -> Vec<u8> {
    let length = 60 + (n as usize * 7 + series as usize * 13) % 300;
    (0..length).map(|i| (n as usize + series as usize * 31 + i) as u8).collect()
}

/// The last flush that the file knows of.
fn last(store: &Store) -> u64 {
    let page = store.log::<Note>(limits()).page(&Query::newest().limit(1)).expect("a sound file");
    page.entries.first().map_or(0, |entry| number(&entry.record).0)
}

/// Which flush a record is of, and which of its records it is.
fn number(note: &Note) -> (u64, u64) {
    let (n, which) = note.0.split_once(' ').expect("two numbers");
    (n.parse().expect("a number"), which.parse().expect("a number"))
}

/// The child: does nothing unless it is told a path; then flushes until it is killed.
#[test]
fn child() {
    let Some(path) = std::env::var_os(PATH).map(PathBuf::from) else { return };
    let store = open(&path);
    let log = store.log(limits());
    let mut n = last(&store);
    loop {
        n += 1;
        for which in 0..RECORDS {
            log.append(&note(format!("{n} {which}")), NOW).expect("a small one");
        }
        for series in 0..SERIES {
            store.put(key(1, n as i64 * HOUR, series), &block(n, series));
        }
        // A slot that is open is written again and again.
        store.put(key(2, OPEN, 0), &block(n, 0));
        store.describe(n as u32 % 50, n.to_string());
        match store.flush(NOW) {
            Ok(_) => println!("\nflushed {n}"),
            Err(error) => println!("\nfailed {error}"),
        }
    }
}

/// Starts a child, kills it `after` its first flush or after its start, and gives the last flush it said it did.
fn kill(path: &Path, after: Duration, started: bool) -> u64 {
    let mut child = Command::new(std::env::current_exe().expect("this binary"));
    let child = child.args(["file::kill::child", "--exact", "--nocapture", "--test-threads=1"]).env(PATH, path);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a child");
    let (say, said) = mpsc::channel();
    let stdout = BufReader::new(child.stdout.take().expect("its output"));
    let listener = std::thread::spawn(move || {
        let mut acknowledged = 0;
        for line in stdout.lines().map_while(Result::ok) {
            assert!(!line.starts_with("failed"), "{line}");
            if let Some(n) = line.strip_prefix("flushed ") {
                acknowledged = n.parse().expect("a number");
                say.send(()).ok();
            }
        }
        acknowledged
    });
    if started {
        said.recv().expect("a first flush");
    }
    // Nothing is waited for but the moment.
    while !after.is_zero() && said.recv_timeout(after).is_ok_and(|()| fastrand::u8(..) > 40) {}
    child.kill().expect("a child to kill");
    child.wait().expect("a child that ends");
    listener.join().expect("flushes that succeed")
}

/// Reads all of it, after as many kills as this since somebody looked: each may have kept a flush from being told.
fn check(path: &Path, acknowledged: u64, kills: u64) {
    let store = open(path);
    let status = store.status();
    assert_eq!((status.trouble, status.damage, status.set_aside), (None, None, vec![]));
    let newest = last(&store);
    assert!((acknowledged..=acknowledged + kills).contains(&newest), "{acknowledged} was flushed, {newest} is there");
    let page = store.log::<Note>(limits()).page(&Query::oldest().limit(usize::MAX)).expect("a sound file");
    assert_eq!((page.damaged, page.newer), (0, 0));
    let found: Vec<(u64, u64)> = page.entries.iter().map(|entry| number(&entry.record)).collect();
    let first = found.first().map_or((newest + 1, 0), |first| *first);
    let all = (first.0..=newest).flat_map(|n| (0..RECORDS).map(move |which| (n, which)));
    assert_eq!(found, all.filter(|which| *which >= first).collect::<Vec<_>>(), "records are contiguous");

    let reading = store.read().expect("a sound file");
    let blocks: Vec<_> = reading.scan(1, 0..i64::MAX).map(|row| row.expect("a sound file")).collect();
    let oldest = blocks.first().map_or(newest + 1, |(key, _)| key.start as u64 / HOUR as u64);
    let kept = blocks.len() as u64;
    let whole = (newest + 1 - oldest) * u64::from(SERIES);
    // The oldest slot may have been removed in part.
    assert!(kept <= whole && kept + u64::from(SERIES) > whole, "{kept} blocks of {whole}");
    for (key, bytes) in blocks {
        assert_eq!(*bytes, *block(key.start as u64 / HOUR as u64, key.series), "{key:?}");
    }
    if newest > 0 {
        let open = reading.blocks(2, 0, OPEN..OPEN + 1).expect("a sound file");
        assert_eq!(open.iter().map(|(_, bytes)| bytes.to_vec()).collect::<Vec<_>>(), [block(newest, 0)]);
        let series = reading.series().expect("a sound file");
        assert_eq!(series.get(&(newest as u32 % 50)).map(|text| text.to_vec()), Some(newest.to_string().into_bytes()));
    }
    assert_eq!(store.status().damaged_rows, 0);
    assert!(status.file_bytes <= 1 << 20, "{} bytes", status.file_bytes);
}

#[test]
fn all_that_was_flushed_is_there_whenever_it_is_killed() {
    let times = std::env::var(TIMES).map_or(60, |times| times.parse().expect("a number of times"));
    let (mut folder, mut path) = super::place();
    let (mut acknowledged, mut kills) = (0, 0);
    for n in 0..times {
        // Now and then from the beginning: a file that is just being made is killed, too.
        if n % 8 == 0 {
            (folder, path) = super::place();
            (acknowledged, kills) = (0, 0);
        }
        let (after, started) = match n % 4 {
            0 => (Duration::from_micros(fastrand::u64(0..20_000)), false),
            1 => (Duration::ZERO, true),
            _ => (Duration::from_micros(fastrand::u64(0..5_000)), true),
        };
        kills += 1;
        // Nothing said means that none succeeded that was to be said: it was killed early.
        acknowledged = kill(&path, after, started).max(acknowledged);
        // Now and then nobody looks, and the next one finds what the last one left.
        if n % 3 != 1 {
            check(&path, acknowledged, kills);
            (acknowledged, kills) = (last(&open(&path)), 0);
        }
    }
    drop(folder);
}
