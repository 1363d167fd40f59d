//! How the store is doing, as plain data for logs and pages.

use super::Error;
use std::path::PathBuf;

/// What a [`Store`](super::Store) has, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Whether the file is open. Without, history goes on in memory.
    pub open: bool,
    /// What is wrong now; nothing once a flush has succeeded again.
    pub trouble: Option<Trouble>,
    /// What was wrong with the file that was set aside last, if this store did.
    pub damage: Option<Error>,
    /// Bytes that the file takes on the disk, where the system says, else its length.
    pub file_bytes: u64,
    /// Bytes that the rows in the file take, reckoned. What is free within the file is not among them.
    pub stored_bytes: u64,
    /// Bytes of payload in memory that are not in the file yet.
    pub pending_bytes: usize,
    /// When the last flush succeeded, in milliseconds since 1970.
    pub flushed: Option<i64>,
    /// Damaged files that were set aside beside the path. Nobody deletes them but you.
    pub set_aside: Vec<PathBuf>,
    /// What was dropped because memory was full while the file could not be written.
    pub lost: Lost,
    /// Rows of the file that were skipped because their checksum was wrong.
    pub damaged_rows: u64,
    /// Rows that were sound in a file that was set aside, and taken over from there.
    pub salvaged_rows: u64,
}

/// Counts of what no room was left for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lost {
    /// Blocks.
    pub blocks: u64,
    /// Records of event logs.
    pub records: u64,
}

/// Something that keeps the file from being used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trouble {
    /// What it is, and what would help.
    pub error: Error,
    /// Since when, in milliseconds since 1970.
    pub since: i64,
    /// When it is tried again.
    pub retry_at: i64,
}

/// What a flush did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flushed {
    /// Rows written: series, blocks and records.
    pub written: usize,
    /// Rows removed because they were old, or because space ran out.
    pub removed: usize,
}
