//! Rows of history's file: any bytes are read without a panic, and what was sealed is read back at its own place only.
#![no_main]

#[allow(dead_code, unreachable_pub, reason = "the library uses all of it")]
#[path = "../../crates/bellwether-history/src/file/row.rs"]
mod row;

use libfuzzer_sys::fuzz_target;
use row::{BlockKey, Event, seal_series, unseal_series};
use std::sync::Arc;

fuzz_target!(|input: (u64, i64, u16, &str, usize, &[u8])| {
    let (id, at, version, log, turned, bytes) = input;
    let key = BlockKey { tier: version as u8, start: at, series: id as u32 };
    // Somebody's bytes: a checksum that happens to fit is as good as any.
    let _ = (key.unseal(bytes), Event::unseal(log, id, bytes), unseal_series(key.series, bytes), Event::peek_at(bytes));

    let event = Event { at, version, bytes: Arc::from(bytes) };
    let row = event.seal(log, id);
    assert_eq!(row.len(), event.size());
    assert_eq!(Event::peek_at(&row), at);
    assert_eq!(Event::unseal(log, id, &row), Some(event));
    assert_eq!(Event::unseal(log, id ^ 1, &row), None);
    let block = key.seal(bytes);
    assert_eq!(key.unseal(&block).as_deref(), Some(bytes));
    assert_eq!(BlockKey { tier: key.tier ^ 1, ..key }.unseal(&block), None);
    assert_eq!(unseal_series(key.series, &seal_series(key.series, bytes)).as_deref(), Some(bytes));

    // A bit that turns is seen, wherever it is; so is an end that is missing.
    let mut damaged = row.clone();
    damaged[turned / 8 % row.len()] ^= 1 << (turned % 8);
    assert_eq!(Event::unseal(log, id, &damaged), None);
    if let Some((_, cut)) = row.split_last() {
        assert!(Event::unseal(log, id, cut).is_none() || row.last() == Some(&0), "{row:?}");
    }
});
