//! A value that is kept elsewhere and asked for when somebody reads: another library's count, a breaker's state.
//!
//! No writer ever comes here. A reader holds the mutex to copy a pointer or a value, and asks without it: a source may take
//! locks of its own, and what it has captured may do anything when it is dropped.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What gives a value, or says that there is none now, or none any more.
type Source<T> = Arc<dyn Fn() -> Option<T> + Send + Sync>;

/// A source that can be replaced, and what it came to last.
pub(crate) struct Observed<T>(Mutex<State<T>>);

struct State<T> {
    source: Option<Source<T>>,
    /// How often the source was replaced.
    turn: u64,
    last: T,
}

impl<T: Copy> Observed<T> {
    /// Without a source yet.
    pub(crate) fn new(last: T) -> Self {
        Self(Mutex::new(State { source: None, turn: 0, last }))
    }

    /// Makes this the source, which may build upon what the one before came to last. Returns its turn.
    pub(crate) fn replace<S: Fn() -> Option<T> + Send + Sync + 'static>(&self, source: impl FnOnce(T) -> S) -> u64 {
        let mut state = self.lock();
        let source: Source<T> = Arc::new(source(state.last));
        let before = state.source.replace(source);
        state.turn += 1;
        let turn = state.turn;
        drop(state);
        drop(before);
        turn
    }

    /// The source of this turn is gone, and leaves behind what `merge` makes of what it came to last.
    pub(crate) fn end(&self, turn: u64, merge: impl FnOnce(T) -> T) {
        let mut state = self.lock();
        if state.turn == turn {
            state.last = merge(state.last);
            let gone = state.source.take();
            drop(state);
            drop(gone);
        }
    }

    /// What the source says now, and what `merge` makes of that and of what it came to last.
    pub(crate) fn read(&self, merge: impl FnOnce(T, T) -> T) -> (Option<T>, T) {
        let (asked, turn) = {
            let state = self.lock();
            (state.source.clone(), state.turn)
        };
        // One that panics does not know: whoever reads goes on.
        let now = asked.as_ref().and_then(|source| catch_unwind(AssertUnwindSafe(|| source())).ok().flatten());
        let mut state = self.lock();
        // One that was replaced or ended meanwhile is not heard any more: others build upon what it had come to.
        let still = state.turn == turn && state.source.is_some();
        if let (Some(now), true) = (now, still) {
            state.last = merge(state.last, now);
        }
        (now, state.last)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Observed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed").finish_non_exhaustive()
    }
}
