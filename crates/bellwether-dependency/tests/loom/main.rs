//! Where threads meet in what is under way, in every order of events that matters: loom runs the very files of the library.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "the library uses all of it")]

#[path = "../../src/cascade/meter/last_failed.rs"]
mod last_failed;
#[path = "../../src/cascade/meter/slot.rs"]
mod slot;
#[path = "../../../bellwether-core/tests/it/sync.rs"]
mod sync;

/// What the files take from the crate that they belong to.
mod cascade {
    pub use bellwether_dependency::Failure;
}

use std::sync::Arc;

use bellwether_dependency::Failure;
use last_failed::Failed;
use loom::thread;
use slot::Slot;

/// Runs two closures at once on a slot in which work began at 100; then what they came to can be looked at.
fn at_once(
    first: impl Fn(&Slot, u32) + Send + Sync + 'static,
    second: impl Fn(&Slot, u32) + Send + Sync + 'static,
    then: impl Fn(&Slot, u32) + Send + Sync + 'static,
) {
    let (first, second) = (Arc::new(first), Arc::new(second));
    loom::model(move || {
        let slot = Arc::new(Slot::default());
        let generation = slot.begin(3, 100);
        let other = {
            let (slot, first) = (Arc::clone(&slot), Arc::clone(&first));
            thread::spawn(move || first(&slot, generation))
        };
        second(&slot, generation);
        other.join().unwrap();
        then(&slot, generation);
    });
}

#[test]
fn two_calls_side_by_side_are_waited_for_once() {
    let call = |slot: &Slot, generation| {
        let live = slot.live(generation).expect("it lasts");
        live.waits(110).expect("it lasts");
        live.goes_on(120).expect("it lasts");
    };
    at_once(call, call, |slot, generation| {
        let done = slot.end(generation, 150).expect("nobody else ended it");
        // One behind the other, or at once: the clock says the same, so it is 10 or 20 that were waited.
        assert!(!done.waiting && (done.own == 40 || done.own == 30), "{done:?}");
    });
}

#[test]
fn a_call_that_ends_with_its_work_leaves_nobody_waiting() {
    // Each way, who counts that the work waits no more is either the call or the end.
    loom::model(|| {
        let slot = Arc::new(Slot::default());
        let generation = slot.begin(3, 100);
        slot.live(generation).unwrap().waits(110);
        let other = {
            let slot = Arc::clone(&slot);
            thread::spawn(move || slot.live(generation).and_then(|live| live.goes_on(120)) == Some(true))
        };
        let done = slot.end(generation, 130).expect("nobody else ended it");
        let by_call = other.join().unwrap();
        assert_ne!(done.waiting, by_call, "{done:?}");
        assert_eq!(done.own, if by_call { 20 } else { 10 });
    });
}

#[test]
fn work_ends_once() {
    loom::model(|| {
        let slot = Arc::new(Slot::default());
        let generation = slot.begin(3, 100);
        let other = {
            let slot = Arc::clone(&slot);
            thread::spawn(move || slot.end(generation, 130).is_some())
        };
        let here = slot.end(generation, 130).is_some();
        assert_ne!(here, other.join().unwrap());
    });
}

#[test]
fn a_late_call_does_nothing_to_whoever_has_the_slot_next() {
    loom::model(|| {
        let slot = Arc::new(Slot::default());
        let generation = slot.begin(3, 100);
        let other = {
            let slot = Arc::clone(&slot);
            thread::spawn(move || {
                let Some(live) = slot.live(generation) else { return };
                live.failed().set(generation, Failed { edge: 1, class: Failure::Timeout, cut: false }, 110);
                if live.waits(110).is_some() {
                    live.goes_on(120);
                }
            })
        };
        slot.end(generation, 130);
        let next = slot.begin(4, 200);
        other.join().unwrap();
        let live = slot.live(next).unwrap();
        assert_eq!(live.failed().get(next), None);
        let done = slot.end(next, 250).unwrap();
        assert_eq!((done.node, done.own, done.waiting), (4, 50, false));
    });
}
