//! What is counted once somebody reads: requests and calls, and along which edges.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use bellwether_core::{Blame, Instant, Outcome, Work};

use super::cell::{Edge, End, Node};
use super::last_failed::Failed;
use super::level::{self, units};
use super::slab::Slab;
use super::slot;
use super::table::{Table, hash};
use crate::cascade::graph::{Graph, Kind};
use crate::cascade::{Failure, Window};

/// Nodes, edges, and what is under way.
#[derive(Debug)]
pub(crate) struct Live {
    pub(super) nodes: Table<Node>,
    pub(super) edges: Table<Edge>,
    pub(super) slab: Slab,
    /// When the window began, and how long a part of it is, in units.
    window: [AtomicU64; 2],
}

/// A call that has begun. Has to be ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    /// `None` if there was no slot: it is counted, and nobody finds it.
    pub(crate) work: Option<Work>,
    /// On whose behalf it is made, and along which edge.
    along: Option<(Work, u32)>,
}

/// What refuses calls to a dependency before they are made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Guard {
    Breaker,
    Limit,
}

/// A piece of work that makes a call: itself, its node, and the edge.
struct Caller<'a> {
    live: slot::Live<'a>,
    node: &'a Node,
    edge: &'a Edge,
    number: u32,
}

impl Live {
    pub(super) fn new(at: Instant) -> Self {
        Self {
            nodes: Table::new(Graph::MAX_NODES),
            edges: Table::new(Graph::MAX_EDGES),
            slab: Slab::new(),
            // Until the first window is read, of as many seconds as it is usually long.
            window: [AtomicU64::new(units(at)), AtomicU64::new(500_000)],
        }
    }

    /// A window begins, which is expected to be so long.
    pub(super) fn window_begins(&self, at: u64, length: u64) {
        self.window[0].store(at, Relaxed);
        self.window[1].store((length / u64::from(Window::PARTS)).max(1), Relaxed);
    }

    /// Which part of the window it is.
    fn part(&self, at: u64) -> u32 {
        let [start, part] = [0, 1].map(|word| self.window[word].load(Relaxed));
        (at.saturating_sub(start) / part).min(u64::from(Window::PARTS) - 1) as u32
    }

    /// The number of a node, new or as it was; `None` if there is no room.
    pub(crate) fn node(&self, name: &Arc<str>, kind: Kind) -> Option<u32> {
        let is = |node: &Node| node.kind == kind && node.name == *name;
        self.nodes.find(hash(name, "") ^ kind as u64, is, || Node::new(Arc::clone(name), kind))
    }

    #[inline]
    fn route(&self, method: &str, route: &str) -> Option<u32> {
        let is = |node: &Node| {
            let rest = || node.name.strip_prefix(method)?.strip_suffix(route);
            node.kind == Kind::Route && rest() == Some(if route.is_empty() { "" } else { " " })
        };
        let name = || [method, if route.is_empty() { "" } else { " " }, route].concat().into();
        self.nodes.find(hash(method, route), is, || Node::new(name(), Kind::Route))
    }

    // ===== requests =====

    #[inline]
    pub(super) fn request_began(&self, method: &str, route: &str, at: Instant) -> Option<Work> {
        let number = self.route(method, route)?;
        let (node, at) = (self.nodes.get(number)?, units(at));
        let work = self.slab.begin(number, at)?;
        node.begun(at);
        Some(work)
    }

    #[inline]
    pub(super) fn request_ended(&self, work: Work, outcome: Outcome, error: &str, at: Instant) -> Blame {
        let at = units(at);
        let good = outcome == Outcome::Success;
        let failed = if good { None } else { self.failed_last(work) };
        let Some(done) = self.slab.end(work, at) else { return Blame::Unknown };
        let Some(node) = self.nodes.get(done.node) else { return Blame::Unknown };
        self.done(node, &done, good, at);
        // Who asks for what is not there tells nothing of any route: scanners do all day.
        let tells = |class: &Failure| *class != Failure::BadRequest || node.name.contains(' ');
        match class_of(outcome, error, failed).filter(tells) {
            // What its callers got wrong, or gave up, nobody else is to blame for.
            Some(class) => self.failed(node, class, failed.filter(|_| class.is_loss()), at),
            None => Blame::Unknown,
        }
    }

    // ===== calls =====

    /// A call of a node begins, on whose behalf it may be.
    #[inline]
    pub(crate) fn begin(&self, number: u32, parent: Option<Work>, at: Instant) -> Begun {
        let at = units(at);
        let mut begun = Begun { work: None, along: None };
        let Some(node) = self.nodes.get(number) else { return begun };
        node.begun(at);
        begun.work = self.slab.begin(number, at);
        begun.along = parent.and_then(|parent| self.waits(parent, number, at));
        begun
    }

    /// It is over; `None` is well.
    #[inline]
    pub(crate) fn end(&self, number: u32, begun: Begun, failure: Option<Failure>, began: Instant, at: Instant) {
        let (began, at) = (units(began), units(at));
        let Some(node) = self.nodes.get(number) else { return };
        let failed = failure.and_then(|_| self.failed_last(begun.work?));
        let took = at.saturating_sub(began);
        let unseen = slot::Done { node: number, took, own: took, waiting: false, held: None };
        let done = begun.work.and_then(|work| self.slab.end(work, at)).unwrap_or(unseen);
        self.done(node, &done, failure.is_none(), at);
        match failure {
            None => {}
            // By a guard that stands around the call rather than in it.
            Some(Failure::Rejected) if failed.is_none() => self.guarded(number, node, Guard::Breaker, at),
            Some(class) => drop(self.failed(node, class, failed, at)),
        }
        self.goes_on(begun.along, failure, began, at);
    }

    /// A call is refused without being made.
    #[cold]
    pub(crate) fn refuse(&self, number: u32, guard: Guard, parent: Option<Work>, at: Instant) {
        let at = units(at);
        let Some(node) = self.nodes.get(number) else { return };
        node.refused(at);
        self.guarded(number, node, guard, at);
        let along = parent.and_then(|parent| self.waits(parent, number, at));
        self.goes_on(along, Some(Failure::Rejected), at, at);
    }

    pub(crate) fn missed(&self, number: u32) {
        if let Some(node) = self.nodes.get(number) {
            node.missed();
        }
    }

    /// A piece of work waits for a call that it makes, or a permit. Along which edge, if it is under way.
    #[inline]
    pub(super) fn waits(&self, parent: Work, to: u32, at: u64) -> Option<(Work, u32)> {
        let Caller { live, node, edge, number } = self.caller(parent, to)?;
        let first = live.waits(at)?;
        edge.begun(at);
        if first {
            node.waits(level::enter(at));
        }
        // Whoever asks again what has failed tries again.
        if let Some(before) = live.failed().get(live.generation()).filter(|before| before.edge == number)
            && let Some(again) = self.nodes.get(to)
            && !before.cut
        {
            again.retried(before.class);
        }
        Some((parent, number))
    }

    /// What it waited for is over.
    #[inline]
    pub(super) fn goes_on(&self, along: Option<(Work, u32)>, failure: Option<Failure>, began: u64, at: u64) {
        let Some((parent, number)) = along else { return };
        let Some(edge) = self.edges.get(number) else { return };
        edge.ended(at);
        let Some(live) = self.slab.find(parent) else { return };
        match failure {
            None => live.failed().made_up_for(live.generation(), began),
            // What it got wrong, it got wrong itself.
            Some(Failure::BadRequest) => {}
            Some(class) => {
                let cut = class == Failure::Cancelled;
                live.failed().set(live.generation(), Failed { edge: number, class, cut }, at);
            }
        }
        if live.goes_on(at) == Some(true)
            && let Some(node) = self.nodes.get(edge.from)
        {
            node.waits(level::leave(at));
        }
    }

    #[inline]
    fn done(&self, node: &Node, done: &slot::Done, good: bool, at: u64) {
        let own = Some(done.own).filter(|own| *own != done.took);
        node.ended(&End { at, took: done.took, own, waiting: done.waiting, good });
        if let Some((edge, permits)) = done.held
            && let Some(edge) = self.edges.get(edge)
        {
            edge.held(at, permits);
        }
    }

    /// Which of its calls failed last, if none that began later went well.
    #[cold]
    fn failed_last(&self, work: Work) -> Option<Failed> {
        let live = self.slab.find(work)?;
        live.failed().get(live.generation())
    }

    /// A guard repeats what its target did before: the refusal is charged to that.
    #[cold]
    fn guarded(&self, number: u32, node: &Node, guard: Guard, at: u64) {
        node.failed(Failure::Rejected, false, self.part(at));
        if let Some((_, edge)) = self.guard(node, guard).and_then(|guard| self.edge(number, guard)) {
            edge.failed.fetch_add(1, Relaxed);
        }
    }

    /// A call failed. Whose fault it was.
    #[cold]
    fn failed(&self, node: &Node, class: Failure, by: Option<Failed>, at: u64) -> Blame {
        let blamed = by.filter(|by| !by.cut || class == Failure::Timeout);
        node.failed(class, blamed.is_none(), self.part(at));
        let Some(by) = blamed else { return Blame::Own };
        let Some(edge) = self.edges.get(by.edge) else { return Blame::Unknown };
        if by.cut { &edge.cut } else { &edge.failed }.fetch_add(1, Relaxed);
        self.nodes.get(edge.to).map_or(Blame::Unknown, |to| Blame::Other(Arc::clone(&to.name)))
    }

    #[inline]
    fn caller(&self, parent: Work, to: u32) -> Option<Caller<'_>> {
        let live = self.slab.find(parent)?;
        let from = live.node()?;
        let (number, edge) = self.edge(from, to)?;
        Some(Caller { live, node: self.nodes.get(from)?, edge, number })
    }

    #[inline]
    fn edge(&self, from: u32, to: u32) -> Option<(u32, &Edge)> {
        let is = |edge: &Edge| (edge.from, edge.to) == (from, to);
        let number = self.edges.find(u64::from(from) << 32 | u64::from(to), is, || Edge::new(from, to))?;
        Some((number, self.edges.get(number)?))
    }

    /// The node of what guards a dependency.
    fn guard(&self, node: &Node, guard: Guard) -> Option<u32> {
        let known = node.guards.get(guard as usize)?;
        match known.load(Relaxed) {
            0 => {}
            number => return Some(number - 1),
        }
        let (kind, word) = match guard {
            Guard::Breaker => (Kind::Breaker, "breaker"),
            Guard::Limit => (Kind::Bulkhead, "limit"),
        };
        let number = self.node(&format!("{word} of {}", node.name).into(), kind)?;
        known.store(number + 1, Relaxed);
        Some(number)
    }
}

/// How a request failed, in the words of calls: as what it failed for did, if it is known.
fn class_of(outcome: Outcome, error: &str, by: Option<Failed>) -> Option<Failure> {
    match (outcome, by) {
        (Outcome::Success, _) => None,
        (Outcome::ClientError, _) => Some(Failure::BadRequest),
        (Outcome::Cancelled, _) => Some(Failure::Cancelled),
        (_, Some(by)) if by.cut => Some(Failure::Timeout),
        (_, Some(by)) => Some(by.class),
        (Outcome::Throttled, None) => Some(Failure::RateLimited),
        (Outcome::Rejected, None) => Some(Failure::Rejected),
        (_, None) if matches!(error, "504" | "DEADLINE_EXCEEDED" | "timeout") => Some(Failure::Timeout),
        (_, None) => Some(Failure::Upstream),
    }
}
