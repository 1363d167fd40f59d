//! Which one of a few states something is in: a breaker closed, open or half-open.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::histogram::Shape;
use crate::observed::Observed;
use crate::sync::OnceBox;

/// A handle to one series that says which state something is in, by the state's position among those that were declared;
/// the first to begin with. OpenMetrics calls it a StateSet.
///
/// Exporters show a sample for each state, 1 for the one it is in and 0 for the others. They read it once for all of them:
/// exactly one is 1, whatever happens meanwhile.
///
/// ```
/// use bellwether_core::Registry;
///
/// let registry = Registry::new();
/// let states = registry.state_set("door.state", "state", ["shut", "open"]).labels(["door"]).family()?;
/// let front = states.get(["front"]);
/// front.set(1);
/// assert_eq!(front.state(), 1);
/// # Ok::<(), bellwether_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "state sets do nothing unless you use them"]
pub struct StateSet(Option<Arc<Cell>>);

#[derive(Debug)]
struct Cell {
    state: AtomicUsize,
    observed: OnceBox<Observed<usize>>,
    /// How many states there are.
    of: usize,
    /// Counts what is no state.
    shape: Arc<Shape>,
}

impl StateSet {
    /// A state set has at most this many states.
    pub const MAX_STATES: usize = 16;

    /// A state set that shows nothing.
    pub const fn noop() -> Self {
        Self(None)
    }

    pub(crate) fn live(of: usize, shape: &Arc<Shape>) -> Self {
        let (state, observed) = (AtomicUsize::new(0), OnceBox::new());
        Self(Some(Arc::new(Cell { state, observed, of, shape: Arc::clone(shape) })))
    }

    /// Enters a state, by its position among those that were declared. A position that none of them has is ignored, and
    /// counted by [`Metric::dropped`](crate::Metric::dropped).
    #[inline]
    pub fn set(&self, state: usize) {
        if let Some(cell) = &self.0
            && is_state(state, cell.of, &cell.shape)
        {
            cell.state.store(state, Relaxed);
        }
    }

    /// From now on the state is that of a source which is asked when somebody reads, and not what was set. When it says
    /// `None`, or a position that no state has, the state stays the one that was known last.
    ///
    /// A source must not read what it is read by, as with [counters](crate::Counter::observe).
    pub fn observe(&self, source: impl Fn() -> Option<usize> + Send + Sync + 'static) {
        if let Some(cell) = &self.0 {
            let (of, shape) = (cell.of, Arc::clone(&cell.shape));
            let known = move || source().filter(|state| is_state(*state, of, &shape));
            let last = || cell.state.load(Relaxed);
            cell.observed.get_or_init(|| Box::new(Observed::new(last()))).replace(|_| known);
        }
    }

    /// The state now, by its position.
    pub fn state(&self) -> usize {
        let Some(cell) = &self.0 else { return 0 };
        match cell.observed.get() {
            Some(observed) => observed.read(|_, now| now).1,
            None => cell.state.load(Relaxed),
        }
    }
}

fn is_state(state: usize, of: usize, shape: &Shape) -> bool {
    if state >= of {
        shape.dropped.fetch_add(1, Relaxed);
    }
    state < of
}
