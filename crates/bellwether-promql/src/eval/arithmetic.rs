//! Arithmetic and comparison of two values, floats or histograms.

use std::sync::Arc;

use super::Evaluator;
use super::frame::Cell;
use crate::Histogram;
use crate::notes::Note;
use crate::parse::ast::{BinaryOp, Span};

/// An operation on floats; a comparison comes to 1 or 0.
fn floats(op: BinaryOp, a: f64, b: f64) -> f64 {
    let truth = |holds: bool| f64::from(u8::from(holds));
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::Mod => a % b,
        BinaryOp::Pow => a.powf(b),
        BinaryOp::Atan2 => a.atan2(b),
        BinaryOp::Eq => truth(a == b),
        BinaryOp::Ne => truth(a != b),
        BinaryOp::Gt => truth(a > b),
        BinaryOp::Lt => truth(a < b),
        BinaryOp::Ge => truth(a >= b),
        BinaryOp::Le => truth(a <= b),
        BinaryOp::TrimUpper | BinaryOp::TrimLower | BinaryOp::And | BinaryOp::Or | BinaryOp::Unless => f64::NAN,
    }
}

/// An operation between numbers, step by step.
pub(super) fn scalars(op: BinaryOp, left: &[f64], right: &[f64]) -> Vec<f64> {
    left.iter().zip(right).map(|(a, b)| floats(op, *a, *b)).collect()
}

/// A histogram times a number.
pub(super) fn scaled(h: &Histogram, factor: f64) -> Cell {
    let mut scaled = h.clone();
    scaled.mul(factor);
    Cell::Histogram(Arc::new(scaled))
}

/// An operator as it stands in an expression.
pub(super) struct Operation<'a> {
    evaluator: &'a Evaluator<'a>,
    op: BinaryOp,
    bool: bool,
    span: Span,
}

impl Evaluator<'_> {
    pub(super) fn operation(&self, op: BinaryOp, bool: bool, span: Span) -> Operation<'_> {
        Operation { evaluator: self, op, bool, span }
    }
}

impl Operation<'_> {
    /// The result, absent if a comparison does not hold or the values do not go together.
    pub(super) fn apply(&self, left: &Cell, right: &Cell) -> Cell {
        let compared = |holds: bool| match (self.bool, holds) {
            (true, _) => Cell::Float(f64::from(u8::from(holds))),
            (false, true) => left.clone(),
            (false, false) => Cell::Absent,
        };
        match (left, right) {
            (Cell::Float(a), Cell::Float(b)) if self.op.is_comparison() => compared(floats(self.op, *a, *b) == 1.0),
            (Cell::Float(a), Cell::Float(b)) if !self.op.is_trim() => Cell::Float(floats(self.op, *a, *b)),
            (Cell::Histogram(a), Cell::Float(b)) => match self.op {
                BinaryOp::Mul => scaled(a, *b),
                BinaryOp::Div => {
                    let mut divided = Histogram::clone(a);
                    divided.div(*b);
                    Cell::Histogram(Arc::new(divided))
                }
                BinaryOp::TrimUpper => Cell::Histogram(Arc::new(a.trim_upper(*b))),
                BinaryOp::TrimLower => Cell::Histogram(Arc::new(a.trim_lower(*b))),
                _ => self.incompatible("histogram", "float"),
            },
            (Cell::Float(a), Cell::Histogram(b)) if self.op == BinaryOp::Mul => scaled(b, *a),
            (Cell::Histogram(a), Cell::Histogram(b)) => match self.op {
                BinaryOp::Eq => compared(a == b),
                BinaryOp::Ne => compared(a != b),
                BinaryOp::Add | BinaryOp::Sub => self.sum(a, b),
                _ => self.incompatible("histogram", "histogram"),
            },
            (Cell::Float(_), Cell::Float(_)) => self.incompatible("float", "float"),
            (Cell::Float(_), Cell::Histogram(_)) => self.incompatible("float", "histogram"),
            (Cell::Absent, _) | (_, Cell::Absent) => Cell::Absent,
        }
    }

    fn incompatible(&self, left: &'static str, right: &'static str) -> Cell {
        self.evaluator.note(Note::IncompatibleTypes(left, self.op.symbol(), right), self.span);
        Cell::Absent
    }

    fn sum(&self, a: &Histogram, b: &Histogram) -> Cell {
        let mut result = a.clone();
        let (done, during) = match self.op {
            BinaryOp::Add => (result.add(b), "addition"),
            _ => (result.sub(b), "subtraction"),
        };
        let Ok(done) = done else {
            self.evaluator.note(Note::IncompatibleBuckets(self.op.symbol()), self.span);
            return Cell::Absent;
        };
        if done.reset_collision {
            self.evaluator.note(Note::CounterResetCollision(during), self.span);
        }
        if done.reconciled {
            self.evaluator.note(Note::MismatchedBuckets(during), self.span);
        }
        result.compact();
        Cell::Histogram(Arc::new(result))
    }
}
