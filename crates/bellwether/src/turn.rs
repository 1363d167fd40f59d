//! Work that is not begun again while it is under way.

use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release},
};

/// A turn that one at a time may have. Cheap to clone; clones are the same turn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turn(Arc<AtomicBool>);

/// Whoever has the turn: it is given back by the drop, also when the work panics or is never run.
#[derive(Debug)]
pub(crate) struct Taken(Arc<AtomicBool>);

impl Turn {
    /// Takes the turn, unless somebody has it.
    pub(crate) fn take(&self) -> Option<Taken> {
        let taken = self.0.swap(true, Acquire);
        (!taken).then(|| Taken(Arc::clone(&self.0)))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.store(false, Release);
    }
}

#[cfg(test)]
mod tests;
