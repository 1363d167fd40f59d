//! Reads what was counted since the last time, as a window for the judge.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bellwether_core::Instant;

use super::cell::{EdgeTotals, NodeTotals, since};
use super::level::{seconds, units};
use super::{Live, Meter};
use crate::cascade::graph::{EdgeId, Graph, Kind, NodeId, Relation};
use crate::cascade::{Calls, Flow, Process, Window};
use crate::dependencies::Dependencies;

/// Reads real traffic, one window at a time. There is at most one of some [`Dependencies`] at work: a second one would
/// share the windows' tenths with it. While there is none, nothing is counted.
///
/// ```
/// use bellwether_core::{Clock, Registry, Timestamp};
/// use bellwether_dependency::cascade::{Process, Reader};
/// use bellwether_dependency::{Dependencies, Dependency};
/// use std::time::Duration;
///
/// let clock = Clock::manual(Timestamp::default());
/// let dependencies = Dependencies::new(&Registry::on(clock.clone()))?;
/// let stt = dependencies.register(Dependency::http("stt"))?.operation("transcribe");
/// let mut reader = Reader::new(&dependencies);
///
/// let call = stt.begin().expect("nothing refuses it");
/// clock.advance(Duration::from_secs(2));
/// call.end(None);
/// clock.advance(Duration::from_secs(3));
/// let mut window = reader.read(clock.now(), Process::default());
/// let stt = window.node(reader.graph().find("stt").unwrap()).unwrap();
/// assert_eq!((stt.started, stt.ended, stt.in_flight), (1, 1, 0));
/// assert!((stt.busy - 2.0).abs() < 1e-3);
/// # Ok::<(), bellwether_dependency::Error>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    dependencies: Dependencies,
    graph: Graph,
    /// How many dependencies were declared to it.
    declared: usize,
    nodes: Vec<(Option<NodeId>, NodeTotals)>,
    edges: Vec<(Option<EdgeId>, EdgeTotals)>,
    last: Instant,
}

impl Reader {
    /// Begins to count.
    pub fn new(dependencies: &Dependencies) -> Self {
        let now = dependencies.clock().now();
        let live = dependencies.meter().begin(now);
        let at = units(now);
        let mut new = Self {
            dependencies: dependencies.clone(),
            graph: Graph::default(),
            declared: 0,
            nodes: Vec::new(),
            edges: Vec::new(),
            last: now,
        };
        new.place(live);
        // What was counted before, for another reader, is not of its first window.
        new.nodes.iter_mut().zip(live.nodes.iter()).for_each(|((_, before), node)| *before = node.read(at));
        new.edges.iter_mut().zip(live.edges.iter()).for_each(|((_, before), edge)| *before = edge.read(at));
        new
    }

    /// Who calls whom, as far as it is known by the last reading.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What was counted since the last reading; with it, what was seen of the process.
    pub fn read(&mut self, now: Instant, process: Process) -> Window {
        let length = now.since(self.last);
        self.last = now;
        let (meter, at) = (self.dependencies.meter().clone(), units(now));
        let live = meter.begin(now);
        self.place(live);
        let mut window = Window::new(&self.graph, length);
        window.process = process;
        for (node, (id, before)) in live.nodes.iter().zip(&mut self.nodes) {
            let totals = node.read(at);
            if let Some(calls) = id.and_then(|id| window.node(id)) {
                *calls = if node.kind.is_resource() { permits(&totals, before) } else { calls_since(&totals, before) };
                calls.lost_in = node.take_lost_in();
                calls.capacity = node.capacity.load(Relaxed);
            }
            *before = totals;
        }
        live.window_begins(at, units(Instant::default().after(length)));
        for (edge, (id, before)) in live.edges.iter().zip(&mut self.edges) {
            let totals = edge.read(at);
            if let Some(flow) = id.and_then(|id| window.edge(id)) {
                *flow = flow_since(&totals, before);
            }
            *before = totals;
        }
        for (node, began) in live.slab.iter() {
            let id = self.nodes.get(node as usize).and_then(|(id, _)| *id);
            if let Some(calls) = id.and_then(|id| window.node(id)) {
                calls.ages.record(Duration::from_secs_f64(seconds(at.saturating_sub(began))));
            }
        }
        self.limits(live, &mut window);
        self.watched(&meter, &mut window);
        window
    }

    /// How many nodes, edges and pieces of work were not counted, since there was no room for them.
    pub fn turned_away(&self) -> u64 {
        let live = self.dependencies.meter().live();
        let of = |live: &Live| live.nodes.turned_away() + live.edges.turned_away() + live.slab.turned_away();
        self.graph.turned_away() + live.map_or(0, of)
    }

    /// Gives what is new a place in the graph.
    fn place(&mut self, live: &Live) {
        let all = self.dependencies.all().len();
        if self.declared < all {
            // What does not fit is counted by the graph.
            let _ = self.dependencies.declare(&mut self.graph);
            self.declared = all;
        }
        for node in live.nodes.iter().skip(self.nodes.len()) {
            self.nodes.push((self.graph.node(&node.name, node.kind).ok(), NodeTotals::default()));
        }
        for edge in live.edges.iter().skip(self.edges.len()) {
            let id = |node: u32| self.nodes.get(node as usize).and_then(|(id, _)| *id);
            let ends = id(edge.from).zip(id(edge.to));
            let takes = live.nodes.get(edge.to).is_some_and(|to| to.kind.is_resource());
            let relation = if takes { Relation::Shares } else { Relation::Observed };
            let id = ends.and_then(|(from, to)| self.graph.edge(from, to, relation).ok());
            self.edges.push((id, EdgeTotals::default()));
        }
    }

    /// A limit's permits are the calls under way of whom it limits.
    fn limits(&self, live: &Live, window: &mut Window) {
        for (edge, (id, _)) in live.edges.iter().zip(&self.edges) {
            if live.nodes.get(edge.to).is_none_or(|to| to.kind != Kind::Bulkhead) {
                continue;
            }
            let node = |number: u32| self.nodes.get(number as usize).and_then(|(id, _)| *id);
            let (Some(of), Some(limit), Some(id)) = (node(edge.from), node(edge.to), *id) else { continue };
            let Some((busy, in_flight)) = window.node(of).map(|calls| (calls.busy, calls.in_flight)) else { continue };
            if let Some(limit) = window.node(limit) {
                (limit.busy, limit.in_flight) = (busy, in_flight);
            }
            if let Some(flow) = window.edge(id) {
                flow.held = busy;
            }
        }
    }

    /// Asks the pools that can be asked. Their permits are held by their owner's calls, as far as there are so many.
    fn watched(&mut self, meter: &Meter, window: &mut Window) {
        let watched = meter.0.watched.lock().unwrap_or_else(PoisonError::into_inner);
        for pool in watched.iter() {
            let Some(now) = (pool.source)() else { continue };
            let node = self.graph.node(&pool.name, Kind::Pool);
            let owner = self.graph.node(pool.owner.name(), Kind::Dependency);
            let (Ok(node), Ok(owner)) = (node, owner) else { continue };
            let Ok(edge) = self.graph.edge(owner, node, Relation::Shares) else { continue };
            window.nodes.resize_with(self.graph.nodes(), Calls::default);
            window.edges.resize_with(self.graph.edges(), Flow::default);
            let length = window.length.as_secs_f64();
            let held = window.node(owner).map_or(0, |calls| calls.in_flight.min(now.taken));
            if let Some(calls) = window.node(node) {
                (calls.capacity, calls.in_flight) = (now.capacity, now.taken);
                calls.busy = now.taken as f64 * length;
            }
            if let Some(flow) = window.edge(edge) {
                (flow.busy, flow.held) = (now.waiting as f64 * length, held as f64 * length);
            }
        }
    }
}

fn calls_since(now: &NodeTotals, before: &NodeTotals) -> Calls {
    let attempts_failed = since(&now.failed, &before.failed);
    let retried = since(&now.retried, &before.retried);
    let attempts = now.good.wrapping_sub(before.good) + attempts_failed.total();
    let begun = (attempts + now.busy.count()).saturating_sub(before.busy.count());
    let mut failed = attempts_failed;
    for class in crate::cascade::Failure::ALL {
        failed[class] = failed[class].saturating_sub(retried[class]);
    }
    let busy = now.busy.since(before.busy);
    Calls {
        started: begun.saturating_sub(retried.total()),
        ended: attempts.saturating_sub(retried.total()),
        attempts,
        attempts_failed,
        failed,
        own: since(&now.own, &before.own),
        latency: now.latency_since(before),
        own_time: now.own_time_since(before),
        in_flight: now.busy.count(),
        busy,
        own_busy: (busy - now.waiting.since(before.waiting)).max(0.0),
        misses: now.misses.saturating_sub(before.misses),
        ..Calls::default()
    }
}

fn permits(now: &NodeTotals, before: &NodeTotals) -> Calls {
    let asked = now.good.wrapping_sub(before.good);
    let (in_flight, busy) = (now.busy.count(), now.busy.since(before.busy));
    Calls { started: asked, ended: asked, in_flight, busy, ..Calls::default() }
}

fn flow_since(now: &EdgeTotals, before: &EdgeTotals) -> Flow {
    Flow {
        started: now.begun.wrapping_sub(before.begun),
        failed: now.failed.saturating_sub(before.failed),
        cut: now.cut.saturating_sub(before.cut),
        busy: now.busy.since(before.busy),
        held: now.held.since(before.held),
    }
}
