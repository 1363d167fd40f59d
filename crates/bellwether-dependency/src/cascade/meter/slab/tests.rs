//! Slots by hand: what they come to, and who finds nobody any more.

use super::*;
use crate::cascade::Failure;
use crate::cascade::meter::last_failed::{Failed, LastFailed};

#[test]
fn time_of_its_own_is_what_it_did_not_wait() {
    let slab = Slab::new();
    let work = slab.begin(7, 1000).unwrap();
    let live = || slab.find(work).unwrap();
    assert_eq!(slab.iter().collect::<Vec<_>>(), [(7, 1000)]);
    assert_eq!([live().waits(1010), live().waits(1015)], [Some(true), Some(false)]);
    assert_eq!([live().goes_on(1020), live().goes_on(1030), live().goes_on(1031)], [Some(false), Some(true), None]);
    let done = Done { node: 7, took: 100, own: 80, waiting: false, held: None };
    assert_eq!((slab.end(work, 1100), slab.end(work, 1200)), (Some(done), None));

    let work = slab.begin(0, 2000).unwrap();
    let live = slab.find(work).unwrap();
    live.waits(2010);
    assert!(live.takes(3) && live.takes(3) && !live.takes(4) && live.gives_back(3) && !live.gives_back(4));
    let done = Done { node: 0, took: 50, own: 10, waiting: true, held: Some((3, 1)) };
    assert_eq!(slab.end(work, 2050), Some(done));
    assert_eq!(slab.iter().count(), 0);
}

#[test]
fn who_comes_late_finds_nobody() {
    let slab = Slab::new();
    let first = slab.begin(1, 10).unwrap();
    let stale = slab.find(first).unwrap();
    slab.end(first, 20);
    let second = slab.begin(2, 30).unwrap();
    assert!(slab.find(first).is_none());
    assert_eq!([stale.waits(40), stale.goes_on(40)], [None, None]);
    assert!(!stale.takes(0) && !stale.gives_back(0));
    stale.failed().set(stale.generation(), Failed { edge: 1, class: Failure::Timeout, cut: false }, 40);
    let live = slab.find(second).unwrap();
    assert_eq!((live.node(), live.failed().get(live.generation())), (Some(2), None));
    let tagged = |number: u64| slab.tag << PLACE | number;
    // A number of another slab, of a slot that nobody ever had, of no slot.
    let foreign = second.number().get() ^ 1 << PLACE;
    let nobodys = u64::from(second.number().get() as u32) + 5;
    for number in [foreign, nobodys, tagged((1 << PLACE) - 1), tagged(0), 1, 1 << 32 | 0xffff_ffff, u64::MAX] {
        assert_eq!(slab.end(Work::new(NonZeroU64::new(number).unwrap()), 50), None, "{number:x}");
    }
    assert!(slab.end(second, 60).is_some());
}

#[test]
fn what_there_is_no_slot_for_is_counted() {
    let slab = Slab::new();
    let begun: Vec<Work> = (0..TRIES * SLOTS).map(|at| slab.begin(0, at as u64).unwrap()).collect();
    // Where this thread looks there is always the next chunk.
    assert!((0..(CHUNKS - TRIES) * SLOTS).all(|at| slab.begin(1, at as u64).is_some()));
    assert_eq!((slab.begin(2, 0), slab.turned_away()), (None, 1));
    slab.end(begun[5], 9);
    let (mut found, mut tries) = (false, 0);
    while !found && tries < CHUNKS {
        found = slab.begin(3, 10).is_some();
        tries += 1;
    }
    assert!(found || slab.turned_away() > 1, "a slot is free, if perhaps too far");
}

#[test]
fn remembers_the_last_that_was_not_made_up_for() {
    let last = LastFailed::default();
    let call = |edge, class, cut| Failed { edge, class, cut };
    let generation = 0x1_ff;
    last.reset(generation);
    assert_eq!(last.get(generation), None);
    let refused = call(16_383, Failure::Refused, false);
    last.set(generation, call(0, Failure::Timeout, true), 10);
    last.set(generation, refused, 20);
    last.set(generation, call(1, Failure::Cancelled, true), 30);
    assert_eq!(last.get(generation), Some(refused), "whoever is given up says less");
    last.made_up_for(generation, 19);
    assert_eq!(last.get(generation), Some(refused), "that one began before");
    last.set(generation, call(2, Failure::Unknown, false), (1 << 36) - 1);
    last.made_up_for(generation, (1 << 36) + 5);
    assert_eq!(last.get(generation), None, "also when the time begins anew");

    last.reset(generation + 1);
    last.set(generation, refused, 40);
    assert_eq!([generation, generation + 1].map(|of| last.get(of)), [None, None], "the slot is another's");
}
