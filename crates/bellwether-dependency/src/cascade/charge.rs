//! What is charged to whom: the loss that stayed with each node, by cause.

use super::failure::Failure;
use super::flow::{Flows, Scene, Way};
use super::graph::Kind;
use super::verdict::Cause;

/// Who is charged. Nodes are named only in the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Node(usize),
    Process,
    Network,
    Callers(usize),
    Load,
}

/// An amount of lost or slow calls that is charged to somebody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge {
    pub(super) subject: Subject,
    pub(super) cause: Cause,
    /// In requests; calls whose callers survived count for a part of one.
    pub(super) amount: f64,
    /// The part of it that inbound requests suffered from.
    pub(super) lost: f64,
    /// The part of it that the scope has counted, rather than inferred from time.
    pub(super) counted: f64,
    /// Where it stayed.
    pub(super) at: usize,
}

/// Turns what stayed with the nodes into charges.
pub(super) fn charges(scene: &Scene<'_>, flows: &Flows, from_routes: bool) -> Vec<Charge> {
    let mut charges = Vec::new();
    for node in scene.graph.ordered() {
        for (way, amount) in [Way::Failed, Way::Slow, Way::Held].into_iter().zip(flows.kept[node]) {
            // Next to nothing, where nothing ails, is noise.
            if amount <= 0.0 || amount < 3.0 && !scene.nodes[node].suffers() {
                continue;
            }
            for (cause, part) in causes(scene, node, way) {
                let amount = amount * part;
                let lost = if from_routes { amount } else { 0.0 };
                let counted = if way == Way::Failed { amount } else { 0.0 };
                charges.push(Charge { subject: Subject::Node(node), cause, amount, lost, counted, at: node });
            }
        }
    }
    charges
}

/// Why loss stays with a node, in parts of one.
fn causes(scene: &Scene<'_>, node: usize, way: Way) -> Vec<(Cause, f64)> {
    let memory = &scene.nodes[node];
    let kind = scene.graph.at(node).kind;
    if kind.is_resource() {
        // Failed came in and nobody occupies more than normally; Held is what nobody holds.
        let leaks = way == Way::Held && matches!(kind, Kind::Pool | Kind::Bulkhead);
        return vec![(if leaks { Cause::Leak } else { Cause::Saturated }, 1.0)];
    }
    let lossy_own = |class: &Failure| class.is_loss() && *class != Failure::Timeout;
    let own: f64 =
        Failure::ALL.iter().filter(|class| lossy_own(class)).map(|class| memory.now.own[*class as usize]).sum();
    if way != Way::Failed && own < 0.2 * memory.now.attempts {
        return vec![(Cause::Slow, 1.0)];
    }
    let lossy = |classes: &[f64; Failure::ALL.len()]| -> Vec<(Failure, f64)> {
        let classes = Failure::ALL.into_iter().zip(*classes);
        classes.filter(|(class, n)| class.is_loss() && *n > 0.0).collect()
    };
    let own = lossy(&memory.now.own);
    let classes = if own.is_empty() { lossy(&memory.now.failed) } else { own };
    let total: f64 = classes.iter().map(|(_, n)| n).sum();
    if total <= 0.0 {
        return vec![(Cause::Failing(Failure::Unknown), 1.0)];
    }
    classes.into_iter().map(|(class, n)| (of_class(class), n / total)).collect()
}

fn of_class(class: Failure) -> Cause {
    match class {
        Failure::RateLimited => Cause::Throttled,
        Failure::Quota => Cause::Quota,
        class => Cause::Failing(class),
    }
}

/// All that is charged to one subject, the largest sum first; its cause is that of its largest part.
pub(super) fn by_subject(scene: &Scene<'_>, charges: &[Charge]) -> Vec<Charge> {
    let mut sums: Vec<(Charge, f64)> = Vec::new();
    for charge in charges {
        let Some((sum, largest)) = sums.iter_mut().find(|(sum, _)| sum.subject == charge.subject) else {
            sums.push((*charge, charge.amount));
            continue;
        };
        sum.amount += charge.amount;
        sum.lost += charge.lost;
        sum.counted += charge.counted;
        if charge.amount > *largest {
            (sum.cause, sum.at, *largest) = (charge.cause, charge.at, charge.amount);
        }
    }
    let mut sums: Vec<Charge> = sums.into_iter().map(|(sum, _)| sum).collect();
    let rank = |charge: &Charge| charge.amount * scene.precedence(charge);
    sums.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    sums
}

impl Scene<'_> {
    /// Less than 1 for a node whose level changed later than that of a caller it is to have harmed.
    fn precedence(&self, charge: &Charge) -> f64 {
        let Subject::Node(node) = charge.subject else { return 1.0 };
        let Some(onset) = self.nodes[node].cusum.onset() else { return 1.0 };
        let mut callers = self.graph.into(node).filter(|(_, edge)| self.nodes[edge.from].ailment.hurts());
        let late = callers.any(|(_, edge)| self.nodes[edge.from].cusum.onset().is_some_and(|first| first + 1 < onset));
        if late && self.method != super::Method::WithoutOnset { 0.7 } else { 1.0 }
    }
}
