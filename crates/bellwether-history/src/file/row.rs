//! How a row lies in the file: its bytes behind a checksum that knows the row's place.
//!
//! redb checks its pages only when it repairs. A row that was changed behind its back, or came to lie under another
//! key, is seen here: it is skipped and counted, and the rows around it are still read.

use std::sync::Arc;

/// Which block: those of a tier lie by time, and those that start together lie together.
///
/// So what is appended goes to the end of a tier, what has grown old is removed from its beginning, and both touch
/// few pages however many series there are. Let the blocks of all series start at the same times: a search for one
/// series looks at each time at which any block starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockKey {
    /// The tier, whose blocks are kept for the same time.
    pub tier: u8,
    /// When the block starts, in milliseconds since 1970.
    pub start: i64,
    /// The series, as numbered by who writes.
    pub series: u32,
}

impl BlockKey {
    /// The first key a block of `tier` that starts at `start` or later can have.
    pub(super) fn first(tier: u8, start: i64) -> Self {
        Self { tier, start, series: 0 }
    }

    /// The last key of `tier` that there can be.
    pub(super) fn last(tier: u8) -> Self {
        Self { tier, start: i64::MAX, series: u32::MAX }
    }

    /// The key within its tier.
    pub(super) fn parts(self) -> (i64, u32) {
        (self.start, self.series)
    }

    pub(super) fn of(tier: u8, (start, series): (i64, u32)) -> Self {
        Self { tier, start, series }
    }

    pub(super) fn seal(self, bytes: &[u8]) -> Vec<u8> {
        seal(&self.place(), &[bytes])
    }

    pub(super) fn unseal(self, row: &[u8]) -> Option<Arc<[u8]>> {
        unseal(&self.place(), row).map(Arc::from)
    }

    fn place(self) -> [u8; 13] {
        let mut place = [0; 13];
        place[0] = self.tier;
        place[1..9].copy_from_slice(&self.start.to_le_bytes());
        place[9..].copy_from_slice(&self.series.to_le_bytes());
        place
    }
}

/// A record of a log, not decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at: i64,
    pub(super) version: u16,
    pub(super) bytes: Arc<[u8]>,
}

impl Event {
    /// What it takes in a row beside the payload: checksum, time, version.
    const HEAD: usize = 4 + 8 + 2;

    pub(super) fn seal(&self, log: &str, id: u64) -> Vec<u8> {
        seal(&place(log, id), &[&self.at.to_le_bytes(), &self.version.to_le_bytes(), &self.bytes])
    }

    pub(super) fn unseal(log: &str, id: u64, row: &[u8]) -> Option<Self> {
        let body = unseal(&place(log, id), row)?;
        let (at, body) = body.split_first_chunk::<8>()?;
        let (version, bytes) = body.split_first_chunk::<2>()?;
        Some(Self { at: i64::from_le_bytes(*at), version: u16::from_le_bytes(*version), bytes: Arc::from(bytes) })
    }

    /// When it happened, believed without looking at the checksum: a wrong one only moves when it is removed.
    pub(super) fn peek_at(row: &[u8]) -> i64 {
        row.get(4..12).and_then(|at| at.try_into().ok()).map_or(i64::MIN, i64::from_le_bytes)
    }

    pub(super) fn size(&self) -> usize {
        Self::HEAD + self.bytes.len()
    }
}

/// The checksum of numbers that are kept of something, by its name.
pub(super) fn sum(name: &str, numbers: &[u64]) -> u32 {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    u32::from_le_bytes(checksum(name.as_bytes(), &bytes))
}

/// What describes a series.
pub(super) fn seal_series(id: u32, bytes: &[u8]) -> Vec<u8> {
    seal(&id.to_le_bytes(), &[bytes])
}

pub(super) fn unseal_series(id: u32, row: &[u8]) -> Option<Arc<[u8]>> {
    unseal(&id.to_le_bytes(), row).map(Arc::from)
}

fn place(log: &str, id: u64) -> Vec<u8> {
    [&id.to_le_bytes(), log.as_bytes()].concat()
}

fn seal(place: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut row = vec![0; 4];
    for part in parts {
        row.extend_from_slice(part);
    }
    let sum = checksum(place, &row[4..]);
    row[..4].copy_from_slice(&sum);
    row
}

fn unseal<'a>(place: &[u8], row: &'a [u8]) -> Option<&'a [u8]> {
    let (sum, body) = row.split_first_chunk::<4>()?;
    (*sum == checksum(place, body)).then_some(body)
}

fn checksum(place: &[u8], body: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(place);
    hasher.update(body);
    hasher.finalize().to_le_bytes()
}
