//! How history is doing, as plain data for logs and pages.

use crate::file;
use crate::history::Shared;
use crate::samples::Samples;

/// What a [`History`](crate::History) keeps, and what it could not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Series, those of earlier runs among them.
    pub series: usize,
    /// Bytes of memory that the samples of every tick take.
    pub sample_bytes: usize,
    /// Bytes of memory that samples take which are kept as they were shown, for whoever asks again.
    pub memo_bytes: usize,
    /// Samples that were turned away, since there are too many series or another series goes by the same name.
    pub refused: u64,
    /// Samples that went before their time, since there was no memory for them.
    pub evicted: u64,
    /// How often the wall clock jumped.
    pub clock_jumps: u64,
    /// The file, or the memory that stands in for it.
    pub file: file::Status,
}

impl Status {
    pub(crate) fn of(samples: &Samples, shared: &Shared, clock_jumps: u64) -> Self {
        Self {
            series: samples.index.series.len(),
            sample_bytes: samples.bytes,
            memo_bytes: shared.memo.bytes(),
            refused: samples.refused,
            evicted: samples.evicted,
            clock_jumps,
            file: shared.store.status(),
        }
    }
}
