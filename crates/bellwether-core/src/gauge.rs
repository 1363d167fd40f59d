//! Up and down: a level that is set, or a count of what is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::lanes::update_f64;

/// A handle to one gauge series. A non-finite level is ignored: a gauge always holds a number.
///
/// ```
/// use bellwether_core::Registry;
///
/// let registry = Registry::new();
/// let queue = registry.gauge("queue.length").unit("{job}").build()?;
/// queue.set(7.0);
/// queue.sub(2.0);
/// assert_eq!(queue.value(), 5.0);
/// {
///     let _working = queue.in_flight(); // one more, until dropped
///     assert_eq!(queue.value(), 6.0);
/// }
/// assert_eq!(queue.value(), 5.0);
/// # Ok::<(), bellwether_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "gauges do nothing unless you use them"]
pub struct Gauge(Option<Arc<AtomicU64>>);

/// One unit of work under way: counted in a gauge from [`Gauge::in_flight`] until dropped.
#[derive(Debug)]
#[must_use = "the work counts as ended when this is dropped"]
pub struct InFlight(Gauge);

impl Gauge {
    /// A gauge that shows nothing.
    pub const fn noop() -> Self {
        Self(None)
    }

    pub(crate) fn live() -> Self {
        Self(Some(Arc::default()))
    }

    /// Sets the level.
    #[inline]
    pub fn set(&self, level: f64) {
        if let (Some(cell), true) = (&self.0, level.is_finite()) {
            cell.store(level.to_bits(), Relaxed);
        }
    }

    /// Raises the level by `by`.
    #[inline]
    pub fn add(&self, by: f64) {
        if let (Some(cell), true) = (&self.0, by.is_finite()) {
            update_f64(cell, |level| (level + by).clamp(f64::MIN, f64::MAX));
        }
    }

    /// Lowers the level by `by`.
    #[inline]
    pub fn sub(&self, by: f64) {
        self.add(-by);
    }

    /// Counts one unit of work as under way until the guard is dropped, also by a panic.
    pub fn in_flight(&self) -> InFlight {
        self.add(1.0);
        InFlight(self.clone())
    }

    /// The level now.
    pub fn value(&self) -> f64 {
        self.0.as_ref().map_or(0.0, |cell| f64::from_bits(cell.load(Relaxed)))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.sub(1.0);
    }
}
