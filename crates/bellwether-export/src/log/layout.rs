//! The layouts there are, and their names.

use std::fmt;
use std::str::FromStr;

/// Whose words the lines are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Layout {
    /// Bellwether's own: words of the OpenTelemetry semantic conventions, time with microseconds.
    #[default]
    Plain,
    /// Those of Node's pino, which `pino-pretty` makes readable: level numbers, milliseconds, `reqId`, `req`, `res`.
    Pino,
    /// Elastic Common Schema: `@timestamp`, `log.level`, `trace.id`; names without a dot go below `labels`.
    Ecs,
    /// CloudWatch embedded metric format: the line of a request is also the metrics `duration`, `count` and `faults`.
    CloudWatchEmf,
}

/// A name that no layout has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no log layout is called {given:?}; there are \"plain\", \"pino\", \"ecs\" and \"cloudwatch-emf\"")]
pub struct UnknownLayout {
    /// What was given.
    pub given: String,
}

impl Layout {
    /// All layouts.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Pino, Self::Ecs, Self::CloudWatchEmf];

    /// The name in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Pino => "pino",
            Self::Ecs => "ecs",
            Self::CloudWatchEmf => "cloudwatch-emf",
        }
    }
}

impl FromStr for Layout {
    type Err = UnknownLayout;

    fn from_str(given: &str) -> Result<Self, UnknownLayout> {
        let same = |layout: &Self| layout.as_str().eq_ignore_ascii_case(given);
        Self::ALL.into_iter().find(same).ok_or_else(|| UnknownLayout { given: given.chars().take(64).collect() })
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
