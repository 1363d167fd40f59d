//! What is measured: requests answered well, answered in time, calls to a dependency, or any two counts.

use std::collections::BTreeSet;
use std::time::Duration;

use bellwether_core::Outcome;

use super::outcomes::{Counting, Outcomes};
use super::plan::{Count, Plan, Reading};
use super::selector::{Selector, Test};

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Indicator {
    /// Requests, by how they ended.
    Availability(Requests),
    /// Requests, by whether they took longer than promised. The threshold must be a declared bound of the histogram, whose
    /// count is exact.
    Latency {
        /// Which requests, and which of their outcomes count.
        requests: Requests,
        /// The longest that is still good.
        threshold: Duration,
    },
    /// Calls made to a dependency, by how they ended.
    Dependency {
        /// The name the application gave it.
        name: String,
        /// Which outcomes count, and how.
        counting: Counting,
    },
    /// Two counters: good events and all, bad and all, or good and bad.
    Counters(Counters),
    /// Two PromQL expressions, or one.
    Promql(Expressions),
}

/// Requests answered here, HTTP and gRPC.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requests {
    /// Routes by their templates (`/v1/turns`), gRPC methods by their full names (`voice.Voice/Converse`); one that ends in
    /// `*` is all that begin so. Several are a group that is judged together; none are all requests.
    pub routes: BTreeSet<String>,
    /// Which outcomes count, and how.
    pub counting: Counting,
}

/// Two counters.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Counters {
    /// Good events, and all.
    GoodOfTotal { good: Selector, total: Selector },
    /// Bad events, and all.
    BadOfTotal { bad: Selector, total: Selector },
    /// Good events, and bad ones.
    GoodAndBad { good: Selector, bad: Selector },
}

/// PromQL expressions, each for one number.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Expressions {
    /// Running totals, such as `sum(http_requests_total)`, not rates: what they rise by is counted.
    Counts { good: String, total: String },
    /// The same of bad events, where those are what is known.
    BadCounts { bad: String, total: String },
    /// The share of good events at an instant. It has no number of events, so it is judged by slices.
    Ratio(String),
}

impl Requests {
    /// All requests.
    pub fn all(counting: Counting) -> Self {
        Self { routes: BTreeSet::new(), counting }
    }

    fn selectors(&self, outcomes: Outcomes) -> Vec<Selector> {
        if outcomes.is_empty() {
            return Vec::new();
        }
        let outcomes = || outcomes.iter().map(Outcome::as_str);
        let duration = |metric: &str| Selector::metric(metric).is("outcome", outcomes());
        let (http, rpc): (BTreeSet<_>, BTreeSet<_>) =
            self.routes.iter().cloned().partition(|route| route.starts_with('/'));
        let all = self.routes.is_empty();
        let mut selectors = Vec::new();
        for (metric, label, routes) in
            [("http.server.request.duration", "http.route", http), ("rpc.server.call.duration", "rpc.method", rpc)]
        {
            if all {
                selectors.push(duration(metric));
            } else if !routes.is_empty() {
                selectors.push(duration(metric).is(label, routes));
            }
        }
        selectors
    }
}

impl Indicator {
    /// The counts it is made of; `None` for a ratio that has none.
    pub fn plan(&self) -> Option<Plan> {
        let mut plan = Plan::default();
        match self {
            Self::Availability(requests) => {
                plan.good = counts(requests.selectors(requests.counting.good), Reading::All);
                plan.bad = counts(requests.selectors(requests.counting.bad), Reading::All);
            }
            Self::Latency { requests, threshold } => {
                let bound = threshold.as_secs_f64();
                let Counting { good, bad, bad_if_slow } = requests.counting;
                plan.good = counts(requests.selectors(good), Reading::AtMost(bound));
                plan.bad = counts(requests.selectors(good.union(bad_if_slow)), Reading::Above(bound));
                plan.bad.extend(counts(requests.selectors(bad), Reading::All));
            }
            Self::Dependency { name, counting } => {
                let calls = |outcomes| counts(calls(name, outcomes), Reading::All);
                (plan.good, plan.bad) = (calls(counting.good), calls(counting.bad));
            }
            Self::Counters(counters) => {
                let one = |selector: &Selector| counts(vec![selector.clone()], Reading::All);
                match counters {
                    Counters::GoodOfTotal { good, total } => {
                        (plan.good, plan.total) = (one(good), Some(one(total)));
                    }
                    Counters::BadOfTotal { bad, total } => (plan.bad, plan.total) = (one(bad), Some(one(total))),
                    Counters::GoodAndBad { good, bad } => (plan.good, plan.bad) = (one(good), one(bad)),
                }
            }
            Self::Promql(Expressions::Counts { good, total }) => {
                plan.good = vec![Count::Expression(good.clone())];
                plan.total = Some(vec![Count::Expression(total.clone())]);
            }
            Self::Promql(Expressions::BadCounts { bad, total }) => {
                plan.bad = vec![Count::Expression(bad.clone())];
                plan.total = Some(vec![Count::Expression(total.clone())]);
            }
            Self::Promql(Expressions::Ratio(_)) => return None,
        }
        Some(plan)
    }

    /// The histograms of how long its operations took, those that count; none where it is not of operations.
    pub fn durations(&self) -> Vec<Selector> {
        let counting = |Counting { good, bad, bad_if_slow }: Counting| good.union(bad).union(bad_if_slow);
        match self {
            Self::Availability(requests) | Self::Latency { requests, .. } => {
                requests.selectors(counting(requests.counting))
            }
            Self::Dependency { name, counting: outcomes } => calls(name, counting(*outcomes)),
            Self::Counters(_) | Self::Promql(_) => Vec::new(),
        }
    }

    /// Whether it is of requests of this route, or gRPC method.
    pub fn is_of_route(&self, route: &str) -> bool {
        match self {
            Self::Availability(requests) | Self::Latency { requests, .. } => {
                requests.routes.is_empty() || Test::Is(requests.routes.clone()).passes(route)
            }
            Self::Dependency { .. } | Self::Counters(_) | Self::Promql(_) => false,
        }
    }

    /// Which of its outcomes count, where it has any.
    pub fn counting(&self) -> Option<Counting> {
        match self {
            Self::Availability(requests) | Self::Latency { requests, .. } => Some(requests.counting),
            Self::Dependency { counting, .. } => Some(*counting),
            Self::Counters(_) | Self::Promql(_) => None,
        }
    }

    pub(crate) fn counting_mut(&mut self) -> Option<&mut Counting> {
        match self {
            Self::Availability(requests) | Self::Latency { requests, .. } => Some(&mut requests.counting),
            Self::Dependency { counting, .. } => Some(counting),
            Self::Counters(_) | Self::Promql(_) => None,
        }
    }

    pub(crate) fn routes_mut(&mut self) -> Option<&mut BTreeSet<String>> {
        match self {
            Self::Availability(requests) | Self::Latency { requests, .. } => Some(&mut requests.routes),
            Self::Dependency { .. } | Self::Counters(_) | Self::Promql(_) => None,
        }
    }
}

/// The calls of a registered dependency that end so.
fn calls(dependency: &str, outcomes: Outcomes) -> Vec<Selector> {
    if outcomes.is_empty() {
        return Vec::new();
    }
    let calls = Selector::metric("dependency.call.duration").is("dependency", [dependency]);
    vec![calls.is("outcome", outcomes.iter().map(Outcome::as_str))]
}

fn counts(selectors: Vec<Selector>, reading: Reading) -> Vec<Count> {
    selectors.into_iter().map(|selector| Count::Series { selector, reading }).collect()
}
