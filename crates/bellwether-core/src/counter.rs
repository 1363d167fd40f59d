//! Only up: a count of events or an amount that never shrinks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::lanes::{Lanes, add_exclusive, add_shared};

/// A handle to one counter series. Clones count into the same series; recording never allocates after a thread's first
/// touch, never blocks and never fails.
///
/// ```
/// use bellwether_core::Registry;
///
/// let registry = Registry::new();
/// let jobs = registry.counter("jobs.done").unit("{job}").description("Jobs finished.").build()?;
/// jobs.inc();
/// jobs.add(2);
/// assert_eq!(jobs.value(), 3);
/// # Ok::<(), bellwether_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "counters do nothing unless you use them"]
pub struct Counter(Option<Arc<Cell>>);

#[derive(Debug, Default)]
pub(crate) struct Cell {
    lanes: Lanes<AtomicU64>,
    /// What [`Counter::raise_to`] has set; apart from the lanes because it replaces instead of adding.
    raised: AtomicU64,
}

impl Counter {
    /// A counter that counts nothing, for code that runs without a registry.
    pub const fn noop() -> Self {
        Self(None)
    }

    pub(crate) fn live() -> Self {
        Self(Some(Arc::default()))
    }

    /// Adds one.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Adds `n`. Wraps after 2⁶⁴, which a reader sees as a reset.
    #[inline]
    pub fn add(&self, n: u64) {
        if let Some(cell) = &self.0 {
            cell.lanes.write(|lane| add_exclusive(lane, n), |lane| add_shared(lane, n));
        }
    }

    /// Raises the counter to a total that is kept elsewhere (the kernel's, another library's), beside what is added here.
    /// A lower total than before is ignored: a counter only goes up.
    pub fn raise_to(&self, total: u64) {
        if let Some(cell) = &self.0 {
            cell.raised.fetch_max(total, Relaxed);
        }
    }

    /// The total so far.
    pub fn value(&self) -> u64 {
        let Some(cell) = &self.0 else { return 0 };
        cell.lanes.iter().fold(cell.raised.load(Relaxed), |sum, lane| sum.wrapping_add(lane.load(Relaxed)))
    }
}
