//! What a dependency is, and what it means to lose it.

use std::fmt;

/// What kind of thing is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// An HTTP service.
    Http,
    /// A gRPC service.
    Grpc,
    /// A database that speaks SQL.
    Sql,
    /// A Redis, or what speaks as one.
    Redis,
    /// A queue or a broker of messages.
    Queue,
    /// Anything else.
    Custom,
}

/// What it means for this instance if a dependency is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Criticality {
    /// Nothing works without it.
    Critical(Reach),
    /// Some things work less well. Down, it makes the whole degraded.
    Optional,
    /// It is shown, and counts for nothing.
    Informational,
}

/// Who loses a critical dependency when this instance does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reach {
    /// Maybe this instance alone: a sidecar, a local disk, a shard's own database. Others can take its requests, so it is
    /// not ready while that is down.
    Local,
    /// All instances alike: the provider, the one database. If all of them stopped being ready there would be nobody left
    /// to answer, so an instance goes on, and says what it lacks.
    Shared,
}

impl Kind {
    /// The word for it in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Grpc => "grpc",
            Self::Sql => "sql",
            Self::Redis => "redis",
            Self::Queue => "queue",
            Self::Custom => "custom",
        }
    }
}

impl Criticality {
    /// All of them, the gravest first.
    pub const ALL: [Self; 4] =
        [Self::Critical(Reach::Local), Self::Critical(Reach::Shared), Self::Optional, Self::Informational];

    /// The word for it in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical(Reach::Local) => "critical_local",
            Self::Critical(Reach::Shared) => "critical_shared",
            Self::Optional => "optional",
            Self::Informational => "informational",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Criticality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
