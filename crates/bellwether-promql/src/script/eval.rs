//! Evaluating an expression, at an instant or over a range, and what is expected of it.

use std::fmt;
use std::time::Duration;

use regex::Regex;

use super::check;
use super::series::Notation;
use crate::{Answer, Element, Engine, Error, Labels, MemoryStorage, Value};

/// An `eval` command.
pub(super) struct Eval {
    pub(super) expression: String,
    pub(super) when: When,
    pub(super) expect: Expect,
}

/// The times of an evaluation, in milliseconds.
#[derive(Clone, Copy)]
pub(super) enum When {
    Instant(i64),
    /// An instant query at the end that comes to a range vector with samples at these times.
    RangeVector {
        start: i64,
        end: i64,
        step: i64,
    },
    Range {
        start: i64,
        end: i64,
        step: i64,
    },
}

/// What is expected.
#[derive(Default)]
pub(super) struct Expect {
    pub(super) series: Vec<(Labels, Vec<Notation>)>,
    pub(super) scalar: Option<f64>,
    pub(super) string: Option<String>,
    pub(super) ordered: bool,
    pub(super) fail: Vec<Expected>,
    pub(super) warn: Vec<Expected>,
    pub(super) info: Vec<Expected>,
    pub(super) no_warn: bool,
    pub(super) no_info: bool,
}

/// A text that is expected.
pub(super) enum Expected {
    Any,
    Message(String),
    Pattern(Regex),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("one"),
            Self::Message(message) => write!(f, "{message:?}"),
            Self::Pattern(pattern) => write!(f, "what matches {:?}", pattern.as_str()),
        }
    }
}

impl Expected {
    fn is(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Message(message) => message == text,
            Self::Pattern(pattern) => pattern.is_match(text),
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);

impl Eval {
    /// What was expected and what came instead, if it was not the same.
    pub(super) fn run(&self, engine: &Engine, storage: &MemoryStorage) -> Result<(), String> {
        let answer = match self.when {
            When::Instant(at) | When::RangeVector { end: at, .. } => engine.instant(storage, &self.expression, at),
            When::Range { start, end, step } => {
                let step = Duration::from_millis(step.unsigned_abs());
                engine.range(storage, &self.expression, start, end, step)
            }
        };
        let Some(answer) = self.judge(answer)? else { return Ok(()) };
        check::value(&self.expect, self.when, &answer.value)?;
        match self.when {
            When::Instant(at) if !self.depends_on_range(&answer) => self.repeat_as_range(engine, storage, at, &answer),
            _ => Ok(()),
        }
    }

    /// Gives an answer back if it is one to look into; a failure that was expected is none.
    fn judge(&self, answer: Result<Answer, Error>) -> Result<Option<Answer>, String> {
        match answer {
            Err(error) => {
                let text = error.to_string();
                match self.expect.fail.as_slice() {
                    [] => Err(format!("failed: {text}")),
                    expected => match expected.iter().find(|e| !e.is(&text)) {
                        Some(e) => Err(format!("expected an error, {e}\n     got {text:?}")),
                        None => Ok(None),
                    },
                }
            }
            Ok(answer) if self.expect.fail.is_empty() => {
                let Expect { warn, info, no_warn, no_info, .. } = &self.expect;
                notes("warning", warn, *no_warn, &answer.warnings)?;
                notes("info", info, *no_info, &answer.infos)?;
                Ok(Some(answer))
            }
            Ok(answer) => {
                Err(format!("expected to fail\n     got {}", check::show(&answer.value)).replace(" \n", "\n"))
            }
        }
    }

    /// Whether it would come to something else, or nothing, as a range query.
    fn depends_on_range(&self, answer: &Answer) -> bool {
        let words = ["start()", "end()", "range()", "step()"];
        self.expect.ordered
            || !matches!(answer.value, Value::Scalar { .. } | Value::Vector(_))
            || words.iter().any(|word| self.expression.contains(word))
    }

    /// The same over a range, in whose middle the instant is.
    fn repeat_as_range(
        &self,
        engine: &Engine,
        storage: &MemoryStorage,
        at: i64,
        answer: &Answer,
    ) -> Result<(), String> {
        let range = engine.range(storage, &self.expression, at - 60_000, at + 60_000, MINUTE);
        let range = range.map_err(|error| format!("as a range query failed: {error}"))?;
        let Value::Matrix(series) = range.value else { return Err("a range query is no matrix".to_owned()) };
        let elements: Vec<Element> = series
            .into_iter()
            .filter_map(|series| {
                let sample = series.samples.into_iter().find(|sample| sample.timestamp_ms == at)?;
                Some(Element { labels: series.labels, sample })
            })
            .collect();
        let value = match (&answer.value, elements.first()) {
            (Value::Scalar { .. }, Some(Element { sample, .. })) => match sample.value {
                crate::SampleValue::Float(value) => Value::Scalar { timestamp_ms: at, value },
                crate::SampleValue::Histogram(_) => return Err("a scalar as a range of histograms".to_owned()),
            },
            _ => Value::Vector(elements),
        };
        check::value(&self.expect, self.when, &value).map_err(|what| format!("as a range query: {what}"))
    }
}

fn notes(kind: &str, expected: &[Expected], none: bool, got: &[String]) -> Result<(), String> {
    if none && !got.is_empty() {
        return Err(format!("expected no {kind}\n     got {got:?}"));
    }
    if expected.is_empty() {
        return Ok(());
    }
    let missing = expected.iter().find(|e| !got.iter().any(|text| e.is(text)));
    if let Some(missing) = missing {
        return Err(format!("expected a {kind}, {missing}\n     got {got:?}"));
    }
    match got.iter().find(|text| !expected.iter().any(|e| e.is(text))) {
        Some(more) => Err(format!("a {kind} that was not expected: {more:?}")),
        None => Ok(()),
    }
}
