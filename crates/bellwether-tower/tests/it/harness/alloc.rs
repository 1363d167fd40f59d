//! Counts the allocations of this thread and the bytes it holds, so that a test can say: no more than before.
#![allow(unsafe_code, reason = "an allocator is unsafe by its trait; this one only counts and hands on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MADE: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Bytes allocated on this thread less bytes freed on it.
pub(crate) fn held() -> isize {
    HELD.get()
}

/// How often this thread has allocated.
pub(crate) fn made() -> usize {
    MADE.get()
}

fn count(by: isize) {
    // While a thread is torn down there may be no place to count.
    let _ = HELD.try_with(|held| held.set(held.get() + by));
    let _ = MADE.try_with(|made| made.set(made.get() + usize::from(by > 0)));
}

// SAFETY: every call is handed to the system's allocator as it came; counting touches no memory that it manages.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}
