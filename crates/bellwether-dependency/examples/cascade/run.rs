//! One run: a world, what goes wrong in it, the judges that watch, and how they did.

use bellwether_core::Instant;
use bellwether_dependency::cascade::{Cause, Failure, Judge, Kind, Loop, Method, Root, Status, Verdict, Window};

use super::fault::{Effect, Fault, Scenario, Trouble};
use super::past::Past;
use super::random::Random;
use super::sim::{Sim, TICK};
use super::world::{Shape, Spec, Step, When, World};

/// The methods that are compared, the real one first.
pub(crate) const METHODS: [Method; 4] = [Method::Full, Method::WithoutOnset, Method::WithoutRules, Method::Correlation];

/// Who is to blame, known because we did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Truth {
    /// Each of these is right to name.
    pub(crate) roots: Vec<Root>,
    /// All of `roots` are at fault, rather than any of them.
    pub(crate) all: bool,
    /// Those that only suffer.
    pub(crate) victims: Vec<Root>,
}

/// How one judge did in one run.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// The verdict that opened the first incident after the fault, and the one a quarter of a minute later.
    pub(crate) opening: Option<Verdict>,
    pub(crate) settled: Option<Verdict>,
    /// Windows from the first call that the fault touched to the opening, the first one included.
    pub(crate) windows: Option<f64>,
    /// Incidents that were opened before the fault, or long after it.
    pub(crate) false_alarms: u64,
    /// Whether each incident kept its id.
    pub(crate) one_id: bool,
    /// Windows from the end of the fault to the end of the incident.
    pub(crate) closed_after: Option<f64>,
    pub(crate) metastable: Option<Loop>,
}

/// One run and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) scenario: Scenario,
    pub(crate) truth: Truth,
    /// Whether enough was touched by the fault that an incident is due.
    pub(crate) due: bool,
    /// Whether requests go on being lost after the fault is gone.
    pub(crate) persists: bool,
    pub(crate) judged: Vec<Judged>,
    /// What the naive methods say at the opening: deepest erroring node, highest failure ratio, random.
    pub(crate) naive: [Option<Root>; 3],
    pub(crate) normal_seconds: f64,
}

/// A world with a fault in it, ready to run.
struct Plan {
    sim: Sim,
    truth: Truth,
    from: f64,
    until: f64,
    end: f64,
    /// When the loop that the fault started is cut, if it starts one.
    cut: Option<f64>,
    cold: Option<usize>,
    steps_clock: bool,
    needed: u64,
}

/// Runs one scenario on one graph.
pub(crate) fn run(scenario: Scenario, shape: Shape, seed: u64) -> Outcome {
    let part = (scenario as u64) * 16 + shape as u64;
    let mut random = Random::part(seed, part);
    let mut plan = plan(scenario, shape, &mut random);
    let mut judges = METHODS.map(Judge::new);
    let mut judged = vec![Judged::new(); judges.len()];
    let mut naive = [None, None, None];
    let (mut open, mut ids) = (vec![false; judges.len()], vec![None; judges.len()]);
    let mut now = Instant::default();
    let (mut lost, mut after) = ((0, 0), (0, 0));
    for tick in 1..=(plan.end / TICK) as u64 {
        let at = tick as f64 * TICK;
        if let Some(node) = plan.cold.filter(|_| (plan.from..plan.from + TICK).contains(&at)) {
            plan.sim.empty_cache(node);
        }
        let window = plan.sim.run(at);
        let requests = std::mem::take(&mut plan.sim.requests);
        let fault_on = at > plan.from && at - TICK < plan.until;
        if fault_on {
            lost = (lost.0 + requests.0, lost.1 + requests.1);
        }
        if at > plan.until + 20.0 && at <= plan.cut.unwrap_or(plan.end) {
            after = (after.0 + requests.0, after.1 + requests.1);
        }
        if plan.until > at - TICK && plan.until <= at {
            plan.sim.recover_permits();
        }
        now = step(now, at, &plan);
        for (i, judge) in judges.iter_mut().enumerate() {
            let verdict = judge.tick(&plan.sim.graph, &window, now);
            let this = &mut judged[i];
            let id = verdict.incident.map(|incident| incident.id);
            if let (Some(id), false) = (id, open[i]) {
                let late = at > plan.cut.unwrap_or(plan.until) + 60.0 && scenario != Scenario::ColdCache;
                if at <= plan.from || late {
                    this.false_alarms += 1;
                    if i == 0 && std::env::var_os("CASCADE_TRACE").is_some() {
                        eprintln!(
                            "{scenario:?} {shape:?} {seed}: false at {at}, fault at {}: {verdict} {:?} {:?}",
                            plan.from,
                            verdict.ailing,
                            verdict.suspects.first().map(|s| &s.evidence)
                        );
                    }
                } else if this.opening.is_none() {
                    let since = plan.sim.touched.unwrap_or(plan.from).max(plan.from);
                    this.windows = Some((at / TICK - (since / TICK).floor()).max(1.0));
                    this.opening = Some(verdict.clone());
                    if i == 0 {
                        naive = naives(&plan.sim, &window, &verdict, &mut random);
                    }
                }
                ids[i] = Some(id);
            }
            if open[i] && id.is_some() {
                this.one_id &= id == ids[i];
            }
            if id.is_some() && this.opening.is_some() && this.settled.is_none() {
                let since = verdict.incident.map_or(0, |incident| incident.windows);
                if since >= 4 {
                    this.settled = Some(verdict.clone());
                }
            }
            if this.opening.is_some() && id.is_none() && open[i] && at > plan.until && this.closed_after.is_none() {
                this.closed_after = Some((at - plan.cut.unwrap_or(plan.until)) / TICK);
            }
            let after = at > plan.until + 20.0 && at <= plan.cut.unwrap_or(plan.end);
            this.metastable = this.metastable.or(verdict.metastable.filter(|_| after));
            open[i] = id.is_some();
        }
    }
    for this in &mut judged {
        this.settled = this.settled.take().or(this.opening.clone());
    }
    if scenario == Scenario::DnsForAll {
        // With fewer than three that fail by themselves nobody could tell; the others were not even asked.
        let (sim, truth) = (&plan.sim, &mut plan.truth);
        let failed: Vec<usize> = (0..sim.without_names.len()).filter(|node| sim.without_names[*node] >= 10).collect();
        if failed.len() < 3 {
            truth.roots.extend(failed.iter().map(|node| Root::Node(sim.world.specs[*node].name.as_str().into())));
            truth.victims.retain(|victim| !truth.roots.contains(victim));
        }
    }
    let hurts = lost.1 as f64 >= 0.05 * lost.0 as f64;
    let due = match scenario {
        _ if scenario.is_usual() => false,
        Scenario::Load3 | Scenario::ColdCache => hurts,
        Scenario::CancelledCallers => false,
        _ => plan.sim.touches >= plan.needed,
    };
    let persists = after.1 as f64 >= 0.05 * after.0 as f64;
    Outcome { scenario, truth: plan.truth, due, persists, judged, naive, normal_seconds: plan.from }
}

/// The judge's time: wall clocks may jump, and so may a careless caller's.
fn step(now: Instant, at: f64, plan: &Plan) -> Instant {
    let next = Instant::from_nanos((at * 1e9) as u64);
    if !plan.steps_clock || at < plan.from {
        return next;
    }
    // An hour ahead at the fault, and half a minute back in its middle.
    let ahead = next.after(std::time::Duration::from_secs(3600));
    if at > plan.from + 30.0 && now > ahead { next } else { ahead }
}

impl Judged {
    fn new() -> Self {
        Self {
            opening: None,
            settled: None,
            windows: None,
            false_alarms: 0,
            one_id: true,
            closed_after: None,
            metastable: None,
        }
    }
}

fn plan(scenario: Scenario, shape: Shape, random: &mut Random) -> Plan {
    let mut world = World::draw(shape, random);
    let deep = matches!(shape, Shape::Chain | Shape::Diamond | Shape::Dag);
    let alone = matches!(scenario, Scenario::MissingEdge | Scenario::ColdCache | Scenario::RetryStorm);
    world.edge_only = deep && !alone && random.chance(0.25);
    let (mut warm, mut length) = (240.0, 90.0);
    if scenario == Scenario::LowTraffic {
        world.rate = 0.1;
        (warm, length) = (4000.0, 900.0);
    }
    let target = target(&world, random);
    let mut cache = None;
    match scenario {
        Scenario::ColdCache => cache = Some(add_cache(&mut world, random)),
        Scenario::Partial => world.specs[target].replicas = 3,
        Scenario::PoolLeak if world.specs[target].pool.is_none() => {
            world.pools.push(0);
            world.specs[target].pool = Some(world.pools.len() - 1);
            world.specs[target].breaker = false;
        }
        Scenario::MissingEdge => lose_edge(&mut world, target),
        Scenario::Bulkhead => share_a_cap(&mut world, target),
        Scenario::UsualErrors => make_optional(&mut world, target),
        _ => {}
    }
    world.size(random);
    match scenario {
        Scenario::RetryStorm => {
            let spec = &mut world.specs[target];
            (spec.retries, spec.breaker, spec.pool, spec.replicas) = (3, false, None, 2);
            spec.backoff = 0.02;
            world.tighten(target, 0.6);
            world.size_deadlines(target);
        }
        Scenario::Load3 => {
            world.tighten(target, 0.5);
            world.size_deadlines(target);
        }
        Scenario::QueueLoop => {
            let spec = &mut world.specs[target];
            (spec.retries, spec.breaker, spec.pool, spec.replicas) = (0, false, None, 2);
            world.tighten(target, 0.75);
            world.size_deadlines(target);
        }
        _ => {}
    }
    if let Some((_, store)) = cache {
        world.specs[store].replicas = 1;
        world.specs[store].breaker = false;
        world.specs[store].retries = 0;
        world.tighten(store, 0.2);
        world.size_deadlines(store);
    }
    world.size_pools(random);
    let mut from = warm + random.between(0.0, TICK);
    let mut until = from + length;
    let mut cut = None;
    if scenario.is_usual() {
        (from, until) = (600.0, 600.0);
    }
    if matches!(scenario, Scenario::RetryStorm | Scenario::QueueLoop) {
        until = from + 20.0;
        cut = Some(from + length);
    }
    let truth = truth_of(&world, &[target]);
    let seed = Random::new(random.next());
    let rate = world.demand()[target];
    let mut sim = Sim::new(world, seed);
    let mut truth = truth;
    let fault = |node: usize, effect: Effect| Fault { node, effect, from, until, on_off: None };
    let fails = |class: Failure, share: f64| Effect::Fails { class, share, replicas: usize::MAX };
    let mut effect = |effect: Effect| sim.faults.push(fault(target, effect));
    match scenario {
        Scenario::Crash | Scenario::MissingEdge | Scenario::ClockStep => effect(fails(Failure::Connect, 1.0)),
        Scenario::LowTraffic => effect(fails(Failure::Upstream, 1.0)),
        Scenario::Errors10 => effect(fails(Failure::Upstream, 0.1)),
        Scenario::Errors50 => effect(fails(Failure::Upstream, 0.5)),
        Scenario::Errors100 => effect(fails(Failure::Upstream, 1.0)),
        Scenario::Slow3 => effect(Effect::Slow { times: 3.0, fails: false }),
        Scenario::Slow20 | Scenario::RetryStorm | Scenario::QueueLoop | Scenario::Bulkhead => {
            effect(Effect::Slow { times: 20.0, fails: false })
        }
        Scenario::Quota => effect(fails(Failure::Quota, 1.0)),
        Scenario::Auth => effect(fails(Failure::Auth, 1.0)),
        Scenario::Garbage => effect(fails(Failure::Decode, 0.5)),
        Scenario::UsualBadRequests => {
            let routes: Vec<usize> = (0..sim.world.specs.len()).filter(|n| sim.world.specs[*n].route).collect();
            let route = routes[random.below(routes.len())];
            sim.troubles.push((Trouble::BadRequests { route, share: 0.2 }, 0.0, until));
        }
        Scenario::UsualErrors => {
            let usual = fails(Failure::Upstream, 0.2);
            sim.faults.push(Fault { from: 0.0, ..fault(target, usual) });
        }
        Scenario::SlowThenFail => effect(Effect::Slow { times: 10.0, fails: true }),
        Scenario::Hang => effect(Effect::Hangs { replicas: usize::MAX }),
        Scenario::Flapping => {
            sim.faults.push(Fault { on_off: Some(5.0), ..fault(target, fails(Failure::Connect, 1.0)) })
        }
        Scenario::Refused => effect(fails(Failure::Refused, 1.0)),
        Scenario::TlsExpiry => effect(fails(Failure::Tls, 1.0)),
        Scenario::Throttled => effect(Effect::Throttles { rate: 0.5 * rate, retry_after: None }),
        Scenario::ThrottledRetryAfter => effect(Effect::Throttles { rate: 0.5 * rate, retry_after: Some(2.0) }),
        Scenario::Partial if random.chance(0.5) => effect(Effect::Hangs { replicas: 1 }),
        Scenario::Partial => effect(Effect::Fails { class: Failure::Upstream, share: 1.0, replicas: 1 }),
        Scenario::PoolLeak => {
            effect(Effect::Leaks { share: 0.5 });
            let pool = Root::Node(format!("pool-{}", sim.world.specs[target].pool.unwrap_or(0)).into());
            truth.roots = vec![pool];
        }
        Scenario::TwoRoots => {
            let visible = sim.world.visible();
            let apart = |node: &usize| {
                let related = sim.world.callers(*node).contains(&target) || sim.world.callers(target).contains(node);
                *node != target && !related && visible[*node] && !sim.world.specs[*node].route
            };
            let others: Vec<usize> = (0..sim.world.specs.len()).filter(apart).collect();
            effect(fails(Failure::Upstream, 1.0));
            if !others.is_empty() {
                let second = others[random.below(others.len())];
                sim.faults.push(fault(second, fails(Failure::Connect, 1.0)));
                truth = truth_of(&sim.world, &[target, second]);
                truth.all = !sim.world.edge_only;
            }
        }
        Scenario::DnsForAll => {
            sim.troubles.push((Trouble::NoNames, from, until));
            truth = Truth { roots: vec![Root::Network], all: false, victims: everybody(&sim.world) };
        }
        Scenario::Starved => {
            let longest = sim.world.specs.iter().filter(|spec| spec.route).map(|spec| spec.timeout).fold(0.0, f64::max);
            sim.troubles.push((Trouble::Lag(random.between(0.1, 0.5) * longest), from, until));
            truth = Truth { roots: vec![Root::Process], all: false, victims: everybody(&sim.world) };
        }
        Scenario::BadCaller => {
            let routes: Vec<usize> = (0..sim.world.specs.len()).filter(|n| sim.world.specs[*n].route).collect();
            let route = routes[random.below(routes.len())];
            sim.troubles.push((Trouble::BadRequests { route, share: random.between(0.3, 0.9) }, from, until));
            let roots = vec![Root::Callers(sim.world.specs[route].name.as_str().into())];
            truth = Truth { roots, all: false, victims: everybody(&sim.world) };
        }
        Scenario::Load3 => {
            sim.troubles.push((Trouble::Load(3.0), from, until));
            truth = Truth { roots: vec![Root::Load], all: false, victims: everybody(&sim.world) };
        }
        Scenario::CancelledCallers => {
            sim.troubles.push((Trouble::Cancels(0.4), from, until));
            truth = Truth { roots: Vec::new(), all: false, victims: everybody(&sim.world) };
        }
        Scenario::ColdCache => truth = truth_of(&sim.world, &[cache.map_or(target, |(cache, _)| cache)]),
    }
    let cold = cache.map(|(cache, _)| cache);
    let needed = if scenario == Scenario::LowTraffic { 6 } else { 10 };
    let steps_clock = scenario == Scenario::ClockStep;
    if let Some(cut) = cut {
        // Whoever is on call cuts the loop in the end: no traffic for a while.
        sim.troubles.push((Trouble::Load(1e-3), cut, cut + 15.0));
    }
    let end = cut.unwrap_or(until) + 75.0;
    Plan { sim, truth, from, until, end, cut, cold, steps_clock, needed }
}

/// A dependency that gets enough calls to be noticed.
fn target(world: &World, random: &mut Random) -> usize {
    let demand = world.demand();
    let visible = world.visible();
    let behind = world.edge_only && random.chance(0.5);
    let enough = |node: &usize| {
        let hidden_ok = !world.edge_only || behind || visible[*node];
        !world.specs[*node].route && demand[*node] >= 0.1 * world.rate && hidden_ok
    };
    let targets: Vec<usize> = (0..world.specs.len()).filter(enough).collect();
    targets[random.below(targets.len())]
}

/// Who is right to name if these nodes fail: themselves; from outside, the first of their callers that is seen.
fn truth_of(world: &World, nodes: &[usize]) -> Truth {
    let visible = world.visible();
    let name = |node: &usize| Root::Node(world.specs[*node].name.as_str().into());
    let mut roots = Vec::new();
    let mut victims = Vec::new();
    for node in nodes {
        let callers = world.callers(*node);
        if !world.edge_only {
            victims.extend(callers.iter().map(name));
        } else {
            // Of a remote side that calls it in turn only its own face is seen, and nothing says that it does.
            let faces = callers.iter().filter(|node| !world.specs[**node].route && visible[**node]);
            roots.extend(faces.map(name));
            victims.extend(callers.iter().filter(|node| world.specs[**node].route).map(name));
        }
        if visible[*node] {
            roots.push(name(node));
        }
    }
    victims.retain(|victim| !roots.contains(victim));
    Truth { roots, all: nodes.len() > 1, victims }
}

fn everybody(world: &World) -> Vec<Root> {
    world.specs.iter().map(|spec| Root::Node(spec.name.as_str().into())).collect()
}

/// A cache on the busiest route, and the store behind it.
fn add_cache(world: &mut World, random: &mut Random) -> (usize, usize) {
    let spare = |spec: &mut Spec| (spec.retries, spec.breaker, spec.errors, spec.cache) = (0, false, 0.0, false);
    let (cache, store) = (world.add("cache".into(), false, random), world.add("store".into(), false, random));
    for node in [cache, store] {
        spare(&mut world.specs[node]);
    }
    (world.specs[cache].cache, world.specs[cache].work) = (true, 0.002);
    let step = |to, when| Step { to, when, parallel: false, optional: false, scoped: true };
    let busiest = (0..world.specs.len()).filter(|n| world.specs[*n].route);
    let route = busiest.max_by(|a, b| world.specs[*a].weight.total_cmp(&world.specs[*b].weight)).unwrap_or(0);
    let steps = &mut world.specs[route].steps;
    steps.insert(0, step(store, When::Miss));
    steps.insert(0, step(cache, When::Always));
    (cache, store)
}

/// The calls to a node lose their scope on one way.
fn lose_edge(world: &mut World, node: usize) {
    for spec in &mut world.specs {
        if let Some(step) = spec.steps.iter_mut().find(|step| step.to == node) {
            step.scoped = false;
            step.optional = false;
            return;
        }
    }
}

/// A node and up to two others, none of which calls another, share a cap on their calls.
fn share_a_cap(world: &mut World, node: usize) {
    (world.pool_kind, world.pools) = (Kind::Bulkhead, vec![0]);
    let mut sharing = vec![node];
    for other in (0..world.specs.len()).filter(|other| !world.specs[*other].route) {
        let related = |with: &usize| {
            *with == other || world.callers(*with).contains(&other) || world.callers(other).contains(with)
        };
        if sharing.len() < 3 && !sharing.iter().any(related) {
            sharing.push(other);
        }
    }
    world.specs.iter_mut().for_each(|spec| spec.pool = None);
    for node in sharing {
        (world.specs[node].pool, world.specs[node].breaker) = (Some(0), false);
    }
}

/// Whoever calls a node survives its failures.
fn make_optional(world: &mut World, node: usize) {
    for step in world.specs.iter_mut().flat_map(|spec| &mut spec.steps) {
        step.optional |= step.to == node;
    }
}

/// What simple methods would say: the deepest node that errs, the node with the highest failure ratio, anyone. They are
/// told what ails, which is more than they would find out.
fn naives(sim: &Sim, window: &Window, verdict: &Verdict, random: &mut Random) -> [Option<Root>; 3] {
    let mut window = window.clone();
    let mut ratio = |name: &str| {
        let calls = sim.graph.find(name).and_then(|id| window.node(id));
        calls.map_or(0.0, |calls| {
            let of = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
            of(calls.attempts_failed.lost(), calls.attempts).max(of(calls.failed.lost(), calls.ended))
        })
    };
    let depth = |name: &str| {
        let node = sim.world.specs.iter().position(|spec| spec.name == name);
        node.map_or(0, |node| sim.world.callers(node).len())
    };
    let names: Vec<&str> = verdict.ailing.iter().map(|name| &**name).collect();
    let erring: Vec<&str> = names.iter().copied().filter(|name| ratio(name) > 0.03).collect();
    let root = |name: Option<&str>| name.map(|name| Root::Node(name.into()));
    let pick = if erring.is_empty() { &names } else { &erring };
    let deepest = pick.iter().copied().max_by_key(|name| depth(name));
    let highest = names.iter().copied().max_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    let any = (!names.is_empty()).then(|| names[random.below(names.len())]);
    [root(deepest), root(highest), root(any)]
}

/// A day without a fault: load that goes up and down, pauses of collectors, and deploys that restart replicas.
pub(crate) fn quiet_day(shape: Shape, seed: u64, hours: f64) -> (u64, f64) {
    let mut random = Random::part(seed, 1000 + shape as u64);
    let mut world = World::draw(shape, &mut random);
    world.rate = random.scale(6.0, 20.0);
    world.size(&mut random);
    world.size_pools(&mut random);
    let mut sim = Sim::new(world, Random::new(random.next()));
    sim.diurnal = true;
    let mut judge = Judge::default();
    let (mut incidents, mut open) = (0, false);
    let mut next = [600.0, 700.0, 1800.0];
    let mut past = Past::default();
    for tick in 1..=(hours * 3600.0 / TICK) as u64 {
        let at = tick as f64 * TICK;
        let nodes = sim.world.specs.len();
        let victim = |random: &mut Random, sim: &Sim| {
            let node = random.below(nodes);
            (node, random.below(sim.world.specs[node].replicas))
        };
        let begin = at + random.between(0.0, TICK);
        if at >= next[0] {
            let pause = (begin, begin + random.between(0.05, 0.4));
            sim.pauses.push(pause);
            past.happened(pause, "the process paused".to_owned());
            next[0] = at + random.exponential(300.0);
        }
        if at >= next[1] {
            let (node, replica) = victim(&mut random, &sim);
            let (from, until) = (begin, begin + random.between(0.1, 0.6));
            sim.replica_pauses.push((node, replica, from, until));
            past.happened((from, until), format!("a replica of {} paused", sim.world.specs[node].name));
            next[1] = at + random.exponential(120.0);
        }
        if at >= next[2] {
            let (node, replicas) = (random.below(nodes), 4);
            for replica in 0..replicas {
                let from = begin + 20.0 * replica as f64;
                let until = from + random.between(0.2, 1.0);
                sim.restarts.push((node, replica, from, until));
                past.happened((from, until), format!("a replica of {} restarted", sim.world.specs[node].name));
            }
            next[2] = at + random.exponential(7200.0);
        }
        let window = sim.run(at);
        let verdict = judge.tick(&sim.graph, &window, Instant::from_nanos((at * 1e9) as u64));
        past.saw(&window);
        if verdict.incident.is_some() && !open {
            incidents += 1;
            if std::env::var_os("CASCADE_TRACE").is_some() {
                let evidence = verdict.suspects.first().map(|suspect| &suspect.evidence);
                eprintln!("quiet {shape:?} {seed} at {at}: {verdict} {evidence:?}");
                past.print(at, &sim, &verdict);
            }
        }
        open = verdict.incident.is_some();
    }
    (incidents, hours / 24.0)
}

impl Truth {
    pub(crate) fn is_named_by(&self, verdict: &Verdict) -> bool {
        verdict.root().is_some_and(|root| self.roots.contains(&root.root))
    }

    /// Whether one of the first three is right; of several roots, all must be among them.
    pub(crate) fn is_among(&self, verdict: &Verdict) -> bool {
        let among = |root: &Root| verdict.suspects.iter().any(|suspect| suspect.root == *root);
        if self.all { self.roots.iter().all(among) } else { self.roots.iter().any(among) }
    }

    /// What a verdict said, in a word of the confusion matrix.
    pub(crate) fn word(&self, verdict: Option<&Verdict>) -> &'static str {
        let Some(verdict) = verdict else { return "nothing" };
        if verdict.status == Status::Unknown {
            return "unknown";
        }
        let Some(root) = verdict.root() else { return "unknown" };
        if self.roots.contains(&root.root) {
            return "root";
        }
        match (&root.root, root.cause) {
            (root, _) if self.victims.contains(root) => "victim",
            (Root::Process, _) => "process",
            (Root::Network, _) => "network",
            (Root::Load, _) => "load",
            (Root::Callers(_), _) => "callers",
            (Root::Node(_), Cause::Leak | Cause::Saturated) => "pool",
            _ => "other",
        }
    }
}
