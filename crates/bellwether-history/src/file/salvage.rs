//! What is sound in a damaged file: rows whose checksums say so, read without writing, and taken over into a fresh one.
//!
//! Whatever else is wrong there, a row that fits its checksum, which knows its place, is one that was written. Reading may
//! fail or panic anywhere; what was read before that counts.

use super::disk::{Disk, LOGS, SERIES, TIERS, blocks, contained, events, log_table, tier_table};
use super::row::{BlockKey, Event, sum, unseal_series};
use redb::{
    Builder, Durability, Key, ReadOnlyDatabase, ReadTransaction, ReadableDatabase, Table, TableDefinition, TableHandle,
    Value, WriteTransaction,
};
use std::path::Path;

/// What a row takes at least, key and checksum: so many rows as fit into the file are all there can be, unless its pages lead
/// around in a circle.
const LEAST: u64 = 8;

/// Takes over what is sound in the damaged file `from`. Gives how many rows that was; none if they could not be written.
pub(super) fn salvage(from: &Path, into: &Disk, cache: usize) -> u64 {
    let most = std::fs::metadata(from).map_or(0, |file| file.len() / LEAST);
    let open = || Ok::<ReadOnlyDatabase, redb::Error>(Builder::new().set_cache_size(cache).open_read_only(from)?);
    let taken = contained(from, "read", || {
        let damaged = open()?.begin_read()?;
        into.fill(|fresh| Salvage { path: from, damaged: &damaged, fresh, most, rows: 0 }.all())
    });
    taken.unwrap_or_default()
}

struct Salvage<'a> {
    path: &'a Path,
    damaged: &'a ReadTransaction,
    fresh: &'a WriteTransaction,
    /// So many rows are looked at in each table and direction.
    most: u64,
    rows: u64,
}

impl Salvage<'_> {
    fn all(mut self) -> Result<u64, redb::Error> {
        self.table(SERIES, |id, row| unseal_series(id, row).is_some())?;
        let mut names: Vec<String> = Vec::new();
        let _ = contained(self.path, "read", || {
            names.extend(self.damaged.list_tables()?.map(|table| table.name().to_owned()));
            Ok(())
        });
        for name in &names {
            let tier = name.strip_prefix("tier ").and_then(|tier| tier.parse::<u8>().ok());
            if let Some(tier) = tier.filter(|tier| tier_table(*tier) == *name) {
                self.table(blocks(name), |key, row| BlockKey::of(tier, key).unseal(row).is_some())?;
                // A sum that is wrong is reckoned anew.
                self.fresh.open_table(TIERS)?.insert(tier, (0, !sum(name, &[0])))?;
            }
            if let Some(log) = name.strip_prefix("log ").filter(|log| log_table(log) == *name) {
                self.table(events(name), |id, row| Event::unseal(log, id, row).is_some())?;
                self.fresh.open_table(LOGS)?.insert(log, (0, 0, !sum(log, &[0, 0])))?;
            }
        }
        Ok(self.rows)
    }

    /// Takes over the sound rows of a table: from its beginning as far as it can be read, and from its end.
    fn table<K>(
        &mut self,
        table: TableDefinition<'_, K, &'static [u8]>,
        sound: impl for<'r> Fn(K, &'r [u8]) -> bool,
    ) -> Result<(), redb::Error>
    where
        K: Key + for<'k> Value<SelfType<'k> = K> + Copy + Ord + 'static,
    {
        let mut fresh = self.fresh.open_table(table)?;
        let mut reached: Option<K> = None;
        for backwards in [false, true] {
            // What cannot be read has ended it; what cannot be written ends all.
            let mut failed = Ok(());
            let _ = contained(self.path, "read", || {
                let damaged = self.damaged.open_table(table)?;
                let mut rows = damaged.range::<K>(..)?;
                for _ in 0..self.most {
                    let row = if backwards { rows.next_back() } else { rows.next() };
                    let Some((key, row)) = row.transpose()? else { break };
                    let key = key.value();
                    if backwards && reached.is_some_and(|reached| key <= reached) {
                        break;
                    }
                    if sound(key, row.value()) {
                        failed = put(&mut fresh, key, row.value(), &mut self.rows);
                        if failed.is_err() {
                            break;
                        }
                        reached = if backwards { reached } else { reached.max(Some(key)) };
                    }
                }
                Ok(())
            });
            failed?;
        }
        Ok(())
    }
}

fn put<K>(fresh: &mut Table<'_, K, &'static [u8]>, key: K, row: &[u8], rows: &mut u64) -> Result<(), redb::Error>
where
    K: Key + for<'k> Value<SelfType<'k> = K> + Copy + 'static,
{
    *rows += u64::from(fresh.insert(key, row)?.is_none());
    Ok(())
}

impl Disk {
    /// Writes in one transaction what `write` writes.
    fn fill<T>(&self, write: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error>) -> Result<T, redb::Error> {
        let mut txn = self.database()?.begin_write()?;
        txn.set_durability(Durability::Immediate).expect("there is no savepoint");
        txn.set_quick_repair(true);
        let written = write(&txn)?;
        txn.commit()?;
        Ok(written)
    }
}
