//! The simulation: requests, calls, queues, deadlines, retries, pools and breakers as events on a virtual clock.
//!
//! What it counts goes into a window exactly as a scope would count it in the process that makes the calls; of what is
//! wrong it says nothing.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use bellwether_dependency::cascade::{EdgeId, Failure, Graph, Kind, NodeId, Relation, Window};

use super::fault::{Effect, Fault, Trouble};
use super::random::Random;
use super::world::{When, World};

/// The length of a window in seconds.
pub(crate) const TICK: f64 = 5.0;
/// A remote side with so many requests waiting turns further ones away.
const QUEUE: usize = 300;
const FAST: f64 = 0.002;

type CallId = u32;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Event {
    Arrival { route: usize },
    ServerDone { node: usize, replica: usize, call: CallId, generation: u32, failure: Option<Failure> },
    Response { call: CallId, generation: u32, failure: Option<Failure> },
    Deadline { call: CallId, generation: u32 },
    Retry { call: CallId, generation: u32 },
    PermitLate { call: CallId, generation: u32 },
    Leaves { call: CallId, generation: u32 },
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Timed {
    at: f64,
    order: u64,
    event: Event,
}

impl Eq for Timed {}
impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Timed {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.total_cmp(&other.at).then(self.order.cmp(&other.order))
    }
}

/// Who is to blame for a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Blame {
    Own,
    Child(EdgeId),
    Cut(EdgeId),
}

#[derive(Debug, Clone, Default)]
struct Call {
    alive: bool,
    generation: u32,
    node: usize,
    parent: Option<CallId>,
    /// The step of the parent that it is.
    step: usize,
    seen: bool,
    started: f64,
    attempt: u32,
    next_step: usize,
    /// Children that are open, and whether the last cache had nothing.
    children: Vec<CallId>,
    missed: bool,
    /// What its own work failed with, while it tries another way.
    recovering: Option<Failure>,
    bad: bool,
    working: bool,
    own_time: f64,
    /// The step that it waits to try again because of.
    backing_off: Option<usize>,
    waiting: bool,
    permit: bool,
    in_attempt: bool,
}

/// A number over time, and its integral since it was last read.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    level: f64,
    since: f64,
    sum: f64,
}

impl Level {
    fn add(&mut self, change: f64, now: f64) {
        self.sum += self.level * (now - self.since);
        self.since = now;
        self.level += change;
    }

    fn take(&mut self, now: f64) -> f64 {
        self.add(0.0, now);
        std::mem::take(&mut self.sum)
    }
}

#[derive(Debug, Clone, Default)]
struct Server {
    working: usize,
    waiting: VecDeque<(CallId, u32)>,
}

#[derive(Debug, Clone, Default)]
struct Pool {
    taken: usize,
    leaked: usize,
    waiting: VecDeque<(CallId, u32)>,
    level: Level,
    node: Option<NodeId>,
}

#[derive(Debug, Clone, Default)]
struct Breaker {
    results: VecDeque<bool>,
    open_until: f64,
    probing: bool,
}

/// What is kept of each node while the simulation runs.
#[derive(Debug, Clone, Default)]
struct State {
    id: Option<NodeId>,
    /// The graph's edge for each step, if the process sees it as one.
    edges: Vec<Option<EdgeId>>,
    step_levels: Vec<Level>,
    pool_edge: Option<EdgeId>,
    breaker_edge: Option<EdgeId>,
    busy: Level,
    own: Level,
    wait: Level,
    held: Level,
    servers: Vec<Server>,
    breaker: Breaker,
    tokens: (f64, f64),
    /// The share that a cache finds.
    hit: f64,
}

/// A running simulation.
#[derive(Debug)]
pub(crate) struct Sim {
    pub(crate) world: World,
    pub(crate) graph: Graph,
    pub(crate) faults: Vec<Fault>,
    pub(crate) troubles: Vec<(Trouble, f64, f64)>,
    /// Pauses of the process, and of replicas: of all collectors and restarts, from when until when.
    pub(crate) pauses: Vec<(f64, f64)>,
    pub(crate) restarts: Vec<(usize, usize, f64, f64)>,
    pub(crate) replica_pauses: Vec<(usize, usize, f64, f64)>,
    /// How the rate goes up and down over a day.
    pub(crate) diurnal: bool,
    /// Since when, and how often, a call that the process sees was touched by a fault.
    pub(crate) touched: Option<f64>,
    pub(crate) touches: u64,
    /// Failed look-ups of names that somebody waited for, by node.
    pub(crate) without_names: Vec<u64>,
    /// Requests that ended, and those that failed, since the last reading.
    pub(crate) requests: (u64, u64),
    now: f64,
    order: u64,
    events: BinaryHeap<Reverse<Timed>>,
    calls: Vec<Call>,
    free: Vec<CallId>,
    states: Vec<State>,
    pools: Vec<Pool>,
    window: Window,
    random: Random,
}

impl Sim {
    pub(crate) fn new(world: World, random: Random) -> Self {
        let visible = world.visible();
        let mut graph = Graph::default();
        let full = "the test graphs are small";
        let mut states = vec![State::default(); world.specs.len()];
        let mut pools = vec![Pool::default(); world.pools.len()];
        for (i, spec) in world.specs.iter().enumerate().filter(|(i, _)| visible[*i]) {
            let kind = if spec.route { Kind::Route } else { Kind::Dependency };
            states[i].id = Some(graph.node(&spec.name, kind).expect(full));
        }
        for (i, pool) in pools.iter_mut().enumerate() {
            pool.node = Some(graph.node(&format!("pool-{i}"), world.pool_kind).expect(full));
        }
        for (i, spec) in world.specs.iter().enumerate() {
            let state = &mut states[i];
            state.servers = vec![Server::default(); spec.replicas];
            state.step_levels = vec![Level::default(); spec.steps.len()];
            state.edges = vec![None; spec.steps.len()];
            state.hit = if spec.cache { 0.9 } else { 0.0 };
        }
        for (i, spec) in world.specs.iter().enumerate() {
            let Some(from) = states[i].id else { continue };
            for (s, step) in spec.steps.iter().enumerate() {
                if let (true, true, Some(to)) = (world.sees(i), step.scoped, states[step.to].id) {
                    states[i].edges[s] = Some(graph.edge(from, to, Relation::Observed).expect(full));
                }
            }
            if let Some(pool) = spec.pool.and_then(|pool| pools[pool].node) {
                states[i].pool_edge = Some(graph.edge(from, pool, Relation::Shares).expect(full));
            }
            if spec.breaker {
                let breaker = graph.node(&format!("breaker of {}", spec.name), Kind::Breaker).expect(full);
                states[i].breaker_edge = Some(graph.edge(from, breaker, Relation::Shares).expect(full));
            }
        }
        let window = Window::new(&graph, Duration::from_secs_f64(TICK));
        let mut sim = Self {
            world,
            graph,
            faults: Vec::new(),
            troubles: Vec::new(),
            pauses: Vec::new(),
            restarts: Vec::new(),
            replica_pauses: Vec::new(),
            diurnal: false,
            touched: None,
            touches: 0,
            without_names: vec![0; visible.len()],
            requests: (0, 0),
            now: 0.0,
            order: 0,
            events: BinaryHeap::new(),
            calls: Vec::new(),
            free: Vec::new(),
            states,
            pools,
            window,
            random,
        };
        for route in 0..sim.world.specs.len() {
            if sim.world.specs[route].route {
                sim.next_arrival(route);
            }
        }
        sim
    }

    /// Runs until `until`, and gives the window that ends there.
    pub(crate) fn run(&mut self, until: f64) -> Window {
        let now = self.now;
        self.pauses.retain(|pause| pause.1 > now - TICK);
        self.restarts.retain(|restart| restart.3 > now);
        self.replica_pauses.retain(|pause| pause.3 > now);
        while let Some(Reverse(next)) = self.events.peek().copied()
            && next.at <= until
        {
            self.events.pop();
            self.now = next.at;
            self.happen(next.event);
        }
        self.now = until;
        self.close_window()
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrival { route } => {
                self.next_arrival(route);
                self.arrive(route);
            }
            Event::ServerDone { node, replica, call, generation, failure } => {
                self.serve_next(node, replica);
                self.respond(call, generation, failure);
            }
            Event::Response { call, generation, failure } => self.answered(call, generation, failure),
            Event::Deadline { call, generation } => {
                if self.is_current(call, generation) && self.calls[call as usize].in_attempt {
                    self.deadline(call);
                }
            }
            Event::Retry { call, generation } => {
                if self.is_current(call, generation) {
                    self.stop_backing_off(call);
                    self.set_working(call, false);
                    self.begin_attempt(call);
                }
            }
            Event::PermitLate { call, generation } => {
                if self.is_current(call, generation) && self.calls[call as usize].waiting {
                    self.permit_late(call);
                }
            }
            Event::Leaves { call, generation } => {
                if self.alive_since(call, generation) {
                    self.cancel(call);
                }
            }
        }
    }

    // ===== requests =====

    fn next_arrival(&mut self, route: usize) {
        let mut rate = self.world.rate * self.world.specs[route].weight;
        if self.diurnal {
            rate *= 1.0 - 0.6 * (std::f64::consts::TAU * self.now / 86_400.0).cos();
        }
        for (trouble, from, until) in &self.troubles {
            if let Trouble::Load(times) = trouble
                && (*from..*until).contains(&self.now)
            {
                rate *= times;
            }
        }
        let wait = self.random.exponential(1.0 / rate.max(1e-9));
        self.at(wait, Event::Arrival { route });
    }

    fn arrive(&mut self, route: usize) {
        let call = self.start(route, None, 0);
        let current = (self.troubles.iter()).filter(|(_, from, until)| (*from..*until).contains(&self.now));
        let current: Vec<Trouble> = current.map(|(trouble, ..)| *trouble).collect();
        for trouble in current {
            match trouble {
                Trouble::BadRequests { route: bad, share } if bad == route && self.random.chance(share) => {
                    self.calls[call as usize].bad = true;
                    self.touch(true);
                }
                Trouble::Cancels(share) if self.random.chance(share) => {
                    let patience = self.world.specs[route].work + self.random.exponential(0.05);
                    let generation = self.calls[call as usize].generation;
                    self.at(patience, Event::Leaves { call, generation });
                }
                _ => {}
            }
        }
        self.begin(call);
    }

    // ===== the life of a call =====

    fn start(&mut self, node: usize, parent: Option<CallId>, step: usize) -> CallId {
        let seen = match parent {
            None => true,
            Some(parent) => {
                let parent = &self.calls[parent as usize];
                parent.seen && self.world.sees(parent.node)
            }
        };
        let id = self.free.pop().unwrap_or_else(|| {
            self.calls.push(Call::default());
            (self.calls.len() - 1) as CallId
        });
        let generation = self.calls[id as usize].generation + 1;
        let mut children = std::mem::take(&mut self.calls[id as usize].children);
        children.clear();
        self.calls[id as usize] =
            Call { alive: true, generation, node, parent, step, seen, started: self.now, children, ..Call::default() };
        if seen {
            self.states[node].busy.add(1.0, self.now);
            if let Some(calls) = self.counts(node) {
                calls.started += 1;
            }
        }
        id
    }

    /// Asks the breaker and the pool, then tries.
    fn begin(&mut self, call: CallId) {
        let node = self.calls[call as usize].node;
        if !self.calls[call as usize].seen {
            // Other processes have breakers and pools of their own; of these there are none.
            return self.begin_attempt(call);
        }
        if self.world.specs[node].breaker && !self.admits(node) {
            let edge = self.states[node].breaker_edge;
            self.refuse(call, edge);
            return;
        }
        let Some(pool) = self.world.specs[node].pool else { return self.begin_attempt(call) };
        if let Some(counts) = self.pools[pool].node.and_then(|id| self.window.node(id)) {
            counts.started += 1;
        }
        if self.pools[pool].taken < self.world.pools[pool] {
            self.take_permit(call, pool);
            self.begin_attempt(call);
        } else {
            self.calls[call as usize].waiting = true;
            self.states[node].wait.add(1.0, self.now);
            let generation = self.calls[call as usize].generation;
            self.pools[pool].waiting.push_back((call, generation));
            let patience = self.world.specs[node].timeout;
            self.at(patience, Event::PermitLate { call, generation });
            if self.pools[pool].leaked > 0 {
                self.touch(true);
            }
        }
    }

    fn begin_attempt(&mut self, call: CallId) {
        let node = self.calls[call as usize].node;
        let this = &mut self.calls[call as usize];
        (this.attempt, this.next_step, this.in_attempt) = (this.attempt + 1, 0, true);
        (this.missed, this.recovering) = (false, None);
        this.generation += 1;
        let generation = this.generation;
        self.set_working(call, true);
        self.at(self.world.specs[node].timeout, Event::Deadline { call, generation });
        if self.world.specs[node].route {
            let work = self.work(node);
            let failure = if self.calls[call as usize].bad { Some(Failure::BadRequest) } else { None };
            let late = self.lag();
            self.at(work + late, Event::Response { call, generation, failure });
        } else {
            self.send(call, generation);
        }
    }

    /// The remote side: refused at the door, or queued at a replica.
    fn send(&mut self, call: CallId, generation: u32) {
        let (node, seen) = (self.calls[call as usize].node, self.calls[call as usize].seen);
        let no_names = self
            .troubles
            .iter()
            .any(|(trouble, from, until)| *trouble == Trouble::NoNames && (*from..*until).contains(&self.now));
        if seen && no_names {
            self.touch(true);
            return self.at(FAST, Event::Response { call, generation, failure: Some(Failure::Dns) });
        }
        let replica = self.random.below(self.world.specs[node].replicas);
        let now = self.now;
        let restarting = (self.restarts.iter()).any(|r| r.0 == node && r.1 == replica && (r.2..r.3).contains(&now));
        if restarting {
            return self.at(FAST, Event::Response { call, generation, failure: Some(Failure::Refused) });
        }
        for i in 0..self.faults.len() {
            let fault = self.faults[i];
            if fault.node != node || !fault.is_on(now) {
                continue;
            }
            match fault.effect {
                Effect::Fails { class, share, replicas } if replica < replicas && self.random.chance(share) => {
                    self.touch(seen);
                    let worked = matches!(class, Failure::Upstream | Failure::Decode);
                    let after = if worked { self.work(node) } else { FAST };
                    return self.at(after, Event::Response { call, generation, failure: Some(class) });
                }
                Effect::Hangs { replicas } if replica < replicas => return self.touch(seen),
                Effect::Slow { .. } => self.touch(seen),
                Effect::Throttles { rate, retry_after: _ } => {
                    let (tokens, at) = self.states[node].tokens;
                    let tokens = (tokens + (now - at) * rate).min(rate.max(1.0));
                    let accepted = tokens >= 1.0;
                    self.states[node].tokens = (tokens - if accepted { 1.0 } else { 0.0 }, now);
                    if !accepted {
                        self.touch(seen);
                        return self
                            .at(FAST, Event::Response { call, generation, failure: Some(Failure::RateLimited) });
                    }
                }
                _ => {}
            }
        }
        let servers = self.world.specs[node].servers;
        let server = &mut self.states[node].servers[replica];
        if server.working < servers {
            server.working += 1;
            self.serve(node, replica, call, generation);
        } else if server.waiting.len() < QUEUE {
            server.waiting.push_back((call, generation));
        } else {
            self.at(FAST, Event::Response { call, generation, failure: Some(Failure::Upstream) });
        }
    }

    fn serve(&mut self, node: usize, replica: usize, call: CallId, generation: u32) {
        let mut work = self.work(node);
        let mut failure = self.random.chance(self.world.specs[node].errors).then_some(Failure::Upstream);
        for i in 0..self.faults.len() {
            let fault = self.faults[i];
            if let Effect::Slow { times, fails } = fault.effect
                && fault.node == node
                && fault.is_on(self.now)
            {
                work *= times;
                failure = if fails { Some(Failure::Upstream) } else { failure };
            }
        }
        let paused = (self.replica_pauses.iter())
            .find(|p| p.0 == node && p.1 == replica && p.2 < self.now + work && self.now < p.3)
            .map_or(0.0, |p| p.3 - p.2.max(self.now));
        self.at(work + paused, Event::ServerDone { node, replica, call, generation, failure });
    }

    /// A server is free: it takes the next request, also one that nobody waits for any more.
    fn serve_next(&mut self, node: usize, replica: usize) {
        match self.states[node].servers[replica].waiting.pop_front() {
            Some((call, generation)) => self.serve(node, replica, call, generation),
            None => self.states[node].servers[replica].working -= 1,
        }
    }

    fn respond(&mut self, call: CallId, generation: u32, failure: Option<Failure>) {
        if !self.is_current(call, generation) {
            return;
        }
        // What happens in other processes is not late here.
        let late = if self.calls[call as usize].seen { self.lag() } else { 0.0 };
        match late {
            late if late < 5e-4 => self.answered(call, generation, failure),
            late => self.at(late, Event::Response { call, generation, failure }),
        }
    }

    /// The node's own work is done; what it needs of others comes next.
    fn answered(&mut self, call: CallId, generation: u32, failure: Option<Failure>) {
        if !self.is_current(call, generation) || !self.calls[call as usize].in_attempt {
            return;
        }
        if failure == Some(Failure::Dns) && self.calls[call as usize].seen {
            self.without_names[self.calls[call as usize].node] += 1;
        }
        let node = self.calls[call as usize].node;
        let way_out = self.world.specs[node].steps.iter().any(|step| step.when == When::OwnFailure);
        match failure {
            // Only so far round the cycle.
            Some(_) if way_out && self.depth(call) < 7 => {
                self.calls[call as usize].recovering = failure;
                self.go_on(call);
            }
            Some(class) => self.attempt_failed(call, class, Blame::Own),
            None => self.go_on(call),
        }
    }

    fn depth(&self, call: CallId) -> usize {
        let mut depth = 0;
        let mut at = self.calls[call as usize].parent;
        while let Some(parent) = at {
            depth += 1;
            at = self.calls[parent as usize].parent;
        }
        depth
    }

    /// Takes the next steps, or ends well.
    fn go_on(&mut self, call: CallId) {
        let node = self.calls[call as usize].node;
        let mut begun = Vec::new();
        loop {
            let index = self.calls[call as usize].next_step;
            let Some(step) = self.world.specs[node].steps.get(index) else { break };
            if !begun.is_empty() && !step.parallel {
                break;
            }
            let (to, when) = (step.to, step.when);
            let this = &mut self.calls[call as usize];
            this.next_step += 1;
            let taken = match when {
                When::Always => this.recovering.is_none(),
                When::Miss => this.missed,
                When::OwnFailure => this.recovering.is_some(),
            };
            if taken {
                begun.push((self.start(to, Some(call), index), index));
            }
        }
        if begun.is_empty() {
            return self.attempt_succeeded(call);
        }
        for (child, index) in &begun {
            self.calls[call as usize].children.push(*child);
            let edge = self.states[node].edges[*index];
            let weight = self.weight(call);
            self.states[node].step_levels[*index].add(weight, self.now);
            if self.calls[call as usize].seen
                && let Some(flow) = edge.and_then(|edge| self.window.edge(edge))
            {
                flow.started += 1;
            }
        }
        self.settle_working(call);
        let generation = self.calls[call as usize].generation;
        for (child, _) in begun {
            // An earlier one may have failed at once, and the parent with it.
            if self.is_current(call, generation) && self.calls[call as usize].children.contains(&child) {
                self.begin(child);
            }
        }
    }

    /// A node works itself whenever it waits for no child that the process sees.
    fn settle_working(&mut self, call: CallId) {
        let this = &self.calls[call as usize];
        let edges = &self.states[this.node].edges;
        let seen = |child: &CallId| edges[self.calls[*child as usize].step].is_some();
        // The time of another way is the node's own: it would not be spent if its work had not failed.
        let waits = this.recovering.is_none() && this.children.iter().any(seen);
        self.set_working(call, !waits);
    }

    fn set_working(&mut self, call: CallId, working: bool) {
        let this = &mut self.calls[call as usize];
        if this.working != working {
            this.working = working;
            this.own_time += if working { -self.now } else { self.now };
            if this.seen {
                let change = if working { 1.0 } else { -1.0 };
                self.states[this.node].own.add(change, self.now);
            }
        }
    }

    fn leave_children(&mut self, call: CallId, child: CallId) {
        let this = &mut self.calls[call as usize];
        this.children.retain(|other| *other != child);
        let (node, step) = (this.node, self.calls[child as usize].step);
        let weight = self.weight(call);
        self.states[node].step_levels[step].add(-weight, self.now);
    }

    fn weight(&self, call: CallId) -> f64 {
        if self.calls[call as usize].recovering.is_none() { 1.0 } else { 0.0 }
    }

    fn child_ended(&mut self, call: CallId, child: CallId, failure: Option<Failure>) {
        self.leave_children(call, child);
        let node = self.calls[call as usize].node;
        let step = self.calls[child as usize].step;
        let to = self.world.specs[node].steps[step].to;
        if failure.is_none() && self.world.specs[to].cache {
            let missed = !self.random.chance(self.states[to].hit);
            self.calls[call as usize].missed = missed;
            if missed
                && self.calls[child as usize].seen
                && let Some(calls) = self.counts(to)
            {
                calls.misses += 1;
            }
        }
        if failure.is_none() && self.world.specs[node].steps[step].when == When::Miss {
            // What was fetched is remembered.
            let cache = self.world.specs[node].steps[step - 1].to;
            let hit = &mut self.states[cache].hit;
            *hit = (*hit + 0.0015).min(0.9);
        }
        if let Some(class) = failure
            && !self.world.specs[node].steps[step].optional
        {
            let blame = match self.states[node].edges[step].filter(|_| self.calls[child as usize].seen) {
                Some(edge) => Blame::Child(edge),
                None => Blame::Own,
            };
            // Behind a remote side one sees its answer only.
            let hidden = !self.calls[child as usize].seen;
            let class = if hidden && class.is_loss() { Failure::Upstream } else { class };
            return self.attempt_failed(call, class, blame);
        }
        self.settle_working(call);
        if self.calls[call as usize].children.is_empty() {
            self.go_on(call);
        }
    }

    fn attempt_succeeded(&mut self, call: CallId) {
        self.end_attempt(call, None, Blame::Own);
        self.finish(call, None);
    }

    fn deadline(&mut self, call: CallId) {
        let this = &self.calls[call as usize];
        let seen = |child: &&CallId| self.states[this.node].edges[self.calls[**child as usize].step].is_some();
        let waited = this.children.iter().find(seen);
        let edge = waited.and_then(|child| self.states[this.node].edges[self.calls[*child as usize].step]);
        self.attempt_failed(call, Failure::Timeout, edge.map_or(Blame::Own, Blame::Cut));
    }

    fn attempt_failed(&mut self, call: CallId, class: Failure, blame: Blame) {
        let (class, blame) = self.calls[call as usize].recovering.map_or((class, blame), |own| (own, Blame::Own));
        self.end_attempt(call, Some(class), blame);
        let node = self.calls[call as usize].node;
        let spec = &self.world.specs[node];
        let again = self.calls[call as usize].attempt <= spec.retries && class.is_loss() && class != Failure::Rejected;
        if !again {
            return self.finish(call, Some(class));
        }
        let attempt = self.calls[call as usize].attempt;
        let (backoff, breaker) = (spec.backoff, spec.breaker && self.calls[call as usize].seen);
        if breaker && !self.admits(node) {
            let edge = self.states[node].breaker_edge;
            return self.refuse(call, edge);
        }
        let mut wait = backoff * f64::from(1 << attempt) * self.random.between(0.5, 1.5);
        if class == Failure::RateLimited {
            wait = self.retry_after(node).unwrap_or(wait);
        }
        self.back_off(call, blame);
        self.calls[call as usize].generation += 1;
        let generation = self.calls[call as usize].generation;
        self.at(wait, Event::Retry { call, generation });
    }

    /// Waits to try again: on account of the child that failed the attempt, or on its own.
    fn back_off(&mut self, call: CallId, blame: Blame) {
        let node = self.calls[call as usize].node;
        let step = match blame {
            Blame::Own => None,
            Blame::Child(edge) | Blame::Cut(edge) => {
                self.states[node].edges.iter().position(|other| *other == Some(edge))
            }
        };
        self.calls[call as usize].backing_off = step;
        match step {
            Some(step) => self.states[node].step_levels[step].add(1.0, self.now),
            None => self.set_working(call, true),
        }
    }

    fn stop_backing_off(&mut self, call: CallId) {
        let node = self.calls[call as usize].node;
        if let Some(step) = self.calls[call as usize].backing_off.take() {
            self.states[node].step_levels[step].add(-1.0, self.now);
        }
    }

    fn retry_after(&self, node: usize) -> Option<f64> {
        self.faults.iter().filter(|fault| fault.node == node && fault.is_on(self.now)).find_map(|fault| {
            match fault.effect {
                Effect::Throttles { retry_after, .. } => retry_after,
                _ => None,
            }
        })
    }

    /// Counts an attempt, and gives up what belongs to it.
    fn end_attempt(&mut self, call: CallId, failure: Option<Failure>, blame: Blame) {
        let children = std::mem::take(&mut self.calls[call as usize].children);
        for child in &children {
            let (node, step) = (self.calls[call as usize].node, self.calls[*child as usize].step);
            let weight = self.weight(call);
            self.states[node].step_levels[step].add(-weight, self.now);
            self.cancel(*child);
        }
        self.set_working(call, false);
        let this = &mut self.calls[call as usize];
        this.in_attempt = false;
        let own_time = Duration::from_secs_f64(std::mem::take(&mut this.own_time).max(0.0));
        let (node, seen) = (this.node, this.seen);
        if self.world.specs[node].breaker && seen && failure != Some(Failure::Cancelled) {
            self.tell_breaker(node, failure.is_some_and(Failure::is_loss));
        }
        if !seen {
            return;
        }
        let part = self.part();
        if let Some(calls) = self.counts(node) {
            calls.attempts += 1;
            calls.own_time.record(own_time);
            if let Some(class) = failure {
                calls.lost_in |= if class.is_loss() { part } else { 0 };
                calls.attempts_failed[class] += 1;
                if blame == Blame::Own {
                    calls.own[class] += 1;
                }
            }
        }
        match blame {
            Blame::Own => {}
            Blame::Child(edge) => self.flow(edge).failed += 1,
            Blame::Cut(edge) => self.flow(edge).cut += 1,
        }
    }

    fn flow(&mut self, edge: EdgeId) -> &mut bellwether_dependency::cascade::Flow {
        self.window.edge(edge).expect("the window fits the graph")
    }

    /// We do not even try.
    fn refuse(&mut self, call: CallId, edge: Option<EdgeId>) {
        let (node, seen) = (self.calls[call as usize].node, self.calls[call as usize].seen);
        if seen {
            let part = self.part();
            if let Some(calls) = self.counts(node) {
                calls.attempts += 1;
                calls.lost_in |= part;
                calls.attempts_failed[Failure::Rejected] += 1;
            }
            if let Some(edge) = edge {
                self.flow(edge).failed += 1;
            }
        }
        self.finish(call, Some(Failure::Rejected));
    }

    fn finish(&mut self, call: CallId, failure: Option<Failure>) {
        let this = &self.calls[call as usize];
        let (parent, node) = (this.parent, this.node);
        self.count_end(call, failure);
        if self.world.specs[node].route {
            self.requests.0 += 1;
            self.requests.1 += u64::from(failure.is_some_and(Failure::is_loss));
        }
        match parent {
            Some(parent)
                if self.calls[parent as usize].alive && self.calls[parent as usize].children.contains(&call) =>
            {
                self.child_ended(parent, call, failure);
                self.free(call);
            }
            _ => self.free(call),
        }
    }

    /// Whoever asked is gone.
    fn cancel(&mut self, call: CallId) {
        if !self.calls[call as usize].alive {
            return;
        }
        if self.calls[call as usize].in_attempt {
            self.end_attempt(call, Some(Failure::Cancelled), Blame::Own);
        }
        self.count_end(call, Some(Failure::Cancelled));
        self.free(call);
    }

    fn count_end(&mut self, call: CallId, failure: Option<Failure>) {
        let this = &self.calls[call as usize];
        let (node, seen, started, waiting) = (this.node, this.seen, this.started, this.waiting);
        self.stop_backing_off(call);
        self.set_working(call, false);
        if waiting {
            self.calls[call as usize].waiting = false;
            self.states[node].wait.add(-1.0, self.now);
        }
        if self.calls[call as usize].permit {
            self.give_back(call);
        }
        self.calls[call as usize].alive = false;
        if !seen {
            return;
        }
        let now = self.now;
        self.states[node].busy.add(-1.0, now);
        if let Some(calls) = self.counts(node) {
            calls.ended += 1;
            calls.latency.record(Duration::from_secs_f64((now - started).max(0.0)));
            if let Some(class) = failure {
                calls.failed[class] += 1;
            }
        }
    }

    fn free(&mut self, call: CallId) {
        let this = &mut self.calls[call as usize];
        this.alive = false;
        this.generation += 1;
        self.free.push(call);
    }

    fn is_current(&self, call: CallId, generation: u32) -> bool {
        let this = &self.calls[call as usize];
        this.alive && this.generation == generation
    }

    /// Whether it is still the call it was at `generation`, whatever attempt it has come to. A request has one attempt.
    fn alive_since(&self, call: CallId, generation: u32) -> bool {
        let this = &self.calls[call as usize];
        this.alive && this.parent.is_none() && this.generation <= generation + 1
    }

    // ===== pools and breakers =====

    fn take_permit(&mut self, call: CallId, pool: usize) {
        let node = self.calls[call as usize].node;
        self.calls[call as usize].permit = true;
        self.pools[pool].taken += 1;
        self.pools[pool].level.add(1.0, self.now);
        self.states[node].held.add(1.0, self.now);
    }

    fn give_back(&mut self, call: CallId) {
        let node = self.calls[call as usize].node;
        let Some(pool) = self.world.specs[node].pool else { return };
        self.calls[call as usize].permit = false;
        self.states[node].held.add(-1.0, self.now);
        let leak = self.faults.iter().find_map(|fault| match fault.effect {
            Effect::Leaks { share } if fault.node == node && fault.is_on(self.now) => Some(share),
            _ => None,
        });
        if leak.is_some_and(|share| self.random.chance(share)) {
            self.pools[pool].leaked += 1;
            return;
        }
        self.return_permit(pool);
    }

    fn return_permit(&mut self, pool: usize) {
        self.pools[pool].taken -= 1;
        self.pools[pool].level.add(-1.0, self.now);
        while let Some((next, generation)) = self.pools[pool].waiting.pop_front() {
            if self.is_current(next, generation) && self.calls[next as usize].waiting {
                let node = self.calls[next as usize].node;
                self.calls[next as usize].waiting = false;
                self.states[node].wait.add(-1.0, self.now);
                self.take_permit(next, pool);
                return self.begin_attempt(next);
            }
        }
    }

    /// What leaked comes back when the culprit is restarted.
    pub(crate) fn recover_permits(&mut self) {
        for pool in 0..self.pools.len() {
            for _ in 0..std::mem::take(&mut self.pools[pool].leaked) {
                self.return_permit(pool);
            }
        }
    }

    pub(crate) fn empty_cache(&mut self, node: usize) {
        self.states[node].hit = 0.0;
    }

    fn permit_late(&mut self, call: CallId) {
        let node = self.calls[call as usize].node;
        self.calls[call as usize].waiting = false;
        self.states[node].wait.add(-1.0, self.now);
        let edge = self.states[node].pool_edge;
        self.refuse(call, edge);
    }

    fn admits(&mut self, node: usize) -> bool {
        let breaker = &mut self.states[node].breaker;
        if self.now < breaker.open_until || breaker.probing && self.now < breaker.open_until + 5.0 {
            return false;
        }
        breaker.probing = breaker.open_until > 0.0;
        true
    }

    fn tell_breaker(&mut self, node: usize, failed: bool) {
        let breaker = &mut self.states[node].breaker;
        if std::mem::take(&mut breaker.probing) {
            (breaker.open_until, breaker.results) = (if failed { self.now + 5.0 } else { 0.0 }, VecDeque::new());
            return;
        }
        breaker.results.push_back(failed);
        if breaker.results.len() > 50 {
            breaker.results.pop_front();
        }
        let failures = breaker.results.iter().filter(|failed| **failed).count();
        if breaker.results.len() >= 25 && 2 * failures >= breaker.results.len() {
            (breaker.open_until, breaker.results) = (self.now + 5.0, VecDeque::new());
        }
    }

    // ===== time and counts =====

    fn at(&mut self, after: f64, event: Event) {
        self.order += 1;
        self.events.push(Reverse(Timed { at: self.now + after, order: self.order, event }));
    }

    fn work(&mut self, node: usize) -> f64 {
        let spec = &self.world.specs[node];
        self.random.lognormal(spec.work, spec.sigma)
    }

    /// How late the process sees what happens now.
    fn lag(&mut self) -> f64 {
        let pause = self.pauses.iter().find(|(from, until)| (*from..*until).contains(&self.now));
        if let Some((_, until)) = pause {
            return until - self.now;
        }
        match self.mean_lag(self.now) {
            mean if mean > 0.0 => {
                self.touch(true);
                self.random.exponential(mean)
            }
            _ => 0.0,
        }
    }

    fn mean_lag(&self, at: f64) -> f64 {
        let lag = self.troubles.iter().find_map(|(trouble, from, until)| match trouble {
            Trouble::Lag(mean) if (*from..*until).contains(&at) => Some(*mean),
            _ => None,
        });
        lag.unwrap_or(0.0)
    }

    fn touch(&mut self, seen: bool) {
        if seen {
            self.touched = self.touched.or(Some(self.now));
            self.touches += 1;
        }
    }

    fn counts(&mut self, node: usize) -> Option<&mut bellwether_dependency::cascade::Calls> {
        self.window.node(self.states[node].id?)
    }

    /// The bit of the part of the window that is now.
    fn part(&self) -> u16 {
        let parts = f64::from(Window::PARTS);
        1 << ((self.now % TICK) / TICK * parts).min(parts - 1.0) as u32
    }

    fn close_window(&mut self) -> Window {
        let now = self.now;
        for call in self.calls.iter().filter(|call| call.alive && call.seen) {
            if let Some(counts) = self.states[call.node].id.and_then(|id| self.window.node(id)) {
                counts.in_flight += 1;
                counts.ages.record(Duration::from_secs_f64((now - call.started).max(0.0)));
            }
        }
        for state in &mut self.states {
            let (busy, own) = (state.busy.take(now), state.own.take(now));
            if let Some(counts) = state.id.and_then(|id| self.window.node(id)) {
                (counts.busy, counts.own_busy) = (busy, own);
            }
            for (edge, level) in state.edges.iter().zip(&mut state.step_levels) {
                let busy = level.take(now);
                if let Some(flow) = edge.and_then(|edge| self.window.edge(edge)) {
                    flow.busy += busy;
                }
            }
            let (wait, held) = (state.wait.take(now), state.held.take(now));
            if let Some(flow) = state.pool_edge.and_then(|edge| self.window.edge(edge)) {
                (flow.busy, flow.held) = (wait, held);
            }
        }
        for (pool, capacity) in self.pools.iter_mut().zip(&self.world.pools) {
            let busy = pool.level.take(now);
            if let Some(counts) = pool.node.and_then(|id| self.window.node(id)) {
                (counts.busy, counts.capacity, counts.in_flight) = (busy, *capacity as u64, pool.taken as u64);
                counts.ended = counts.started;
            }
        }
        let samples = (0..50).map(|i| now - TICK * (f64::from(i) + 0.5) / 50.0);
        let lags = samples.map(|at| {
            let pause = self.pauses.iter().find(|(from, until)| (*from..*until).contains(&at));
            pause.map_or(self.mean_lag(at), |(_, until)| until - at)
        });
        self.window.process.lag = 1e-4 + lags.sum::<f64>() / 50.0;
        let empty = Window::new(&self.graph, Duration::from_secs_f64(TICK));
        std::mem::replace(&mut self.window, empty)
    }
}
