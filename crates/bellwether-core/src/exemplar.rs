//! A real observation with the trace it came from, kept beside the buckets it was counted in.

use std::cell::Cell;

use crate::clock::Timestamp;
use crate::trace::{SpanId, TraceId};

/// One observation that a sampled trace shows in full.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exemplar {
    /// What was observed, in the metric's unit.
    pub value: f64,
    /// When.
    pub at: Timestamp,
    /// The trace it was part of.
    pub trace_id: TraceId,
    /// The span of the request it was part of.
    pub span_id: SpanId,
}

thread_local! {
    /// The sampled trace that is running on this thread, for [`crate::Histogram::record`] to find at the cost of one load.
    static SAMPLED: Cell<Option<(TraceId, SpanId)>> = const { Cell::new(None) };
}

#[inline]
pub(crate) fn sampled() -> Option<(TraceId, SpanId)> {
    SAMPLED.get()
}

#[inline]
pub(crate) fn set_sampled(now: Option<(TraceId, SpanId)>) {
    match now {
        // One store, and the other words are left as they are.
        None => SAMPLED.set(None),
        some => SAMPLED.set(some),
    }
}
