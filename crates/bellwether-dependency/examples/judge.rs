//! What a tick of the judge costs over 500 routes and 200 dependencies: `judge [TICKS]`, also good for callgrind.
#![allow(clippy::print_stdout, reason = "a command-line tool speaks to its terminal")]

use std::time::Duration;

use bellwether_core::{Clock, Instant};
use bellwether_dependency::cascade::{EdgeId, Failure, Graph, Judge, Kind, NodeId, Relation, Window};

const ROUTES: usize = 500;
const DEPENDENCIES: usize = 200;
const TICK: Duration = Duration::from_secs(5);

fn main() {
    let ticks = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(200);
    let (graph, nodes, edges) = graph();
    let mut judge = Judge::default();
    let calm = window(&graph, &nodes, &edges, 0);
    let trouble = window(&graph, &nodes, &edges, 30);
    let mut now = Instant::default();
    let clock = Clock::system();
    for (name, window) in [("healthy", &calm), ("incident", &trouble)] {
        let start = clock.now();
        for _ in 0..ticks {
            now = now.after(TICK);
            measured(&mut judge, &graph, window, now);
        }
        let each = clock.now().since(start).as_secs_f64() / f64::from(ticks);
        println!("{name:<10} {:.3} ms a tick", each * 1e3);
    }
}

/// One tick, by itself so that callgrind can be told to count nothing else.
#[inline(never)]
fn measured(judge: &mut Judge, graph: &Graph, window: &Window, now: Instant) {
    std::hint::black_box(judge.tick(graph, window, now));
}

/// Each route calls four dependencies, each dependency one of the next.
fn graph() -> (Graph, Vec<NodeId>, Vec<EdgeId>) {
    let mut graph = Graph::default();
    let full = "it is far from full";
    let mut nodes = Vec::new();
    for i in 0..ROUTES {
        nodes.push(graph.node(&format!("GET /r{i}"), Kind::Route).expect(full));
    }
    for i in 0..DEPENDENCIES {
        nodes.push(graph.node(&format!("dependency-{i}"), Kind::Dependency).expect(full));
    }
    let mut edges = Vec::new();
    for route in 0..ROUTES {
        for k in 0..4 {
            let to = nodes[ROUTES + (route * 7 + k * 53) % DEPENDENCIES];
            edges.push(graph.edge(nodes[route], to, Relation::Observed).expect(full));
        }
    }
    for i in 0..DEPENDENCIES - 1 {
        edges.push(graph.edge(nodes[ROUTES + i], nodes[ROUTES + i + 1], Relation::Observed).expect(full));
    }
    (graph, nodes, edges)
}

/// A hundred calls each, of which so many fail at the end of every chain.
fn window(graph: &Graph, nodes: &[NodeId], edges: &[EdgeId], failed: u64) -> Window {
    let mut window = Window::new(graph, TICK);
    for (i, node) in nodes.iter().enumerate() {
        let calls = window.node(*node).expect("it fits");
        (calls.started, calls.ended, calls.attempts) = (100, 100, 100);
        (calls.busy, calls.own_busy) = (3.0, 1.0);
        for ms in 1..=100 {
            calls.latency.record(Duration::from_millis(ms));
            calls.own_time.record(Duration::from_millis(ms / 3));
        }
        (calls.failed[Failure::Upstream], calls.attempts_failed[Failure::Upstream]) = (failed, failed);
        calls.lost_in = if failed > 0 { 0x3ff } else { 0 };
        if i + 1 == nodes.len() {
            calls.own[Failure::Upstream] = failed;
        }
    }
    for edge in edges {
        let flow = window.edge(*edge).expect("it fits");
        (flow.started, flow.failed, flow.busy) = (100, failed / 4, 0.5);
    }
    window
}
