//! Why a pipeline could not be set up. Once it runs, it has no errors: what it cannot deliver it counts.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A refused setting: which one, what it was, what would be accepted; or the machine that would not have us.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Error(Arc<Cause>);

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("{place} is {given:?}: {accepted}")]
    Illegal { place: String, given: String, accepted: String },
    #[error("{place}: {path:?}: {reason}")]
    Certificates { place: String, path: PathBuf, reason: String },
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    #[error("the export thread could not be started: {0}")]
    Thread(String),
    #[error("the metrics of the exporter itself could not be registered: {0}")]
    Metrics(bellwether_core::Error),
}

impl Error {
    #[cold]
    pub(crate) fn illegal(place: impl Display, given: &str, accepted: impl Display) -> Self {
        let given = given.chars().take(128).collect();
        Self(Arc::new(Cause::Illegal { place: place.to_string(), given, accepted: accepted.to_string() }))
    }

    #[cold]
    pub(crate) fn certificates(place: impl Display, path: &Path, reason: impl Display) -> Self {
        let (place, path, reason) = (place.to_string(), path.to_owned(), reason.to_string());
        Self(Arc::new(Cause::Certificates { place, path, reason }))
    }

    #[cold]
    pub(crate) fn tls(reason: impl Display) -> Self {
        Self(Arc::new(Cause::Tls(reason.to_string())))
    }

    #[cold]
    pub(crate) fn thread(reason: impl Display) -> Self {
        Self(Arc::new(Cause::Thread(reason.to_string())))
    }

    /// A setting, or an environment variable, has a value that is not accepted.
    pub fn is_illegal(&self) -> bool {
        matches!(*self.0, Cause::Illegal { .. })
    }

    /// A certificate or key could not be read.
    pub fn is_certificates(&self) -> bool {
        matches!(*self.0, Cause::Certificates { .. })
    }
}

impl From<bellwether_core::Error> for Error {
    fn from(error: bellwether_core::Error) -> Self {
        Self(Arc::new(Cause::Metrics(error)))
    }
}
