//! How objectives stand, as metrics.

use bellwether_core::{Error, Family, Gauge, Registry, StateSet};
use bellwether_slo::{Severity, Slo, Status, Verdict};

/// The metrics of all objectives.
#[derive(Debug)]
pub(super) struct Shown {
    target: Family<Gauge, 1>,
    ratio: Family<Gauge, 1>,
    remaining: Family<Gauge, 1>,
    burn_rate: Family<Gauge, 2>,
    state: Family<StateSet, 1>,
    number: usize,
}

/// How an objective can stand; what is more urgent hides what is less so.
const STATES: [&str; 5] = ["ok", "breached", "ticket", "page", "unknown"];

impl Shown {
    pub(super) fn new(registry: &Registry, slos: &[Slo]) -> Result<Self, Error> {
        let gauge = |name: &str, description: &str| {
            registry.gauge(name).unit("1").description(description).labels(["slo"]).family()
        };
        let burn_rate = registry.gauge("slo.burn.rate").unit("{budget}");
        let state = registry.state_set("slo.state", "state", STATES);
        let shown = Self {
            target: gauge("slo.target", "The share of events that must be good.")?,
            ratio: gauge("slo.good", "The share of events that were good in the period so far.")?,
            remaining: gauge(
                "slo.budget.remaining",
                "The share of the error budget that is left; below 0 if overspent.",
            )?,
            burn_rate: burn_rate
                .description("How many times faster than it may be the error budget is spent, in a window.")
                .labels(["slo", "window"])
                .family()?,
            state: state.description("How the objective stands.").labels(["slo"]).family()?,
            number: slos.len(),
        };
        slos.iter().for_each(|slo| shown.target.get([slo.name.as_str()]).set(slo.target.to_f64()));
        Ok(shown)
    }

    /// Whether there are no objectives.
    pub(super) fn is_empty(&self) -> bool {
        self.number == 0
    }

    /// Shows a verdict. What is not known is shown as no number.
    pub(super) fn show(&self, slo: &Slo, verdict: &Verdict) {
        let name = slo.name.as_str();
        let evidence = &verdict.evidence;
        let known = |ratio: Option<bellwether_slo::Ratio>| ratio.map_or(f64::NAN, bellwether_slo::Ratio::to_f64);
        self.ratio.get([name]).set(known(evidence.sli.ratio()));
        self.remaining.get([name]).set(known(evidence.budget.and_then(|budget| budget.remaining())));
        for clause in &evidence.clauses {
            for (window, length) in [(&clause.long, clause.rule.long), (&clause.short, clause.rule.short)] {
                let seconds = format!("{}s", length.as_secs());
                self.burn_rate.get([name, &seconds]).set(known(window.burn_rate));
            }
        }
        let state = match (&verdict.status, verdict.severity) {
            (_, Some(Severity::Page)) => "page",
            (_, Some(_)) => "ticket",
            (Status::Ok, None) => "ok",
            (Status::Breached, None) => "breached",
            (Status::Unknown(_), None) => "unknown",
        };
        self.state.get([name]).set(STATES.iter().position(|own| *own == state).unwrap_or(STATES.len() - 1));
    }
}
