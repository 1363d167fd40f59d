//! Which one of a few states something is in: a breaker closed, open or half-open.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

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

#[derive(Debug, Default)]
struct Cell {
    state: AtomicUsize,
    observed: OnceBox<Observed<usize>>,
}

impl StateSet {
    /// A state set has at most this many states.
    pub const MAX_STATES: usize = 16;

    /// A state set that shows nothing.
    pub const fn noop() -> Self {
        Self(None)
    }

    pub(crate) fn live() -> Self {
        Self(Some(Arc::default()))
    }

    /// Enters a state, by its position among those that were declared. A reader takes one beyond the last for the last.
    #[inline]
    pub fn set(&self, state: usize) {
        if let Some(cell) = &self.0 {
            cell.state.store(state, Relaxed);
        }
    }

    /// From now on the state is that of a source which is asked when somebody reads. When it says `None`, the state stays
    /// the one it said last.
    pub fn observe(&self, source: impl Fn() -> Option<usize> + Send + Sync + 'static) {
        if let Some(cell) = &self.0 {
            cell.observed.get_or_init(Box::default).replace(source, None);
        }
    }

    /// The state now, by its position.
    pub fn state(&self) -> usize {
        let Some(cell) = &self.0 else { return 0 };
        match cell.observed.get() {
            Some(observed) => observed.read().1,
            None => cell.state.load(Relaxed),
        }
    }
}
