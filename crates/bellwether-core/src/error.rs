//! Why a metric could not be registered. Recording itself has no errors.

use std::sync::Arc;

/// A refused registration: what was wrong, where, and what would be accepted.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Error(Arc<Cause>);

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("{what} {given:?} is not legal: {accepted}")]
    Illegal { what: &'static str, given: String, accepted: &'static str },
    #[error(
        "metric {name:?} is already registered as {there}, cannot be {here}; choose another name or match its {aspect}"
    )]
    Conflict { name: String, aspect: &'static str, there: String, here: String },
    #[error(
        "the registry holds {limit} metrics already and refuses {name:?}; tell things apart by labels, not by names"
    )]
    Full { name: String, limit: usize },
}

impl Error {
    #[cold]
    pub(crate) fn illegal(what: &'static str, given: &str, accepted: &'static str) -> Self {
        let given = given.chars().take(64).collect();
        Self(Arc::new(Cause::Illegal { what, given, accepted }))
    }

    #[cold]
    pub(crate) fn conflict(name: &str, aspect: &'static str, there: impl ToString, here: impl ToString) -> Self {
        Self(Arc::new(Cause::Conflict {
            name: name.to_owned(),
            aspect,
            there: there.to_string(),
            here: here.to_string(),
        }))
    }

    #[cold]
    pub(crate) fn full(name: &str, limit: usize) -> Self {
        Self(Arc::new(Cause::Full { name: name.to_owned(), limit }))
    }

    /// A name, label, unit or bound that no metric may have.
    pub fn is_illegal(&self) -> bool {
        matches!(*self.0, Cause::Illegal { .. })
    }

    /// The name is taken by a metric of another kind, unit, scale, set of bounds or budget.
    pub fn is_conflict(&self) -> bool {
        matches!(*self.0, Cause::Conflict { .. })
    }

    /// The registry's cap on metrics is reached.
    pub fn is_full(&self) -> bool {
        matches!(*self.0, Cause::Full { .. })
    }
}
