//! Why a dependency could not be registered. Calling one has only refusals.

use std::sync::Arc;

/// A dependency that makes no sense, or not beside the others: which, what is wrong, and what would be accepted.
#[derive(Debug, Clone, thiserror::Error)]
#[error("dependency {name:?}: {why}", name = .0.name, why = .0.why)]
pub struct Error(Arc<Cause>);

#[derive(Debug)]
struct Cause {
    name: String,
    why: Why,
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Why {
    #[error("a name of {0} bytes: give 1 to {max} without control characters", max = crate::builder::MAX_NAME)]
    Name(usize),
    #[error("its {what} is {there} already: give the same, or another name")]
    Differs { what: &'static str, there: String },
    #[error("it would rely on itself: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
    #[error("there are {0} dependencies, which is the limit: set `max` of the dependencies higher")]
    Full(usize),
    #[error("{given:?} is no {what}: give {accepted}")]
    Setting { what: &'static str, given: String, accepted: &'static str },
    #[error("its breaker: {0}")]
    Breaker(#[source] bellwether_breaker::Error),
    #[error("its metrics: {0}")]
    Metrics(#[source] bellwether_core::Error),
}

impl Error {
    #[cold]
    pub(crate) fn new(name: &str, why: Why) -> Self {
        Self(Arc::new(Cause { name: name.chars().take(64).collect(), why }))
    }

    /// Whether two dependencies of one name were not alike.
    pub fn is_conflict(&self) -> bool {
        matches!(self.0.why, Why::Differs { .. })
    }

    /// Whether dependencies would have relied on each other in a circle.
    pub fn is_cycle(&self) -> bool {
        matches!(self.0.why, Why::Cycle(_))
    }

    /// Whether there was no room for another one.
    pub fn is_full(&self) -> bool {
        matches!(self.0.why, Why::Full(_))
    }
}
