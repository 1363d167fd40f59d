//! The engine: options, and the two ways to ask.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::eval::{Evaluator, Frame, Outcome, Steps};
use crate::limits::Budget;
use crate::notes::Notes;
use crate::parse::ast::{Expr, Type};
use crate::parse::parse;
use crate::{Element, Error, Labels, Limits, Sample, Series, Stop, Storage, Value};

/// How an engine evaluates; each default is Prometheus's.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// How far back an instant selector looks for the last sample of a series. Five minutes.
    pub lookback: Duration,
    /// The step of a subquery that names none, such as `x[5m:]`. One minute.
    pub subquery_step: Duration,
    /// Whether the name of a metric goes at the end of a query rather than in the function that makes it wrong, so that
    /// `label_replace` can still read it. Off.
    pub delayed_name_removal: bool,
    /// How much a query may take.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lookback: Duration::from_secs(300),
            subquery_step: Duration::from_secs(60),
            delayed_name_removal: false,
            limits: Limits::default(),
        }
    }
}

/// What a query comes to, and what it has to say about it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// The result.
    pub value: Value,
    /// What makes the result doubtful, each text once, as Prometheus words it: `PromQL warning: ... (1:7)`.
    pub warnings: Vec<String>,
    /// What may be a mistake in the query: `PromQL info: ... (1:7)`.
    pub infos: Vec<String>,
}

type StopWhen = dyn Fn() -> Option<Stop> + Send + Sync;

/// Answers queries. Cheap to clone.
#[derive(Clone, Default)]
pub struct Engine {
    options: Options,
    stop: Option<Arc<StopWhen>>,
}

/// As far as times reach: 64 bits of milliseconds, with room for ranges and offsets.
const MAX_MS: i64 = i64::MAX / 8;

impl Engine {
    /// An engine with these options.
    pub fn new(options: Options) -> Self {
        Self { options, stop: None }
    }

    /// An engine whose queries end early when `stop` says so; it is asked every so many values. This is how a query is
    /// canceled, or given a deadline, by whoever has the clock.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// use bellwether_promql::{Engine, MemoryStorage, Stop};
    ///
    /// let gone = Arc::new(AtomicBool::new(false));
    /// let flag = gone.clone();
    /// let engine = Engine::default().stop_when(move || flag.load(Ordering::Relaxed).then_some(Stop::Canceled));
    ///
    /// gone.store(true, Ordering::Relaxed);
    /// let error = engine.instant(&MemoryStorage::new(), "up", 0).unwrap_err();
    /// assert!(error.is_canceled());
    /// ```
    pub fn stop_when(mut self, stop: impl Fn() -> Option<Stop> + Send + Sync + 'static) -> Self {
        self.stop = Some(Arc::new(stop));
        self
    }

    /// Evaluates an expression at one instant, in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// If the expression is wrong, cannot be evaluated over these series, or wants more than the limits allow.
    pub fn instant(&self, storage: &dyn Storage, expression: &str, at_ms: i64) -> Result<Answer, Error> {
        let expr = parse(expression, self.options.limits.depth)?;
        let steps = Steps { start: checked(at_ms)?, step: 1, count: 1 };
        let evaluator = self.evaluator(storage, steps, at_ms, false)?;
        let value = if expr.type_of() == Type::Matrix {
            Value::Matrix(evaluator.range_vector(&expr, at_ms)?)
        } else {
            match evaluator.eval(&expr, steps)? {
                Outcome::Scalar(values) => Value::Scalar { timestamp_ms: at_ms, value: values[0] },
                Outcome::String(value) => Value::String { timestamp_ms: at_ms, value },
                Outcome::Vector(frame) => Value::Vector(elements(frame.finish()?, at_ms)),
            }
        };
        Ok(answer(value, evaluator.notes, expression))
    }

    /// Evaluates an expression at each step from `start_ms` to `end_ms`, the end included if a step falls on it.
    ///
    /// # Errors
    /// As [`Engine::instant`]; also if the step is less than a millisecond, the end before the start, or the expression
    /// neither a scalar nor an instant vector.
    pub fn range(
        &self,
        storage: &dyn Storage,
        expression: &str,
        start_ms: i64,
        end_ms: i64,
        step: Duration,
    ) -> Result<Answer, Error> {
        let expr = parse(expression, self.options.limits.depth)?;
        self.check_range_type(&expr)?;
        let (start, end) = (checked(start_ms)?, checked(end_ms)?);
        let step = i64::try_from(step.as_millis()).unwrap_or(MAX_MS).min(MAX_MS);
        if step == 0 {
            let message = "zero or negative query resolution step widths are not accepted. Try a positive integer";
            return Err(Error::invalid(message));
        }
        if end < start {
            return Err(Error::invalid("end timestamp must not be before start time"));
        }
        let count = (end - start) / step + 1;
        let limit = self.options.limits.steps;
        if count > i64::try_from(limit).unwrap_or(i64::MAX) {
            return Err(Error::limit(format!(
                "exceeded maximum resolution of {limit} points per timeseries. Try decreasing the query resolution (?step=XX)"
            )));
        }
        let steps = Steps { start, step, count: count as usize };
        let evaluator = self.evaluator(storage, steps, end, true)?;
        let value = Value::Matrix(match evaluator.eval(&expr, steps)? {
            Outcome::Scalar(values) => {
                let samples = values.iter().enumerate().map(|(i, x)| Sample::float(steps.at(i), *x)).collect();
                vec![Series { labels: Labels::empty(), samples }]
            }
            Outcome::Vector(frame) => series(frame.finish()?, steps),
            Outcome::String(_) => return Err(Error::invalid("string result in a range query")),
        });
        Ok(answer(value, evaluator.notes, expression))
    }

    fn check_range_type(&self, expr: &Expr) -> Result<(), Error> {
        match expr.type_of() {
            Type::Scalar | Type::Vector => Ok(()),
            other => Err(Error::invalid(format!(
                "invalid expression type {:?} for range query, must be Scalar or instant Vector",
                other.name()
            ))),
        }
    }

    fn evaluator<'a>(
        &'a self,
        storage: &'a dyn Storage,
        query: Steps,
        end_ms: i64,
        range: bool,
    ) -> Result<Evaluator<'a>, Error> {
        let budget = Budget::new(self.options.limits, self.stop.as_deref());
        budget.check()?;
        Ok(Evaluator {
            storage,
            options: &self.options,
            budget,
            notes: Notes::default(),
            query,
            end_ms,
            range,
            function: Cell::new(None),
        })
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("options", &self.options).finish_non_exhaustive()
    }
}

fn checked(ms: i64) -> Result<i64, Error> {
    if (-MAX_MS..=MAX_MS).contains(&ms) { Ok(ms) } else { Err(Error::invalid(format!("time out of range: {ms} ms"))) }
}

fn answer(value: Value, notes: Notes, expression: &str) -> Answer {
    let (warnings, infos) = notes.into_texts(expression);
    Answer { value, warnings, infos }
}

fn elements(frame: Frame, at_ms: i64) -> Vec<Element> {
    let elements = frame.into_rows().filter_map(|(labels, mut cells)| {
        let value = cells.next().flatten()?;
        Some(Element { labels, sample: Sample { timestamp_ms: at_ms, value } })
    });
    elements.collect()
}

fn series(frame: Frame, steps: Steps) -> Vec<Series> {
    let rows = frame.into_rows().map(|(labels, cells)| {
        let samples =
            cells.enumerate().filter_map(|(i, value)| Some(Sample { timestamp_ms: steps.at(i), value: value? }));
        Series { labels, samples: samples.collect() }
    });
    let mut all: Vec<Series> = rows.filter(|series| !series.samples.is_empty()).collect();
    all.sort_by(|a, b| a.labels.cmp(&b.labels));
    all
}
