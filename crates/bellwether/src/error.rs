//! Why the front door did not open: a setting that is not accepted, a name or a port that is taken, a machine that refuses.

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;

/// What is wrong, where, and what would be accepted.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Error(Arc<Cause>);

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("{place}: {wrong}")]
    Setting { place: String, wrong: String },
    #[error("cannot read {file}: {reason}")]
    File { file: String, reason: String },
    #[error("{0}")]
    Objectives(String),
    #[error("cannot listen on {address}: {reason}")]
    Listen { address: String, reason: String },
    #[error("cannot start the thread `bellwether`: {0}")]
    Thread(String),
    #[error("{0}")]
    Breaker(bellwether_breaker::Error),
    #[error("{0}")]
    Dependency(bellwether_dependency::Error),
    #[error("{0}")]
    Metrics(bellwether_core::Error),
    #[error("Bellwether has been shut down")]
    Ended,
}

impl Error {
    #[cold]
    pub(crate) fn setting(place: impl Display, wrong: impl Display) -> Self {
        Self(Arc::new(Cause::Setting { place: printable(place), wrong: printable(wrong) }))
    }

    #[cold]
    pub(crate) fn file(file: impl Display, reason: impl Display) -> Self {
        Self(Arc::new(Cause::File { file: printable(file), reason: printable(reason) }))
    }

    #[cold]
    #[cfg_attr(not(feature = "slo"), allow(dead_code, reason = "then there are none"))]
    pub(crate) fn objectives(wrong: impl Display) -> Self {
        let wrong = wrong.to_string();
        Self(Arc::new(Cause::Objectives(wrong.lines().map(printable).collect::<Vec<_>>().join("\n"))))
    }

    #[cold]
    pub(crate) fn listen(address: SocketAddr, reason: impl Display) -> Self {
        Self(Arc::new(Cause::Listen { address: address.to_string(), reason: reason.to_string() }))
    }

    #[cold]
    pub(crate) fn thread(reason: impl Display) -> Self {
        Self(Arc::new(Cause::Thread(reason.to_string())))
    }

    #[cold]
    pub(crate) fn ended() -> Self {
        Self(Arc::new(Cause::Ended))
    }

    /// A setting is not accepted, or the file it is in cannot be read.
    pub fn is_setting(&self) -> bool {
        matches!(
            *self.0,
            Cause::Setting { .. }
                | Cause::File { .. }
                | Cause::Objectives(_)
                | Cause::Breaker(_)
                | Cause::Dependency(_)
        )
    }

    /// The port is taken, or not to be had.
    pub fn is_listen(&self) -> bool {
        matches!(*self.0, Cause::Listen { .. })
    }

    /// The registry has a metric of the same name and another kind, or there is another dependency of the same name.
    pub fn is_conflict(&self) -> bool {
        match &*self.0 {
            Cause::Metrics(error) => error.is_conflict(),
            Cause::Dependency(error) => error.is_conflict(),
            _ => false,
        }
    }

    /// It was shut down before.
    pub fn is_ended(&self) -> bool {
        matches!(*self.0, Cause::Ended)
    }
}

impl From<bellwether_core::Error> for Error {
    fn from(error: bellwether_core::Error) -> Self {
        Self(Arc::new(Cause::Metrics(error)))
    }
}

impl From<bellwether_dependency::Error> for Error {
    fn from(error: bellwether_dependency::Error) -> Self {
        Self(Arc::new(Cause::Dependency(error)))
    }
}

impl From<bellwether_breaker::Error> for Error {
    fn from(error: bellwether_breaker::Error) -> Self {
        Self(Arc::new(Cause::Breaker(error)))
    }
}

/// As text for a terminal and a log: one line, and nothing that moves a cursor or turns the order of what is read.
pub(crate) fn printable(text: impl Display) -> String {
    let mut printable = String::new();
    for c in text.to_string().chars() {
        // Quotes and backslashes are in place.
        if c.is_ascii_graphic() { printable.push(c) } else { printable.extend(c.escape_debug()) }
    }
    printable
}
