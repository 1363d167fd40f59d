//! A value that is kept elsewhere and asked for when somebody reads: another library's count, a breaker's state.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What gives a value, or says that there is none (any more).
type Source<T> = Arc<dyn Fn() -> Option<T> + Send + Sync>;

/// A source that can be replaced. Asked outside of its lock, so a source may read whatever it likes.
pub(crate) struct Observed<T>(Mutex<State<T>>);

struct State<T> {
    source: Option<Source<T>>,
    /// How often the source was replaced.
    turn: u64,
    /// What the sources before had come to.
    before: T,
    /// What the source said last.
    last: T,
}

impl<T: Copy + Default> Observed<T> {
    /// Makes this the source. What the one before had come to is what it said last, or, where sources add up, what is added to all
    /// that follow.
    pub(crate) fn replace(
        &self,
        source: impl Fn() -> Option<T> + Send + Sync + 'static,
        add: Option<fn(T, T) -> T>,
    ) -> u64 {
        // What the one before has come to by now.
        let old = self.lock().source.clone();
        let final_value = old.and_then(|old| old());
        let mut state = self.lock();
        let last = final_value.unwrap_or(state.last);
        (state.before, state.last) = match add {
            Some(add) => (add(state.before, last), T::default()),
            None => (state.before, last),
        };
        state.turn += 1;
        state.source = Some(Arc::new(source));
        state.turn
    }

    /// The source of this turn is gone, and said this last.
    pub(crate) fn end(&self, turn: u64, last: T) {
        let mut state = self.lock();
        if state.turn == turn {
            (state.source, state.last) = (None, last);
        }
    }

    /// What the source says now, or said last if it is gone, with what those before it had come to.
    pub(crate) fn read(&self) -> (Option<T>, T, T) {
        let (source, turn) = {
            let state = self.lock();
            (state.source.clone(), state.turn)
        };
        let now = source.and_then(|source| source());
        let mut state = self.lock();
        if let (Some(now), true) = (now, state.turn == turn) {
            state.last = now;
        }
        (now, state.last, state.before)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Default> Default for Observed<T> {
    fn default() -> Self {
        Self(Mutex::new(State { source: None, turn: 0, before: T::default(), last: T::default() }))
    }
}

impl<T> fmt::Debug for Observed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed").finish_non_exhaustive()
    }
}
