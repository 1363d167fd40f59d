//! A few simulated faults, so that a judge that has lost its way is noticed without the long run.

use bellwether_dependency::cascade::{Cause, Failure, Loop};

use crate::cascade::simulator::fault::Scenario;
use crate::cascade::simulator::run::{quiet_day, run};
use crate::cascade::simulator::world::Shape;

/// Runs the scenario on two graphs and expects its root to be named within so many windows.
fn check(scenario: Scenario, shapes: [Shape; 2], windows: f64) {
    for shape in shapes {
        let outcome = run(scenario, shape, 2);
        let full = &outcome.judged[0];
        let verdict = full.opening.as_ref().unwrap_or_else(|| panic!("{scenario:?} on {shape:?}: no incident"));
        assert!(
            outcome.truth.is_named_by(verdict),
            "{scenario:?} on {shape:?}: {verdict}, not {:?}",
            outcome.truth.roots
        );
        assert!(full.windows.is_some_and(|n| n <= windows), "{scenario:?} on {shape:?}: after {:?}", full.windows);
        assert_eq!((full.false_alarms, full.one_id), (0, true), "{scenario:?} on {shape:?}");
    }
}

#[test]
fn a_crash_is_blamed_on_what_crashed() {
    check(Scenario::Crash, [Shape::Chain, Shape::Dag], 3.0);
}

#[test]
fn a_call_that_hangs_is_seen_before_it_ends() {
    check(Scenario::Hang, [Shape::Diamond, Shape::Cycle], 3.0);
}

#[test]
fn a_slow_dependency_is_blamed_and_not_its_callers() {
    check(Scenario::Slow20, [Shape::FanOut, Shape::SharedPool], 4.0);
}

#[test]
fn permits_that_nobody_holds_are_the_pools_own() {
    check(Scenario::PoolLeak, [Shape::FanOut, Shape::SharedPool], 4.0);
}

#[test]
fn a_starved_process_blames_itself() {
    check(Scenario::Starved, [Shape::Chain, Shape::FanOut], 4.0);
}

#[test]
fn without_names_it_is_the_network() {
    check(Scenario::DnsForAll, [Shape::SharedPool, Shape::Dag], 3.0);
}

#[test]
fn a_crowd_is_nobodys_fault() {
    check(Scenario::Load3, [Shape::Chain, Shape::Diamond], 5.0);
}

#[test]
fn bad_requests_are_their_senders() {
    check(Scenario::BadCaller, [Shape::Chain, Shape::Dag], 4.0);
}

#[test]
fn an_emptied_cache_is_blamed_for_the_load_on_what_is_behind_it() {
    check(Scenario::ColdCache, [Shape::FanOut, Shape::Chain], 4.0);
}

#[test]
fn a_storm_of_retries_is_suspected_once_its_trigger_is_gone() {
    let outcomes = Shape::ALL.map(|shape| run(Scenario::RetryStorm, shape, 2));
    let storms: Vec<_> = outcomes.iter().filter(|outcome| outcome.persists).collect();
    let suspected = storms.iter().filter(|outcome| outcome.judged[0].metastable == Some(Loop::Retry)).count();
    assert!(storms.len() >= 3, "too few of the simulated storms go on: {}", storms.len());
    assert!(3 * suspected >= 2 * storms.len(), "{suspected} of {}", storms.len());
}

#[test]
fn an_edge_that_nobody_saw_is_inferred() {
    check(Scenario::MissingEdge, [Shape::FanOut, Shape::Diamond], 3.0);
}

#[test]
fn what_is_wrong_is_told_beside_who_is_to_blame() {
    let wrong = [
        (Scenario::Quota, Cause::Quota),
        (Scenario::Auth, Cause::Failing(Failure::Auth)),
        (Scenario::Garbage, Cause::Failing(Failure::Decode)),
    ];
    for (scenario, cause) in wrong {
        check(scenario, [Shape::FanOut, Shape::Cycle], 4.0);
        let verdict = run(scenario, Shape::FanOut, 2).judged[0].opening.clone();
        assert_eq!(verdict.as_ref().and_then(|verdict| Some(verdict.root()?.cause)), Some(cause), "{scenario:?}");
    }
}

#[test]
fn whoever_holds_a_cap_on_calls_is_blamed_and_not_the_cap() {
    check(Scenario::Bulkhead, [Shape::FanOut, Shape::SharedPool], 4.0);
}

#[test]
fn queues_that_go_on_after_their_cause_are_blamed_on_whoever_works_them_off() {
    check(Scenario::QueueLoop, [Shape::Chain, Shape::FanOut], 4.0);
}

#[test]
fn what_is_so_from_the_first_second_on_is_no_incident() {
    for scenario in [Scenario::UsualBadRequests, Scenario::UsualErrors] {
        for shape in [Shape::Chain, Shape::FanOut] {
            let full = &run(scenario, shape, 2).judged[0];
            assert_eq!((full.false_alarms, &full.opening), (0, &None), "{scenario:?} on {shape:?}");
        }
    }
}

#[test]
fn callers_that_leave_are_no_incident() {
    let outcome = run(Scenario::CancelledCallers, Shape::Diamond, 2);
    assert_eq!(outcome.judged[0].opening, None);
}

#[test]
fn nothing_happens_in_quiet_hours() {
    assert_eq!(quiet_day(Shape::Chain, 2, 2.0).0, 0);
}

#[test]
fn the_same_seed_gives_the_same_verdict() {
    let verdict = || run(Scenario::Partial, Shape::Dag, 2).judged[0].opening.clone();
    assert_eq!(verdict(), verdict());
}
