//! What a dependency says of itself: kept as an annotation, short, and of nobody behind it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::status::Health;

/// What a dependency says of itself, by a health document or by `grpc.health.v1`.
///
/// It is an annotation: what it says makes it degraded at most. Of those that it relies on only the names of the failing ones are
/// kept, not what they say in turn, so that nothing goes on from service to service.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// How it says that it is: up for `pass`, degraded for `warn`, down for `fail`.
    pub health: Health,
    /// The names of its checks that fail, as far as they are short and printable: at most eight.
    pub failing: Vec<Box<str>>,
}

/// Names that are kept, and the bytes of one.
const MAX_NAMES: usize = 8;
const MAX_NAME: usize = 64;

#[derive(Deserialize)]
struct Body {
    status: String,
    #[serde(default)]
    checks: BTreeMap<String, Vec<Check>>,
}

#[derive(Deserialize)]
struct Check {
    status: Option<String>,
}

impl Statement {
    #[cfg_attr(not(feature = "grpc"), allow(dead_code, reason = "a document says more"))]
    pub(crate) fn new(health: Health) -> Self {
        Self { health, failing: Vec::new() }
    }

    /// Reads a document of `application/health+json`; `None` if it is none. Source: draft-inadarei-api-health-check-06.
    #[cfg_attr(not(feature = "http"), allow(dead_code, reason = "nobody gets one"))]
    pub(crate) fn read(document: &[u8]) -> Option<Self> {
        let body: Body = serde_json::from_slice(document).ok()?;
        let fails = |check: &Check| check.status.as_deref().and_then(health) == Some(Health::Down);
        let is_short = |name: &String| (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(char::is_control);
        let failing = body.checks.into_iter().filter(|(name, checks)| is_short(name) && checks.iter().any(fails));
        let failing = failing.map(|(name, _)| name.into()).take(MAX_NAMES).collect();
        Some(Self { health: health(&body.status)?, failing })
    }
}

/// With the words that are common beside the draft's own.
fn health(word: &str) -> Option<Health> {
    match word.to_ascii_lowercase().as_str() {
        "pass" | "ok" | "up" => Some(Health::Up),
        "warn" => Some(Health::Degraded),
        "fail" | "error" | "down" => Some(Health::Down),
        _ => None,
    }
}
