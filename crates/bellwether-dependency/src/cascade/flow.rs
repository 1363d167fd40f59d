//! Following what is lost from the routes to where it stays: each node keeps its own part and passes on the rest.

use super::failure::Failure;
use super::graph::{Graph, Kind, Relation};
use super::judge::Method;
use super::memory::{EdgeMemory, NodeMemory, WINDOWS, share};

/// In what way the loss came to a node, and thus how it is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Calls failed: passed on by who failed them.
    Failed,
    /// Calls took too long: passed on by where the time went.
    Slow,
    /// Calls held permits too long: as `Slow`, but waiting for permits does not hold any.
    Held,
}

const WAYS: [Way; 3] = [Way::Failed, Way::Slow, Way::Held];

/// Loss that goes round for longer than this stays where it is.
const ROUNDS: usize = 100;
const NEGLIGIBLE: f64 = 1e-9;

/// Where the loss went.
#[derive(Debug)]
pub(super) struct Flows {
    /// What stayed with each node, by [`Way`].
    pub(super) kept: Vec<[f64; 3]>,
    /// What came to each node at all.
    pub(super) arrived: Vec<f64>,
    /// What went along each edge, and what went back along it: from a resource to who occupies it.
    pub(super) along: Vec<f64>,
    pub(super) back: Vec<f64>,
}

/// What the judge knows when it follows the loss.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) graph: &'a Graph,
    pub(super) nodes: &'a [NodeMemory],
    pub(super) edges: &'a [EdgeMemory],
    pub(super) method: Method,
    /// Nodes that suffer, or from which one that does can be reached: it is worth going there.
    pub(super) leads: &'a [bool],
}

/// The nodes that suffer, and those from which one can be reached along calls.
pub(super) fn leads(graph: &Graph, nodes: &[NodeMemory]) -> Vec<bool> {
    let mut leads = vec![false; nodes.len()];
    let mut open: Vec<usize> = (0..nodes.len()).filter(|node| nodes[*node].suffers()).collect();
    while let Some(node) = open.pop() {
        if !std::mem::replace(&mut leads[node], true) {
            open.extend(graph.into(node).map(|(_, edge)| edge.from));
        }
    }
    leads
}

/// A part of what is passed on: how much, whither, along which edge (if it goes on), and forward or back.
struct Part {
    weight: f64,
    to: usize,
    way: Way,
    edge: Option<(usize, bool)>,
}

impl Flows {
    pub(super) fn new(scene: &Scene<'_>) -> Self {
        let (nodes, edges) = (scene.graph.nodes(), scene.graph.edges());
        Self { kept: vec![[0.0; 3]; nodes], arrived: vec![0.0; nodes], along: vec![0.0; edges], back: vec![0.0; edges] }
    }

    /// Follows `seeds` (node, way, how much) until all of it stays somewhere.
    pub(super) fn follow(&mut self, scene: &Scene<'_>, seeds: &[(usize, Way, f64)]) {
        let mut mass = vec![[0.0; 3]; self.kept.len()];
        for (node, way, amount) in seeds {
            mass[*node][*way as usize] += amount;
        }
        for round in 0..ROUNDS {
            let mut next = vec![[0.0; 3]; self.kept.len()];
            let mut moved = false;
            for node in scene.graph.ordered() {
                for way in WAYS {
                    let amount = mass[node][way as usize];
                    if amount <= NEGLIGIBLE {
                        continue;
                    }
                    self.arrived[node] += amount;
                    let parts = if round + 1 < ROUNDS { scene.parts(node, way) } else { Vec::new() };
                    let total: f64 = parts.iter().map(|part| part.weight).sum();
                    if total <= 0.0 {
                        self.kept[node][way as usize] += amount;
                        continue;
                    }
                    for part in parts {
                        let amount = amount * part.weight / total;
                        match part.edge {
                            None => self.kept[node][part.way as usize] += amount,
                            Some((edge, forward)) => {
                                let along = if forward { &mut self.along } else { &mut self.back };
                                along[edge] += amount;
                                next[part.to][part.way as usize] += amount;
                                moved = true;
                            }
                        }
                    }
                }
            }
            if !moved {
                return;
            }
            mass = next;
        }
    }
}

impl Scene<'_> {
    /// How a node divides what came to it. No parts: it keeps all.
    fn parts(&self, node: usize, way: Way) -> Vec<Part> {
        if self.graph.at(node).kind.is_resource() {
            return self.parts_of_resource(node);
        }
        match (self.method, way) {
            (Method::Correlation, _) => self.parts_by_correlation(node, way),
            (_, Way::Failed) => {
                let parts = self.parts_of_failures(node);
                let known = parts.iter().any(|part| part.weight > 0.0);
                // It was cut off, or ran late, before it could fail.
                if known { parts } else { self.parts_of_time(node, Way::Slow) }
            }
            (_, way) => self.parts_of_time(node, way),
        }
    }

    fn parts_of_failures(&self, node: usize) -> Vec<Part> {
        let now = &self.nodes[node].now;
        let losses = Failure::ALL.iter().filter(|class| class.is_loss() && **class != Failure::Timeout);
        let mut own: f64 = losses.map(|class| now.own[*class as usize]).sum();
        // Deadlines that passed are a matter of where the time went, not of where it ran out.
        let mut late = now.own[Failure::Timeout as usize];
        let mut cut = Vec::new();
        let mut parts = Vec::new();
        let mut failed: f64 = own;
        for (id, edge) in self.graph.out(node) {
            let flow = &self.edges[id].now;
            let child = self.graph.at(edge.to).kind;
            if child == Kind::Breaker {
                // A guard only repeats what its target did before: the rest of the failures says what that was.
                continue;
            }
            failed += flow.failed;
            parts.push(Part { weight: flow.failed, to: edge.to, way: Way::Failed, edge: Some((id, true)) });
            late += flow.cut;
            cut.push(Part { weight: flow.cut, to: edge.to, way: Way::Slow, edge: Some((id, true)) });
        }
        // Where nothing ails there is nothing to find, unless most of the failures were counted there.
        parts.retain(|part| {
            let goes = self.leads[part.to] || part.weight >= 0.5 * failed;
            own += if goes { 0.0 } else { part.weight };
            goes
        });
        parts.push(Part { weight: own, to: node, way: Way::Failed, edge: None });
        cut.push(Part { weight: now.own[Failure::Timeout as usize], to: node, way: Way::Failed, edge: None });
        let time = self.parts_of_time(node, Way::Slow);
        let time = if time.iter().any(|part| part.weight > 0.0) { time } else { cut };
        let total: f64 = time.iter().map(|part| part.weight).sum();
        parts.extend(time.into_iter().map(|part| {
            // What timed out by itself was counted as that.
            let way = if part.edge.is_none() { Way::Failed } else { part.way };
            Part { weight: late * share(part.weight, total), way, ..part }
        }));
        parts
    }

    fn parts_of_time(&self, node: usize, way: Way) -> Vec<Part> {
        let memory = &self.nodes[node];
        let calls = memory.now.started.max(memory.now.ended);
        let normal_calls = memory.normal.started.max(memory.normal.ended);
        let mut own = memory.own_excess() * memory.now.tried();
        let mut parts = Vec::new();
        for (id, edge) in self.graph.out(node) {
            let EdgeMemory { now, normal } = &self.edges[id];
            let waits = edge.relation == Relation::Shares;
            if waits && way == Way::Held {
                continue;
            }
            let excess = (now.busy - share(normal.busy, normal_calls) * calls).max(0.0);
            parts.push(Part { weight: excess, to: edge.to, way: Way::Slow, edge: Some((id, true)) });
        }
        // Where nothing ails there is nothing to find, unless most of the time went there.
        let total: f64 = own + parts.iter().map(|part| part.weight).sum::<f64>();
        parts.retain(|part| {
            let goes = self.leads[part.to] || part.weight >= 0.5 * total;
            own += if goes { 0.0 } else { part.weight };
            goes
        });
        // Somebody who holds more only because more is asked of it keeps it.
        parts.push(Part { weight: own, to: node, way, edge: None });
        parts
    }

    /// A full resource blames whoever occupies more of it than normally; permits that nobody holds are its own.
    fn parts_of_resource(&self, node: usize) -> Vec<Part> {
        if self.method == Method::WithoutRules {
            return Vec::new();
        }
        let memory = &self.nodes[node];
        let (mut held, mut normally) = (0.0, 0.0);
        let mut parts = Vec::new();
        for (id, edge) in self.graph.into(node) {
            let EdgeMemory { now, normal } = &self.edges[id];
            let usual = share(normal.held, normal.seconds) * now.seconds;
            held += now.held;
            normally += usual;
            let excess = (now.held - usual).max(0.0);
            parts.push(Part { weight: excess, to: edge.from, way: Way::Held, edge: Some((id, false)) });
        }
        let usual = share(memory.normal.busy, memory.normal.seconds) * memory.now.seconds - normally;
        let nobodys = (memory.now.busy - held - usual.max(0.0)).max(0.0);
        parts.push(Part { weight: nobodys, to: node, way: Way::Held, edge: None });
        parts
    }

    /// What could be done without the scope: children whose trouble comes and goes with the node's.
    fn parts_by_correlation(&self, node: usize, way: Way) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut explained: f64 = 0.0;
        for (id, edge) in self.graph.out(node) {
            if self.nodes[edge.to].ailment.hurts() {
                let weight = correlation(&self.nodes[node], &self.nodes[edge.to]).max(0.0);
                explained = explained.max(weight);
                parts.push(Part { weight, to: edge.to, way, edge: Some((id, true)) });
            }
        }
        parts.push(Part { weight: 1.0 - explained, to: node, way, edge: None });
        parts
    }
}

/// Pearson's correlation of the shares of calls that failed or were slow, over the last windows.
fn correlation(a: &NodeMemory, b: &NodeMemory) -> f64 {
    let windows = a.windows.min(b.windows).min(WINDOWS);
    let series = |node: &NodeMemory| -> Vec<f64> {
        let of = |tally: &super::memory::Tally| {
            share(tally.attempts.hits, tally.attempts.n) + share(tally.slow.hits, tally.slow.n)
        };
        let shares: Vec<f64> = node.recent[..windows].iter().map(of).collect();
        let mean = shares.iter().sum::<f64>() / windows.max(1) as f64;
        shares.iter().map(|share| share - mean).collect()
    };
    let (a, b) = (series(a), series(b));
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    share(dot(&a, &b), (dot(&a, &a) * dot(&b, &b)).sqrt())
}
