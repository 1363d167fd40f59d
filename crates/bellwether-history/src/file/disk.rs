//! The redb file: its tables, how it is committed to, and snapshots to read from.

use super::memory::Layer;
use super::row;
use super::writing::{Committed, Plan, Writing};
use super::{Error, Flushed, Kind};
use redb::{
    Database, Durability, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError,
    TableHandle,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

pub(super) type Blocks = ReadOnlyTable<(i64, u32), &'static [u8]>;
pub(super) type Events = ReadOnlyTable<u64, &'static [u8]>;

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(super) const SERIES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("series");
/// Of each tier: bytes, with a checksum: what is removed hangs on it. Its blocks are in a table of their own, since pages are full only where rows are appended to
/// the end of one.
pub(super) const TIERS: TableDefinition<'_, u8, (u64, u32)> = TableDefinition::new("tiers");
/// Of each log: its last id, and bytes, with a checksum. Its records are in a table of their own.
pub(super) const LOGS: TableDefinition<'_, &str, (u64, u64, u32)> = TableDefinition::new("logs");

/// The only row of `META`: which of our formats it is.
const FORMAT: &str = "bellwether history";
const VERSION: u64 = 1;

/// An open database of ours.
#[derive(Debug)]
pub(super) struct Disk {
    /// There until it is closed.
    database: Option<Database>,
    last_ids: Vec<(String, u64)>,
}

/// The file at one instant.
pub(super) struct Snapshot {
    txn: ReadTransaction,
}

impl Disk {
    /// Takes over a database that redb has opened: ours, or empty and to be made ours.
    pub(super) fn adopt(path: &Path, database: Database, fresh: bool) -> Result<Self, Error> {
        let mut disk = Self { database: Some(database), last_ids: Vec::new() };
        let tried = if fresh { "create" } else { "open" };
        if fresh {
            disk.begin(path)?;
        }
        let version = contained(path, tried, || version(disk.database()?))?;
        ours(path, version)?;
        disk.last_ids = contained(path, "read", || disk.read_last_ids())?;
        Ok(disk)
    }

    /// The ids that each log had come to when this was opened.
    pub(super) fn last_ids(&self) -> &[(String, u64)] {
        &self.last_ids
    }

    pub(super) fn read(&self) -> Result<Snapshot, redb::Error> {
        Ok(Snapshot { txn: self.database()?.begin_read()? })
    }

    /// Writes all of `layer` and removes what is old, in one transaction that is on the disk when this returns.
    pub(super) fn commit(&self, layer: &Layer, plan: &Plan<'_>) -> Result<Committed, redb::Error> {
        let mut txn = self.database()?.begin_write()?;
        txn.set_durability(Durability::Immediate).expect("there is no savepoint");
        // Else opening the file after a crash would mean reading all of it.
        txn.set_quick_repair(true);
        let committed = Writing::of(&txn)?.write(layer, plan)?;
        if committed.flushed == Flushed::default() {
            txn.abort()?;
        } else {
            txn.commit()?;
        }
        Ok(committed)
    }

    pub(super) fn close(mut self) -> Result<(), redb::Error> {
        self.database.take().map_or(Ok(()), |database| Ok(database.close()?))
    }

    pub(super) fn database(&self) -> Result<&Database, redb::Error> {
        self.database.as_ref().ok_or(redb::Error::DatabaseClosed)
    }

    fn begin(&self, path: &Path) -> Result<(), Error> {
        contained(path, "create", || {
            let mut txn = self.database()?.begin_write()?;
            txn.set_quick_repair(true);
            txn.open_table(META)?.insert(FORMAT, VERSION)?;
            txn.open_table(SERIES)?;
            txn.open_table(TIERS)?;
            txn.open_table(LOGS)?;
            Ok(txn.commit()?)
        })
    }

    fn read_last_ids(&self) -> Result<Vec<(String, u64)>, redb::Error> {
        let txn = self.database()?.begin_read()?;
        let mut ids = Vec::new();
        for row in txn.open_table(LOGS)?.iter()? {
            let (log, tally) = row?;
            let (name, (last, bytes, sum)) = (log.value(), tally.value());
            let last = match row::sum(name, &[last, bytes]) == sum {
                true => last,
                false => match if_there(txn.open_table(events(&log_table(name))))? {
                    Some(events) => events.last()?.map_or(0, |(id, _)| id.value()),
                    None => 0,
                },
            };
            ids.push((name.to_owned(), last));
        }
        Ok(ids)
    }
}

impl Drop for Disk {
    /// redb writes a little as it closes, and may find damage there as anywhere; whoever opens the file next finds it, too.
    fn drop(&mut self) {
        if let Some(database) = self.database.take() {
            let _ = catch_unwind(AssertUnwindSafe(|| drop(database)));
        }
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

fn if_there<T>(table: Result<T, TableError>) -> Result<Option<T>, redb::Error> {
    match table {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn tier_table(tier: u8) -> String {
    format!("tier {tier}")
}

pub(super) fn blocks(name: &str) -> TableDefinition<'_, (i64, u32), &'static [u8]> {
    TableDefinition::new(name)
}

pub(super) fn log_table(log: &str) -> String {
    format!("log {log}")
}

pub(super) fn events(name: &str) -> TableDefinition<'_, u64, &'static [u8]> {
    TableDefinition::new(name)
}
