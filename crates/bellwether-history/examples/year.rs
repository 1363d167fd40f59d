//! A file with 400 days of hourly samples of 10,000 series: its size, and what opening and flushing it take.
//!
//! `cargo run --release -p bellwether-history --example year -- [FOLDER]`
#![allow(clippy::print_stdout, reason = "an example speaks to its terminal")]

use bellwether_core::Clock;
use bellwether_history::file::{BlockKey, Options, Store};
use std::path::{Path, PathBuf};
use std::time::Duration;

const SERIES: u32 = 10_000;
/// Of them histograms.
const HISTOGRAMS: u32 = 2_000;
const DAYS: i64 = 400;
/// A block holds the samples of so many days.
const BLOCK_DAYS: i64 = 4;
const DAY: i64 = 86_400_000;
/// What the compressed samples of a block take: 2 bytes each, and 25 for a histogram.
const FLOATS: usize = (24 * BLOCK_DAYS * 2) as usize;
const HISTOGRAM: usize = (24 * BLOCK_DAYS * 25) as usize;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let path = folder.join(format!("bellwether-year-{}.bw", std::process::id()));
    let crashed = path.with_extension("crashed.bw");
    let done = measure(&path, &crashed);
    for file in [&path, &crashed] {
        std::fs::remove_file(file).ok();
    }
    done
}

fn measure(path: &Path, crashed: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let clock = Clock::system();
    let options = |path: &Path| {
        let keep = Duration::from_millis((DAYS * DAY).unsigned_abs());
        Options::new(path).max_bytes(4 << 30).max_memory(1 << 30).keep(1, keep)
    };
    let store = Store::open(options(path), 0);
    for series in 0..SERIES {
        store.describe(
            series,
            format!("{{__name__=\"http_requests_total\",route=\"/v1/{series}\",outcome=\"success\"}}"),
        );
    }
    let (mut noise, mut flushes) = (1_u64, Vec::new());
    for block in 0..=DAYS / BLOCK_DAYS {
        fill(&store, block * BLOCK_DAYS * DAY, &mut noise);
        let begun = clock.now();
        store.flush(block * BLOCK_DAYS * DAY)?;
        flushes.push(clock.now().since(begun));
    }
    flushes.sort();
    let status = store.status();
    println!("stored     {:>8.1} MB of {SERIES} series, {DAYS} days", megabytes(status.stored_bytes));
    println!("on disk    {:>8.1} MB", megabytes(status.file_bytes));
    println!("length     {:>8.1} MB, with holes that take no space", megabytes(std::fs::metadata(path)?.len()));
    println!(
        "flush      {:>8.1} ms, all series at once (median of {})",
        millis(flushes[flushes.len() / 2]),
        flushes.len()
    );
    // As a crash would leave it.
    std::fs::copy(path, crashed)?;
    std::fs::File::open(crashed)?.sync_all()?;

    let begun = clock.now();
    store.put(BlockKey { tier: 1, start: DAYS * DAY, series: 0 }, &[0; FLOATS]);
    store.flush(DAYS * DAY)?;
    println!("flush      {:>8.1} ms, of one block", millis(clock.now().since(begun)));
    store.close(DAYS * DAY)?;
    drop(store);

    for (title, path) in [("closed", path), ("crashed", crashed)] {
        let (begun, read) = (clock.now(), bytes_read());
        let store = Store::open(options(path), DAYS * DAY);
        let opened = clock.now().since(begun);
        assert_eq!(store.status().trouble, None);
        let kilobytes = (bytes_read() - read) / 1024;
        println!("open       {:>8.1} ms, as it was {title}, reading {kilobytes} KiB", millis(opened));
        let begun = clock.now();
        let series = store.read()?.series()?.len();
        println!("series     {:>8.1} ms, all {series}", millis(clock.now().since(begun)));
        let begun = clock.now();
        let blocks = store.read()?.blocks(1, SERIES / 2, 0..i64::MAX)?.len();
        println!("blocks     {:>8.1} ms, all {blocks} of one series", millis(clock.now().since(begun)));
        let begun = clock.now();
        let blocks = store.read()?.scan(1, 0..10 * BLOCK_DAYS * DAY).count();
        println!("scan       {:>8.1} ms, {blocks} blocks of all series", millis(clock.now().since(begun)));
    }
    Ok(())
}

/// A block of each series, of bytes that do not repeat.
fn fill(store: &Store, start: i64, noise: &mut u64) {
    let mut bytes = [0; HISTOGRAM];
    for series in 0..SERIES {
        for byte in bytes.iter_mut().step_by(8) {
            *noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (*noise >> 56) as u8;
        }
        let length = if series < HISTOGRAMS { HISTOGRAM } else { FLOATS };
        store.put(BlockKey { tier: 1, start, series }, &bytes[..length]);
    }
}

/// What this process has asked the system to read; 0 where it does not say.
fn bytes_read() -> u64 {
    let text = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok()).unwrap_or(0)
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
