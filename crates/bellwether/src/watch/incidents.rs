//! Which failure caused which: judged each tick, and said once when an incident opens and when it is over.

use std::time::Duration;

use bellwether_core::Instant;
use bellwether_dependency::cascade::{self, Change, Process, Verdict};
use bellwether_dependency::{Dependencies, Error};

use super::delay::Lag;

/// The judge, and what it is told of the process.
#[derive(Debug)]
pub(super) struct Incidents {
    watch: cascade::Watch,
    lag: Lag,
}

/// A tick that is late by more was not only kept waiting by others that were due.
const LATE: Duration = Duration::from_millis(100);

impl Incidents {
    pub(super) fn new(dependencies: &Dependencies, lag: Lag) -> Result<Self, Error> {
        Ok(Self { watch: cascade::Watch::new(dependencies)?, lag })
    }

    /// Judges what happened since the last tick, which is so long ago and was to be so long ago. For this share of it the
    /// process was throttled.
    pub(super) fn tick(&mut self, now: Instant, took: Duration, every: Duration, throttled: f64) {
        let late = took.saturating_sub(every);
        let stalled = if late > LATE { late.as_secs_f64() / took.as_secs_f64() } else { 0.0 };
        let mut process = Process::default();
        (process.lag, process.stalled, process.throttled) = (self.lag.take(), stalled, throttled);
        let Change { opened, closed, .. } = self.watch.tick(now, process);
        if let Some(verdict) = closed {
            let (id, lasted) =
                verdict.incident.map(|incident| (incident.id.to_string(), now.since(incident.since))).unzip();
            let (root, cause) = blamed(&verdict);
            let seconds = lasted.unwrap_or_default().as_secs_f64();
            tracing::info!(target: "bellwether::incident", id, root, cause, seconds, "incident closed: it was {root}");
        }
        if let Some(verdict) = opened {
            let id = verdict.incident.map(|incident| incident.id.to_string());
            let (root, cause) = blamed(&verdict);
            let first = verdict.suspects.first();
            let path = first.map(|first| first.path.join(" -> "));
            let routes = first.map(|first| first.routes.join(", "));
            let (lost, evidence) = (verdict.lost, first.map(|first| first.evidence.join("; ")));
            tracing::warn!(target: "bellwether::incident", id, root, cause, lost, path, routes, evidence, "{verdict}");
        }
    }
}

/// Who is blamed, and why; nobody if that is not clear.
fn blamed(verdict: &Verdict) -> (String, &'static str) {
    verdict.root().map_or(("unknown".to_owned(), "unknown"), |root| (root.root.to_string(), root.cause.as_str()))
}
