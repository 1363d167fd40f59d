//! The engine: options, and the two ways to ask.

use std::time::Duration;

use crate::{Error, Storage, Value};

/// How an engine evaluates; each default is Prometheus's.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// How far back an instant selector looks for the last sample of a series. Five minutes.
    pub lookback: Duration,
    /// Whether the name of a metric goes at the end of a query rather than in the function that makes it wrong, so that
    /// `label_replace` can still read it. Off.
    pub delayed_name_removal: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { lookback: Duration::from_secs(300), delayed_name_removal: false }
    }
}

/// What a query comes to, and what it has to say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The result.
    pub value: Value,
    /// What makes the result doubtful, each text once, as Prometheus words it: `PromQL warning: ... (1:7)`.
    pub warnings: Vec<String>,
    /// What may be a mistake in the query: `PromQL info: ... (1:7)`.
    pub infos: Vec<String>,
}

/// Answers queries.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    options: Options,
}

impl Engine {
    /// An engine with these options.
    pub fn new(options: Options) -> Self {
        Self { options }
    }

    /// Evaluates an expression at one instant, in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// If the expression is wrong, cannot be evaluated over these series, or wants more than the limits allow.
    pub fn instant(&self, storage: &dyn Storage, expression: &str, at_ms: i64) -> Result<Answer, Error> {
        let _ = (storage, expression, at_ms, &self.options);
        Err(Error::invalid("not yet"))
    }

    /// Evaluates an expression at each step from `start_ms` to `end_ms`, the end included if a step falls on it.
    ///
    /// # Errors
    /// As [`Engine::instant`]; also if the step is not positive, the end before the start, or the expression neither a
    /// scalar nor an instant vector.
    pub fn range(
        &self,
        storage: &dyn Storage,
        expression: &str,
        start_ms: i64,
        end_ms: i64,
        step: Duration,
    ) -> Result<Answer, Error> {
        let _ = (storage, expression, start_ms, end_ms, step);
        Err(Error::invalid("not yet"))
    }
}
