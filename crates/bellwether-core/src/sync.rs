//! The one door to what threads meet in, so that the tests can put loom's behind it and try every order of events.

pub(crate) use std::sync::Mutex;
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize};

pub(crate) use once_cell::race::OnceBox;

/// Lanes of one series that threads may own beside the first; a power of two. Few under loom.
pub(crate) const LANES: usize = 64;

/// An address that no other living thread has: that of a thread-local. It has no destructor, so this works also while
/// the thread is being torn down.
#[inline]
pub(crate) fn thread_address() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| std::ptr::from_ref(here).addr())
}
