//! Typed, versioned records of the event logs, and pages of them.

use std::fmt;

/// Something that happened, as an entry of an append-only log.
///
/// A log is known by its name. `decode` is given the version a record was written with, so that an older one is
/// migrated by whoever reads it; a newer one than `VERSION` is left where it is, skipped and counted.
///
/// ```
/// use bellwether_history::file::{Limits, Options, Query, Record, Store, Undecodable};
///
/// #[derive(Debug, PartialEq)]
/// struct Deploy {
///     version: String,
/// }
///
/// impl Record for Deploy {
///     const LOG: &'static str = "deploys";
///     const VERSION: u16 = 1;
///     fn encode(&self, out: &mut Vec<u8>) {
///         out.extend(self.version.as_bytes());
///     }
///     fn decode(_: u16, bytes: &[u8]) -> Result<Self, Undecodable> {
///         Ok(Self { version: String::from_utf8(bytes.to_vec()).map_err(|_| Undecodable)? })
///     }
/// }
///
/// let store = Store::open(Options::in_memory(), 0);
/// let deploys = store.log::<Deploy>(Limits::default());
/// let id = deploys.append(&Deploy { version: "1.4.2".to_owned() }, 1_700_000_000_000)?;
///
/// let page = deploys.page(&Query::newest())?;
/// assert_eq!(page.entries[0].id, id);
/// assert_eq!(page.entries[0].record, Deploy { version: "1.4.2".to_owned() });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Record: Sized {
    /// The log's name: the same text means the same log, today and after any update.
    const LOG: &'static str;
    /// The version that `encode` writes.
    const VERSION: u16;

    /// Appends the record's bytes to `out`.
    fn encode(&self, out: &mut Vec<u8>);

    /// The record from bytes that `encode` of `version`, at most [`VERSION`](Self::VERSION), has written.
    ///
    /// # Errors
    /// [`Undecodable`] if they are none; the record is skipped and counted.
    fn decode(version: u16, bytes: &[u8]) -> Result<Self, Undecodable>;
}

/// Bytes that are no record of this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no record of this log")]
pub struct Undecodable;

/// A record larger than its log allows. It was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge {
    /// The log's name.
    pub log: &'static str,
    /// The record's bytes.
    pub bytes: usize,
    /// The most that [`Limits::record`](super::Limits::record) allows.
    pub limit: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a record of {} bytes for the log {:?}, which takes {} at most", self.bytes, self.log, self.limit)
    }
}

impl std::error::Error for TooLarge {}

/// One record, with its place and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<R> {
    /// Its place: larger than that of every record appended before it. At most 2⁵³, exact in JSON.
    pub id: u64,
    /// When it happened, as whoever appended it said: milliseconds since 1970.
    pub at: i64,
    /// What happened.
    pub record: R,
}

/// Which records of a log are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Query {
    /// Only from this id on.
    pub from_id: u64,
    /// Only up to and without this id.
    pub to_id: u64,
    /// Only what happened at this time or later.
    pub from: i64,
    /// Only what happened before this time.
    pub to: i64,
    /// Whether the latest come first.
    pub newest_first: bool,
    /// At most so many.
    pub limit: usize,
}

impl Query {
    /// The latest 100 records, the latest first.
    pub fn newest() -> Self {
        Self { newest_first: true, ..Self::oldest() }
    }

    /// The first 100 records, the first one first.
    pub fn oldest() -> Self {
        Self { from_id: 0, to_id: u64::MAX, from: i64::MIN, to: i64::MAX, newest_first: false, limit: 100 }
    }

    /// Only records whose ids are in `from..to`.
    pub fn ids(mut self, from: u64, to: u64) -> Self {
        (self.from_id, self.to_id) = (from, to);
        self
    }

    /// Only what happened in `from..to`.
    pub fn times(mut self, from: i64, to: i64) -> Self {
        (self.from, self.to) = (from, to);
        self
    }

    /// At most so many.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }
}

/// The answer to a [`Query`]: records in its order, and what was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<R> {
    /// What was asked for.
    pub entries: Vec<Entry<R>>,
    /// Records of a newer version than this one knows, skipped.
    pub newer: u64,
    /// Records that could not be decoded, or whose checksum is wrong, skipped.
    pub damaged: u64,
    /// The id to go on with if the limit ended the page: the next `to_id` newest first, else the next `from_id`.
    pub next: Option<u64>,
}
