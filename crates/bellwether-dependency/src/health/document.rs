//! What is answered to those who ask over HTTP: a status and a body of `application/health+json`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::incident::Incident;
use super::{Entry, Phase, Report};
use crate::limits::Allowance;
use crate::status::Health;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `/livez`: whether the process works. Says nothing of dependencies: to be started anew would not mend them.
    Live,
    /// `/readyz`: whether it may be sent requests.
    Ready,
    /// `/startupz`: whether it has started.
    Startup,
    /// `/health`: how it is, for people and monitors. A critical dependency that is down is a failure here.
    Health,
}

/// Whether whoever asks may see more than one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Details {
    /// One word.
    #[default]
    Hidden,
    /// Each dependency, with its owner and runbook.
    Shown,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Document {
    /// The status: 200 or 503.
    pub status: u16,
    /// The body, in JSON.
    pub body: String,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Body<'r> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lacking: Vec<&'r str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failing_open: Vec<&'r str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    checks: BTreeMap<String, [Check<'r>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<Incident<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Check<'r> {
    component_id: &'r str,
    component_type: &'static str,
    status: &'static str,
    observed_value: &'static str,
    output: String,
    criticality: &'static str,
    for_seconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    breaker: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<Says<'r>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    limits: BTreeMap<&'static str, Left>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runbook: Option<&'r str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<&'r str>,
}

/// What is left of a limit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Left {
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resets_in_seconds: Option<f64>,
    age_seconds: u64,
}

/// What a dependency says of itself. Not of those that it relies on but which they are: what they say stays with it.
#[derive(Serialize)]
struct Says<'r> {
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failing: Vec<&'r str>,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Live, Self::Ready, Self::Startup, Self::Health];

    /// The path by which it is asked for, by custom.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Live => "/livez",
            Self::Ready => "/readyz",
            Self::Startup => "/startupz",
            Self::Health => "/health",
        }
    }
}

impl Document {
    /// The media type of the body.
    pub const MEDIA_TYPE: &'static str = "application/health+json";

    /// What `/livez` answers if anything does: there is nothing to look at.
    pub fn alive() -> Self {
        Self { status: 200, body: r#"{"status":"pass"}"#.to_owned() }
    }
}

impl Report {
    /// The answer to whoever asks. Of errors it says the class, never the text: there can be no secret in it but what was
    /// registered as a name, an owner or a runbook.
    pub fn document(&self, endpoint: Endpoint, details: Details) -> Document {
        let readiness = self.readiness();
        let (is_fine, health) = match endpoint {
            Endpoint::Live => return Document::alive(),
            Endpoint::Startup => (self.phase != Phase::Starting, Health::Up),
            Endpoint::Ready => (readiness.ready, readiness.health),
            Endpoint::Health => (readiness.health != Health::Down, readiness.health),
        };
        // What fails open is answered as a success, and a success that warns.
        let word = if is_fine { word(health.min(Health::Degraded)) } else { "fail" };
        let mut body = Body { status: word, ..Body::default() };
        if details == Details::Shown && matches!(endpoint, Endpoint::Ready | Endpoint::Health) {
            body.phase = Some(self.phase.as_str());
            body.lacking = readiness.lacking.iter().map(|name| &**name).collect();
            body.failing_open = readiness.failing_open.iter().map(|name| &**name).collect();
            body.checks = self
                .entries
                .iter()
                .map(|entry| (format!("{}:status", entry.dependency.name()), [check(entry)]))
                .collect();
            body.incident = self.incident.as_deref().and_then(|verdict| Incident::of(verdict, self.at));
        }
        // It is made of text and numbers, which can always be written.
        let body = serde_json::to_string(&body).unwrap_or_else(|_| format!(r#"{{"status":"{word}"}}"#));
        Document { status: if is_fine { 200 } else { 503 }, body }
    }
}

fn check(entry: &Entry) -> Check<'_> {
    let Entry { dependency, status, breaker, says, limits } = entry;
    let says = says
        .as_deref()
        .map(|says| Says { status: word(says.health), failing: says.failing.iter().map(|name| &**name).collect() });
    Check {
        component_id: dependency.name(),
        component_type: dependency.kind().as_str(),
        status: word(status.health),
        observed_value: status.health.as_str(),
        output: status.reason.to_string(),
        criticality: dependency.criticality().as_str(),
        for_seconds: status.lasts.as_secs(),
        age_seconds: status.age.map(|age| age.as_secs()),
        breaker: breaker.map(|state| state.as_str()),
        says,
        limits: [("requests", limits.requests), ("tokens", limits.tokens)]
            .into_iter()
            .filter_map(|(unit, allowance)| Some((unit, Left::of(&allowance?))))
            .collect(),
        owner: dependency.owner(),
        runbook: dependency.runbook(),
        depends_on: dependency.depends_on().collect(),
    }
}

impl Left {
    fn of(allowance: &Allowance) -> Self {
        let Allowance { limit, remaining, resets_in, age, .. } = *allowance;
        let resets_in_seconds = resets_in.map(|reset| reset.as_millis() as f64 / 1e3);
        Self { limit, remaining, resets_in_seconds, age_seconds: age.as_secs() }
    }
}

fn word(health: Health) -> &'static str {
    match health {
        Health::Up => "pass",
        Health::Degraded | Health::Unknown => "warn",
        Health::Down => "fail",
    }
}
