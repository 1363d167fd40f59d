//! Only up: a count of events or an amount that never shrinks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::lanes::{Lanes, Tally, add_exclusive, add_shared};
use crate::observed::Observed;
use crate::sync::OnceBox;

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
    lanes: Lanes<Tally>,
    /// What [`Counter::raise_to`] has set; apart from the lanes because it replaces instead of adding.
    raised: AtomicU64,
    observed: OnceBox<Observed<u64>>,
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
            cell.lanes.write(|lane| add_exclusive(&lane.count, n), |lane| add_shared(&lane.count, n));
        }
    }

    /// Raises the counter to a total that is kept elsewhere (the kernel's, another library's), beside what is added here.
    /// A lower total than before is ignored: a counter only goes up.
    pub fn raise_to(&self, total: u64) {
        if let Some(cell) = &self.0 {
            cell.raised.fetch_max(total, Relaxed);
        }
    }

    /// Adds the total of a source that is asked when somebody reads, beside what is added here; `None` says that it is gone. What
    /// a source had come to when it went, or another took its place, stays: a counter only goes up.
    ///
    /// ```
    /// use bellwether_core::Registry;
    /// use std::sync::{Arc, Weak, atomic::{AtomicU64, Ordering::Relaxed}};
    ///
    /// let registry = Registry::new();
    /// let hits = registry.counter("cache.hits").build()?;
    /// let kept_elsewhere = Arc::new(AtomicU64::new(7));
    /// let source = Arc::downgrade(&kept_elsewhere);
    /// hits.observe(move || source.upgrade().map(|hits| hits.load(Relaxed)));
    /// assert_eq!(hits.value(), 7);
    /// drop(kept_elsewhere);
    /// assert_eq!(hits.value(), 7);
    /// # Ok::<(), bellwether_core::Error>(())
    /// ```
    pub fn observe(&self, source: impl Fn() -> Option<u64> + Send + Sync + 'static) -> Observation {
        let replace =
            |cell: &Arc<Cell>| cell.observed.get_or_init(Box::default).replace(source, Some(u64::wrapping_add));
        Observation { counter: self.clone(), turn: self.0.as_ref().map_or(0, replace) }
    }

    /// The total so far.
    pub fn value(&self) -> u64 {
        let Some(cell) = &self.0 else { return 0 };
        let observed = cell.observed.get().map_or(0, |observed| {
            let (_, last, before) = observed.read();
            before.wrapping_add(last)
        });
        let beside = cell.raised.load(Relaxed).wrapping_add(observed);
        cell.lanes.iter().fold(beside, |sum, lane| sum.wrapping_add(lane.count.load(Relaxed)))
    }
}

/// A source that a counter asks; from [`Counter::observe`]. May be dropped.
#[derive(Debug)]
pub struct Observation {
    counter: Counter,
    turn: u64,
}

impl Observation {
    /// The source is gone, and this is what it had come to: more, perhaps, than when it was last asked.
    pub fn end(self, total: u64) {
        if let Some(observed) = self.counter.0.as_ref().and_then(|cell| cell.observed.get()) {
            observed.end(self.turn, total);
        }
    }
}

/// What one count of a counter is worth in its metric's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    factor: f64,
    /// The factor as one over this, where that is a whole number, as it mostly is.
    divisor: Option<f64>,
}

impl Scale {
    /// One count is one of the unit.
    pub const ONE: Self = Self { factor: 1.0, divisor: None };

    pub(crate) fn new(factor: f64) -> Self {
        let divisor = factor.recip().round();
        Self { factor, divisor: Some(divisor).filter(|divisor| *divisor > 1.0 && divisor.recip() == factor) }
    }

    /// Whether counts are whole numbers of the unit.
    pub fn is_one(self) -> bool {
        self.factor == 1.0
    }

    /// The factor: 1e-9 for seconds counted in nanoseconds.
    pub fn factor(self) -> f64 {
        self.factor
    }

    /// A count in the metric's unit, rounded once: 300 counts of a thousandth are 0.3, which 300 times 0.001 is not.
    ///
    /// ```
    /// use bellwether_core::Registry;
    ///
    /// let registry = Registry::new();
    /// let busy = registry.counter("busy").unit("s").scale(1e-3).build()?;
    /// busy.add(300);
    /// assert_eq!(registry.metric("busy").unwrap().scale().of(busy.value()), 0.3);
    /// # Ok::<(), bellwether_core::Error>(())
    /// ```
    #[inline]
    pub fn of(self, count: u64) -> f64 {
        match self.divisor {
            Some(divisor) => count as f64 / divisor,
            None => count as f64 * self.factor,
        }
    }
}
