//! What a breaker shows: series that ask it when somebody reads, and cost its calls nothing.

use std::sync::{Arc, Weak};

use bellwether_core::{Counter, Error, Registry};

use crate::breaker::{Breaker, Shared};
use crate::outcome::Outcome;
use crate::rejected::Reason;
use crate::snapshot::Snapshot;
use crate::transition::{State, Transition};

impl Breaker {
    /// Shows the breaker in a registry, by its name as the label `breaker`:
    ///
    /// | metric | labels | what it is |
    /// |---|---|---|
    /// | `breaker.state` | `state` | 1 for the state it is in, 0 for the others |
    /// | `breaker.transitions` | `from`, `to`, `reason` | changes of state |
    /// | `breaker.calls` | `outcome` | calls that ended |
    /// | `breaker.rejected` | `reason` | calls that were not made |
    /// | `breaker.in_flight` | | calls under way |
    /// | `breaker.probe.permits_in_use` | | trial calls under way |
    /// | `breaker.probe.lease_expired` | | trial calls that did not come back in time |
    /// | `breaker.stale_results` | | results of a state that was over |
    /// | `breaker.open_until` | | for how many seconds it stays open or paced; absent if it is neither |
    /// | `breaker.window.calls` | | results in its window |
    /// | `breaker.window.failure_ratio` | | failures among them; absent without any |
    /// | `breaker.would_reject` | | calls that were made, but would not have been: shadow mode |
    /// | `breaker.would_reject.succeeded` | | those of them that succeeded |
    ///
    /// Series of a breaker that is gone keep what they had come to, and go on if another of its name is shown.
    ///
    /// # Errors
    /// If the registry has other metrics of the same names.
    pub fn show(&self, registry: &Registry) -> Result<(), Error> {
        let source = Source(Arc::downgrade(&self.0));
        let name = self.name();
        let state = registry.state_set("breaker.state", "state", State::ALL.map(State::as_str));
        let state = state.description("The state of a breaker.").labels(["breaker"]).family()?;
        state.get([name]).observe(source.of(|breaker| Some(breaker.state() as usize)));

        let mut shown = Vec::new();
        let mut count = |counter: &Counter, count: Count| {
            let asked = count.clone();
            shown.push((counter.observe(source.of(move |breaker| Some(asked(&breaker.snapshot())))), count));
        };
        let calls =
            registry.counter("breaker.calls").unit("{call}").description("Calls that a breaker let through, ended.");
        let calls = calls.labels(["breaker", "outcome"]).family()?;
        for (at, word) in Outcome::WORDS.into_iter().enumerate() {
            count(calls.get([name, word]), Arc::new(move |snapshot| snapshot.ended(at)));
        }
        let rejected = registry.counter("breaker.rejected").unit("{call}").description("Calls that a breaker refused.");
        let rejected = rejected.labels(["breaker", "reason"]).family()?;
        for reason in Reason::ALL {
            count(rejected.get([name, reason.as_str()]), Arc::new(move |snapshot| snapshot.rejected(reason)));
        }
        for (metric, description, read) in COUNTERS {
            let family =
                registry.counter(metric).unit("{call}").description(description).labels(["breaker"]).family()?;
            count(family.get([name]), Arc::new(read));
        }

        let transitions = registry.counter("breaker.transitions").description("Changes of a breaker's state.");
        let transitions = transitions.labels(["breaker", "from", "to", "reason"]).family()?;
        let own = Arc::clone(&self.0.settings.name);
        self.0.shown(
            shown,
            Box::new(move |change: &Transition| {
                transitions.get([&own, change.from.as_str(), change.to.as_str(), change.why.as_str()]).inc();
            }),
        );

        let gauge = |metric: &str, unit: &str, description: &str, level: fn(&Snapshot) -> Option<f64>| {
            let family = registry.gauge(metric).unit(unit).description(description).labels(["breaker"]).family()?;
            family.get([name]).observe(source.of(move |breaker| level(&breaker.snapshot())));
            Ok::<_, Error>(())
        };
        let in_flight = "Calls of a breaker under way.";
        gauge("breaker.in_flight", "{call}", in_flight, |snapshot| Some(snapshot.in_flight as f64))?;
        let probes = "Trial calls of a breaker under way.";
        gauge("breaker.probe.permits_in_use", "{call}", probes, |snapshot| Some(f64::from(snapshot.trials_in_use)))?;
        let until = "For how long a breaker stays open, or calls are held back as was asked.";
        gauge("breaker.open_until", "s", until, |snapshot| {
            snapshot.open_for.or(snapshot.paced_for).map(|left| left.as_secs_f64())
        })?;
        let results = "Results in a breaker's window.";
        gauge("breaker.window.calls", "{call}", results, |snapshot| Some(snapshot.window.calls() as f64))?;
        let ratio = "The share of failures in a breaker's window.";
        gauge("breaker.window.failure_ratio", "1", ratio, |snapshot| snapshot.window.failure_ratio())
    }
}

/// What a counter reads of a snapshot.
pub(crate) type Count = Arc<dyn Fn(&Snapshot) -> u64 + Send + Sync>;
/// A counter that needs no label but the breaker's: its name, its description, and what it reads.
type Row = (&'static str, &'static str, fn(&Snapshot) -> u64);

const COUNTERS: [Row; 4] = [
    ("breaker.probe.lease_expired", "Trial calls of a breaker that did not come back in time.", |of| of.leases_expired),
    ("breaker.stale_results", "Results that a breaker ignored, being of a state that was over.", |of| of.stale),
    ("breaker.would_reject", "Calls that a breaker in shadow mode would have refused.", |of| of.shadow.would_reject),
    (
        "breaker.would_reject.succeeded",
        "Calls that a breaker in shadow mode would have refused, and that succeeded.",
        |of| of.shadow.succeeded,
    ),
];

/// Asks a breaker as long as it is there.
struct Source(Weak<Shared>);

impl Source {
    fn of<T>(
        &self,
        ask: impl Fn(&Breaker) -> Option<T> + Send + Sync + 'static,
    ) -> impl Fn() -> Option<T> + Send + Sync + 'static {
        let breaker = Weak::clone(&self.0);
        move || ask(&Breaker(breaker.upgrade()?))
    }
}
