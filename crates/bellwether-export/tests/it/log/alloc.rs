//! A line allocates nothing: neither that of an event nor that of a request, once the thread has its buffer.
#![allow(unsafe_code, reason = "an allocator is unsafe by its trait; this one only counts and hands on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use bellwether_core::{OnEnd, Outcome, Value};
use bellwether_export::log::{JsonLog, Output};
use tracing_subscriber::layer::SubscriberExt;

use super::{operation, registry, scope};

struct Counting;

thread_local! {
    static MADE: Cell<u64> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: every call is handed to the system's allocator as it came; counting touches no memory that it manages.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // While a thread is torn down there may be no place to count.
        let _ = MADE.try_with(|made| made.set(made.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// How often this thread allocates for a line, after one to warm up. With the writer in place, since a queue that grows
/// while its thread is busy allocates when it does.
fn allocations(line: impl Fn(&JsonLog)) -> u64 {
    let log = JsonLog::new(Output::direct(std::io::sink(), &registry()).unwrap());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(log.clone()), || {
        line(&log);
        let before = MADE.get();
        (0..100).for_each(|_| line(&log));
        MADE.get() - before
    })
}

#[test]
fn of_an_event() {
    let scope = scope();
    let allocated =
        allocations(|_| scope.in_scope(|| tracing::info!(items = 3, ratio = 0.5, by = ?"me", "packed {}", "it")));
    assert_eq!(allocated, 0);
}

#[test]
fn of_a_request() {
    let scope = scope();
    scope.customer("c-17").transaction("voice_turn");
    let attributes = [("http.request.method", Value::Str("POST")), ("http.response.status_code", Value::Int(200))];
    let mut ended = operation(&scope, Outcome::Success);
    ended.attributes = &attributes;
    let log = JsonLog::new(Output::direct(std::io::sink(), &registry()).unwrap());
    let requests = log.requests();
    requests.ended(&ended);
    let before = MADE.get();
    (0..100).for_each(|_| requests.ended(&ended));
    assert_eq!(MADE.get() - before, 0);
    assert!(log.output().flush(Duration::ZERO) == 0 && log.output().written() == 101);
}
