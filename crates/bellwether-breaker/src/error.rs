//! Why a breaker or a budget could not be made. Using one has only refusals.

use std::sync::Arc;

/// A setting that makes no sense: of which breaker, what it was, and what would be accepted.
#[derive(Debug, Clone, thiserror::Error)]
#[error("breaker {name:?}: {given} is no {what}: give {accepted}", name = .0.name, given = .0.given, what = .0.what, accepted = .0.accepted)]
pub struct Error(Arc<Cause>);

#[derive(Debug)]
struct Cause {
    name: String,
    what: &'static str,
    given: String,
    accepted: &'static str,
}

impl Error {
    #[cold]
    pub(crate) fn new(name: &str, what: &'static str, given: String, accepted: &'static str) -> Self {
        let name = name.chars().take(64).collect();
        Self(Arc::new(Cause { name, what, given, accepted }))
    }
}
