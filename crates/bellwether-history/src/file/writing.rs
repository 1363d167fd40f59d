//! One transaction: all there is is written, what is old or too much is removed, and what it takes is reckoned.

use super::disk::{LOGS, SERIES, TIERS, blocks, events, log_table, tier_table};
use super::memory::Layer;
use super::options::millis;
use super::row::{BlockKey, Event, seal_series, sum};
use super::{Flushed, Limits};
use redb::{AccessGuard, ReadableTable, Table, WriteTransaction};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a row takes beside its value: its key, and its place in a page.
const ROW: u64 = 13 + 8;

const PAGE: u64 = 4096;

/// What a file with nothing in it takes.
const EMPTY: u64 = 128 << 10;

/// Rows removed by one flush, beside twice as many as it writes: so that a flush after a long pause is not a long one.
const REMOVED_AT_ONCE: usize = 4096;

/// What a commit is to keep.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) now: i64,
    pub(super) keep: &'a [(u8, Duration)],
    pub(super) limits: &'a BTreeMap<&'static str, Limits>,
    pub(super) max_bytes: u64,
}

/// What a commit did, and what the file then holds.
#[derive(Debug, Default)]
pub(super) struct Committed {
    pub(super) flushed: Flushed,
    pub(super) stored: u64,
}

/// The tables of one write transaction.
pub(super) struct Writing<'txn> {
    txn: &'txn WriteTransaction,
    series: Table<'txn, u32, &'static [u8]>,
    tiers: Table<'txn, u8, (u64, u32)>,
    logs: Table<'txn, &'static str, (u64, u64, u32)>,
    usage: BTreeMap<u8, u64>,
    log_bytes: u64,
    flushed: Flushed,
    /// Bytes written.
    written: u64,
    /// Rows that may still be removed.
    left: usize,
}

impl<'txn> Writing<'txn> {
    pub(super) fn of(txn: &'txn WriteTransaction) -> Result<Self, redb::Error> {
        let tiers = txn.open_table(TIERS)?;
        let mut usage = BTreeMap::new();
        for row in tiers.iter()? {
            let (tier, tally) = row?;
            let (tier, (bytes, sealed)) = (tier.value(), tally.value());
            let sound = sum(&tier_table(tier), &[bytes]) == sealed;
            usage.insert(tier, if sound { bytes } else { count_blocks(txn, tier)? });
        }
        Ok(Self {
            txn,
            series: txn.open_table(SERIES)?,
            tiers,
            logs: txn.open_table(LOGS)?,
            usage,
            log_bytes: 0,
            flushed: Flushed::default(),
            written: 0,
            left: 0,
        })
    }

    /// Writes and removes, and says what that came to. Nothing is committed.
    pub(super) fn write(mut self, layer: &Layer, plan: &Plan<'_>) -> Result<Committed, redb::Error> {
        self.layer(layer)?;
        self.age(plan)?;
        self.shrink(plan)?;
        if self.flushed != Flushed::default() {
            for (tier, bytes) in &self.usage {
                self.tiers.insert(tier, (*bytes, sum(&tier_table(*tier), &[*bytes])))?;
            }
        }
        Ok(Committed { flushed: self.flushed, stored: self.stored() })
    }

    fn layer(&mut self, layer: &Layer) -> Result<(), redb::Error> {
        for (id, description) in &layer.series {
            match description {
                Some(bytes) => drop(self.series.insert(id, seal_series(*id, bytes).as_slice())?),
                None => drop(self.series.remove(id)?),
            }
        }
        for tier in layer.tiers() {
            if !self.usage.contains_key(&tier) {
                self.usage.insert(tier, count_blocks(self.txn, tier)?);
            }
            let mut table = self.txn.open_table(blocks(&tier_table(tier)))?;
            let used = self.usage.entry(tier).or_default();
            for (key, bytes) in layer.tier(tier) {
                let row = key.seal(bytes);
                let old = table.insert(key.parts(), row.as_slice())?.map_or(0, size);
                let new = footprint(row.len());
                *used = (*used + new).saturating_sub(old);
                self.written += new;
            }
        }
        for (log, pending) in &layer.logs {
            let (mut last, mut bytes) = self.tally(log)?;
            let mut events = self.txn.open_table(events(&log_table(log)))?;
            for (id, event) in &pending.events {
                // Appended before it was known how far the file's ids go.
                last = (*id).max(last + 1);
                let row = event.seal(log, last);
                events.insert(last, row.as_slice())?;
                bytes += footprint(row.len());
                self.written += footprint(row.len());
            }
            self.logs.insert(log, (last, bytes, sum(log, &[last, bytes])))?;
        }
        self.flushed.written = layer.rows();
        self.left = REMOVED_AT_ONCE + 2 * layer.rows();
        Ok(())
    }

    /// The last id of a log, and its bytes: counted anew where what is kept of it is not sound.
    fn tally(&self, log: &str) -> Result<(u64, u64), redb::Error> {
        let kept = self.logs.get(log)?.map(|tally| tally.value());
        if let Some((last, bytes, sealed)) = kept
            && sum(log, &[last, bytes]) == sealed
        {
            return Ok((last, bytes));
        }
        let (mut last, mut bytes) = (0, 0);
        for row in self.txn.open_table(events(&log_table(log)))?.iter()? {
            let (id, row) = row?;
            (last, bytes) = (id.value(), bytes + size(row));
        }
        Ok((last, bytes))
    }

    /// Removes what is older than it may be.
    fn age(&mut self, plan: &Plan<'_>) -> Result<(), redb::Error> {
        for (tier, age) in plan.keep {
            let oldest = plan.now.saturating_sub(millis(*age));
            self.remove_blocks(*tier, oldest, u64::MAX)?;
        }
        let logs = self.logs.iter()?.map(|row| row.map(|(log, _)| log.value().to_owned()));
        for log in logs.collect::<Result<Vec<_>, _>>()? {
            let (last, mut bytes) = self.tally(&log)?;
            let limits = plan.limits.get(log.as_str()).copied().unwrap_or_default();
            let oldest = plan.now.saturating_sub(millis(limits.age));
            let mut events = self.txn.open_table(events(&log_table(&log)))?;
            let before = bytes;
            while self.left > 0 {
                let Some((_, row)) = events.first()? else { break };
                if bytes <= limits.bytes && Event::peek_at(row.value()) >= oldest {
                    break;
                }
                drop(row);
                bytes = bytes.saturating_sub(events.pop_first()?.map_or(0, |(_, row)| size(row)));
                self.left -= 1;
                self.flushed.removed += 1;
            }
            if bytes != before {
                self.logs.insert(log.as_str(), (last, bytes, sum(&log, &[last, bytes])))?;
            }
            self.log_bytes += bytes;
        }
        Ok(())
    }

    /// Removes the oldest blocks until the file keeps within its bound.
    fn shrink(&mut self, plan: &Plan<'_>) -> Result<(), redb::Error> {
        // Pages of blocks that have grown are two thirds full; and what a transaction frees is used by the next but one.
        let most = plan.max_bytes.saturating_sub(3 * self.written + EMPTY).max(plan.max_bytes / 4) / 3 * 2;
        loop {
            let excess = self.stored().saturating_sub(most);
            let Some(first) = self.oldest()?.filter(|_| excess > 0 && self.left > 0) else { return Ok(()) };
            self.remove_blocks(first.tier, first.start.saturating_add(1), excess)?;
        }
    }

    fn stored(&self) -> u64 {
        self.usage.values().sum::<u64>() + self.log_bytes
    }

    /// The block that starts first, of the coarsest tier if there are several.
    fn oldest(&self) -> Result<Option<BlockKey>, redb::Error> {
        let mut oldest: Option<BlockKey> = None;
        for tier in self.usage.keys() {
            let table = self.txn.open_table(blocks(&tier_table(*tier)))?;
            let first = table.first()?.map(|(key, _)| BlockKey::of(*tier, key.value()));
            oldest = oldest.into_iter().chain(first).min_by_key(|key| (key.start, u8::MAX - key.tier));
        }
        Ok(oldest)
    }

    /// Removes blocks of `tier` that start before `before`, from the first on, until `enough` bytes are gone.
    fn remove_blocks(&mut self, tier: u8, before: i64, enough: u64) -> Result<(), redb::Error> {
        let (mut gone, mut rows) = (0, 0);
        // Nothing to remove is what most flushes find.
        if self.left == 0 || !self.usage.contains_key(&tier) {
            return Ok(());
        }
        let mut table = self.txn.open_table(blocks(&tier_table(tier)))?;
        if table.first()?.is_none_or(|(key, _)| key.value().0 >= before) {
            return Ok(());
        }
        for row in table.extract_from_if(..(before, 0), |_, _| true)?.take(self.left) {
            gone += size(row?.1);
            rows += 1;
            if gone >= enough {
                break;
            }
        }
        self.left -= rows;
        self.flushed.removed += rows;
        let used = self.usage.entry(tier).or_default();
        *used = used.saturating_sub(gone);
        Ok(())
    }
}

fn count_blocks(txn: &WriteTransaction, tier: u8) -> Result<u64, redb::Error> {
    let table = txn.open_table(blocks(&tier_table(tier)))?;
    let mut bytes = 0;
    for row in table.iter()? {
        bytes += size(row?.1);
    }
    Ok(bytes)
}

fn size(row: AccessGuard<'_, &'static [u8]>) -> u64 {
    footprint(row.value().len())
}

/// What a row takes in the file: its share of a page that holds as many of its like as it can, or pages of its own,
/// whose number is a power of two.
fn footprint(value: usize) -> u64 {
    let row = ROW + value as u64;
    match PAGE / row {
        0 => row.next_power_of_two(),
        alike => PAGE / alike,
    }
}
