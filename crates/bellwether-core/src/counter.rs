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

    /// Adds a total that is kept elsewhere and asked for when somebody reads, beside what is added here and what it is
    /// [raised](Self::raise_to) to: what counts it need not count twice.
    ///
    /// A counter only goes up. When the source says less than before, or `None` because it is gone, what it had come to
    /// stays; and so it does when another source takes its place, which is then added from 0.
    ///
    /// The source is called by readers, while no lock is held. It must not read this counter, which would ask it again.
    /// What it captures lives as long as the series: a `Weak` of what it asks is better than an `Arc`. If it panics, that
    /// counts as `None`.
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
        let (mut turn, mut before) = (0, 0);
        if let Some(cell) = &self.0 {
            let observed = cell.observed.get_or_init(|| Box::new(Observed::new(0)));
            // The one before is asked once more.
            observed.read(u64::max);
            turn = observed.replace(|total| {
                before = total;
                move || Some(total.saturating_add(source()?))
            });
        }
        Observation { counter: self.clone(), turn, before }
    }

    /// The total so far.
    pub fn value(&self) -> u64 {
        let Some(cell) = &self.0 else { return 0 };
        let observed = cell.observed.get().map_or(0, |observed| observed.read(u64::max).1);
        let beside = cell.raised.load(Relaxed).wrapping_add(observed);
        cell.lanes.iter().fold(beside, |sum, lane| sum.wrapping_add(lane.count.load(Relaxed)))
    }
}

/// A source that a counter asks; from [`Counter::observe`]. May be dropped.
#[derive(Debug)]
pub struct Observation {
    counter: Counter,
    turn: u64,
    /// What the sources before had come to.
    before: u64,
}

impl Observation {
    /// The source is gone, and this is what it had come to: more, perhaps, than when it was last asked.
    pub fn end(self, total: u64) {
        if let Some(observed) = self.counter.0.as_ref().and_then(|cell| cell.observed.get()) {
            observed.end(self.turn, |last| last.max(self.before.saturating_add(total)));
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

    /// One count is worth so much of the unit.
    pub fn new(factor: f64) -> Self {
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
