//! `and`, `or` and `unless`: elements of one vector by whether the other has any that match.

use super::binary::Signatures;
use super::frame::Frame;
use super::{Cell, Evaluator};
use crate::Error;
use crate::parse::ast::{Binary, BinaryOp};

impl Evaluator<'_> {
    pub(super) fn set_operation(&self, binary: &Binary, mut left: Frame, right: Frame) -> Result<Frame, Error> {
        let mut signatures = Signatures::new(&binary.matching);
        let lefts: Vec<usize> = left.rows.iter().map(|row| signatures.of(&row.labels)).collect();
        let rights: Vec<usize> = right.rows.iter().map(|row| signatures.of(&row.labels)).collect();
        let steps = left.steps;
        let present = |frame: &Frame, of: &[usize]| {
            let mut present = vec![false; signatures.count() * steps];
            for (row, signature) in of.iter().enumerate() {
                let there = &mut present[signature * steps..(signature + 1) * steps];
                there.iter_mut().zip(frame.cells(row)).for_each(|(there, cell)| *there |= cell.is_present());
            }
            present
        };
        self.budget.samples(signatures.count().saturating_mul(steps))?;
        if binary.op == BinaryOp::Or {
            let taken = present(&left, &lefts);
            for (row, signature) in rights.iter().enumerate() {
                let cells = left.push(right.rows[row].clone());
                for (step, cell) in right.cells(row).iter().enumerate() {
                    if !taken[signature * steps + step] {
                        cells[step] = cell.clone();
                    }
                }
                left.pop_empty();
            }
            return left.merge(super::frame::SAME_LABELS);
        }
        let matched = present(&right, &rights);
        let keep = binary.op == BinaryOp::And;
        for (row, signature) in lefts.iter().enumerate() {
            for (step, cell) in left.cells_mut(row).iter_mut().enumerate() {
                if matched[signature * steps + step] != keep {
                    *cell = Cell::Absent;
                }
            }
        }
        Ok(left)
    }
}
