//! What scraping itself costs, counted in the registry that is scraped.

use std::time::Duration;

use bellwether_core::{Counter, Family, Gauge, Histogram, Registry};

use super::format::Syntax;

/// The endpoint's own metrics. A name that somebody else took for something else is done without.
#[derive(Debug, Clone)]
pub(super) struct Tallies {
    duration: Option<Family<Histogram, 1>>,
    size: Option<Family<Histogram, 1>>,
    aborted: Option<Family<Counter, 1>>,
    rejected: Counter,
    refused: Gauge,
}

/// The account of one scrape.
#[derive(Debug)]
pub(super) struct Tally {
    tallies: Tallies,
    syntax: Syntax,
}

impl Tallies {
    pub(super) fn new(registry: &Registry) -> Self {
        let duration = registry
            .histogram("bellwether.scrape.duration")
            .unit("s")
            .description("Time to write a scrape, without waiting for its reader.")
            .bounds([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5]);
        let size = registry
            .histogram("bellwether.scrape.size")
            .unit("By")
            .description("Bytes sent for a scrape, after compression.");
        let aborted = registry
            .counter("bellwether.scrape.aborted")
            .unit("{scrape}")
            .description("Scrapes whose reader went away before the end.");
        let rejected = registry
            .counter("bellwether.scrape.rejected")
            .unit("{scrape}")
            .description("Scrapes that were turned away because too many others were under way.");
        let refused = registry
            .gauge("bellwether.scrape.refused")
            .unit("{name}")
            .description("Metrics and series that the last scrape left out, since another goes by the same name.");
        Self {
            duration: duration.labels(["format"]).family().ok(),
            size: size.labels(["format"]).family().ok(),
            aborted: aborted.labels(["format"]).family().ok(),
            rejected: rejected.build().unwrap_or_default(),
            refused: refused.build().unwrap_or_default(),
        }
    }

    pub(super) fn rejected(&self) {
        self.rejected.inc();
    }

    pub(super) fn of(&self, syntax: Syntax) -> Tally {
        Tally { tallies: self.clone(), syntax }
    }
}

impl Tally {
    pub(super) fn finished(&self, spent: Duration, bytes: u64, refused: u64) {
        let format = [self.syntax.name()];
        if let Some(duration) = &self.tallies.duration {
            duration.get(format).record_duration(spent);
        }
        if let Some(size) = &self.tallies.size {
            size.get(format).record(bytes as f64);
        }
        self.tallies.refused.set(refused as f64);
    }

    pub(super) fn aborted(&self) {
        if let Some(aborted) = &self.tallies.aborted {
            aborted.get([self.syntax.name()]).inc();
        }
    }
}
