//! What is said of an incident to those who ask over HTTP.

use bellwether_core::Instant;
use serde::Serialize;

use crate::cascade::{Suspect, Verdict};

/// An incident that is open.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Incident<'r> {
    id: String,
    status: &'static str,
    output: String,
    for_seconds: u64,
    /// The share of requests that are lost or slow.
    lost: f64,
    suspects: Vec<Blamed<'r>>,
    ailing: Vec<&'r str>,
}

/// Somebody who may be the root.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Blamed<'r> {
    root: String,
    cause: &'static str,
    score: f64,
    black_box: bool,
    lost: f64,
    path: Vec<&'r str>,
    routes: Vec<&'r str>,
    evidence: &'r [String],
}

impl<'r> Incident<'r> {
    /// `None` if none is open.
    pub(super) fn of(verdict: &'r Verdict, now: Instant) -> Option<Self> {
        let incident = verdict.incident?;
        Some(Self {
            id: incident.id.to_string(),
            status: verdict.status.as_str(),
            output: verdict.to_string(),
            for_seconds: now.since(incident.since).as_secs(),
            lost: short(verdict.lost),
            suspects: verdict.suspects.iter().map(Blamed::of).collect(),
            ailing: verdict.ailing.iter().map(|name| &**name).collect(),
        })
    }
}

impl<'r> Blamed<'r> {
    fn of(suspect: &'r Suspect) -> Self {
        Self {
            root: suspect.root.to_string(),
            cause: suspect.cause.as_str(),
            score: short(suspect.score),
            black_box: suspect.black_box,
            lost: short(suspect.lost),
            path: suspect.path.iter().map(|name| &**name).collect(),
            routes: suspect.routes.iter().map(|name| &**name).collect(),
            evidence: &suspect.evidence,
        }
    }
}

/// A share to three digits.
fn short(share: f64) -> f64 {
    (share * 1e3).round() / 1e3
}
