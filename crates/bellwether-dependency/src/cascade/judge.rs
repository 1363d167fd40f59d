//! The judge: remembers what is normal, and says after each window what is wrong and why.

use bellwether_core::Instant;

use super::ailment::ailment;
use super::charge::{Charge, Subject, by_subject, charges};
use super::evidence;
use super::failure::Failure;
use super::flow::{Flows, Scene, Way, leads};
use super::graph::{Graph, Kind};
use super::memory::{EdgeMemory, NodeMemory, WINDOWS, share};
use super::proof::{fails_again, proven};
use super::rules::{Context, RULES, metastable};
use super::stats::clean;
use super::verdict::{Cause, Incident, IncidentId, Root, Status, Suspect, Verdict};
use super::window::{Calls, Flow, Window};

/// Remembers one graph's windows and judges the next. Its size is fixed by the graph, not by time.
///
/// ```
/// use bellwether_core::Instant;
/// use bellwether_dependency::cascade::{Failure, Graph, Judge, Kind, Relation, Root, Window};
/// use std::time::Duration;
///
/// let mut graph = Graph::default();
/// let turns = graph.node("POST /v1/turns", Kind::Route)?;
/// let stt = graph.node("stt", Kind::Dependency)?;
/// let edge = graph.edge(turns, stt, Relation::Observed)?;
/// let (mut judge, mut now, tick) = (Judge::default(), Instant::default(), Duration::from_secs(5));
/// let mut window = |failed: u64| {
///     let mut window = Window::new(&graph, tick);
///     for node in [turns, stt] {
///         let calls = window.node(node).expect("the window fits the graph");
///         (calls.started, calls.ended, calls.attempts) = (100, 100, 100);
///         calls.failed[Failure::Timeout] = failed;
///         calls.attempts_failed[Failure::Timeout] = failed;
///         calls.lost_in = if failed > 0 { 0b11_1111_1111 } else { 0 }; // in every tenth of the window
///     }
///     window.node(stt).expect("as above").own[Failure::Timeout] = failed; // nobody else is to blame,
///     window.edge(edge).expect("as above").failed = failed; // and the route failed because of it
///     now = now.after(tick);
///     judge.tick(&graph, &window, now)
/// };
/// (0..20).for_each(|_| assert!(window(0).incident.is_none()));
/// window(40);
/// let verdict = window(40);
/// assert_eq!(verdict.root().map(|suspect| &suspect.root), Some(&Root::Node("stt".into())));
/// # Ok::<(), bellwether_dependency::cascade::Refusal>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Judge {
    method: Method,
    nodes: Vec<NodeMemory>,
    edges: Vec<EdgeMemory>,
    /// Scheduler lag in seconds: a running now, what is normal, and how many windows that rests on.
    lag: (f64, f64),
    /// The share of time for which the process was throttled, likewise.
    throttled: (f64, f64),
    /// Whether the process was late in each of the last windows, the newest in the lowest bit.
    late: u8,
    ticks: u64,
    /// When each of the last ticks was.
    times: Vec<Instant>,
    /// When something began to ail that still does.
    since: Option<Instant>,
    open: Option<Open>,
    last: Option<(Instant, Verdict)>,
}

/// By which method roots are found. The others are there to measure what each part is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Method {
    /// All there is.
    #[default]
    Full,
    /// Without asking who changed first.
    WithoutOnset,
    /// Without the rules that turn the direction.
    WithoutRules,
    /// With correlation of failures instead of the scope's attribution.
    Correlation,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    incident: Incident,
    healthy: u32,
}

/// Scheduler lag in seconds that is none, and that is more than a pause of a moment makes on average over a window.
const NO_LAG: f64 = 0.001;
const MUCH_LAG: f64 = 0.05;
/// How many windows of the last three must ail, and be healthy in a row.
const OPENS: u32 = 2;
const CLOSES: u32 = 3;
/// How far the first suspect must be ahead.
const MARGIN: f64 = 0.2;
/// Less than so many lost or slow calls decide nothing.
const LEAST: f64 = 2.0;
/// What a failed call counts whose caller survived it, in requests.
const SURVIVED: f64 = 0.1;

impl Judge {
    /// A judge that works by another method.
    pub fn new(method: Method) -> Self {
        Self { method, ..Self::default() }
    }

    /// Judges the next window, which ended at `now`.
    ///
    /// If no time has passed since the last window, the last verdict stands. Time only dates things: that a clock went back,
    /// or that a tick came late, changes no verdict. Whatever the window holds, something comes out.
    pub fn tick(&mut self, graph: &Graph, window: &Window, now: Instant) -> Verdict {
        if let Some((at, verdict)) = &self.last
            && *at == now
        {
            return verdict.clone();
        }
        self.ticks += 1;
        self.times.push(now);
        if self.times.len() > WINDOWS {
            self.times.remove(0);
        }
        self.see(graph, window);
        let hurt = (0..self.nodes.len()).any(|node| self.matters(graph, node));
        self.since = if hurt { self.since.or(Some(now)) } else { None };
        let verdict = self.verdict(graph, hurt, now);
        // What nobody knows yet is normal as it is, unless requests suffer.
        let abnormal = |node: usize| match &self.nodes[node] {
            memory if memory.is_known() => memory.ailment.any(),
            memory => memory.ailment.hurts() && graph.at(node).kind == Kind::Route,
        };
        if self.open.is_none() && !(0..self.nodes.len()).any(abnormal) {
            self.learn(window);
        }
        self.last = Some((now, verdict.clone()));
        verdict
    }

    /// Takes the window in and decides for each node whether it ails.
    fn see(&mut self, graph: &Graph, window: &Window) {
        self.nodes.resize_with(graph.nodes(), NodeMemory::default);
        self.edges.resize_with(graph.edges(), EdgeMemory::default);
        let (nothing, no_flow) = (Calls::default(), Flow::default());
        let stall = clean(window.process.stalled).min(1.0) * window.length.as_secs_f64() / 2.0;
        let lag = clean(window.process.lag).max(stall);
        let late = lag > NO_LAG && lag > 5.0 * self.lag.1;
        self.late = self.late << 1 | u8::from(late);
        let paused = late && lag < MUCH_LAG && (self.late & 0b11_1111).count_ones() <= 2;
        self.lag.0 = self.lag.0 * 0.4 + lag * 0.6;
        self.throttled.0 = self.throttled.0 * 0.4 + clean(window.process.throttled).min(1.0) * 0.6;
        for (i, memory) in self.nodes.iter_mut().enumerate() {
            memory.see(window.nodes.get(i).unwrap_or(&nothing), window.length, paused);
        }
        for (i, memory) in self.edges.iter_mut().enumerate() {
            if self.nodes[graph.edge_at(i).from].idle == 0 {
                memory.see(window.edges.get(i).unwrap_or(&no_flow), window.length);
            }
        }
        for i in 0..self.nodes.len() {
            let flows = graph.into(i).filter_map(|(id, _)| window.edges.get(id));
            let waited: f64 = flows.map(|flow| clean(flow.busy)).sum();
            let refused = graph.into(i).map(|(id, _)| self.edges[id].now.failed);
            let turned_away_now = graph.into(i).filter_map(|(id, _)| window.edges.get(id)).any(|flow| flow.failed > 0);
            let refused = if turned_away_now { refused.sum() } else { 0.0 };
            let waited = waited / window.length.as_secs_f64().max(1e-3);
            let asked = graph.into(i).any(|(_, edge)| self.nodes[edge.from].idle == 0);
            let found = ailment(&self.nodes[i], graph.at(i).kind, waited, refused, asked);
            let memory = &mut self.nodes[i];
            memory.found(found);
            if memory.idle == 0 {
                memory.ailed = memory.ailed << 1 | u8::from(found.hurts() || found.callers);
                let last = memory.recent[0];
                let shares = share(last.attempts.hits, last.attempts.n).max(share(last.slow.hits, last.slow.n));
                let normal = share(memory.normal.attempts_lost, memory.normal.attempts);
                let slow = memory.normally_slow(0.95);
                memory.cusum.add(shares, normal.max(share(slow.hits, slow.n)), self.ticks);
            } else if memory.idle >= WINDOWS {
                memory.ailed = 0;
            }
        }
    }

    fn learn(&mut self, window: &Window) {
        self.nodes.iter_mut().zip(&window.nodes).for_each(|(memory, calls)| memory.learn(calls, window.length));
        self.edges.iter_mut().zip(&window.edges).for_each(|(memory, flow)| memory.learn(flow, window.length));
        let weight = (1.0 / self.ticks as f64).max(1.0 / 720.0);
        for (now, normal) in [&mut self.lag, &mut self.throttled] {
            *normal += (*now - *normal) * weight;
        }
    }

    fn verdict(&mut self, graph: &Graph, hurt: bool, now: Instant) -> Verdict {
        if let Some(open) = &mut self.open {
            open.incident.windows += 1;
            open.healthy = if hurt { 0 } else { open.healthy + 1 };
            if open.healthy >= CLOSES {
                self.open = None;
            }
        }
        let ails = |of: u8, times: u32, node: usize| {
            let memory = &self.nodes[node];
            let often = (memory.ailed & of).count_ones() >= times || times == OPENS && fails_again(memory);
            often && self.matters(graph, node) && proven(memory, self.nodes.len())
        };
        let opens = self.open.is_none() && (0..self.nodes.len()).any(|node| ails(0b111, OPENS, node));
        if self.open.is_none() && !opens {
            let idle = self.nodes.iter().all(|node| node.idle >= WINDOWS || node.windows == 0);
            return Verdict::nothing(if idle { Status::Unknown } else { Status::Healthy });
        }
        let (mut verdict, enough) = self.suspects(graph);
        // What is slight and hurts no request has time; what was so before anybody knew what is normal may be just that.
        let urgent = |node: usize| match &self.nodes[node] {
            memory if verdict.lost > 0.0 || memory.is_known() && !memory.is_slight() => ails(0b111, OPENS, node),
            memory => memory.is_known() && ails(0b1111, OPENS + 1, node),
        };
        if opens && (!enough || !(0..self.nodes.len()).any(urgent)) {
            return Verdict::nothing(Status::Healthy);
        }
        if opens {
            let since = self.since.unwrap_or(now);
            let id = incident_id(since, verdict.suspects.first().map(|first| &first.root));
            self.open = Some(Open { incident: Incident { id, since, windows: 1 }, healthy: 0 });
        }
        verdict.incident = self.open.map(|open| open.incident);
        // While it heals there is nothing to find out: the last word stands.
        if let (false, Some((_, last))) = (hurt, &self.last) {
            (verdict.status, verdict.suspects, verdict.metastable) = (last.status, last.suspects.clone(), None);
        }
        verdict
    }

    /// Whether what ails a node is an incident's business. A full resource is as long as somebody suffers from it.
    fn matters(&self, graph: &Graph, node: usize) -> bool {
        let ailment = self.nodes[node].ailment;
        !graph.at(node).kind.is_resource() && (ailment.hurts() || ailment.callers)
    }

    /// Who is to blame for what ails now.
    ///
    /// With it, whether that rests on enough to open an incident.
    fn suspects(&self, graph: &Graph) -> (Verdict, bool) {
        let leads = leads(graph, &self.nodes);
        let scene = Scene { graph, nodes: &self.nodes, edges: &self.edges, method: self.method, leads: &leads };
        let routes = || graph.ordered().filter(|node| graph.at(*node).kind == Kind::Route);
        let arrivals = routes().map(|node| self.nodes[node].arrivals());
        let inbound = arrivals.fold((0.0, 0.0, 0.0), |sum, of| (sum.0 + of.0, of.1.max(sum.1), sum.2 + of.2));
        let context = Context { scene, lag: self.lag, throttled: self.throttled, inbound };

        let mut from_routes = Flows::new(&scene);
        let seeds = routes().flat_map(|node| {
            let memory = &self.nodes[node];
            [(node, Way::Failed, memory.lost()), (node, Way::Slow, (memory.slow() - memory.lost()).max(0.0))]
        });
        from_routes.follow(&scene, &seeds.collect::<Vec<_>>());
        let mut survived = Flows::new(&scene);
        let callees = graph.ordered().filter(|node| graph.at(*node).kind == Kind::Dependency);
        let seeds = callees.filter(|node| self.nodes[*node].ailment.hurts()).flat_map(|node| {
            let (memory, arrived) = (&self.nodes[node], from_routes.arrived[node]);
            let lost = memory.attempts_lost();
            let failed = if memory.ailment.errors { (lost - arrived).max(0.0) } else { 0.0 };
            let slow = (memory.slow() - lost.max(arrived)).max(0.0);
            [(node, Way::Failed, SURVIVED * failed), (node, Way::Slow, SURVIVED * slow)]
        });
        survived.follow(&scene, &seeds.collect::<Vec<_>>());

        let mut charged = charges(&scene, &from_routes, true);
        charged.extend(charges(&scene, &survived, false));
        if self.method != Method::WithoutRules {
            RULES.iter().for_each(|rule| rule(&context, &mut charged));
        }
        let callers = routes().filter(|node| self.nodes[*node].ailment.callers).map(|node| {
            let amount = self.nodes[node].now.bad_requests;
            let (subject, cause) = (Subject::Callers(node), Cause::BadRequests);
            Charge { subject, cause, amount, lost: amount, counted: amount, at: node }
        });
        charged.extend(callers);
        let sums = by_subject(&scene, &charged);
        let total: f64 = sums.iter().map(|sum| sum.amount).sum();
        let requests: f64 = routes().map(|node| self.nodes[node].now.ended).sum();
        let suspects: Vec<Suspect> = sums
            .iter()
            .take(3)
            .map(|sum| {
                let flows = if sum.lost > 0.0 { &from_routes } else { &survived };
                self.suspect(&context, flows, sum, total, requests)
            })
            .collect();
        let metastable =
            sums.first().zip(self.open).and_then(|(sum, open)| metastable(&context, sum, open.incident.windows));
        let enough = self.enough(&sums);
        let verdict = Verdict {
            status: if enough && self.clear(&sums, total) { Status::Named } else { Status::Unknown },
            lost: share(sums.iter().map(|sum| sum.lost).fold(0.0, |sum, lost| sum + lost), requests).min(1.0),
            suspects,
            ailing: graph
                .ordered()
                .filter(|n| self.nodes[*n].ailment.any())
                .map(|n| graph.at(n).name.clone())
                .collect(),
            metastable,
            incident: None,
        };
        (verdict, enough)
    }

    fn suspect(&self, context: &Context<'_>, flows: &Flows, sum: &Charge, total: f64, requests: f64) -> Suspect {
        let scene = &context.scene;
        let score = share(sum.amount, total).min(1.0);
        let node = match sum.subject {
            Subject::Node(node) => Some(node),
            _ => None,
        };
        let calls = |node: usize| scene.graph.out(node).any(|(_, edge)| !scene.graph.at(edge.to).kind.is_resource());
        Suspect {
            root: evidence::root(scene, sum.subject),
            cause: sum.cause,
            score,
            counted: sum.counted >= 0.5 * sum.amount,
            black_box: node.is_some_and(|node| scene.graph.at(node).kind == Kind::Dependency && !calls(node)),
            since: node.and_then(|node| self.when(self.nodes[node].cusum.onset()?)),
            path: evidence::path(scene, flows, sum),
            routes: if sum.lost > 0.0 { evidence::routes(scene, flows, sum) } else { Vec::new() },
            lost: share(sum.lost, requests).min(1.0),
            evidence: evidence::sentences(context, sum, score),
        }
    }

    /// Whether there are calls enough that suffer from the first.
    fn enough(&self, sums: &[Charge]) -> bool {
        sums.first().is_some_and(|first| {
            let calls = match first.subject {
                Subject::Node(node) => self.nodes[node].attempts_lost().max(self.nodes[node].slow()),
                _ => 0.0,
            };
            calls.max(first.amount) >= LEAST
        })
    }

    /// Whether the first stands out. Two whose own failures were counted do not compete: both are at fault.
    fn clear(&self, sums: &[Charge], total: f64) -> bool {
        let Some(first) = sums.first() else { return false };
        let own_fault = |charge: &Charge| match charge.subject {
            Subject::Node(node) => {
                let now = &self.nodes[node].now;
                let own = Failure::ALL.iter().filter(|class| class.is_loss()).map(|class| now.own[*class as usize]);
                let tried = now.attempts_lost - now.failed[Failure::Rejected as usize];
                self.nodes[node].ailment.errors && own.sum::<f64>() >= 0.5 * tried
            }
            Subject::Callers(_) => true,
            _ => false,
        };
        sums.get(1).is_none_or(|second| {
            share(first.amount - second.amount, total) >= MARGIN || own_fault(first) && own_fault(second)
        })
    }

    /// The time of a tick, if it is remembered.
    fn when(&self, tick: u64) -> Option<Instant> {
        let ago = usize::try_from(self.ticks.checked_sub(tick)?).ok()?;
        self.times.get(self.times.len().checked_sub(ago + 1)?).copied()
    }
}

/// FNV-1a over the start and the root's name.
fn incident_id(since: Instant, root: Option<&Root>) -> IncidentId {
    let name = root.map(Root::to_string).unwrap_or_default();
    let bytes = since.as_nanos().to_le_bytes().into_iter().chain(name.bytes());
    IncidentId(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
}
