//! Up and down: a level that is set, or a count of what is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::lanes::{Lanes, Tally, add_exclusive, add_shared, update_f64};
use crate::observed::Observed;
use crate::sync::OnceBox;

/// A handle to one gauge series. A non-finite level is ignored: a gauge always holds a number.
///
/// A level is one word that is set and added to. Work under way is counted beside it, each thread for itself, so that
/// threads do not meet where they all begin and end something; setting a level leaves that count alone.
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
pub struct Gauge(Option<Arc<Cell>>);

#[derive(Debug, Default)]
struct Cell {
    level: AtomicU64,
    /// What is under way, modulo 2⁶⁴: a thread may end what another began. Made for gauges that count it.
    under_way: OnceBox<Lanes<Tally>>,
    observed: OnceBox<Observed<f64>>,
}

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
            cell.level.store(level.to_bits(), Relaxed);
        }
    }

    /// Raises the level by `by`.
    #[inline]
    pub fn add(&self, by: f64) {
        if let (Some(cell), true) = (&self.0, by.is_finite()) {
            update_f64(&cell.level, |level| (level + by).clamp(f64::MIN, f64::MAX));
        }
    }

    /// Lowers the level by `by`.
    #[inline]
    pub fn sub(&self, by: f64) {
        self.add(-by);
    }

    /// Counts one unit of work as under way until the guard is dropped, also by a panic.
    pub fn in_flight(&self) -> InFlight {
        self.begin();
        InFlight(self.clone())
    }

    /// Counts one unit of work as under way until it [ends](Self::end), for whoever knows the gauge then. A guard, which does
    /// that by itself, is [`in_flight`](Self::in_flight).
    #[inline]
    pub fn begin(&self) {
        self.count(1);
    }

    /// One unit of work that [began](Self::begin) has ended.
    #[inline]
    pub fn end(&self) {
        self.count(1_u64.wrapping_neg());
    }

    /// From now on the level is that of a source which is asked when somebody reads, and not what was set or added; what is
    /// [under way](Self::in_flight) is counted beside it. `None`, or a number that is not finite, says that the level is not
    /// known, and the series is then left out of what is exported: not knowing is not 0.
    ///
    /// A source must not read what it is read by, as with [counters](crate::Counter::observe).
    ///
    /// ```
    /// use bellwether_core::Registry;
    /// use std::sync::{Arc, Mutex};
    ///
    /// let queue = Arc::new(Mutex::new(vec!["a job"]));
    /// let length = Registry::new().gauge("queue.length").unit("{job}").build()?;
    /// let source = Arc::downgrade(&queue);
    /// length.observe(move || Some(source.upgrade()?.lock().ok()?.len() as f64));
    /// assert_eq!(length.known(), Some(1.0));
    /// drop(queue);
    /// assert_eq!(length.known(), None); // not 0: there is no queue
    /// # Ok::<(), bellwether_core::Error>(())
    /// ```
    pub fn observe(&self, source: impl Fn() -> Option<f64> + Send + Sync + 'static) {
        if let Some(cell) = &self.0 {
            let known = move || source().filter(|level| level.is_finite());
            let last = || f64::from_bits(cell.level.load(Relaxed));
            cell.observed.get_or_init(|| Box::new(Observed::new(last()))).replace(|_| known);
        }
    }

    /// The level now, as [`value`](Self::value) has it, unless it is [observed](Self::observe) and not known.
    pub fn known(&self) -> Option<f64> {
        self.read().0
    }

    /// The level now, with what is under way. What begins and ends elsewhere meanwhile may be counted or not. Of a level that
    /// is [observed](Self::observe) and not known now, what was known last.
    pub fn value(&self) -> f64 {
        self.read().1
    }

    /// The level as far as it is known, and as it was known last.
    fn read(&self) -> (Option<f64>, f64) {
        let Some(cell) = &self.0 else { return (Some(0.0), 0.0) };
        let (now, last) = match cell.observed.get() {
            Some(observed) => observed.read(|_, now| now),
            None => {
                let level = f64::from_bits(cell.level.load(Relaxed));
                (Some(level), level)
            }
        };
        let under_way = cell.under_way();
        (now.map(|level| level + under_way), last + under_way)
    }

    #[inline]
    fn count(&self, units: u64) {
        if let Some(cell) = &self.0 {
            let lanes = cell.under_way.get_or_init(Box::default);
            lanes.write(|lane| add_exclusive(&lane.count, units), |lane| add_shared(&lane.count, units));
        }
    }
}

impl Cell {
    fn under_way(&self) -> f64 {
        let Some(lanes) = self.under_way.get() else { return 0.0 };
        let sum = || lanes.iter().fold(0_u64, |sum, lane| sum.wrapping_add(lane.count.load(Relaxed)));
        let mut seen = sum();
        // A reader may miss what began on one thread and see how it ends on another: it looks again until nothing changes.
        for _ in 0..8 {
            let again = sum();
            if again == seen {
                break;
            }
            seen = again;
        }
        (seen as i64).max(0) as f64
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.end();
    }
}
