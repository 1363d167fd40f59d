//! Windows made by hand: what a person reads, and the life of an incident.

use std::time::Duration;

use bellwether_core::Instant;
use bellwether_dependency::cascade::{Calls, Failure, Graph, Judge, Kind, NodeId, Relation, Status, Verdict, Window};

const TICK: Duration = Duration::from_secs(5);

/// A route that calls `llm`, which calls `auth`, a hundred times a window each.
struct Chain {
    graph: Graph,
    judge: Judge,
    now: Instant,
}

/// What goes wrong in a window: failures of `auth`, each of which fails all above it.
#[derive(Clone, Copy)]
struct Trouble {
    failed: u64,
    class: Failure,
}

const NONE: Trouble = Trouble { failed: 0, class: Failure::Upstream };

impl Chain {
    fn new() -> Self {
        let mut graph = Graph::default();
        let nodes = [("POST /v1/turns", Kind::Route), ("llm", Kind::Dependency), ("auth", Kind::Dependency)];
        let nodes = nodes.map(|(name, kind)| graph.node(name, kind).expect("there is room"));
        for pair in nodes.windows(2) {
            graph.edge(pair[0], pair[1], Relation::Observed).expect("there is room");
        }
        Self { graph, judge: Judge::default(), now: Instant::default() }
    }

    /// A chain that has been well for five minutes.
    fn known() -> Self {
        let mut chain = Self::new();
        (0..60).for_each(|_| assert_eq!(chain.tick(NONE).incident, None));
        chain
    }

    fn node(&self, name: &str) -> NodeId {
        self.graph.find(name).expect("it is in the graph")
    }

    fn tick(&mut self, trouble: Trouble) -> Verdict {
        let window = self.window(trouble);
        self.now = self.now.after(TICK);
        self.judge.tick(&self.graph, &window, self.now)
    }

    fn window(&self, Trouble { failed, class }: Trouble) -> Window {
        let mut window = Window::new(&self.graph, TICK);
        for (name, took) in [("POST /v1/turns", 60), ("llm", 50), ("auth", 20)] {
            let calls = window.node(self.node(name)).expect("the window fits");
            fill(calls, Duration::from_millis(took), Trouble { failed, class });
        }
        window.node(self.node("auth")).expect("the window fits").own[class] = failed;
        for edge in &mut window.edges {
            (edge.started, edge.failed) = (100, failed);
        }
        window
    }
}

fn fill(calls: &mut Calls, took: Duration, Trouble { failed, class }: Trouble) {
    (calls.started, calls.ended, calls.attempts) = (100, 100, 100);
    (0..100).for_each(|_| calls.latency.record(took));
    (0..100).for_each(|_| calls.own_time.record(took));
    (calls.busy, calls.own_busy) = (100.0 * took.as_secs_f64(), 100.0 * took.as_secs_f64());
    (calls.failed[class], calls.attempts_failed[class]) = (failed, failed);
    calls.lost_in = if failed > 0 && class.is_loss() { 0x3ff } else { 0 };
}

/// The verdict as a person reads it, with the evidence.
fn read(verdict: &Verdict) -> String {
    let mut text = format!("{verdict}\n");
    for suspect in &verdict.suspects {
        text += &format!("{} by {}\n", suspect.root, suspect.path.join(" > "));
        suspect.evidence.iter().for_each(|sentence| text += &format!("  {sentence}\n"));
    }
    text
}

#[test]
fn the_deepest_own_failure_is_the_root() {
    let mut chain = Chain::known();
    let timeouts = Trouble { failed: 30, class: Failure::Connect };
    assert_eq!(chain.tick(timeouts).status, Status::Healthy, "one window is none");
    let verdict = chain.tick(timeouts);
    insta::assert_snapshot!(read(&verdict), @"
    incident 416efe10d84a571d: auth fails (connect), 100 % of what is lost as seen from here; 19.2 % of requests lost or slow on 1 route
    auth by POST /v1/turns > llm > auth
      60 of 300 attempts of the last 3 windows failed (connect 100 %); normal is 0 %.
      100 % of what is lost is charged to it, counted by the scope.
    ");
    assert_eq!(verdict.inhibited().collect::<Vec<_>>(), ["POST /v1/turns", "llm"]);
}

#[test]
fn an_incident_closes_after_three_healthy_windows_and_keeps_its_id() {
    let mut chain = Chain::known();
    let failing = Trouble { failed: 30, class: Failure::Upstream };
    chain.tick(failing);
    let opened = chain.tick(failing).incident.expect("it is open");
    let ids = [failing, NONE, failing, NONE, NONE].map(|trouble| chain.tick(trouble).incident.map(|open| open.id));
    assert_eq!(ids, [Some(opened.id); 5]);
    assert_eq!(chain.tick(NONE).incident, None);
    assert_eq!(chain.tick(NONE).to_string(), "healthy");
}

#[test]
fn calls_that_were_given_up_are_not_lost() {
    let mut chain = Chain::known();
    for _ in 0..10 {
        assert_eq!(chain.tick(Trouble { failed: 60, class: Failure::Cancelled }).incident, None);
    }
}

#[test]
fn a_quota_is_not_an_outage() {
    let mut chain = Chain::known();
    let quota = Trouble { failed: 80, class: Failure::Quota };
    chain.tick(quota);
    let verdict = chain.tick(quota);
    assert!(verdict.to_string().contains("auth says our quota is used up"), "{verdict}");
}

#[test]
fn a_clock_that_stands_still_says_nothing_new() {
    let mut chain = Chain::known();
    let failing = Trouble { failed: 30, class: Failure::Upstream };
    let first = chain.tick(failing);
    let window = chain.window(failing);
    for _ in 0..10 {
        assert_eq!(chain.judge.tick(&chain.graph, &window, chain.now), first);
    }
}

#[test]
fn a_clock_that_goes_back_changes_no_verdict() {
    let (mut steady, mut jumping) = (Chain::known(), Chain::known());
    let failing = Trouble { failed: 30, class: Failure::Upstream };
    steady.tick(failing);
    jumping.tick(failing);
    jumping.now = Instant::from_nanos(1);
    let (expected, verdict) = (steady.tick(failing), jumping.tick(failing));
    assert_eq!((verdict.status, &verdict.suspects[0].root), (expected.status, &expected.suspects[0].root));
}

#[test]
fn without_traffic_nothing_is_known() {
    let mut chain = Chain::new();
    let window = Window::new(&chain.graph, TICK);
    let verdict = chain.judge.tick(&chain.graph, &window, Instant::from_nanos(1));
    assert_eq!((verdict.status, verdict.to_string().as_str()), (Status::Unknown, "unknown: no traffic to judge by"));
}

#[test]
fn memory_is_flat() {
    let mut chain = Chain::known();
    let failing = Trouble { failed: 30, class: Failure::Upstream };
    let round = |chain: &mut Chain| {
        (0..20).for_each(|_| drop(chain.tick(failing)));
        (0..20).for_each(|_| drop(chain.tick(NONE)));
    };
    round(&mut chain);
    let counted = allocation_counter::measure(|| (0..50).for_each(|_| round(&mut chain)));
    assert_eq!(counted.bytes_current, 0, "2,000 windows and 50 incidents later it holds as much as before");
}
