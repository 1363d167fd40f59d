//! Why somebody is suspected, in sentences for a person on call; the way the trouble took, and whom it reached.

use std::sync::Arc;

use super::charge::{Charge, Subject};
use super::failure::Failure;
use super::flow::{Flows, Scene};
use super::graph::Kind;
use super::memory::{NodeMemory, Tally, share};
use super::rules::Context;
use super::verdict::{Cause, Root};

/// What is said of one suspect.
pub(super) fn sentences(context: &Context<'_>, charge: &Charge, score: f64) -> Vec<String> {
    let scene = &context.scene;
    let mut said = Vec::new();
    match charge.subject {
        Subject::Node(node) => of_node(context, node, charge, &mut said),
        Subject::Process => {
            let (late, normally) = context.lag;
            let late = format!("The scheduler is {} late on average, normally {}", seconds(late), seconds(normally));
            let (throttled, normally) = context.throttled;
            let throttled = if context.newly_throttled() > 0.0 {
                format!(
                    ", and the process is throttled {} of the time, normally {}",
                    percent(throttled),
                    percent(normally)
                )
            } else {
                String::new()
            };
            said.push(format!("{late}{throttled}: that is at least half of the time calls take too long."));
        }
        Subject::Network => {
            let failing = scene
                .graph
                .ordered()
                .filter(|node| scene.graph.at(*node).kind == Kind::Dependency && scene.nodes[*node].ailment.errors);
            let names: Vec<&str> = failing.map(|node| &*scene.graph.at(node).name).collect();
            said.push(format!(
                "{} dependencies {} since the same window: {}.",
                names.len(),
                charge.cause,
                some(&names)
            ));
        }
        Subject::Callers(route) => {
            let (memory, windows) = (&scene.nodes[route], scene.nodes[route].windows.min(3));
            let recent = memory.recent[..windows].iter().map(|tally| tally.bad_requests);
            let (bad, of) = recent.fold((0.0, 0.0), |sum, hits| (sum.0 + hits.hits, sum.1 + hits.n));
            said.push(format!(
                "{bad:.0} of {of:.0} requests of the last {windows} windows were bad ones; normal is {}.",
                percent(share(memory.normal.bad_requests, memory.normal.ended))
            ));
        }
        Subject::Load => said.push(format!(
            "{:.1} requests come in a second, normally {:.1}; {} gets its usual share of them and cannot keep up.",
            share(context.inbound.0, context.inbound.1),
            context.inbound.2,
            scene.graph.at(charge.at).name
        )),
    }
    let by = if charge.counted >= 0.5 * charge.amount { "counted by the scope" } else { "inferred" };
    said.push(format!("{} of what is lost is charged to it, {by}.", percent(score)));
    said
}

fn of_node(context: &Context<'_>, node: usize, charge: &Charge, said: &mut Vec<String>) {
    let scene = &context.scene;
    let memory = &scene.nodes[node];
    let kind = scene.graph.at(node).kind;
    if kind.is_resource() {
        said.push(format!("{} of its permits are taken while callers wait.", percent(memory.occupied.min(1.0))));
        let held: f64 = scene.graph.into(node).map(|(id, _)| scene.edges[id].now.held).sum();
        if charge.cause == Cause::Leak {
            said.push(format!("Live calls hold only {} of what is taken.", percent(share(held, memory.now.busy))));
        }
        return;
    }
    if charge.cause == Cause::ColdCache {
        let (now, normal) = (&memory.now, &memory.normal);
        let shares = [share(now.misses, now.ended), share(normal.misses, normal.ended)].map(percent);
        said.push(format!("{} of its lookups find nothing, normally {}.", shares[0], shares[1]));
        let behind = &scene.graph.at(charge.at).name;
        said.push(format!("{behind} gets {:.1} times its usual share of calls.", context.demand(charge.at)));
        return;
    }
    let windows = memory.windows.min(3);
    let tallies = &memory.recent[..windows];
    let sum = |of: fn(&Tally) -> f64| tallies.iter().map(of).sum::<f64>();
    let (lost, tried) = (sum(|tally| tally.attempts.hits), sum(|tally| tally.attempts.n));
    if lost > 0.0 {
        said.push(format!(
            "{lost:.0} of {tried:.0} attempts of the last {windows} windows failed{}; normal is {}.",
            classes(memory),
            percent(share(memory.normal.attempts_lost, memory.normal.attempts))
        ));
    }
    if memory.ailment.slow {
        let [now, normal] = [&memory.now, &memory.normal].map(|sums| seconds(sums.own_per_attempt()));
        said.push(format!("An attempt spends {now} in it, normally {normal}."));
    }
    for (id, edge) in scene.graph.out(node).filter(|(_, edge)| scene.nodes[edge.to].ailment.full) {
        let pool = &scene.nodes[edge.to].now;
        let held = share(scene.edges[id].now.held, pool.busy);
        if held >= 0.3 {
            said.push(format!("It holds {} of {}, which is full.", percent(held), scene.graph.at(edge.to).name));
        }
    }
    if context.amplification(node) >= 1.3 && context.crowd() <= 1.2 {
        let times = context.amplification(node);
        said.push(format!("Retries make {times:.1} times the usual attempts of a call, while no more comes in."));
    }
}

/// The failures of a node by class, the most frequent first: ` (timeout 80 %, connect 20 %)`.
fn classes(memory: &NodeMemory) -> String {
    let counts = Failure::ALL.into_iter().zip(memory.now.failed).filter(|(class, _)| class.is_loss());
    let total: f64 = counts.clone().map(|(_, n)| n).sum();
    let mut shares: Vec<(Failure, f64)> = counts.map(|(class, n)| (class, share(n, total))).collect();
    shares.retain(|(_, share)| *share >= 0.05);
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    let words: Vec<String> =
        shares.iter().take(3).map(|(class, share)| format!("{class} {}", percent(*share))).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}

/// The name by which a subject goes in the verdict.
pub(super) fn root(scene: &Scene<'_>, subject: Subject) -> Root {
    match subject {
        Subject::Node(node) => Root::Node(scene.graph.at(node).name.clone()),
        Subject::Process => Root::Process,
        Subject::Network => Root::Network,
        Subject::Callers(route) => Root::Callers(scene.graph.at(route).name.clone()),
        Subject::Load => Root::Load,
    }
}

/// From a route down to where the charge stayed, each step the one by which most came.
pub(super) fn path(scene: &Scene<'_>, flows: &Flows, charge: &Charge) -> Vec<Arc<str>> {
    let mut path = vec![charge.at];
    while let Some(&last) = path.last() {
        let along = scene.graph.into(last).map(|(id, edge)| (edge.from, flows.along[id]));
        let back = scene.graph.out(last).map(|(id, edge)| (edge.to, flows.back[id]));
        let fresh = along.chain(back).filter(|(from, amount)| *amount > 0.0 && !path.contains(from));
        let Some((from, _)) = fresh.max_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        path.push(from);
    }
    path.iter().rev().map(|node| scene.graph.at(*node).name.clone()).collect()
}

/// The routes from which something came to where the charge stayed.
pub(super) fn routes(scene: &Scene<'_>, flows: &Flows, charge: &Charge) -> Vec<Arc<str>> {
    let mut reached = vec![false; scene.graph.nodes()];
    let mut open = vec![charge.at];
    while let Some(node) = open.pop() {
        if std::mem::replace(&mut reached[node], true) {
            continue;
        }
        open.extend(scene.graph.into(node).filter(|(id, _)| flows.along[*id] > 0.0).map(|(_, edge)| edge.from));
        open.extend(scene.graph.out(node).filter(|(id, _)| flows.back[*id] > 0.0).map(|(_, edge)| edge.to));
    }
    let routes = scene.graph.ordered().filter(|node| reached[*node] && scene.graph.at(*node).kind == Kind::Route);
    routes.filter(|node| flows.arrived[*node] > 0.0).map(|node| scene.graph.at(node).name.clone()).collect()
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 10.0 && percent > 0.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

fn seconds(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.0} ms", seconds * 1e3) } else { format!("{seconds:.1} s") }
}

/// A few names, and how many more there are.
fn some(names: &[&str]) -> String {
    match names.len() {
        0..=4 => names.join(", "),
        more => format!("{} and {} more", names[..3].join(", "), more - 3),
    }
}
