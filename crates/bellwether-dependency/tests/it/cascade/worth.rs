//! What is worth an incident, and what is chance, a blip, a busy moment, or as it has always been.

use std::time::Duration;

use bellwether_core::Instant;
use bellwether_dependency::cascade::{Failure, Graph, Judge, Kind, NodeId, Relation, Root, Verdict, Window};

const TICK: Duration = Duration::from_secs(5);
/// Losses in every tenth of a window.
const ALL: u16 = 0x3ff;

/// A route that calls a dependency so often a window, and may survive its failures.
struct Pair {
    graph: Graph,
    judge: Judge,
    now: Instant,
    calls: u64,
    survives: bool,
}

/// What is counted in a window: calls that fail, in which tenths; requests that are bad; how long calls take.
#[derive(Clone, Copy)]
struct Counted {
    failed: u64,
    lost_in: u16,
    bad: u64,
    slow: u64,
}

const WELL: Counted = Counted { failed: 0, lost_in: 0, bad: 0, slow: 0 };

impl Pair {
    fn new() -> Self {
        let mut graph = Graph::default();
        let route = graph.node("GET /orders", Kind::Route).expect("there is room");
        let store = graph.node("store", Kind::Dependency).expect("there is room");
        graph.edge(route, store, Relation::Observed).expect("there is room");
        Self { graph, judge: Judge::default(), now: Instant::default(), calls: 100, survives: false }
    }

    /// A pair that has been well for five minutes.
    fn known() -> Self {
        let mut pair = Self::new();
        assert!(pair.is_calm(&[WELL; 60]));
        pair
    }

    fn node(&self, name: &str) -> NodeId {
        self.graph.find(name).expect("it is in the graph")
    }

    fn tick(&mut self, counted: Counted) -> Verdict {
        let mut window = Window::new(&self.graph, TICK);
        for (name, of) in [("GET /orders", !self.survives), ("store", true)] {
            let calls = window.node(self.node(name)).expect("the window fits");
            (calls.started, calls.ended, calls.attempts) = (self.calls, self.calls, self.calls);
            for i in 0..self.calls {
                let took = Duration::from_millis(if i < counted.slow { 40 } else { 20 });
                calls.latency.record(took);
                (calls.busy, calls.own_busy) = (calls.busy + took.as_secs_f64(), calls.own_busy + took.as_secs_f64());
            }
            if of {
                calls.attempts_failed[Failure::Upstream] = counted.failed;
                (calls.failed[Failure::Upstream], calls.lost_in) = (counted.failed, counted.lost_in);
            }
        }
        let route = window.node(self.node("GET /orders")).expect("the window fits");
        (route.failed[Failure::BadRequest], route.attempts_failed[Failure::BadRequest]) = (counted.bad, counted.bad);
        window.node(self.node("store")).expect("the window fits").own[Failure::Upstream] = counted.failed;
        // All of a request's time goes to the store.
        let busy = window.node(self.node("store")).expect("the window fits").busy;
        window.node(self.node("GET /orders")).expect("the window fits").own_busy = 0.1;
        (window.edges[0].started, window.edges[0].busy) = (self.calls, busy);
        window.edges[0].failed = if self.survives { 0 } else { counted.failed };
        self.now = self.now.after(TICK);
        self.judge.tick(&self.graph, &window, self.now)
    }

    fn is_calm(&mut self, windows: &[Counted]) -> bool {
        windows.iter().all(|counted| self.tick(*counted).incident.is_none())
    }

    fn root(&mut self, counted: Counted) -> Option<Root> {
        self.tick(counted).root().map(|suspect| suspect.root.clone())
    }
}

fn failing(failed: u64, lost_in: u16) -> Counted {
    Counted { failed, lost_in, ..WELL }
}

#[test]
fn who_asks_for_what_is_not_there_from_the_start_on_is_usual_and_more_of_it_is_not() {
    let mut pair = Pair { calls: 30, ..Pair::new() };
    assert!(pair.is_calm(&[Counted { bad: 9, ..WELL }; 60]));
    let worse = Counted { bad: 25, ..WELL };
    assert!(pair.is_calm(&[worse]), "one window is none");
    assert_eq!(pair.root(worse), Some(Root::Callers("GET /orders".into())));
}

#[test]
fn failures_that_nobody_suffers_from_are_usual_if_they_are_there_from_the_start() {
    let mut pair = Pair { calls: 12, survives: true, ..Pair::new() };
    assert!(pair.is_calm(&[WELL]) && pair.is_calm(&[failing(8, ALL); 60]));
    let incident = (0..6).find_map(|_| pair.root(failing(12, ALL)));
    assert_eq!(incident, Some(Root::Node("store".into())), "all of them is more than usual");
}

#[test]
fn requests_that_fail_from_the_start_are_an_incident_all_the_same() {
    let mut pair = Pair::new();
    pair.tick(failing(40, ALL));
    assert_eq!(pair.root(failing(40, ALL)), Some(Root::Node("store".into())));
}

#[test]
fn an_outage_that_is_over_at_the_end_of_the_window_is_no_incident() {
    let outage = [failing(40, 0b11_1100_0000), failing(60, 0b00_0011_1111)];
    assert!(Pair::known().is_calm(&[outage[0], outage[1], WELL, WELL]));
    let mut pair = Pair::known();
    assert!(pair.is_calm(&outage));
    assert_eq!(pair.root(failing(40, 0b11_1100_0000)), Some(Root::Node("store".into())), "it comes back");
}

#[test]
fn blips_of_three_windows_are_no_proof_however_much_fails_in_each() {
    let (restart, pause) = (failing(12, 0b00_0111_0000), failing(7, 0b11_0000_0000));
    assert!(Pair::known().is_calm(&[restart, pause, pause, WELL, WELL, WELL]));
}

#[test]
fn as_many_failures_all_the_time_are_an_incident() {
    let mut pair = Pair::known();
    let incident = (0..3).find_map(|_| pair.root(failing(12, ALL)));
    assert_eq!(incident, Some(Root::Node("store".into())));
}

#[test]
fn a_queue_that_is_busy_for_a_moment_is_no_incident_unless_it_stays_so() {
    let busy = Counted { slow: 60, ..WELL };
    assert!(Pair::known().is_calm(&[busy, busy, WELL, busy, WELL]));
    let mut pair = Pair::known();
    assert!(pair.is_calm(&[busy; 4]));
    assert_eq!(pair.root(busy), Some(Root::Node("store".into())), "half a minute is no moment");
    let mut pair = Pair::known();
    let slow = Counted { slow: 95, ..WELL };
    assert!(pair.is_calm(&[slow]));
    assert_eq!(pair.root(slow), Some(Root::Node("store".into())), "nearly all are slow");
}
