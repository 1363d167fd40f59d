//! An objective: the share of events that must be good over a period.

mod budgeting;
mod check;
mod correction;
mod indicator;
mod outcomes;
mod plan;
mod recurrence;
mod selector;

use std::collections::BTreeMap;
use std::time::Duration;

use bellwether_core::Outcome;

use crate::burn::Alerting;
use crate::{Error, Period, Share, Target};

pub use budgeting::{Budgeting, Empty, Policies};
pub use correction::{Correction, Effect, Recurring, When};
pub(crate) use correction::{Piece, pieces};
pub use indicator::{Counters, Expressions, Indicator, Requests};
pub use outcomes::{Counting, Outcomes};
pub(crate) use plan::Role;
pub use plan::{Count, Plan, Reading};
pub use recurrence::Recurrence;
pub use selector::{LabelTest, Selector, Test};

/// An objective: the share of events that must be good over a period.
///
/// Plain data, made by one of the constructors and changed by methods named after the fields, or field by field;
/// [`check`](Self::check) says whether the parts fit.
///
/// ```
/// use bellwether_slo::{Period, Slo, Target};
/// use std::time::Duration;
///
/// let turns = Slo::availability("turns", Target::new(0.999)?).route("/v1/turns").period(Period::days(28)?);
/// let fast = Slo::latency("turns-fast", Duration::from_millis(800), Target::new(0.95)?).route("/v1/turns");
/// turns.check()?;
/// fast.check()?;
/// # Ok::<(), bellwether_slo::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Slo {
    /// Its name: lower-case letters, digits and hyphens, 63 at most, as OpenSLO and DNS have them.
    pub name: String,
    /// What it promises, in a sentence.
    pub description: String,
    /// Labels for whoever reads it: team, tier, service.
    pub labels: BTreeMap<String, String>,
    /// What is measured.
    pub indicator: Indicator,
    /// The share that must be good.
    pub target: Target,
    /// The span it is judged over. Default: the last 30 days.
    pub period: Period,
    /// How good and bad add up.
    pub budgeting: Budgeting,
    /// What becomes of slices in which there is nothing to tell from.
    pub policies: Policies,
    /// Time that is not to count as it was.
    pub corrections: Vec<Correction>,
    /// When spending the budget is too fast.
    pub alerting: Alerting,
}

impl Slo {
    /// An objective of any indicator: over the last 30 days, by occurrences; a ratio without counts by slices of a minute.
    pub fn new(name: impl Into<String>, indicator: Indicator, target: Target) -> Self {
        let budgeting = match &indicator {
            Indicator::Promql(Expressions::Ratio(_)) => Budgeting::RatioTimeslices { slice: MINUTE },
            _ => Budgeting::default(),
        };
        Self {
            name: name.into(),
            description: String::new(),
            labels: BTreeMap::new(),
            indicator,
            target,
            period: Period::default(),
            budgeting,
            policies: Policies::default(),
            corrections: Vec::new(),
            alerting: Alerting::default(),
        }
    }

    /// The share of requests that are answered well; of all routes, unless some are named. Which outcomes count:
    /// [`Counting::requests`].
    pub fn availability(name: impl Into<String>, target: Target) -> Self {
        Self::new(name, Indicator::Availability(Requests::all(Counting::requests())), target)
    }

    /// The share of requests that take at most `threshold`. Which outcomes count: [`Counting::latency`]. The threshold must
    /// be a declared bound of the histogram of durations.
    pub fn latency(name: impl Into<String>, threshold: Duration, target: Target) -> Self {
        let requests = Requests::all(Counting::latency());
        Self::new(name, Indicator::Latency { requests, threshold }, target)
    }

    /// The share of minutes in which requests were answered well: those in which at least half of them were, and those in
    /// which the process was up and had none. [`budgeting`](Self::budgeting) sets another length and share.
    pub fn uptime(name: impl Into<String>, target: Target) -> Self {
        Self::availability(name, target)
            .budgeting(Budgeting::Timeslices { slice: MINUTE, good_from: Share::percent(50) })
    }

    /// The share of calls to a dependency that it answers well. Which outcomes count: [`Counting::dependency`].
    pub fn dependency(name: impl Into<String>, dependency: impl Into<String>, target: Target) -> Self {
        let counting = Counting::dependency();
        Self::new(name, Indicator::Dependency { name: dependency.into(), counting }, target)
    }

    /// The share of one counter in another, or beside another.
    pub fn counters(name: impl Into<String>, counters: Counters, target: Target) -> Self {
        Self::new(name, Indicator::Counters(counters), target)
    }

    /// What PromQL says.
    pub fn promql(name: impl Into<String>, expressions: Expressions, target: Target) -> Self {
        Self::new(name, Indicator::Promql(expressions), target)
    }

    /// A sentence that says what it promises.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// A label for whoever reads it.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }

    /// Only this route, and others named so; no matter to an indicator that is not of requests.
    pub fn route(mut self, route: impl Into<String>) -> Self {
        if let Some(routes) = self.indicator.routes_mut() {
            routes.insert(route.into());
        }
        self
    }

    /// An outcome counts for the objective.
    pub fn counts_good(self, outcome: Outcome) -> Self {
        self.count(outcome, |counting| &mut counting.good)
    }

    /// An outcome counts against the objective.
    pub fn counts_bad(self, outcome: Outcome) -> Self {
        self.count(outcome, |counting| &mut counting.bad)
    }

    /// An outcome does not count.
    pub fn ignores(mut self, outcome: Outcome) -> Self {
        if let Some(counting) = self.indicator.counting_mut() {
            for set in [&mut counting.good, &mut counting.bad, &mut counting.bad_if_slow] {
                *set = Outcomes::of(set.iter().filter(|other| *other != outcome));
            }
        }
        self
    }

    fn count(self, outcome: Outcome, set: fn(&mut Counting) -> &mut Outcomes) -> Self {
        let mut slo = self.ignores(outcome);
        if let Some(counting) = slo.indicator.counting_mut() {
            let set = set(counting);
            *set = set.union(Outcomes::of([outcome]));
        }
        slo
    }

    /// The span it is judged over.
    pub fn period(mut self, period: Period) -> Self {
        self.period = period;
        self
    }

    /// How good and bad add up.
    pub fn budgeting(mut self, budgeting: Budgeting) -> Self {
        self.budgeting = budgeting;
        self
    }

    /// What slices without traffic count as.
    pub fn no_traffic(mut self, policy: Empty) -> Self {
        self.policies.no_traffic = policy;
        self
    }

    /// What slices count as in which the process was gone.
    pub fn unknown(mut self, policy: Empty) -> Self {
        self.policies.unknown = policy;
        self
    }

    /// What slices count as in which the process was shut down.
    pub fn stopped(mut self, policy: Empty) -> Self {
        self.policies.stopped = policy;
        self
    }

    /// Time that is not to count as it was, beside what is corrected already.
    pub fn correction(mut self, correction: Correction) -> Self {
        self.corrections.push(correction);
        self
    }

    /// When spending the budget is too fast.
    pub fn alerting(mut self, alerting: Alerting) -> Self {
        self.alerting = alerting;
        self
    }

    /// How long an operation may take and still be good, where that is what is judged.
    pub fn threshold(&self) -> Option<Duration> {
        match self.indicator {
            Indicator::Latency { threshold, .. } => Some(threshold),
            _ => None,
        }
    }

    /// Whether its parts fit each other.
    ///
    /// # Errors
    /// If the name is not legal, an outcome counts twice, a threshold is zero, slices do not divide an hour, a ratio
    /// without counts is judged by occurrences, a correction is at no time of a day, or a burn rule could never be true.
    pub fn check(&self) -> Result<(), Error> {
        check::check(self)
    }
}

const MINUTE: Duration = Duration::from_secs(60);
