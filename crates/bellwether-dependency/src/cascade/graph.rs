//! Who calls whom and who shares what: routes, dependencies and shared resources, bounded in number.

use std::collections::HashMap;
use std::sync::Arc;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// An inbound operation: a route, a job.
    Route,
    /// Something that is called.
    Dependency,
    /// A pool of connections that callers wait for.
    Pool,
    /// A cap on calls in flight that callers wait at.
    Bulkhead,
    /// A circuit breaker; the node that shares it is its target.
    Breaker,
    /// A budget of calls per second, or of retries.
    Budget,
    /// The async runtime or thread pool that the work runs on.
    Runtime,
}

impl Kind {
    /// Whether it is a shared resource rather than something that takes calls.
    pub const fn is_resource(self) -> bool {
        !matches!(self, Self::Route | Self::Dependency)
    }
}

/// How an edge came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Relation {
    /// Somebody said that the one depends on the other.
    Declared,
    /// A call was made on behalf of the other.
    Observed,
    /// The first takes permits of the second, a resource.
    Shares,
}

/// A node of one [`Graph`]: its position in [`Window::nodes`](super::Window::nodes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(super) u32);

/// An edge of one [`Graph`]: its position in [`Window::edges`](super::Window::edges).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EdgeId(pub(super) u32);

/// Why the graph did not take something in. What is refused is counted: [`Graph::turned_away`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There are as many nodes or edges as there may be.
    #[error("the graph is full: at most {} nodes and {} edges", Graph::MAX_NODES, Graph::MAX_EDGES)]
    Full,
    /// No such node in this graph.
    #[error("no such node: an id is good only for the graph that gave it out")]
    UnknownNode,
    /// The name is taken by a node of another kind.
    #[error("the name is taken by a {0:?}; one name is one node")]
    Taken(Kind),
}

/// Routes, dependencies and resources, and the edges between them. Only grows, so ids stay good; cycles are welcome.
///
/// ```
/// use bellwether_dependency::cascade::{Graph, Kind, Relation};
///
/// let mut graph = Graph::default();
/// let turns = graph.node("POST /v1/turns", Kind::Route)?;
/// let stt = graph.node("stt", Kind::Dependency)?;
/// let edge = graph.edge(turns, stt, Relation::Observed)?;
/// assert_eq!(graph.node("stt", Kind::Dependency), Ok(stt)); // asking again changes nothing
/// assert_eq!(graph.edge(turns, stt, Relation::Observed), Ok(edge));
/// # Ok::<(), bellwether_dependency::cascade::Refusal>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    by_name: HashMap<Arc<str>, u32>,
    by_ends: HashMap<(u32, u32), u32>,
    /// Nodes in the order of their names: sums are taken in it, so that no verdict depends on who came first.
    order: Vec<u32>,
    turned_away: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) name: Arc<str>,
    pub(super) kind: Kind,
    /// Edges from here, by the name of where they lead.
    pub(super) out: Vec<u32>,
    /// Edges to here, by the name of whence they come.
    pub(super) into: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) relation: Relation,
}

impl Graph {
    /// The most nodes there may be.
    pub const MAX_NODES: usize = 4096;
    /// The most edges there may be.
    pub const MAX_EDGES: usize = 16_384;

    /// The node of that name, new or as it was.
    ///
    /// # Errors
    /// [`Refusal::Full`], or [`Refusal::Taken`] if the name belongs to a node of another kind.
    pub fn node(&mut self, name: &str, kind: Kind) -> Result<NodeId, Refusal> {
        if let Some(&id) = self.by_name.get(name) {
            let there = self.nodes[id as usize].kind;
            return if there == kind { Ok(NodeId(id)) } else { Err(Refusal::Taken(there)) };
        }
        if self.nodes.len() >= Self::MAX_NODES {
            return self.refuse();
        }
        let (id, name) = (self.nodes.len() as u32, Arc::<str>::from(name));
        let at = self.order.partition_point(|other| self.nodes[*other as usize].name < name);
        self.order.insert(at, id);
        self.by_name.insert(name.clone(), id);
        self.nodes.push(Node { name, kind, out: Vec::new(), into: Vec::new() });
        Ok(NodeId(id))
    }

    /// The edge from one node to another, new or as it was; its relation is that of its first time.
    ///
    /// # Errors
    /// [`Refusal::Full`], or [`Refusal::UnknownNode`].
    pub fn edge(&mut self, from: NodeId, to: NodeId, relation: Relation) -> Result<EdgeId, Refusal> {
        let known = |id: NodeId| (id.0 as usize) < self.nodes.len();
        if !known(from) || !known(to) {
            self.turned_away += 1;
            return Err(Refusal::UnknownNode);
        }
        if let Some(&id) = self.by_ends.get(&(from.0, to.0)) {
            return Ok(EdgeId(id));
        }
        if self.edges.len() >= Self::MAX_EDGES {
            return self.refuse();
        }
        let id = self.edges.len() as u32;
        let edge = Edge { from: from.0 as usize, to: to.0 as usize, relation };
        self.edges.push(edge);
        self.by_ends.insert((from.0, to.0), id);
        let name = |node: usize| &self.nodes[node].name;
        let out = self.nodes[edge.from].out.partition_point(|e| name(self.edges[*e as usize].to) < name(edge.to));
        let into = self.nodes[edge.to].into.partition_point(|e| name(self.edges[*e as usize].from) < name(edge.from));
        self.nodes[edge.from].out.insert(out, id);
        self.nodes[edge.to].into.insert(into, id);
        Ok(EdgeId(id))
    }

    /// The node of that name, if there is one.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.by_name.get(name).copied().map(NodeId)
    }

    /// The edge from one node to another, if there is one.
    pub fn between(&self, from: NodeId, to: NodeId) -> Option<EdgeId> {
        self.by_ends.get(&(from.0, to.0)).copied().map(EdgeId)
    }

    /// The name of a node; `None` for an id of another graph.
    pub fn name(&self, id: NodeId) -> Option<&str> {
        self.nodes.get(id.0 as usize).map(|node| &*node.name)
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// How many edges there are.
    pub fn edges(&self) -> usize {
        self.edges.len()
    }

    /// How many nodes and edges were refused so far.
    pub fn turned_away(&self) -> u64 {
        self.turned_away
    }

    /// All nodes, by name.
    pub(super) fn ordered(&self) -> impl Iterator<Item = usize> {
        self.order.iter().map(|id| *id as usize)
    }

    pub(super) fn at(&self, node: usize) -> &Node {
        &self.nodes[node]
    }

    pub(super) fn edge_at(&self, edge: usize) -> Edge {
        self.edges[edge]
    }

    /// The edges from a node, with their positions.
    pub(super) fn out(&self, node: usize) -> impl Iterator<Item = (usize, Edge)> {
        self.nodes[node].out.iter().map(|id| (*id as usize, self.edges[*id as usize]))
    }

    /// The edges to a node, with their positions.
    pub(super) fn into(&self, node: usize) -> impl Iterator<Item = (usize, Edge)> {
        self.nodes[node].into.iter().map(|id| (*id as usize, self.edges[*id as usize]))
    }

    fn refuse<T>(&mut self) -> Result<T, Refusal> {
        self.turned_away += 1;
        Err(Refusal::Full)
    }
}
