//! What Bellwether itself costs, and what its registry has turned away.

use std::collections::HashMap;
use std::time::Duration;

use bellwether_core::{Counter, Error, Family, Gauge, Registry};

use super::proc::{self, Stat};

/// Names of threads that are told apart.
const MAX_NAMES: usize = 15;

#[derive(Debug)]
pub(super) struct Own {
    registry: Registry,
    cpu: Family<Counter, 1>,
    /// What threads that are still there have used, by id, and what those of a name have used in all.
    seen: HashMap<u64, Duration>,
    totals: HashMap<String, Duration>,
    series: Family<Gauge, 1>,
    overflowed: Family<Counter, 2>,
    dropped: Family<Counter, 1>,
    refused: Counter,
}

impl Own {
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        Ok(Self {
            registry: registry.clone(),
            seen: HashMap::new(),
            totals: HashMap::new(),
            cpu: registry
                .counter("bellwether.cpu.time")
                .unit("s")
                .description("CPU time of Bellwether's own threads, to 10 ms.")
                .scale(1e-9)
                .labels(["thread"])
                .max_series(MAX_NAMES + 1)
                .family()?,
            series: registry
                .gauge("bellwether.registry.series")
                .unit("{series}")
                .description("Series of each metric, the overflow series not counted.")
                .labels(["metric"])
                .max_series(Registry::MAX_METRICS)
                .family()?,
            overflowed: registry
                .counter("bellwether.registry.overflowed")
                .unit("{lookup}")
                .description("Lookups that went to a metric's overflow series, and the label that has too many values.")
                .labels(["metric", "label"])
                .max_series(Registry::MAX_METRICS)
                .family()?,
            dropped: registry
                .counter("bellwether.registry.dropped")
                .unit("{value}")
                .description("NaN and infinite values that a histogram was offered and dropped.")
                .labels(["metric"])
                .max_series(Registry::MAX_METRICS)
                .family()?,
            refused: registry
                .counter("bellwether.registry.refused")
                .unit("{metric}")
                .description("Registrations of metrics that were refused.")
                .build()?,
        })
    }

    pub(super) fn read(&mut self) {
        self.read_threads();
        self.refused.raise_to(self.registry.refused());
        for metric in self.registry.metrics() {
            self.series.get([metric.name()]).set(metric.len() as f64);
            if let Some(overflow) = metric.overflow() {
                self.overflowed.get([metric.name(), &overflow.label]).raise_to(metric.overflowed());
            }
            if metric.dropped() > 0 {
                self.dropped.get([metric.name()]).raise_to(metric.dropped());
            }
        }
    }

    fn read_threads(&mut self) {
        let threads = proc::threads("bellwether");
        self.seen.retain(|id, _| threads.iter().any(|(own, _)| own == id));
        for (id, name) in threads {
            let Some(used) = Stat::of_thread(id).map(|stat| stat.cpu()) else { continue };
            self.count(id, name, used);
        }
    }

    fn count(&mut self, id: u64, name: String, used: Duration) {
        let before = self.seen.insert(id, used).unwrap_or_default();
        // An application may call its threads so, too, each by another name.
        let known = self.totals.len() < MAX_NAMES || self.totals.contains_key(&name);
        let name = if known { name } else { "other".to_owned() };
        // Kept by name beyond the thread's end: a counter does not go back when the next one of its name begins.
        let total = self.totals.entry(name.clone()).or_default();
        *total = total.saturating_add(used.saturating_sub(before));
        self.cpu.get([&name]).raise_to(total.as_nanos() as u64);
    }
}

#[cfg(test)]
mod tests;
