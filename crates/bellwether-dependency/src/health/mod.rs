//! How a service is, seen by its dependencies: a value, from which readiness and the documents follow without any asking.

mod document;
mod incident;
mod statement;

use std::sync::Arc;

use bellwether_breaker::{Breaker, State};
use bellwether_core::Instant;

use crate::cascade::Verdict;
use crate::dependency::Dependency;
use crate::kind::{Criticality, Reach};
use crate::limits::Limits;
use crate::status::{Health, Status};

pub use document::{Details, Document, Endpoint};
pub use statement::Statement;

/// Below this share of ready instances none leaves any more. Source: Envoy's panic threshold.
const PANIC: f64 = 0.5;

/// Where a service is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Phase {
    /// It is not to be sent requests yet.
    Starting,
    /// It answers.
    Serving,
    /// It is not to be sent requests for a while, by its own word.
    Paused,
    /// It is not to be sent requests any more, and answers those that come all the same.
    Stopping,
}

/// How a service and its dependencies were at one moment; from [`Dependencies::report`](crate::Dependencies::report).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// Where the service is in its life.
    pub phase: Phase,
    /// What share of all instances is ready, if that is known.
    pub peers_ready: Option<f64>,
    /// Each dependency, in the order in which they were registered.
    pub entries: Vec<Entry>,
    /// The incident that is open, if one is, as it was judged last.
    pub incident: Option<Arc<Verdict>>,
    /// When it was.
    at: Instant,
}

/// How one dependency was.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Entry {
    /// Which.
    pub dependency: Dependency,
    /// How it was.
    pub status: Status,
    /// What its breaker did; `None` without one.
    pub breaker: Option<State>,
    /// What it says of itself, if a probe was told lately.
    pub says: Option<Arc<Statement>>,
    /// What was left of its limits.
    pub limits: Limits,
}

/// Whether a service may be sent requests, and why.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Readiness {
    /// Whether it may.
    pub ready: bool,
    /// How it is: the worst of its dependencies, each as far as it counts.
    pub health: Health,
    /// What it is not ready for the lack of.
    pub lacking: Vec<Arc<str>>,
    /// What it lacks and is ready all the same, since others lack it, too, or too few would be left.
    pub failing_open: Vec<Arc<str>>,
}

impl Phase {
    pub(crate) fn of(phase: u8) -> Self {
        match phase {
            0 => Self::Starting,
            1 => Self::Serving,
            2 => Self::Paused,
            _ => Self::Stopping,
        }
    }

    /// Whether it can come from here to there. Who has not started has nothing to pause, and who stops does not serve again by
    /// an answer that comes late.
    pub(crate) fn leads_to(self, next: Self) -> bool {
        !matches!((self, next), (Self::Stopping, _) | (_, Self::Starting) | (Self::Starting, Self::Paused))
    }

    /// The word for it in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Serving => "serving",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
        }
    }
}

impl Report {
    pub(crate) fn new(
        phase: Phase,
        peers_ready: Option<f64>,
        all: &[Dependency],
        incident: Option<Arc<Verdict>>,
        at: Instant,
    ) -> Self {
        let entry = |dependency: &Dependency| Entry {
            dependency: dependency.clone(),
            status: dependency.status(),
            breaker: dependency.breaker().map(Breaker::state),
            says: dependency.says(),
            limits: dependency.limits(),
        };
        Self { phase, peers_ready, entries: all.iter().map(entry).collect(), incident, at }
    }

    /// Whether the service may be sent requests.
    ///
    /// A critical dependency that is down makes it unready if this instance may be alone in losing it
    /// ([`Reach::Local`]), unless less than half of all instances are ready. One that all share never does. One that is
    /// degraded, its breaker open, or of which nothing is known, never does either.
    pub fn readiness(&self) -> Readiness {
        let is_crowd_small = self.peers_ready.is_some_and(|share| share < PANIC);
        let (mut lacking, mut failing_open) = (Vec::new(), Vec::new());
        for entry in self.entries.iter().filter(|entry| entry.status.health == Health::Down) {
            let name = Arc::clone(entry.dependency.shared_name());
            match entry.dependency.criticality() {
                Criticality::Critical(Reach::Local) if !is_crowd_small => lacking.push(name),
                Criticality::Critical(_) => failing_open.push(name),
                Criticality::Optional | Criticality::Informational => {}
            }
        }
        let ready = self.phase == Phase::Serving && lacking.is_empty();
        Readiness { ready, health: self.health(), lacking, failing_open }
    }

    /// What `grpc.health.v1` is to answer for a service: of the empty name whether requests may be sent here, of a
    /// dependency's whether that is anything but down; `None` for what is not known, which is `NOT_FOUND` to `Check` and
    /// `SERVICE_UNKNOWN` to `Watch`.
    pub fn is_serving(&self, service: &str) -> Option<bool> {
        if service.is_empty() {
            return Some(self.readiness().ready);
        }
        let entry = self.entries.iter().find(|entry| entry.dependency.name() == service)?;
        Some(entry.status.health != Health::Down)
    }

    /// The worst of its dependencies, each as far as it counts: what is critical in full, what is optional as far as
    /// degraded.
    fn health(&self) -> Health {
        let counts = |entry: &Entry| match (entry.dependency.criticality(), entry.status.health) {
            (Criticality::Critical(_), Health::Unknown) => Health::Degraded,
            (Criticality::Critical(_), health) => health,
            (Criticality::Optional, Health::Down | Health::Degraded) => Health::Degraded,
            _ => Health::Up,
        };
        self.entries.iter().map(counts).max().unwrap_or(Health::Up)
    }
}
