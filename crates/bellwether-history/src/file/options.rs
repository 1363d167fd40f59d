//! What a store may use, and how long it keeps what.

use std::path::PathBuf;
use std::time::Duration;

/// Where a [`Store`](super::Store) keeps its file, and within which bounds.
///
/// ```
/// use bellwether_history::file::Options;
/// use std::time::Duration;
///
/// let options = Options::new("history.bw").max_bytes(256 << 20).keep(1, Duration::from_secs(400 * 86_400));
/// assert_eq!(options.max_bytes, 256 << 20);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The file; `None` keeps everything in memory.
    pub path: Option<PathBuf>,
    /// Bytes the file may take on the disk, 1 GiB unless said otherwise. The oldest blocks go first, early enough that
    /// the bound holds also where they fit badly; where they fit well, two thirds of it are used.
    pub max_bytes: u64,
    /// Bytes of payload kept in memory: until the next flush, or, without a file, at all. 64 MiB unless said otherwise.
    pub max_memory: usize,
    /// Bytes of memory for pages of the file, 16 MiB unless said otherwise.
    pub cache: usize,
    /// How long the blocks of a tier are kept, from their start. A tier not named here is kept until space runs out.
    pub keep: Vec<(u8, Duration)>,
}

impl Options {
    /// A file at `path`. Its directory must exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), ..Self::in_memory() }
    }

    /// No file at all.
    pub fn in_memory() -> Self {
        Self { path: None, max_bytes: 1 << 30, max_memory: 64 << 20, cache: 16 << 20, keep: Vec::new() }
    }

    /// Bytes the file may take on the disk; at least 1 MiB.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes.max(1 << 20);
        self
    }

    /// Bytes of payload kept in memory.
    pub fn max_memory(mut self, bytes: usize) -> Self {
        self.max_memory = bytes;
        self
    }

    /// Bytes of memory for pages of the file.
    pub fn cache(mut self, bytes: usize) -> Self {
        self.cache = bytes;
        self
    }

    /// How long the blocks of `tier` are kept, from their start.
    pub fn keep(mut self, tier: u8, age: Duration) -> Self {
        self.keep.retain(|(named, _)| *named != tier);
        self.keep.push((tier, age));
        self
    }
}

/// How much of a log is kept: whichever bound is reached first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long a record is kept; 400 days unless said otherwise.
    pub age: Duration,
    /// Bytes of all records of the log; 16 MiB unless said otherwise.
    pub bytes: u64,
    /// Bytes of one record; 64 KiB unless said otherwise.
    pub record: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { age: Duration::from_secs(400 * 86_400), bytes: 16 << 20, record: 64 << 10 }
    }
}

impl Limits {
    /// How long a record is kept.
    pub fn age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// Bytes of all records of the log.
    pub fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }

    /// Bytes of one record.
    pub fn record(mut self, bytes: usize) -> Self {
        self.record = bytes;
        self
    }
}

/// A duration in the milliseconds that times are counted in.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
