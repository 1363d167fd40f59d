//! Why an objective could not be made or measured: what is wrong, where, and what would be accepted.

use std::fmt::Display;
use std::sync::Arc;

/// A refused objective, or a measurement that could not be made.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Error(Arc<Cause>);

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("{what} {given:?}: {wrong}; {accepted}")]
    Illegal { what: &'static str, given: String, wrong: String, accepted: String },
    #[error("objective {name:?}: {wrong}")]
    Objective { name: String, wrong: String },
    #[error("{0}")]
    Unmeasured(String),
}

impl Error {
    /// For a source that cannot answer: what is missing, and where.
    #[cold]
    pub fn unmeasured(why: impl Into<String>) -> Self {
        Self(Arc::new(Cause::Unmeasured(why.into())))
    }

    #[cold]
    pub(crate) fn illegal(
        what: &'static str,
        given: impl Display,
        wrong: impl Into<String>,
        accepted: impl Into<String>,
    ) -> Self {
        let given = given.to_string().chars().take(64).collect();
        Self(Arc::new(Cause::Illegal { what, given, wrong: wrong.into(), accepted: accepted.into() }))
    }

    #[cold]
    pub(crate) fn objective(name: &str, wrong: impl Display) -> Self {
        Self(Arc::new(Cause::Objective { name: name.chars().take(64).collect(), wrong: wrong.to_string() }))
    }

    /// A number, name, period or date that makes no sense.
    pub fn is_illegal(&self) -> bool {
        matches!(*self.0, Cause::Illegal { .. })
    }

    /// Parts of an objective that do not fit each other, such as a burn rule that could never be true.
    pub fn is_objective(&self) -> bool {
        matches!(*self.0, Cause::Objective { .. })
    }

    /// The source of the counts could not answer.
    pub fn is_unmeasured(&self) -> bool {
        matches!(*self.0, Cause::Unmeasured(_))
    }
}
