//! All there is at one instant: what is in memory, over what is in the file.

use super::disk::{Blocks, Snapshot, contained};
use super::memory::{Layer, first_id};
use super::row::{BlockKey, Event, unseal_series};
use super::{Entry, Error, Page, Query, Record, Store};
use redb::{AccessGuard, ReadableTable};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::iter;
use std::ops::Range;
use std::sync::Arc;

/// A view of a [`Store`] that no flush changes. Rows whose checksum is wrong are skipped and counted.
pub struct Reading {
    store: Store,
    layer: Arc<Layer>,
    disk: Option<Snapshot>,
    epoch: u64,
}

impl Reading {
    pub(super) fn new(store: Store, layer: Arc<Layer>, disk: Option<Snapshot>, epoch: u64) -> Self {
        Self { store, layer, disk, epoch }
    }

    /// All series with what describes them, by number.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn series(&self) -> Result<BTreeMap<u32, Arc<[u8]>>, Error> {
        let mut all = BTreeMap::new();
        let mut damaged = 0;
        if let Some(disk) = &self.disk {
            self.try_read(|| {
                for row in disk.series()?.range::<u32>(..)? {
                    let (id, row) = row?;
                    match unseal_series(id.value(), row.value()) {
                        Some(description) => drop(all.insert(id.value(), description)),
                        None => damaged += 1,
                    }
                }
                Ok(())
            })?;
        }
        self.store.count_damaged(damaged);
        for (id, description) in &self.layer.series {
            match description {
                Some(description) => all.insert(*id, description.clone()),
                None => all.remove(id),
            };
        }
        Ok(all)
    }

    /// The blocks of one series that start in `starts`, oldest first, with their starts.
    ///
    /// # Errors
    /// If the file is damaged.
    #[expect(clippy::type_complexity, reason = "a list of starts and bytes")]
    pub fn blocks(&self, tier: u8, series: u32, starts: Range<i64>) -> Result<Vec<(i64, Arc<[u8]>)>, Error> {
        let mut found = BTreeMap::new();
        let end = BlockKey::first(tier, starts.end);
        let table = self.stored(tier)?;
        let stored = |from: BlockKey| {
            let Some(table) = &table else { return Ok(None) };
            self.try_read(|| {
                let row = table.range(from.parts()..end.parts())?.next().transpose()?;
                Ok(row.map(|(key, row)| {
                    let key = BlockKey::of(tier, key.value());
                    (key, (key.series == series).then(|| key.unseal(row.value())).flatten())
                }))
            })
        };
        let rows = match steps(tier, series, starts.clone(), stored)? {
            Some(rows) => rows,
            None => self.try_read(|| walk(table.as_ref(), tier, series, &starts))?,
        };
        for (start, block) in rows {
            match block {
                Some(block) => drop(found.insert(start, block)),
                None => self.store.count_damaged(1),
            }
        }
        let pending = |from: BlockKey| {
            let next = (from < end).then(|| self.layer.blocks.range(from..end).next()).flatten();
            Ok(next.map(|(key, block)| (*key, block.clone())))
        };
        found.extend(steps(tier, series, starts, pending)?.unwrap_or_default());
        Ok(found.into_iter().collect())
    }

    /// All blocks of a tier that start in `starts`, by start and then by series. Reads as it goes.
    ///
    /// # Errors
    /// An item is an error, the last one, if the file is damaged.
    pub fn scan(&self, tier: u8, starts: Range<i64>) -> impl Iterator<Item = Result<(BlockKey, Arc<[u8]>), Error>> {
        let range = BlockKey::first(tier, starts.start)..BlockKey::first(tier, starts.end.max(starts.start));
        let rows = self.stored(tier).and_then(|table| {
            let range = range.start.parts()..range.end.parts();
            table.map(|table| self.try_read(|| Ok(table.range(range)?))).transpose()
        });
        let (mut rows, failed) = match rows {
            Ok(rows) => (rows, None),
            Err(error) => (None, Some(Err(error))),
        };
        let stored = iter::from_fn(move || {
            loop {
                let row = self.try_read(|| {
                    let row = rows.as_mut().and_then(Iterator::next).transpose()?;
                    Ok(row.map(|(key, row)| {
                        let key = BlockKey::of(tier, key.value());
                        (key, key.unseal(row.value()))
                    }))
                });
                match row.transpose()? {
                    Ok((key, Some(block))) => return Some(Ok((key, block))),
                    Ok((_, None)) => self.store.count_damaged(1),
                    Err(error) => {
                        rows = None;
                        return Some(Err(error));
                    }
                }
            }
        });
        let pending = self.layer.blocks.range(range).map(|(key, block)| (*key, block.clone()));
        merge(pending, failed.into_iter().chain(stored), false)
    }

    /// The first and the last start of a tier's blocks.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn extent(&self, tier: u8) -> Result<Option<(i64, i64)>, Error> {
        let mut starts: Vec<i64> = Vec::new();
        if let Some(table) = self.stored(tier)? {
            // A key is believed if its row is sound.
            let start = |row: (AccessGuard<'_, (i64, u32)>, AccessGuard<'_, &[u8]>)| {
                let key = BlockKey::of(tier, row.0.value());
                key.unseal(row.1.value()).map(|_| key.start)
            };
            self.try_read(|| {
                let first = table.iter()?.find_map(|row| row.map(start).transpose()).transpose()?;
                let last = table.iter()?.rev().find_map(|row| row.map(start).transpose()).transpose()?;
                starts.extend(first.into_iter().chain(last));
                Ok(())
            })?;
        }
        let mut pending = self.layer.tier(tier).map(|(key, _)| key.start);
        starts.extend(pending.next());
        starts.extend(pending.next_back());
        Ok(starts.iter().min().copied().zip(starts.iter().max().copied()))
    }

    /// The records of a log that `query` asks for.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn page<R: Record>(&self, query: &Query) -> Result<Page<R>, Error> {
        let mut page = Page { entries: Vec::new(), newer: 0, damaged: 0, next: None };
        // No record that happened at a time has an id below the first one of that time.
        let ids = query.from_id.max(first_id(query.from))..query.to_id;
        if ids.is_empty() || query.limit == 0 {
            return Ok(page);
        }
        let table = self.disk.as_ref().map(|disk| self.try_read(|| disk.events(R::LOG))).transpose()?.flatten();
        let rows = table.map(|table| self.try_read(|| Ok(table.range(ids.clone())?))).transpose()?;
        let mut stored = backwards_if(query.newest_first, rows.into_iter().flatten());
        let stored = iter::from_fn(|| {
            let row = self.try_read(|| {
                let row = stored.next().transpose()?;
                Ok(row.map(|(id, row)| (id.value(), Event::unseal(R::LOG, id.value(), row.value()))))
            });
            row.transpose()
        });
        let pending = self.layer.logs.get(R::LOG).into_iter().flat_map(|log| log.events.range(ids.clone()));
        let pending = pending.map(|(id, event)| (*id, Some(event.clone())));
        for row in merge(backwards_if(query.newest_first, pending), stored, query.newest_first) {
            let (id, event) = row?;
            if page.entries.len() == query.limit {
                page.next = page.entries.last().map(|last| if query.newest_first { last.id } else { last.id + 1 });
                break;
            }
            let Some(Event { at, version, bytes }) = event else {
                page.damaged += 1;
                self.store.count_damaged(1);
                continue;
            };
            if at < query.from || at >= query.to {
                continue;
            }
            if version > R::VERSION {
                page.newer += 1;
                continue;
            }
            match R::decode(version, &bytes) {
                Ok(record) => page.entries.push(Entry { id, at, record }),
                Err(_) => page.damaged += 1,
            }
        }
        Ok(page)
    }

    /// The blocks of a tier that are in the file.
    fn stored(&self, tier: u8) -> Result<Option<Blocks>, Error> {
        let table = self.disk.as_ref().map(|disk| self.try_read(|| disk.blocks(tier)));
        Ok(table.transpose()?.flatten())
    }

    /// Reads from the file; what goes wrong is remembered for the next flush.
    fn try_read<T>(&self, what: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, Error> {
        contained(self.store.path(), "read", what).inspect_err(|error| self.store.suspect(self.epoch, error))
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("pending", &self.layer.rows()).finish_non_exhaustive()
    }
}

/// The blocks of one series, found by stepping from start to start. `first_from` gives the first block from a key on.
/// Nothing if it gives one from before: keys are not in order, so that none is surely found by looking for it.
fn steps<T>(
    tier: u8,
    series: u32,
    starts: Range<i64>,
    first_from: impl Fn(BlockKey) -> Result<Option<(BlockKey, T)>, Error>,
) -> Result<Option<Vec<(i64, T)>>, Error> {
    let mut found = Vec::new();
    let mut at = starts.start;
    while at < starts.end {
        let from = BlockKey { tier, start: at, series };
        let Some((key, block)) = first_from(from)? else { break };
        if key < from || key.start >= starts.end {
            return Ok(None);
        }
        let met = key.series == series;
        // At a later start, blocks of smaller numbers come first: look there for this one.
        let again = key.start > at && key.series < series;
        at = if again { key.start } else { key.start.saturating_add(1) };
        if met {
            found.push((key.start, block));
        }
    }
    Ok(Some(found))
}

/// The blocks of one series, found by looking at all of a tier: what to do where a damaged key hides sound ones.
#[expect(clippy::type_complexity, reason = "a list of starts and blocks")]
fn walk(
    table: Option<&Blocks>,
    tier: u8,
    series: u32,
    starts: &Range<i64>,
) -> Result<Vec<(i64, Option<Arc<[u8]>>)>, redb::Error> {
    let Some(table) = table else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for row in table.iter()? {
        let (key, row) = row?;
        let key = BlockKey::of(tier, key.value());
        if key.series == series && starts.contains(&key.start) {
            found.push((key.start, key.unseal(row.value())));
        }
    }
    Ok(found)
}

/// Two sorted sequences as one. Of two items with one key, the one from above is meant.
fn merge<K: Ord + Copy, V>(
    above: impl Iterator<Item = (K, V)>,
    below: impl Iterator<Item = Result<(K, V), Error>>,
    backwards: bool,
) -> impl Iterator<Item = Result<(K, V), Error>> {
    let (mut above, mut below) = (above.peekable(), below.peekable());
    iter::from_fn(move || {
        let order = match (above.peek(), below.peek()) {
            (Some((above, _)), Some(Ok((below, _)))) if backwards => below.cmp(above),
            (Some((above, _)), Some(Ok((below, _)))) => above.cmp(below),
            (Some(_), None) => Ordering::Less,
            (_, _) => Ordering::Greater,
        };
        if order == Ordering::Equal {
            below.next();
        }
        if order == Ordering::Greater { below.next() } else { above.next().map(Ok) }
    })
}

fn backwards_if<I: DoubleEndedIterator>(backwards: bool, mut items: I) -> impl Iterator<Item = I::Item> {
    iter::from_fn(move || if backwards { items.next_back() } else { items.next() })
}
