//! What is kept elsewhere and read when somebody looks.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use bellwether_core::{Counter, Registry, StateSet};

#[test]
fn a_counter_only_goes_up_whatever_its_sources_do() {
    let counter = Registry::new().counter("calls").build().unwrap();
    counter.add(1);
    let of = |total: &Arc<AtomicU64>| {
        let total = Arc::downgrade(total);
        move || total.upgrade().map(|total| total.load(Relaxed))
    };
    let first = Arc::new(AtomicU64::new(10));
    counter.observe(of(&first));
    assert_eq!(counter.value(), 11);
    first.store(12, Relaxed);
    // Another takes its place, and begins anew.
    let second = Arc::new(AtomicU64::new(0));
    counter.observe(of(&second));
    assert_eq!(counter.value(), 13, "what the first had come to stays");
    second.store(5, Relaxed);
    assert_eq!(counter.value(), 18);
    drop(second);
    assert_eq!(counter.value(), 18, "gone, and still counted");
    let observation = counter.observe(of(&first));
    assert_eq!(counter.value(), 30);
    observation.end(14);
    drop(first);
    assert_eq!(counter.value(), 32, "and what it did since it was asked last");
}

#[test]
fn a_gauge_that_is_not_known_says_so() {
    let gauge = Registry::new().gauge("ratio").build().unwrap();
    gauge.set(3.0);
    assert_eq!(gauge.known(), Some(3.0));
    gauge.observe(|| None);
    assert_eq!((gauge.known(), gauge.value()), (None, 3.0), "what was known last");
    let level = Arc::new(Mutex::new(Some(0.5)));
    let source = Arc::clone(&level);
    gauge.observe(move || *source.lock().unwrap());
    assert_eq!((gauge.known(), gauge.value()), (Some(0.5), 0.5));
    *level.lock().unwrap() = None;
    assert_eq!((gauge.known(), gauge.value()), (None, 0.5));
    *level.lock().unwrap() = Some(f64::NAN);
    assert_eq!((gauge.known(), gauge.value()), (None, 0.5), "a number that is none is not known");
}

#[test]
fn a_source_may_read_what_it_is_read_by() {
    let registry = Registry::new();
    let counter = registry.counter("calls").build().unwrap();
    let (own, depth) = (counter.clone(), AtomicU64::new(0));
    counter.observe(move || Some(if depth.fetch_add(1, Relaxed) < 3 { own.value() + 1 } else { 0 }));
    assert_eq!(counter.value(), 3);
    // Cycles of handles end here.
    counter.observe(|| None);
}

#[test]
fn a_state_set_is_in_one_of_its_states() {
    let registry = Registry::new();
    let doors = registry.state_set("door.state", "state", ["closed", "open"]).labels(["door"]).family().unwrap();
    doors.get(["front"]).set(1);
    assert_eq!((doors.get(["front"]).state(), doors.get(["back"]).state()), (1, 0));
    doors.get(["back"]).observe(|| Some(1));
    assert_eq!(doors.get(["back"]).state(), 1);
    doors.get(["back"]).observe(|| None);
    assert_eq!(doors.get(["back"]).state(), 1, "it was there when it was last seen");
}

#[test]
fn lists_of_states_that_make_no_sense_are_refused() {
    let refused = |label: &str, states: &[&str]| {
        let registry = Registry::new();
        let set = registry.state_set("door.state", label, states.iter().copied());
        set.labels(["door"]).family().err().map(|error| error.to_string())
    };
    assert_eq!(refused("state", &["closed", "open"]), None);
    let many: Vec<String> = (0..=StateSet::MAX_STATES).map(|at| at.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (label, states) in
        [("door", &["a", "b"][..]), ("state", &[]), ("state", &["a", "a"]), ("", &["a"]), ("state", &many)]
            .into_iter()
            // What some format writes like another label, or like no label at all.
            .chain([("_door", &["a"][..]), ("overflow", &["a"]), ("state", &["a", ""])])
    {
        assert!(refused(label, states).is_some(), "{label:?} {states:?}");
    }
    let in_seconds = Registry::new().state_set("door.state", "state", ["a"]).unit("s").build();
    assert!(in_seconds.unwrap_err().is_illegal());
    let registry = Registry::new();
    let _first = registry.state_set("door.state", "state", ["closed", "open"]).build().unwrap();
    let error = registry.state_set("door.state", "state", ["open", "closed"]).build().unwrap_err();
    assert!(error.is_conflict());
    insta::assert_snapshot!(error, @r#"metric "door.state" is already registered as with the states ["closed", "open"] of "state", cannot be with the states ["open", "closed"] of "state"; choose another name or match its states"#);
}

#[test]
fn a_source_that_falls_back_takes_nothing_from_a_counter() {
    let counter = Registry::new().counter("calls").build().unwrap();
    let total = Arc::new(AtomicU64::new(10));
    let source = Arc::clone(&total);
    counter.observe(move || Some(source.load(Relaxed)));
    assert_eq!(counter.value(), 10);
    total.store(4, Relaxed);
    assert_eq!(counter.value(), 10);
    counter.observe(|| Some(1));
    assert_eq!(counter.value(), 11);
}

#[test]
fn a_source_may_read_the_counter_when_it_is_dropped() {
    struct Last(Counter);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.value();
        }
    }
    let counter = Registry::new().counter("calls").build().unwrap();
    let last = Last(counter.clone());
    counter.observe(move || {
        let _kept = &last;
        None
    });
    counter.observe(|| Some(2));
    assert_eq!(counter.value(), 2);
}

#[test]
fn a_counter_never_goes_back_while_sources_take_turns() {
    let counter = Registry::new().counter("calls").build().unwrap();
    let given = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..2000 {
                    given.fetch_add(5, Relaxed);
                    let calls = AtomicU64::new(0);
                    counter.observe(move || Some(calls.fetch_add(1, Relaxed).min(5)));
                }
            });
        }
        scope.spawn(|| {
            let mut before = 0;
            for _ in 0..20_000 {
                let now = counter.value();
                assert!(now >= before, "{now} after {before}");
                before = now;
            }
        });
    });
    assert!(counter.value() <= given.load(Relaxed), "nothing counts twice");
}

#[test]
fn a_source_that_panics_does_not_know() {
    let registry = Registry::new();
    let counter = registry.counter("calls").build().unwrap();
    counter.add(3);
    counter.observe(|| panic!("a source's own trouble"));
    assert_eq!(counter.value(), 3);
}

#[test]
fn what_is_under_way_counts_beside_an_observed_level() {
    let gauge = Registry::new().gauge("jobs").build().unwrap();
    gauge.observe(|| Some(2.0));
    let _job = gauge.in_flight();
    assert_eq!(gauge.known(), Some(3.0));
}

#[test]
fn what_is_no_state_is_ignored_and_counted() {
    let registry = Registry::new();
    let door = registry.state_set("door.state", "state", ["closed", "open"]).build().unwrap();
    door.set(1);
    door.set(2);
    assert_eq!(door.state(), 1);
    door.observe(|| Some(usize::MAX));
    assert_eq!((door.state(), registry.metric("door.state").unwrap().dropped()), (1, 2));
}

#[test]
fn who_ends_late_ends_nothing() {
    let counter = Registry::new().counter("calls").build().unwrap();
    let first = counter.observe(|| Some(3));
    let second = counter.observe(|| Some(4));
    first.end(100);
    assert_eq!(counter.value(), 7);
    second.end(1);
    assert_eq!(counter.value(), 7, "what was seen stays");
}
