//! What is not in the file yet: kept in memory, readable at once, and bounded.

use super::options::millis;
use super::row::{BlockKey, Event};
use super::{Limits, Lost};
use std::collections::{BTreeMap, btree_map};
use std::sync::Arc;
use std::time::Duration;

/// A snapshot of it is a clone of one pointer: whoever writes while one is held makes a copy.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    /// What describes a series; nothing if it is to be forgotten.
    pub(super) series: BTreeMap<u32, Option<Arc<[u8]>>>,
    pub(super) blocks: BTreeMap<BlockKey, Arc<[u8]>>,
    pub(super) logs: BTreeMap<&'static str, Pending>,
    bytes: usize,
}

/// The records of one log.
#[derive(Debug, Clone, Default)]
pub(super) struct Pending {
    pub(super) events: BTreeMap<u64, Event>,
    bytes: usize,
}

/// The layer, with what is known of each log and what had to go.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) layer: Arc<Layer>,
    pub(super) limits: BTreeMap<&'static str, Limits>,
    /// The last id of each log, in the file or not.
    last: BTreeMap<String, u64>,
    pub(super) lost: Lost,
}

impl Layer {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn rows(&self) -> usize {
        self.series.len() + self.blocks.len() + self.logs.values().map(|log| log.events.len()).sum::<usize>()
    }

    fn put(&mut self, key: BlockKey, bytes: Arc<[u8]>) {
        self.bytes += bytes.len();
        if let Some(old) = self.blocks.insert(key, bytes) {
            self.bytes -= old.len();
        }
    }

    fn put_series(&mut self, id: u32, description: Option<Arc<[u8]>>) {
        self.bytes += length(description.as_ref());
        if let Some(old) = self.series.insert(id, description) {
            self.bytes -= length(old.as_ref());
        }
    }

    /// Removes the first record of a log.
    fn pop(&mut self, log: &'static str) {
        let Some(pending) = self.logs.get_mut(log) else { return };
        if let Some((_, event)) = pending.events.pop_first() {
            pending.bytes -= event.size();
            self.bytes -= event.size();
        }
        if pending.events.is_empty() {
            self.logs.remove(log);
        }
    }

    fn remove(&mut self, key: BlockKey) {
        if let Some(old) = self.blocks.remove(&key) {
            self.bytes -= old.len();
        }
    }

    /// The tiers that have blocks.
    pub(super) fn tiers(&self) -> impl Iterator<Item = u8> {
        self.firsts().map(|key| key.tier)
    }

    pub(super) fn tier(&self, tier: u8) -> btree_map::Range<'_, BlockKey, Arc<[u8]>> {
        self.blocks.range(BlockKey::first(tier, i64::MIN)..=BlockKey::last(tier))
    }

    /// The first block of each tier.
    fn firsts(&self) -> impl Iterator<Item = BlockKey> {
        let mut from = Some(0);
        std::iter::from_fn(move || {
            let (key, _) = self.blocks.range(BlockKey::first(from?, i64::MIN)..).next()?;
            from = key.tier.checked_add(1);
            Some(*key)
        })
    }

    /// Takes away what `flushed` holds and has not been replaced since.
    fn settle(&mut self, flushed: &Self) {
        for (id, written) in &flushed.series {
            if self.series.get(id).is_some_and(|now| same(now.as_ref(), written.as_ref())) {
                self.bytes -= length(written.as_ref());
                self.series.remove(id);
            }
        }
        for (key, written) in &flushed.blocks {
            if self.blocks.get(key).is_some_and(|now| Arc::ptr_eq(now, written)) {
                self.remove(*key);
            }
        }
        for (log, written) in &flushed.logs {
            let Some(pending) = self.logs.get_mut(log) else { continue };
            for id in written.events.keys() {
                if let Some(event) = pending.events.remove(id) {
                    pending.bytes -= event.size();
                    self.bytes -= event.size();
                }
            }
            if pending.events.is_empty() {
                self.logs.remove(log);
            }
        }
    }
}

impl Memory {
    pub(super) fn put(&mut self, key: BlockKey, bytes: Arc<[u8]>, most: usize) {
        Arc::make_mut(&mut self.layer).put(key, bytes);
        self.bound(most);
    }

    pub(super) fn put_series(&mut self, id: u32, description: Option<Arc<[u8]>>) {
        Arc::make_mut(&mut self.layer).put_series(id, description);
    }

    /// Appends a record and gives its id: the next one, or the first of its millisecond, whichever is larger.
    pub(super) fn append(&mut self, log: &'static str, event: Event, most: usize) -> u64 {
        let last = self.last.entry(log.to_owned()).or_default();
        *last = (*last + 1).max(first_id(event.at));
        let id = *last;
        let size = event.size();
        let layer = Arc::make_mut(&mut self.layer);
        let pending = layer.logs.entry(log).or_default();
        pending.events.insert(id, event);
        pending.bytes += size;
        layer.bytes += size;
        let limit = self.limits.get(log).copied().unwrap_or_default().bytes;
        while layer.logs.get(log).is_some_and(|log| log.bytes as u64 > limit) {
            layer.pop(log);
        }
        self.bound(most);
        id
    }

    /// What the file says of a log's ids.
    pub(super) fn learn(&mut self, log: &str, last: u64) {
        let known = self.last.entry(log.to_owned()).or_default();
        *known = (*known).max(last);
    }

    pub(super) fn settle(&mut self, flushed: &Arc<Layer>) {
        if Arc::ptr_eq(&self.layer, flushed) {
            self.layer = Arc::default();
        } else {
            Arc::make_mut(&mut self.layer).settle(flushed);
        }
    }

    /// Removes what is older than it may be; for a store without a file.
    pub(super) fn expire(&mut self, keep: &[(u8, Duration)], now: i64) -> usize {
        let layer = Arc::make_mut(&mut self.layer);
        let before = layer.rows();
        // What was forgotten need not be told to anybody.
        layer.series.retain(|_, description| description.is_some());
        for (tier, age) in keep {
            let oldest = BlockKey::first(*tier, now.saturating_sub(millis(*age)));
            let old = layer.blocks.range(BlockKey::first(*tier, i64::MIN)..oldest).map(|(key, _)| *key);
            old.collect::<Vec<_>>().into_iter().for_each(|key| layer.remove(key));
        }
        let logs: Vec<&'static str> = layer.logs.keys().copied().collect();
        for log in logs {
            let limits = self.limits.get(log).copied().unwrap_or_default();
            let oldest = now.saturating_sub(millis(limits.age));
            let exceeds = |log: &Pending| {
                let old = log.events.first_key_value().is_some_and(|(_, event)| event.at < oldest);
                old || log.bytes as u64 > limits.bytes
            };
            while layer.logs.get(log).is_some_and(exceeds) {
                layer.pop(log);
            }
        }
        before - layer.rows()
    }

    /// The oldest blocks go first, then the first records of whichever log has most.
    fn bound(&mut self, most: usize) {
        while self.layer.bytes > most {
            let layer = Arc::make_mut(&mut self.layer);
            if let Some(key) = layer.firsts().min_by_key(|key| (key.start, u8::MAX - key.tier)) {
                layer.remove(key);
                self.lost.blocks += 1;
            } else if let Some((log, _)) = layer.logs.iter().max_by_key(|(_, log)| log.bytes) {
                let log = *log;
                layer.pop(log);
                self.lost.records += 1;
            } else {
                return;
            }
        }
    }
}

/// The first id of the millisecond `at`: a log's ids grow with the time, so that a time is found without an index.
///
/// There are 1,024 in each millisecond, and more are taken from the next ones. The year 2248 is the last to be told.
pub(super) fn first_id(at: i64) -> u64 {
    const LAST: i64 = (1 << 43) - 1;
    (at.clamp(0, LAST) as u64) << 10
}

fn length(description: Option<&Arc<[u8]>>) -> usize {
    description.map_or(0, |bytes| bytes.len())
}

fn same(a: Option<&Arc<[u8]>>, b: Option<&Arc<[u8]>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    }
}
