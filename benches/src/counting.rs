//! An allocator that counts, while it is told to, what the thread that told it allocates.
#![allow(unsafe_code, reason = "a global allocator is unsafe to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator. A program that counts has it as its `#[global_allocator]`.
#[derive(Debug)]
pub struct Counting;

thread_local! {
    /// Allocations and bytes, while somebody counts.
    static COUNTED: Cell<Option<[u64; 2]>> = const { Cell::new(None) };
}

/// How many allocations this thread makes meanwhile, and of how many bytes; none if the program has another allocator.
pub(crate) fn count(run: impl FnOnce()) -> [u64; 2] {
    COUNTED.set(Some([0; 2]));
    run();
    COUNTED.take().unwrap_or_default()
}

fn one(bytes: usize) {
    // While a thread is torn down nobody counts.
    let _ = COUNTED.try_with(|counted| {
        if let Some([times, all]) = counted.get() {
            counted.set(Some([times + 1, all + bytes as u64]));
        }
    });
}

// SAFETY: everything is passed on to the system's allocator; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    // SAFETY: as the system's.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        one(layout.size());
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    // SAFETY: as the system's.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        one(layout.size());
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    // SAFETY: as the system's.
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        one(size);
        // SAFETY: the caller's promise is the same.
        unsafe { System.realloc(memory, layout, size) }
    }

    // SAFETY: as the system's.
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(memory, layout) }
    }
}
