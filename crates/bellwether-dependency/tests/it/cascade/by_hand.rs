//! Windows made by hand: what a person reads, and the life of an incident.

use std::time::Duration;

use bellwether_core::Instant;
use bellwether_dependency::cascade::{
    Calls, Failure, Graph, Judge, Kind, Latency, NodeId, Relation, Status, Verdict, Window,
};

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
        for edge in window.edges.iter_mut().take(2) {
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

/// Two routes, each with a dependency of its own that fails; the front is said to depend on the back, or is not.
fn root_of_two(declared: bool) -> Vec<String> {
    let mut graph = Graph::default();
    let mut node = |name, kind| graph.node(name, kind).expect("there is room");
    let nodes = [
        node("GET /front", Kind::Route),
        node("front", Kind::Dependency),
        node("GET /back", Kind::Route),
        node("back", Kind::Dependency),
    ];
    for pair in [[nodes[0], nodes[1]], [nodes[2], nodes[3]]] {
        graph.edge(pair[0], pair[1], Relation::Observed).expect("there is room");
    }
    if declared {
        graph.edge(nodes[1], nodes[3], Relation::Declared).expect("there is room");
    }
    let (mut judge, mut now, mut verdict) = (Judge::default(), Instant::default(), None);
    for failed in [0; 60].into_iter().chain([40; 2]) {
        let mut window = Window::new(&graph, TICK);
        let trouble = Trouble { failed, class: Failure::Upstream };
        for id in nodes {
            fill(window.node(id).expect("the window fits"), Duration::from_millis(20), trouble);
        }
        for id in [nodes[1], nodes[3]] {
            window.node(id).expect("the window fits").own[Failure::Upstream] = failed;
        }
        for edge in window.edges.iter_mut().take(2) {
            (edge.started, edge.failed) = (100, failed);
        }
        now = now.after(TICK);
        verdict = Some(judge.tick(&graph, &window, now));
    }
    let suspects = verdict.map(|verdict| verdict.suspects).unwrap_or_default();
    suspects.iter().map(|suspect| suspect.root.to_string()).collect()
}

#[test]
fn what_was_declared_explains_failures_that_no_call_explains() {
    assert_eq!(root_of_two(false), ["back", "front"]);
    assert_eq!(root_of_two(true), ["back"]);
}

/// Two dependencies share a pool of ten permits. One gets slow and holds nine of them; the other waits, and is refused.
#[test]
fn a_full_pool_is_blamed_on_who_occupies_it() {
    let mut graph = Graph::default();
    let mut node = |name, kind| graph.node(name, kind).expect("there is room");
    let (route, slow) = (node("GET /report", Kind::Route), node("reports", Kind::Dependency));
    let (other, victim) = (node("GET /order", Kind::Route), node("orders", Kind::Dependency));
    let pool = node("db-pool", Kind::Pool);
    let mut edge = |from, to, relation| graph.edge(from, to, relation).expect("there is room");
    let calls_slow = edge(route, slow, Relation::Observed);
    let calls_victim = edge(other, victim, Relation::Observed);
    let (held_by_slow, held_by_victim) = (edge(slow, pool, Relation::Shares), edge(victim, pool, Relation::Shares));
    let (mut judge, mut now, mut verdict) = (Judge::default(), Instant::default(), None);
    for trouble in [false; 60].into_iter().chain([true; 2]) {
        let mut window = Window::new(&graph, TICK);
        for (id, took) in [(route, trouble), (slow, trouble), (other, false), (victim, false)] {
            fill(window.node(id).expect("it fits"), Duration::from_millis(if took { 450 } else { 20 }), NONE);
        }
        if trouble {
            for id in [other, victim] {
                fill(
                    window.node(id).expect("it fits"),
                    Duration::from_millis(20),
                    Trouble { failed: 60, class: Failure::Rejected },
                );
            }
            window.edge(calls_victim).expect("it fits").failed = 60;
            let wait = window.edge(held_by_victim).expect("it fits");
            (wait.failed, wait.busy) = (60, 30.0);
        }
        // The route itself only waits.
        let waits = window.node(route).expect("it fits");
        (waits.own_busy, waits.own_time) = (0.0, Latency::default());
        window.edge(calls_slow).expect("it fits").busy = if trouble { 45.0 } else { 2.0 };
        window.edge(held_by_slow).expect("it fits").held = if trouble { 45.0 } else { 2.0 };
        window.edge(held_by_victim).expect("it fits").held = 2.0;
        let permits = window.node(pool).expect("it fits");
        (permits.capacity, permits.busy) = (10, if trouble { 47.0 } else { 4.0 });
        now = now.after(TICK);
        verdict = Some(judge.tick(&graph, &window, now));
    }
    let verdict = verdict.expect("there were windows");
    let root = verdict.root().expect("it is named");
    assert_eq!((root.root.to_string().as_str(), root.routes.len()), ("reports", 2), "{verdict:?}");
}

/// The verdict when `auth` takes so many times as long as it did, while a limit of CPU time stops the process for a share.
fn slow_while_throttled(times: u32, before: f64, throttled: f64) -> Verdict {
    let mut chain = Chain::new();
    let mut tick = |throttled: f64, times: u32| {
        let mut window = chain.window(NONE);
        for name in ["POST /v1/turns", "llm", "auth"] {
            let calls = window.node(chain.node(name)).expect("the window fits");
            let (own, child) = (Duration::from_millis(10), Duration::from_millis(10) * (times - 1));
            *calls = Calls::default();
            fill(calls, own + child, NONE);
            if name != "auth" {
                calls.own_time = Latency::default();
                (0..100).for_each(|_| calls.own_time.record(own));
                calls.own_busy = 100.0 * own.as_secs_f64();
            }
        }
        let waits = 100.0 * (Duration::from_millis(10) * (times - 1)).as_secs_f64();
        window.edges.iter_mut().take(2).for_each(|edge| edge.busy = waits);
        window.process.throttled = throttled;
        chain.now = chain.now.after(TICK);
        chain.judge.tick(&chain.graph, &window, chain.now)
    };
    (0..60).for_each(|_| assert_eq!(tick(before, 2).incident, None));
    (0..5).map(|_| tick(throttled, 2 * times)).last().expect("there are five")
}

#[test]
fn a_process_that_is_throttled_is_its_own_root() {
    let check = |times: u32, before: f64, throttled: f64, expect: &str| {
        let verdict = slow_while_throttled(times, before, throttled);
        assert_eq!(verdict.root().map(|root| root.root.to_string()).as_deref(), Some(expect), "{}", read(&verdict));
    };
    check(4, 0.0, 0.5, "this process");
    // What is throttled as always is not to blame, and a little is not to blame for much.
    check(4, 0.5, 0.5, "auth");
    check(4, 0.0, 0.1, "auth");
    check(4, 0.0, 0.0, "auth");
    check(4, 0.0, f64::NAN, "auth");
    insta::assert_snapshot!(read(&slow_while_throttled(4, 0.0, 0.5)), @"
    incident f3ab37c1c47718ae: this process does not get to run, 100 % of what is lost; 92.2 % of requests lost or slow on 1 route
    this process by POST /v1/turns > llm > auth
      The scheduler is 0 ms late on average, normally 0 ms, and the process is throttled 49 % of the time, normally 0 %: that is at least half of the time calls take too long.
      100 % of what is lost is charged to it, inferred.
    ");
}

#[test]
fn a_window_that_does_not_fit_is_read_as_far_as_it_does() {
    let mut chain = Chain::known();
    let mut window = chain.window(NONE);
    window.nodes.push(Calls { started: u64::MAX, ..Calls::default() });
    window.edges.clear();
    chain.now = chain.now.after(TICK);
    assert_eq!(chain.judge.tick(&chain.graph, &window, chain.now).status, Status::Healthy);
    window.nodes.clear();
    chain.now = chain.now.after(TICK);
    assert_eq!(chain.judge.tick(&chain.graph, &window, chain.now).status, Status::Healthy);
}

#[test]
fn a_graph_may_grow_between_windows() {
    let mut chain = Chain::known();
    let late = chain.graph.node("tts", Kind::Dependency).expect("there is room");
    let llm = chain.node("llm");
    chain.graph.edge(llm, late, Relation::Observed).expect("there is room");
    chain.graph.edge(late, llm, Relation::Observed).expect("a cycle is welcome");
    let failing = Trouble { failed: 30, class: Failure::Upstream };
    chain.tick(failing);
    assert_eq!(chain.tick(failing).root().map(|root| root.root.to_string()).as_deref(), Some("auth"));
}
