//! The simulated world before anything happens in it: routes, dependencies, pools, and how they call each other.

use bellwether_dependency::cascade::Kind;

use super::random::Random;

/// The graphs of the test plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Chain,
    FanOut,
    Diamond,
    SharedPool,
    Cycle,
    Dag,
}

impl Shape {
    pub(crate) const ALL: [Self; 6] =
        [Self::Chain, Self::FanOut, Self::Diamond, Self::SharedPool, Self::Cycle, Self::Dag];
}

/// When a step of a call is taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum When {
    Always,
    /// If the step before asked a cache in vain.
    Miss,
    /// If the node's own work failed: a second way, which may lead round in a cycle.
    OwnFailure,
}

/// One call that a node makes on behalf of each of its own.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) to: usize,
    pub(crate) when: When,
    /// Made together with the step before it.
    pub(crate) parallel: bool,
    /// Its failure is survived.
    pub(crate) optional: bool,
    /// Its calls carry the scope. Otherwise nobody knows who makes them.
    pub(crate) scoped: bool,
}

/// A route or dependency.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) name: String,
    pub(crate) route: bool,
    pub(crate) steps: Vec<Step>,
    /// Its own work: median in seconds, and spread by logarithm.
    pub(crate) work: f64,
    pub(crate) sigma: f64,
    pub(crate) errors: f64,
    pub(crate) replicas: usize,
    /// Servers of each replica.
    pub(crate) servers: usize,
    pub(crate) timeout: f64,
    pub(crate) retries: u32,
    pub(crate) backoff: f64,
    pub(crate) breaker: bool,
    pub(crate) pool: Option<usize>,
    /// The share of inbound requests, of a route.
    pub(crate) weight: f64,
    pub(crate) cache: bool,
    /// How busy its servers are to be, 0 to 1.
    pub(crate) load: f64,
}

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) specs: Vec<Spec>,
    /// Permits of each pool, which may be a cap on calls.
    pub(crate) pools: Vec<usize>,
    pub(crate) pool_kind: Kind,
    pub(crate) rate: f64,
    /// Only direct calls of routes are seen: what dependencies call happens in other processes.
    pub(crate) edge_only: bool,
}

impl World {
    /// A world of that shape, all else drawn.
    pub(crate) fn draw(shape: Shape, random: &mut Random) -> Self {
        let rate = random.scale(20.0, 100.0);
        let mut world = Self { specs: Vec::new(), pools: Vec::new(), pool_kind: Kind::Pool, rate, edge_only: false };
        match shape {
            Shape::Chain => {
                let deps = world.dependencies(4, random);
                deps.windows(2).for_each(|pair| world.step(pair[0], pair[1], random));
                for (weight, to) in [(0.6, deps[0]), (0.2, deps[1]), (0.2, deps[2])] {
                    let route = world.route(weight, random);
                    world.step(route, to, random);
                }
            }
            Shape::FanOut => {
                let deps = world.dependencies(8, random);
                let all = world.route(0.7, random);
                let some = world.route(0.3, random);
                let together = random.chance(0.5);
                for (i, to) in deps.iter().enumerate() {
                    world.step(all, *to, random);
                    if let Some(step) = world.specs[all].steps.last_mut() {
                        step.parallel = together && i > 0;
                    }
                    if i % 3 == 0 {
                        world.step(some, *to, random);
                    }
                }
            }
            Shape::Diamond => {
                let deps = world.dependencies(4, random);
                let route = world.route(0.7, random);
                let direct = world.route(0.3, random);
                for side in [deps[0], deps[1]] {
                    world.step(route, side, random);
                    world.step(side, deps[2], random);
                }
                world.step(deps[2], deps[3], random);
                world.step(direct, deps[2], random);
            }
            Shape::SharedPool => {
                let deps = world.dependencies(4, random);
                world.pools.push(0);
                for to in &deps {
                    let route = world.route(0.25, random);
                    world.step(route, *to, random);
                }
                for shared in &deps[..3] {
                    world.specs[*shared].pool = Some(0);
                    world.specs[*shared].breaker = false;
                }
            }
            Shape::Cycle => {
                let deps = world.dependencies(3, random);
                world.step(deps[0], deps[1], random);
                world.step(deps[1], deps[2], random);
                let back = Step { to: deps[0], when: When::OwnFailure, parallel: false, optional: false, scoped: true };
                world.specs[deps[2]].steps.push(back);
                for (weight, to) in [(0.6, deps[0]), (0.2, deps[1]), (0.2, deps[2])] {
                    let route = world.route(weight, random);
                    world.step(route, to, random);
                }
            }
            Shape::Dag => {
                world.rate = random.scale(20.0, 50.0);
                let deps = world.dependencies(30, random);
                let routes: Vec<usize> = (0..6).map(|_| world.route(1.0 / 6.0, random)).collect();
                // Three layers, so that the number of calls per request stays that of a real service.
                for (i, dep) in deps.iter().enumerate() {
                    let above = match i {
                        0..12 => routes[i % 6],
                        12..22 => deps[random.below(12)],
                        _ => deps[12 + random.below(10)],
                    };
                    world.step(above, *dep, random);
                    if (12..22).contains(&i) && random.chance(0.4) {
                        world.step(deps[random.below(12)], *dep, random);
                    }
                }
            }
        }
        world
    }

    fn dependencies(&mut self, n: usize, random: &mut Random) -> Vec<usize> {
        (0..n).map(|i| self.add(format!("dep-{i}"), false, random)).collect()
    }

    pub(crate) fn add(&mut self, name: String, route: bool, random: &mut Random) -> usize {
        self.specs.push(Spec {
            name,
            route,
            steps: Vec::new(),
            work: if route { random.scale(0.0005, 0.005) } else { random.scale(0.002, 0.08) },
            sigma: random.between(0.3, 0.7),
            errors: if route || random.chance(0.3) { 0.0 } else { random.scale(0.0003, 0.005) },
            replicas: 2 + random.below(3),
            servers: 1,
            timeout: 0.0,
            retries: if route { 0 } else { random.below(3) as u32 },
            backoff: random.scale(0.01, 0.1),
            breaker: !route && random.chance(0.35),
            pool: None,
            weight: 0.0,
            cache: false,
            load: random.between(0.2, 0.5),
        });
        self.specs.len() - 1
    }

    fn route(&mut self, weight: f64, random: &mut Random) -> usize {
        let route = self.add(format!("GET /r{}", self.specs.iter().filter(|s| s.route).count()), true, random);
        self.specs[route].weight = weight;
        route
    }

    fn step(&mut self, from: usize, to: usize, random: &mut Random) {
        let optional = random.chance(0.12);
        self.specs[from].steps.push(Step { to, when: When::Always, parallel: false, optional, scoped: true });
    }

    /// Calls a second that each node gets in normal times; a cache finds nine of ten.
    pub(crate) fn demand(&self) -> Vec<f64> {
        let mut demand = vec![0.0; self.specs.len()];
        for (i, spec) in self.specs.iter().enumerate().filter(|(_, spec)| spec.route) {
            self.add_demand(i, spec.weight * self.rate, &mut demand, 0);
        }
        demand
    }

    fn add_demand(&self, node: usize, rate: f64, demand: &mut [f64], depth: usize) {
        demand[node] += rate;
        if depth > 8 {
            return;
        }
        for step in &self.specs[node].steps {
            let share = match step.when {
                When::Always => 1.0,
                When::Miss => 0.1,
                When::OwnFailure => 0.0,
            };
            if share > 0.0 {
                self.add_demand(step.to, rate * share, demand, depth + 1);
            }
        }
    }

    /// Gives each node servers for its load, deadlines that fit, and each pool enough permits.
    pub(crate) fn size(&mut self, random: &mut Random) {
        let demand = self.demand();
        for (spec, rate) in self.specs.iter_mut().zip(&demand) {
            let mean = spec.work * (spec.sigma * spec.sigma / 2.0).exp();
            let servers = rate * mean / spec.load / spec.replicas as f64;
            spec.servers = (servers.ceil() as usize).max(2);
        }
        for node in 0..self.specs.len() {
            let factor = if self.specs[node].route { random.between(3.0, 8.0) } else { random.between(2.0, 6.0) };
            self.specs[node].timeout = (factor * self.long(node, 0)).max(0.15);
        }
    }

    /// Gives each pool permits enough.
    pub(crate) fn size_pools(&mut self, random: &mut Random) {
        let demand = self.demand();
        for pool in 0..self.pools.len() {
            let held = |(node, (spec, rate)): (usize, (&Spec, &f64))| {
                if spec.pool == Some(pool) { rate * self.usual(node) } else { 0.0 }
            };
            let held: f64 = self.specs.iter().zip(&demand).enumerate().map(held).sum();
            self.pools[pool] = ((held / random.between(0.2, 0.4)).ceil() as usize).max(6);
        }
    }

    /// About the mean of a call.
    fn usual(&self, node: usize) -> f64 {
        self.long(node, 0) / 2.5
    }

    /// About the 99 % quantile of a call, without queues.
    fn long(&self, node: usize, depth: usize) -> f64 {
        let spec = &self.specs[node];
        let own = spec.work * (2.33 * spec.sigma).exp();
        if depth > 6 {
            return own;
        }
        let steps = spec.steps.iter().filter(|step| step.when != When::OwnFailure);
        own + steps.map(|step| self.long(step.to, depth + 1)).sum::<f64>()
    }

    /// Makes a node do just so much work that its servers are as busy as told. With several servers a replica its queue
    /// is short as long as nothing happens.
    pub(crate) fn tighten(&mut self, node: usize, load: f64) {
        let rate = self.demand()[node].max(1e-6);
        let spec = &mut self.specs[node];
        spec.servers = 4;
        spec.work =
            (load * (spec.servers * spec.replicas) as f64 / rate / (spec.sigma * spec.sigma / 2.0).exp()).min(0.4);
        spec.load = load;
    }

    /// New deadlines for a node whose work has changed, and for all that call it.
    pub(crate) fn size_deadlines(&mut self, node: usize) {
        let mut nodes = self.callers(node);
        nodes.push(node);
        for node in nodes {
            self.specs[node].timeout = (3.0 * self.long(node, 0)).max(0.15);
        }
    }

    /// Whether a call of that step is seen by the process, given that the caller is.
    pub(crate) fn sees(&self, from: usize) -> bool {
        self.specs[from].route || !self.edge_only
    }

    /// The nodes that the process sees at all.
    pub(crate) fn visible(&self) -> Vec<bool> {
        let mut visible: Vec<bool> = self.specs.iter().map(|spec| spec.route).collect();
        for (from, spec) in self.specs.iter().enumerate() {
            for step in spec.steps.iter().filter(|_| self.sees(from)) {
                visible[step.to] = true;
            }
        }
        visible
    }

    /// The nodes from which `node` can be reached.
    pub(crate) fn callers(&self, node: usize) -> Vec<usize> {
        let mut found = vec![node];
        let mut at = 0;
        while at < found.len() {
            let target = found[at];
            for (from, spec) in self.specs.iter().enumerate() {
                if spec.steps.iter().any(|step| step.to == target) && !found.contains(&from) {
                    found.push(from);
                }
            }
            at += 1;
        }
        found.remove(0);
        found
    }
}
