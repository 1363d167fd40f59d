//! What was counted on the graph in one tick: plain data, filled from scopes by whoever runs the tick.

use std::time::Duration;

use super::failure::Failures;
use super::graph::{EdgeId, Graph, NodeId};
use super::latency::Latency;

/// One tick's counts for each node and edge of a [`Graph`], and for the process itself.
///
/// Times are integrals over the window, not over the calls that ended in it: a call that hangs through the whole window adds
/// the whole window. With cumulative sums of start and end times an integral costs two additions a call: over a window it is
/// the sum of ends minus the sum of starts, plus in-flight times now, by difference of two readings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Window {
    /// How long the tick was.
    pub length: Duration,
    /// By [`NodeId`]. What is missing counts as nothing, what is too many is not looked at.
    pub nodes: Vec<Calls>,
    /// By [`EdgeId`]; likewise.
    pub edges: Vec<Flow>,
    /// The process itself.
    pub process: Process,
}

/// What was counted of one node: requests of a route, calls of a dependency, permits of a resource.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calls {
    /// Logical calls that began in the window; for a resource, permits asked for.
    pub started: u64,
    /// Logical calls that ended in it, retries and all.
    pub ended: u64,
    /// Attempts that ended in it; one that we refused ourselves counts as one. A route has one a request.
    pub attempts: u64,
    /// Attempts that failed, by class.
    pub attempts_failed: Failures,
    /// In which tenths of the window attempts failed that count as lost, one bit each: a blip of a second is in few of them.
    pub lost_in: u16,
    /// Logical calls that failed, by class.
    pub failed: Failures,
    /// Those of `attempts_failed` that no child is to blame for, as the scope saw it: not counted in any [`Flow`] from here.
    /// A child that was asked only because the node's own work had failed, a fallback, is not to blame.
    pub own: Failures,
    /// How long the calls that ended took, whichever way they ended.
    pub latency: Latency,
    /// How much of an attempt was time of its own, in which it waited neither for a child nor for a permit.
    pub own_time: Latency,
    /// How old the calls are that are in flight at the window's end: a call that hangs is seen before it ends.
    pub ages: Latency,
    /// Calls in flight at the window's end; for a resource, permits taken.
    pub in_flight: u64,
    /// The integral of calls in flight, in seconds; for a resource, of permits taken.
    pub busy: f64,
    /// The part of `busy` in which a call waited neither for a child nor for a permit.
    pub own_busy: f64,
    /// A resource's permits; 0 if it has no limit.
    pub capacity: u64,
    /// Lookups that found nothing and went elsewhere, if the node is a cache.
    pub misses: u64,
}

/// What was counted of one edge.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Flow {
    /// Calls to the child that began in the window; for a resource, permits asked for.
    pub started: u64,
    /// Failed attempts of the parent because this child failed last; for a resource, because it gave no permit.
    pub failed: u64,
    /// Failed attempts of the parent whose deadline passed while it waited for this child.
    pub cut: u64,
    /// The integral of the parent's calls that waited for this child, in seconds; for a resource, for a permit. Waiting for
    /// a fallback is the parent's own time; waiting to try again belongs to the child that failed the attempt.
    pub busy: f64,
    /// For a resource: the integral of permits that live calls of the parent held.
    pub held: f64,
}

/// What was seen of the process itself.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Process {
    /// How late the scheduler ran what was due, in seconds, on average over the window.
    pub lag: f64,
    /// The share of the window for which the process was kept from running in one piece: stopped, paused with its machine.
    pub stalled: f64,
    /// The share of the window for which a limit of its CPU time kept it from running, in many small pieces: throttled.
    pub throttled: f64,
}

impl Window {
    /// An empty window that fits a graph.
    pub fn new(graph: &Graph, length: Duration) -> Self {
        Self {
            length,
            nodes: vec![Calls::default(); graph.nodes()],
            edges: vec![Flow::default(); graph.edges()],
            process: Process::default(),
        }
    }

    /// How many parts of a window [`Calls::lost_in`] tells apart.
    pub const PARTS: u32 = 10;

    /// The counts of a node; `None` if the window does not have it.
    pub fn node(&mut self, id: NodeId) -> Option<&mut Calls> {
        self.nodes.get_mut(id.0 as usize)
    }

    /// The counts of an edge; `None` if the window does not have it.
    pub fn edge(&mut self, id: EdgeId) -> Option<&mut Flow> {
        self.edges.get_mut(id.0 as usize)
    }
}
