//! Sorting: by value, or by labels in the order people count in.

use std::cmp::Ordering;

use super::frame::{Cell, Frame};
use super::label::text;
use super::{Evaluator, Steps};
use crate::Error;
use crate::notes::Note;
use crate::parse::ast::{Expr, Span};

impl Evaluator<'_> {
    pub(super) fn sort(&self, name: &str, args: &[Expr], span: Span, steps: Steps) -> Result<Frame, Error> {
        let mut frame = self.vector(&args[0], steps)?;
        let by_numbers = matches!(name, "sort" | "sort_desc");
        if by_numbers {
            // Histograms have no place in an order of numbers.
            frame = frame.map(|_, cell| if matches!(cell, Cell::Histogram(_)) { Cell::Absent } else { cell });
        }
        if self.range {
            self.note(Note::SortInRange, span);
        }
        if steps.count != 1 {
            return Ok(frame);
        }
        let mut order: Vec<usize> = (0..frame.rows.len()).collect();
        if by_numbers {
            let value = |row: usize| match frame.cells(row)[0] {
                Cell::Float(x) => Some(x),
                _ => None,
            };
            order.retain(|row| value(*row).is_some());
            order.sort_by(|a, b| {
                let (a, b) = (value(*a).unwrap_or(f64::NAN), value(*b).unwrap_or(f64::NAN));
                by_value(a, b, name == "sort_desc")
            });
        } else {
            let labels: Vec<&str> = args[1..].iter().map(text).collect();
            let by_label = |a: usize, b: usize| {
                let (a, b) = (&frame.rows[a].labels, &frame.rows[b].labels);
                let differ = labels.iter().find_map(|label| {
                    let (a, b) = (a.get(label).unwrap_or_default(), b.get(label).unwrap_or_default());
                    (a != b).then(|| natural(a, b))
                });
                differ.unwrap_or_else(|| a.cmp(b))
            };
            let down = name == "sort_by_label_desc";
            order.sort_by(|a, b| if down { by_label(*b, *a) } else { by_label(*a, *b) });
        }
        Ok(frame.reorder(&order))
    }
}

/// Values up or down; what is not a number comes last either way.
pub(super) fn by_value(a: f64, b: f64, down: bool) -> Ordering {
    a.is_nan().cmp(&b.is_nan()).then_with(|| {
        let up = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
        if down { up.reverse() } else { up }
    })
}

/// Texts piece by piece, digits being compared as numbers: `4m5` before `4m600`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (x, y) = (piece(a), piece(b));
        if x.is_empty() || y.is_empty() {
            return a.len().cmp(&b.len());
        }
        (a, b) = (&a[x.len()..], &b[y.len()..]);
        let digits = |piece: &str| piece.starts_with(|c: char| c.is_ascii_digit());
        let ordering = if digits(x) && digits(y) {
            let (m, n) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
            m.len().cmp(&n.len()).then_with(|| m.cmp(n)).then_with(|| x.len().cmp(&y.len()))
        } else {
            x.cmp(y)
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
}

/// The digits, or what is none, that a text begins with.
fn piece(text: &str) -> &str {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    &text[..end]
}
