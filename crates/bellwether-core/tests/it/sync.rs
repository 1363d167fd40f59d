//! Loom behind the door: what `src/sync.rs` is to the library, this is to the models of the files included by `model.rs`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

pub(crate) use loom::sync::Mutex;
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize};

/// So few that two threads find them taken.
pub(crate) const LANES: usize = 1;

pub(crate) fn thread_address() -> usize {
    let mut hasher = DefaultHasher::new();
    loom::thread::current().id().hash(&mut hasher);
    hasher.finish() as usize | 1
}

/// once_cell's, as loom sees it: the first to publish wins, and others drop what they made.
#[derive(Debug)]
pub(crate) struct OnceBox<T> {
    published: AtomicUsize,
    cell: OnceLock<Box<T>>,
}

impl<T> Default for OnceBox<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> OnceBox<T> {
    pub(crate) fn new() -> Self {
        Self { published: AtomicUsize::new(0), cell: OnceLock::new() }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        (self.published.load(Ordering::Acquire) == 1).then(|| &**self.cell.get().expect("it was published"))
    }

    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> Box<T>) -> &T {
        if let Some(there) = self.get() {
            return there;
        }
        let made = make();
        if self.published.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            // Loom lets no other thread run between two of its own operations, so nobody sees it published but empty.
            assert!(self.cell.set(made).is_ok(), "it was published before");
        }
        self.cell.get().expect("it was published")
    }
}
