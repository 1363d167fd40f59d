//! Calls that come in bursts: an outage is one, however calls are spread over a window.

use std::time::Duration;

use bellwether_core::{Clock, Outcome, Registry, Timestamp};
use bellwether_dependency::cascade::{Process, Watch};
use bellwether_dependency::{Dependencies, Dependency, Failure, Fault};

/// After how many windows of an outage an incident opens, with so many calls in each of these tenths of a window.
fn opens(calls: u32, tenths: std::ops::Range<u32>) -> Option<u32> {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let dependencies = Dependencies::new(&Registry::on(clock.clone())).unwrap();
    let stt = dependencies.register(Dependency::http("stt")).unwrap();
    let (follower, mut watch) = (dependencies.follower(), Watch::new(&dependencies).unwrap());
    let mut window = |fails: bool| {
        for tenth in 0..10 {
            for _ in 0..if tenths.contains(&tenth) { calls } else { 0 } {
                let request = follower.began("GET", Some("/turns"), clock.now()).unwrap();
                let call = request.run(|| stt.operation("transcribe").begin_owned()).unwrap();
                call.end(fails.then(|| Fault::new(Failure::Upstream)));
                let (outcome, error) = if fails { (Outcome::Failure, "500") } else { (Outcome::Success, "") };
                follower.ended(request, outcome, error, clock.now());
            }
            clock.advance(Duration::from_millis(500));
        }
        watch.tick(clock.now(), Process::default()).opened.is_some()
    };
    assert!((0..60).all(|_| !window(false)), "nothing is wrong yet");
    (1..=20).find(|_| window(true))
}

#[test]
fn an_outage_is_found_however_calls_are_spread() {
    let check = |calls: u32, tenths: std::ops::Range<u32>, within: u32| {
        let opened = opens(calls, tenths.clone());
        assert!(opened.is_some_and(|windows| windows <= within), "{calls} in each of {tenths:?}: {opened:?}");
    };
    check(2, 0..10, 2);
    // The fewer parts of windows there are, the more of them it takes to tell an outage from a blip.
    for calls in [3, 20, 200] {
        check(calls, 0..1, 8);
        check(calls, 9..10, 8);
        check(calls, 0..2, 6);
        check(calls, 8..10, 6);
        check(calls, 4..6, 6);
    }
    check(40, 0..5, 6);
    check(500, 0..4, 6);
}
