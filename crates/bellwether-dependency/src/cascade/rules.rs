//! Where following calls leads the wrong way: each rule moves charges to whom they belong.

use super::charge::{Charge, Subject};
use super::failure::Failure;
use super::flow::Scene;
use super::graph::{Kind, Relation};
use super::memory::share;
use super::verdict::{Cause, Loop};

/// What the rules know beside the scene.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) scene: Scene<'a>,
    /// Scheduler lag in seconds, now and normally.
    pub(super) lag: (f64, f64),
    /// The share of time for which the process was throttled, likewise.
    pub(super) throttled: (f64, f64),
    /// Inbound requests: how many of late, in how many seconds, and how many a second are normal.
    pub(super) inbound: (f64, f64, f64),
}

/// A smaller share of time for which the process is throttled is little.
const THROTTLED: f64 = 0.05;

/// The rules, in the order in which they are asked.
pub(super) const RULES: &[fn(&Context<'_>, &mut [Charge])] =
    &[without_caller, declared, cold_cache, stalled, common_mode, load];

/// Calls that nobody is known to make began to fail when a node did on its own: it likely makes them, past the scope.
fn without_caller(context: &Context<'_>, charges: &mut [Charge]) {
    let Scene { graph, nodes, edges, .. } = context.scene;
    for child in graph.ordered() {
        let memory = &nodes[child];
        if graph.at(child).kind != Kind::Dependency || !memory.ailment.hurts() {
            continue;
        }
        let known: f64 = graph.into(child).map(|(id, _)| edges[id].now.started).sum();
        let unknown = (1.0 - share(known, memory.now.started)).clamp(0.0, 1.0);
        let orphans = unknown * memory.attempts_lost().max(memory.slow());
        if unknown < 0.1 || orphans < 1.0 {
            continue;
        }
        for charge in charges.iter_mut() {
            let Subject::Node(node) = charge.subject else { continue };
            let of = |class: Failure| {
                let own = nodes[node].now.own[class as usize];
                own > 0.0 && unknown * memory.now.failed[class as usize] >= 0.5 * own
            };
            let like = match charge.cause {
                Cause::Failing(Failure::Timeout) => memory.ailment.slow || of(Failure::Timeout),
                Cause::Slow => memory.ailment.slow && orphans >= 0.5 * charge.lost,
                Cause::Failing(class) => of(class),
                Cause::Throttled => of(Failure::RateLimited),
                _ => false,
            };
            let first = match (memory.cusum.onset(), nodes[node].cusum.onset()) {
                (Some(child), Some(parent)) => child <= parent + 1,
                _ => true,
            };
            let calls_it = graph.out(node).any(|(_, edge)| edge.to == child);
            if node != child && !calls_it && like && first {
                (charge.subject, charge.at, charge.counted) = (Subject::Node(child), child, 0.0);
            }
        }
    }
}

/// Somebody said that a node depends on another, and no call of the one to the other was ever seen: it is made elsewhere. If
/// the other suffers since no later, its failures are likely what the node passes on.
fn declared(context: &Context<'_>, charges: &mut [Charge]) {
    let Scene { graph, nodes, edges, .. } = context.scene;
    for charge in charges.iter_mut() {
        let Subject::Node(node) = charge.subject else { continue };
        let passed_on = matches!(charge.cause, Cause::Slow | Cause::Failing(Failure::Timeout | Failure::Upstream));
        let suffers = |to: usize| {
            let onset = |node: usize| nodes[node].cusum.onset().unwrap_or(0);
            nodes[to].ailment.hurts() && onset(to) <= onset(node) + 1
        };
        let unseen = |id: usize| edges[id].now.started + edges[id].normal.started <= 0.0;
        let mut said = graph.out(node).filter(|(_, edge)| edge.relation == Relation::Declared);
        if passed_on && let Some((_, edge)) = said.find(|(id, edge)| unseen(*id) && suffers(edge.to)) {
            (charge.subject, charge.at, charge.counted) = (Subject::Node(edge.to), edge.to, 0.0);
        }
    }
}

/// What is behind a cache that no longer finds what it used to gets more than its share of calls.
fn cold_cache(context: &Context<'_>, charges: &mut [Charge]) {
    let Scene { graph, nodes, .. } = context.scene;
    for charge in charges.iter_mut().filter(|charge| of_load(charge.cause)) {
        let Subject::Node(node) = charge.subject else { continue };
        if context.demand(node) < 1.3 {
            continue;
        }
        let mut callers = graph.into(node).map(|(_, edge)| edge.from);
        let cold = callers.find_map(|caller| {
            let itself = nodes[caller].ailment.misses.then_some(caller);
            let beside = || graph.out(caller).map(|(_, edge)| edge.to).find(|to| nodes[*to].ailment.misses);
            itself.or_else(beside)
        });
        if let Some(cache) = cold {
            (charge.subject, charge.cause, charge.counted) = (Subject::Node(cache), Cause::ColdCache, 0.0);
        }
    }
}

/// The scheduler's lag, and what calls stood still while the process was throttled, make up at least half of the time that
/// they take too long.
fn stalled(context: &Context<'_>, charges: &mut [Charge]) {
    let (lag, throttled) = (context.lag.0 - context.lag.1, context.newly_throttled());
    if lag < 0.02 && throttled <= 0.0 {
        return;
    }
    for charge in charges {
        let Subject::Node(node) = charge.subject else { continue };
        let late = matches!(charge.cause, Cause::Slow | Cause::Saturated | Cause::Failing(Failure::Timeout));
        let memory = &context.scene.nodes[node];
        let stood_still = throttled * memory.now.own_per_attempt();
        if late && lag.max(0.0) + stood_still >= 0.5 * memory.own_excess() {
            (charge.subject, charge.cause) = (Subject::Process, Cause::Stalled);
        }
    }
}

/// At least three dependencies begin to fail in the same way at the same time: it is what they have in common.
fn common_mode(context: &Context<'_>, charges: &mut [Charge]) {
    for class in [Failure::Dns, Failure::Tls, Failure::Connect] {
        let cause = Cause::Failing(class);
        let Scene { graph, nodes, .. } = context.scene;
        let fails = |node: &usize| {
            graph.at(*node).kind == Kind::Dependency
                && nodes[*node].attempts_lost() >= 3.0
                && nodes[*node].now.own[class as usize] >= if nodes[*node].ailment.errors { 1.0 } else { 3.0 }
        };
        let failing: Vec<usize> = graph.ordered().filter(fails).collect();
        let mut onsets: Vec<u64> = failing.iter().filter_map(|node| nodes[*node].cusum.onset()).collect();
        onsets.sort_unstable();
        // Some may have been a little unwell before.
        let usual = onsets.get(onsets.len() / 2).copied().unwrap_or(0);
        if onsets.iter().filter(|onset| onset.abs_diff(usual) <= 2).count() < 3 {
            continue;
        }
        for charge in charges.iter_mut().filter(|charge| charge.cause == cause) {
            charge.subject = Subject::Network;
        }
    }
}

/// More comes in than ever, and what suffers gets no more than its usual share of it.
fn load(context: &Context<'_>, charges: &mut [Charge]) {
    if !context.crowded() {
        return;
    }
    for charge in charges.iter_mut().filter(|charge| of_load(charge.cause)) {
        let Subject::Node(node) = charge.subject else { continue };
        let demand = context.demand(node);
        let mut callers = context.scene.graph.into(node).map(|(_, edge)| edge.from);
        let usual = demand <= 1.5 || callers.any(|caller| context.amplification(caller) >= 1.2);
        if context.scene.graph.at(node).kind != Kind::Dependency || usual {
            (charge.subject, charge.cause) = (Subject::Load, Cause::Overload);
        }
    }
}

/// Retries or an empty cache may keep up an overload whose cause is gone: that is suspected of the root if inbound traffic is
/// as before, and part of the calls still get through.
pub(super) fn metastable(context: &Context<'_>, root: &Charge, windows: u64) -> Option<Loop> {
    let Subject::Node(node) = root.subject else { return None };
    let memory = &context.scene.nodes[node];
    if windows < 4 || context.crowd() > 1.2 {
        return None;
    }
    if root.cause == Cause::ColdCache {
        return Some(Loop::ColdCache);
    }
    let some_succeed = memory.now.attempts_lost < 0.98 * memory.now.attempts;
    (of_load(root.cause) && some_succeed && context.amplification(node) >= 1.3).then_some(Loop::Retry)
}

/// Whether too much work could look like that.
fn of_load(cause: Cause) -> bool {
    use Failure::{Rejected, Timeout, Upstream};
    matches!(cause, Cause::Slow | Cause::Saturated | Cause::Failing(Timeout | Upstream | Rejected))
}

impl Context<'_> {
    /// The share of time for which the process is throttled beyond what is normal; 0 if that is little.
    pub(super) fn newly_throttled(&self) -> f64 {
        let (now, normal) = self.throttled;
        if now - normal >= THROTTLED { now - normal } else { 0.0 }
    }

    /// Whether clearly more requests come in than normally.
    pub(super) fn crowded(&self) -> bool {
        let usual = self.inbound.2 * self.inbound.1;
        self.crowd() >= 1.5 && self.inbound.0 >= usual + 3.0 * usual.sqrt() + 3.0
    }

    /// Inbound requests relative to normal; 1 if nothing is known.
    pub(super) fn crowd(&self) -> f64 {
        let usual = self.inbound.2 * self.inbound.1;
        if usual > 0.0 { self.inbound.0 / usual } else { 1.0 }
    }

    /// Calls of a node per inbound request, relative to normal; 1 if nothing is known.
    pub(super) fn demand(&self, node: usize) -> f64 {
        let (now, _, normal) = self.scene.nodes[node].arrivals();
        let usual = share(normal, self.inbound.2);
        if usual > 0.0 && self.inbound.0 >= 10.0 { now / self.inbound.0 / usual } else { 1.0 }
    }

    /// Attempts per call of a node, relative to normal; 1 if nothing is known.
    pub(super) fn amplification(&self, node: usize) -> f64 {
        let memory = &self.scene.nodes[node];
        let usual = share(memory.normal.attempts, memory.normal.ended);
        if usual > 0.0 && memory.now.ended > 0.0 { memory.now.attempts / memory.now.ended / usual } else { 1.0 }
    }
}
