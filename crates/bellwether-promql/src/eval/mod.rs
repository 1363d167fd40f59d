//! The evaluator: expressions to values, all steps of a query at once.
//!
//! What concerns a series (its labels, the group it falls in, its partners in an operation) is worked out once a series;
//! only its numbers are worked out once a step.

mod aggregate;
mod arithmetic;
mod binary;
mod classic;
mod edges;
mod frame;
mod info;
mod instant;
mod label;
mod over_time;
mod pile;
mod rate;
mod sampling;
mod scalar;
mod select;
mod selecting;
mod set;
mod sort;
mod trend;
mod window;

pub(crate) use frame::Frame;

use crate::limits::Budget;
use crate::notes::{Note, Notes};
use crate::parse::ast::{At, Binary, Call, Expr, Kind, Span, TimeShift};
use crate::parse::length::Scale;
use crate::{Error, Labels, Options, Storage};
use frame::Cell;

/// The instants at which something is evaluated, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) start: i64,
    pub(crate) step: i64,
    pub(crate) count: usize,
}

impl Steps {
    pub(crate) fn at(self, i: usize) -> i64 {
        self.start + self.step * i as i64
    }

    pub(crate) fn end(self) -> i64 {
        self.at(self.count.saturating_sub(1))
    }

    fn first(self) -> Self {
        Self { count: 1, ..self }
    }
}

/// What an expression comes to.
#[derive(Debug)]
pub(crate) enum Outcome {
    Scalar(Vec<f64>),
    String(String),
    Vector(Frame),
}

pub(crate) struct Evaluator<'a> {
    pub(crate) storage: &'a dyn Storage,
    pub(crate) options: &'a Options,
    pub(crate) budget: Budget<'a>,
    pub(crate) notes: Notes,
    /// The steps of the whole query, of which `start()`, `end()`, `step()` and `range()` speak even within a subquery.
    pub(crate) query: Steps,
    /// The end as asked for, which need not be a step.
    pub(crate) end_ms: i64,
    /// It is a range query, even if of one step.
    pub(crate) range: bool,
    /// The function whose argument a range selector is, where there is one.
    pub(crate) function: std::cell::Cell<Option<&'static str>>,
}

impl Evaluator<'_> {
    pub(crate) fn scale(&self) -> Scale {
        let step_ms = if self.range { self.query.step } else { 0 };
        Scale { step_ms, range_ms: self.end_ms - self.query.start }
    }

    /// Says so if a share of which the value at that share is asked is none: the least and the greatest that are not.
    fn note_quantiles(&self, quantiles: &[f64], span: Span) {
        let wrong = || quantiles.iter().copied().filter(|q| !(0.0..=1.0).contains(q));
        let extremes = [
            wrong().find(|q| q.is_nan()),
            wrong().filter(|q| *q < 0.0).reduce(f64::min),
            wrong().filter(|q| *q > 1.0).reduce(f64::max),
        ];
        extremes.into_iter().flatten().for_each(|q| self.note(Note::InvalidQuantile(q.to_bits()), span));
    }

    fn note(&self, note: Note, span: Span) {
        self.notes.add(note, span);
    }

    pub(crate) fn eval(&self, expr: &Expr, steps: Steps) -> Result<Outcome, Error> {
        self.budget.work(0)?;
        if steps.count > 1 && worth_once(expr) && is_invariant(expr) {
            return Ok(match self.eval_at_steps(expr, steps.first())? {
                Outcome::Scalar(values) => Outcome::Scalar(vec![values[0]; steps.count]),
                Outcome::Vector(frame) => {
                    self.budget.samples(frame.rows.len().saturating_mul(steps.count))?;
                    Outcome::Vector(frame.broadcast(steps.count))
                }
                text @ Outcome::String(_) => text,
            });
        }
        self.eval_at_steps(expr, steps)
    }

    fn eval_at_steps(&self, expr: &Expr, steps: Steps) -> Result<Outcome, Error> {
        self.budget.samples(steps.count)?;
        Ok(match &expr.kind {
            Kind::Number(number) | Kind::Duration(number) => Outcome::Scalar(vec![*number; steps.count]),
            Kind::String(text) => Outcome::String(text.clone()),
            Kind::Paren(inner) | Kind::Plus(inner) => self.eval(inner, steps)?,
            Kind::Selector(selector) => Outcome::Vector(self.instant_selector(selector, expr.span, steps)?),
            Kind::Matrix(_) | Kind::Subquery(_) => {
                return Err(Error::execution("range vector where an instant vector is needed"));
            }
            Kind::Negate(inner) => match self.eval(inner, steps)? {
                Outcome::Scalar(values) => Outcome::Scalar(values.into_iter().map(|x| -x).collect()),
                Outcome::Vector(frame) => Outcome::Vector(self.negate(frame)?),
                text @ Outcome::String(_) => text,
            },
            Kind::Binary(_) => self.chain(expr, steps)?,
            Kind::Aggregate(aggregate) => Outcome::Vector(self.aggregate(aggregate, steps)?),
            Kind::Call(call) => self.call(call, expr.span, steps)?,
        })
    }

    /// An operation, and those on its left, from the innermost out: a chain of them may be long, and is not nested.
    fn chain(&self, expr: &Expr, steps: Steps) -> Result<Outcome, Error> {
        let mut operations = Vec::new();
        let mut first = expr;
        while let Kind::Binary(binary) = &first.kind {
            operations.push((&**binary, first.span));
            first = &binary.left;
        }
        let mut left = self.eval(first, steps)?;
        for (binary, span) in operations.into_iter().rev() {
            let right = self.eval(&binary.right, steps)?;
            left = self.operate(binary, left, right, span)?;
        }
        Ok(left)
    }

    fn operate(&self, binary: &Binary, left: Outcome, right: Outcome, span: Span) -> Result<Outcome, Error> {
        Ok(match (left, right) {
            (Outcome::Scalar(left), Outcome::Scalar(right)) => {
                Outcome::Scalar(arithmetic::scalars(binary.op, &left, &right))
            }
            (Outcome::Vector(left), Outcome::Scalar(right)) => {
                Outcome::Vector(self.vector_scalar(binary, left, &right, false, span)?)
            }
            (Outcome::Scalar(left), Outcome::Vector(right)) => {
                Outcome::Vector(self.vector_scalar(binary, right, &left, true, span)?)
            }
            (Outcome::Vector(left), Outcome::Vector(right)) if binary.op.is_set() => {
                Outcome::Vector(self.set_operation(binary, left, right)?)
            }
            (Outcome::Vector(left), Outcome::Vector(right)) => {
                Outcome::Vector(self.vectors(binary, left, right, span)?)
            }
            _ => return Err(Error::execution("binary operation on a string")),
        })
    }

    fn negate(&self, frame: Frame) -> Result<Frame, Error> {
        let negated = frame.map(|_, cell| match cell {
            Cell::Float(x) => Cell::Float(-x),
            Cell::Histogram(h) => arithmetic::scaled(&h, -1.0),
            Cell::Absent => Cell::Absent,
        });
        negated.drop_names(self.options.delayed_name_removal)
    }

    pub(crate) fn vector(&self, expr: &Expr, steps: Steps) -> Result<Frame, Error> {
        match self.eval(expr, steps)? {
            Outcome::Vector(frame) => Ok(frame),
            _ => Err(Error::execution(format!("expected instant vector, got {}", expr.type_of().name()))),
        }
    }

    pub(crate) fn scalars(&self, expr: &Expr, steps: Steps) -> Result<Vec<f64>, Error> {
        match self.eval(expr, steps)? {
            Outcome::Scalar(values) => Ok(values),
            _ => Err(Error::execution(format!("expected scalar, got {}", expr.type_of().name()))),
        }
    }

    /// When a selector looks, for an evaluation at `at`.
    fn shifted(&self, time: &TimeShift, at: i64) -> Result<i64, Error> {
        let offset = match &time.offset {
            Some(offset) => offset.ms(self.scale())?,
            None => 0,
        };
        let at = match time.at {
            None => at,
            Some(At::Ms(ms)) => ms,
            Some(At::Start) => self.query.start,
            Some(At::End) => self.end_ms,
        };
        Ok(at - offset)
    }

    fn call(&self, call: &Call, span: Span, steps: Steps) -> Result<Outcome, Error> {
        let name = call.function.name;
        if let Some(values) = self.scalar_function(call, steps)? {
            return Ok(Outcome::Scalar(values));
        }
        let args = &call.args;
        let frame = match name {
            "vector" => {
                let values = self.scalars(&args[0], steps)?;
                Frame::single(Labels::empty(), values.into_iter().map(Cell::Float).collect())
            }
            "absent" => self.absent(&args[0], steps)?,
            "absent_over_time" => self.absent_over_time(&args[0], steps)?,
            "label_replace" => self.label_replace(args, steps)?,
            "label_join" => self.label_join(args, steps)?,
            "sort" | "sort_desc" | "sort_by_label" | "sort_by_label_desc" => self.sort(name, args, span, steps)?,
            "histogram_quantile" => self.histogram_quantile(args, steps)?,
            "histogram_quantiles" => self.histogram_quantiles(args, steps)?,
            "histogram_fraction" => self.histogram_fraction(args, steps)?,
            "info" => self.info(args, steps)?,
            "timestamp" => self.timestamp(&args[0], steps)?,
            _ => match self.range_function(call, steps)? {
                Some(frame) => frame,
                None => self.instant_function(call, steps)?,
            },
        };
        Ok(Outcome::Vector(frame))
    }
}

/// Whether an expression reads series, so that it pays to evaluate it once rather than at each step.
fn worth_once(expr: &Expr) -> bool {
    !matches!(expr.kind, Kind::Number(_) | Kind::Duration(_) | Kind::String(_) | Kind::Paren(_) | Kind::Plus(_))
}

/// Whether an expression comes to the same at each step: all it reads is fixed by `@`.
fn is_invariant(expr: &Expr) -> bool {
    let mut expr = expr;
    while let Kind::Binary(binary) = &expr.kind {
        if !is_invariant(&binary.right) {
            return false;
        }
        expr = &binary.left;
    }
    match &expr.kind {
        Kind::Number(_) | Kind::Duration(_) | Kind::String(_) => true,
        Kind::Selector(selector) => selector.time.at.is_some(),
        Kind::Matrix(matrix) => matrix.selector.time.at.is_some(),
        // A subquery is evaluated at its own steps, which `@` fixes.
        Kind::Subquery(subquery) => subquery.time.at.is_some(),
        Kind::Negate(inner) | Kind::Plus(inner) | Kind::Paren(inner) => is_invariant(inner),
        Kind::Binary(_) => false,
        Kind::Aggregate(aggregate) => {
            is_invariant(&aggregate.inner) && aggregate.param.as_ref().is_none_or(is_invariant)
        }
        Kind::Call(call) => !depends_on_time(call.function.name) && call.args.iter().all(is_invariant),
    }
}

/// Functions that look at the time of evaluation, or at the time of their argument's values, or at other series.
fn depends_on_time(name: &str) -> bool {
    matches!(
        name,
        "day_of_month" | "day_of_week" | "day_of_year" | "days_in_month" | "hour" | "minute" | "month" | "year"
    ) || matches!(name, "predict_linear" | "time" | "timestamp" | "info")
}

#[cfg(test)]
mod tests;
