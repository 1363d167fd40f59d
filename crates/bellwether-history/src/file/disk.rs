//! The redb file: its tables, one transaction that writes all there is, and snapshots to read from.

use super::memory::Layer;
use super::options::millis;
use super::row::{BlockKey, Event, seal_series};
use super::{Error, Flushed, Kind, Limits};
use redb::{
    AccessGuard, Database, Durability, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable,
    TableDefinition, TableError, TableHandle, WriteTransaction,
};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

pub(super) type Blocks = ReadOnlyTable<(i64, u32), &'static [u8]>;
pub(super) type Events = ReadOnlyTable<u64, &'static [u8]>;

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const SERIES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("series");
/// Of each tier: bytes. Its blocks are in a table of their own, since pages are full only where rows are appended to
/// the end of one.
const TIERS: TableDefinition<'_, u8, u64> = TableDefinition::new("tiers");
/// Of each log: its last id, and bytes. Its records are in a table of their own.
const LOGS: TableDefinition<'_, &str, (u64, u64)> = TableDefinition::new("logs");

/// The only row of `META`: which of our formats it is.
const FORMAT: &str = "bellwether history";
const VERSION: u64 = 1;

/// What a row takes beside its value: its key, and its place in a page.
const ROW: u64 = 13 + 8;

const PAGE: u64 = 4096;

/// What a file with nothing in it takes.
const EMPTY: u64 = 128 << 10;

/// Rows removed by one flush, beside twice as many as it writes: so that a flush after a long pause is not a long one.
const REMOVED_AT_ONCE: usize = 4096;

/// An open database of ours.
#[derive(Debug)]
pub(super) struct Disk {
    database: Database,
    last_ids: Vec<(String, u64)>,
}

/// What a commit is to keep.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) now: i64,
    pub(super) keep: &'a [(u8, std::time::Duration)],
    pub(super) limits: &'a BTreeMap<&'static str, Limits>,
    pub(super) max_bytes: u64,
}

/// What a commit did, and what the file then holds.
#[derive(Debug, Default)]
pub(super) struct Committed {
    pub(super) flushed: Flushed,
    pub(super) stored: u64,
}

/// The file at one instant.
pub(super) struct Snapshot {
    txn: ReadTransaction,
}

impl Disk {
    /// Takes over a database that redb has opened: ours, or empty and to be made ours.
    pub(super) fn adopt(path: &Path, database: Database, fresh: bool) -> Result<Self, Error> {
        let mut disk = Self { database, last_ids: Vec::new() };
        let tried = if fresh { "create" } else { "open" };
        if fresh {
            disk.begin(path)?;
        }
        let version = contained(path, tried, || version(&disk.database))?;
        ours(path, version)?;
        disk.last_ids = contained(path, "read", || disk.read_last_ids())?;
        Ok(disk)
    }

    /// The ids that each log had come to when this was opened.
    pub(super) fn last_ids(&self) -> &[(String, u64)] {
        &self.last_ids
    }

    pub(super) fn read(&self) -> Result<Snapshot, redb::Error> {
        Ok(Snapshot { txn: self.database.begin_read()? })
    }

    /// Writes all of `layer` and removes what is old, in one transaction that is on the disk when this returns.
    pub(super) fn commit(&self, layer: &Layer, plan: &Plan<'_>) -> Result<Committed, redb::Error> {
        let mut txn = self.database.begin_write()?;
        txn.set_durability(Durability::Immediate).expect("there is no savepoint");
        // Else opening the file after a crash would mean reading all of it.
        txn.set_quick_repair(true);
        let mut written = Writing::of(&txn)?;
        written.layer(layer)?;
        written.age(plan)?;
        written.shrink(plan)?;
        let committed = written.finish()?;
        if committed.flushed == Flushed::default() {
            txn.abort()?;
        } else {
            txn.commit()?;
        }
        Ok(committed)
    }

    pub(super) fn close(self) -> Result<(), redb::Error> {
        Ok(self.database.close()?)
    }

    fn begin(&self, path: &Path) -> Result<(), Error> {
        contained(path, "create", || {
            let mut txn = self.database.begin_write()?;
            txn.set_quick_repair(true);
            txn.open_table(META)?.insert(FORMAT, VERSION)?;
            txn.open_table(SERIES)?;
            txn.open_table(TIERS)?;
            txn.open_table(LOGS)?;
            Ok(txn.commit()?)
        })
    }

    fn read_last_ids(&self) -> Result<Vec<(String, u64)>, redb::Error> {
        let logs = self.database.begin_read()?.open_table(LOGS)?;
        let last =
            |row: (AccessGuard<'_, &str>, AccessGuard<'_, (u64, u64)>)| (row.0.value().to_owned(), row.1.value().0);
        logs.iter()?.map(|row| Ok(last(row?))).collect()
    }
}

/// Which of our formats a database has, if it is ours.
pub(super) fn version(database: &impl ReadableDatabase) -> Result<Option<u64>, redb::Error> {
    let txn = database.begin_read()?;
    let version = match txn.open_table(META) {
        Ok(meta) => meta.get(FORMAT)?.map(|version| version.value()),
        Err(TableError::Storage(error)) => return Err(error.into()),
        Err(_) => None,
    };
    // A name is a few bytes, which may be damaged as any.
    let ours = |name: &str| [SERIES.name(), TIERS.name(), LOGS.name()].contains(&name);
    if version.is_none() && txn.list_tables()?.any(|table| ours(table.name())) {
        return Err(redb::Error::Corrupted("nothing says which format it has".to_owned()));
    }
    Ok(version)
}

/// Whether we may use a database of that format.
pub(super) fn ours(path: &Path, version: Option<u64>) -> Result<(), Error> {
    match version {
        Some(VERSION) => Ok(()),
        Some(version) if version > VERSION => {
            let why = format!("its format is {version}, and this version knows formats up to {VERSION}");
            Err(Error::new(Kind::Newer, path, "read", why))
        }
        _ => Err(Error::new(Kind::Foreign, path, "use", "it is a database, but not one of Bellwether")),
    }
}

/// The tables of one write transaction.
struct Writing<'txn> {
    txn: &'txn WriteTransaction,
    series: redb::Table<'txn, u32, &'static [u8]>,
    tiers: redb::Table<'txn, u8, u64>,
    logs: redb::Table<'txn, &'static str, (u64, u64)>,
    usage: BTreeMap<u8, u64>,
    log_bytes: u64,
    flushed: Flushed,
    /// Bytes written.
    written: u64,
    /// Rows that may still be removed.
    left: usize,
}

impl<'txn> Writing<'txn> {
    fn of(txn: &'txn WriteTransaction) -> Result<Self, redb::Error> {
        let tiers = txn.open_table(TIERS)?;
        let usage = tiers.iter()?.map(|row| row.map(|(tier, bytes)| (tier.value(), bytes.value())));
        let usage = usage.collect::<Result<_, _>>()?;
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

    fn layer(&mut self, layer: &Layer) -> Result<(), redb::Error> {
        for (id, description) in &layer.series {
            match description {
                Some(bytes) => drop(self.series.insert(id, seal_series(*id, bytes).as_slice())?),
                None => drop(self.series.remove(id)?),
            }
        }
        for tier in layer.tiers() {
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
            let mut events = self.txn.open_table(events(&log_table(log)))?;
            let (mut last, mut bytes) = self.logs.get(log)?.map_or((0, 0), |state| state.value());
            for (id, event) in &pending.events {
                // Appended before it was known how far the file's ids go.
                last = (*id).max(last + 1);
                let row = event.seal(log, last);
                events.insert(last, row.as_slice())?;
                bytes += footprint(row.len());
                self.written += footprint(row.len());
            }
            self.logs.insert(log, (last, bytes))?;
        }
        self.flushed.written = layer.rows();
        self.left = REMOVED_AT_ONCE + 2 * layer.rows();
        Ok(())
    }

    /// Removes what is older than it may be.
    fn age(&mut self, plan: &Plan<'_>) -> Result<(), redb::Error> {
        for (tier, age) in plan.keep {
            let oldest = plan.now.saturating_sub(millis(*age));
            self.remove_blocks(*tier, oldest, u64::MAX)?;
        }
        let logs = self.logs.iter()?.map(|row| row.map(|(log, state)| (log.value().to_owned(), state.value())));
        for (log, (last, mut bytes)) in logs.collect::<Result<Vec<_>, _>>()? {
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
                self.logs.insert(log.as_str(), (last, bytes))?;
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

    fn finish(mut self) -> Result<Committed, redb::Error> {
        let stored = self.stored();
        if self.flushed != Flushed::default() {
            for (tier, bytes) in &self.usage {
                self.tiers.insert(tier, bytes)?;
            }
        }
        Ok(Committed { flushed: self.flushed, stored })
    }
}

impl Snapshot {
    pub(super) fn series(&self) -> Result<ReadOnlyTable<u32, &'static [u8]>, redb::Error> {
        Ok(self.txn.open_table(SERIES)?)
    }

    /// The blocks of a tier; nothing if none was ever written.
    pub(super) fn blocks(&self, tier: u8) -> Result<Option<Blocks>, redb::Error> {
        if_there(self.txn.open_table(blocks(&tier_table(tier))))
    }

    /// The records of a log; nothing if none was ever written.
    pub(super) fn events(&self, log: &str) -> Result<Option<Events>, redb::Error> {
        if_there(self.txn.open_table(events(&log_table(log))))
    }
}

/// Runs what may find the file damaged: redb panics where it trusts the file and should not, and that is an error too.
///
/// The panic's message is printed by the program's hook, which is not ours to change. What was touched is closed and
/// never used again, so that it does not matter what state it is in.
pub(super) fn contained<T>(
    path: &Path,
    tried: &'static str,
    what: impl FnOnce() -> Result<T, redb::Error>,
) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(what)) {
        Ok(result) => result.map_err(|error| Error::redb(path, tried, error)),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Err(Error::new(Kind::Damaged, path, tried, format!("what is in it makes no sense ({text})")))
        }
    }
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

fn if_there<T>(table: Result<T, TableError>) -> Result<Option<T>, redb::Error> {
    match table {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn tier_table(tier: u8) -> String {
    format!("tier {tier}")
}

fn blocks(name: &str) -> TableDefinition<'_, (i64, u32), &'static [u8]> {
    TableDefinition::new(name)
}

fn log_table(log: &str) -> String {
    format!("log {log}")
}

fn events(name: &str) -> TableDefinition<'_, u64, &'static [u8]> {
    TableDefinition::new(name)
}
