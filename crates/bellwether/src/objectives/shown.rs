//! How objectives stand, as metrics.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

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
    levels: Mutex<BTreeMap<(&'static str, String, String), Level>>,
    number: usize,
}

/// What a gauge shows: a number, or none.
#[derive(Debug, Clone)]
struct Level(Arc<AtomicU64>);

impl Level {
    /// Shown by a gauge from now on.
    fn of(gauge: &Gauge) -> Self {
        let level = Self(Arc::new(AtomicU64::new(f64::NAN.to_bits())));
        let shown = level.clone();
        gauge.observe(move || Some(f64::from_bits(shown.0.load(Relaxed))).filter(|level| level.is_finite()));
        level
    }

    fn set(&self, level: Option<f64>) {
        self.0.store(level.unwrap_or(f64::NAN).to_bits(), Relaxed);
    }
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
            levels: Mutex::default(),
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
        let set =
            |what: &'static str, window: &str, ratio: Option<bellwether_slo::Ratio>, gauge: &dyn Fn() -> Gauge| {
                let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
                let level =
                    levels.entry((what, name.to_owned(), window.to_owned())).or_insert_with(|| Level::of(&gauge()));
                level.set(ratio.map(bellwether_slo::Ratio::to_f64));
            };
        set("good", "", evidence.sli.ratio(), &|| self.ratio.get([name]).clone());
        let remaining = evidence.budget.and_then(|budget| budget.remaining());
        set("remaining", "", remaining, &|| self.remaining.get([name]).clone());
        for clause in &evidence.clauses {
            for (window, length) in [(&clause.long, clause.rule.long), (&clause.short, clause.rule.short)] {
                let seconds = format!("{}s", length.as_secs());
                set("burn", &seconds, window.burn_rate, &|| self.burn_rate.get([name, seconds.as_str()]).clone());
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
