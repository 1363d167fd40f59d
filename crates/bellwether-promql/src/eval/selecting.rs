//! Aggregations that pick some of the elements of each group rather than make one of them.

use super::aggregate::Groups;
use super::frame::{Cell, Frame};
use super::sampling::in_share;
use super::sort::by_value;
use super::{Evaluator, Steps};
use crate::Error;
use crate::notes::Note;
use crate::parse::ast::{Aggregate, AggregateOp, Span};

impl Evaluator<'_> {
    /// `topk`, `bottomk`, `limitk` and `limit_ratio`.
    pub(super) fn pick(
        &self,
        aggregate: &Aggregate,
        mut frame: Frame,
        param: &[f64],
        param_span: Span,
        steps: Steps,
    ) -> Result<Frame, Error> {
        let groups = Groups::new(aggregate, &frame);
        let op = aggregate.op;
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); groups.rows.len()];
        groups.of.iter().enumerate().for_each(|(row, group)| members[*group].push(row));
        let mut order = Vec::new();
        for (step, &param) in param.iter().enumerate() {
            let wanted = self.wanted(op, param, param_span)?;
            self.budget.work(frame.rows.len())?;
            for members in &members {
                let mut chosen: Vec<(f64, usize)> = Vec::new();
                for &row in members {
                    match &frame.cells(row)[step] {
                        Cell::Absent => {}
                        Cell::Histogram(_) if matches!(op, AggregateOp::Topk | AggregateOp::Bottomk) => {
                            self.note(Note::IgnoredInAggregation(op.name()), aggregate.inner.span);
                        }
                        Cell::Histogram(_) => chosen.push((0.0, row)),
                        Cell::Float(x) => chosen.push((*x, row)),
                    }
                }
                match wanted {
                    Wanted::Share(ratio) => chosen.retain(|(_, row)| in_share(ratio, &frame.rows[*row].labels)),
                    Wanted::Count(count) => {
                        if op != AggregateOp::Limitk {
                            chosen.sort_by(|(a, _), (b, _)| by_value(*a, *b, op == AggregateOp::Topk));
                        }
                        chosen.truncate(count);
                    }
                }
                if steps.count == 1 {
                    order.extend(chosen.iter().map(|(_, row)| *row));
                }
                chosen.sort_by_key(|(_, row)| *row);
                for &row in members {
                    if chosen.binary_search_by_key(&row, |(_, row)| *row).is_err() {
                        frame.cells_mut(row)[step] = Cell::Absent;
                    }
                }
            }
        }
        Ok(if steps.count == 1 { frame.reorder(&order) } else { frame })
    }

    fn wanted(&self, op: AggregateOp, param: f64, span: Span) -> Result<Wanted, Error> {
        if op == AggregateOp::LimitRatio {
            if param.is_nan() {
                return Err(Error::execution("Ratio value is NaN"));
            }
            let capped = param.clamp(-1.0, 1.0);
            if capped != param {
                self.note(Note::InvalidRatio(param.to_bits(), capped.to_bits()), span);
            }
            return Ok(Wanted::Share(capped));
        }
        if param.is_nan() {
            return Err(Error::execution("Parameter value is NaN"));
        }
        if param <= i64::MIN as f64 {
            return Err(Error::execution(format!("Scalar value {} underflows int64", crate::number::general(param))));
        }
        if param >= i64::MAX as f64 {
            return Err(Error::execution(format!("Scalar value {} overflows int64", crate::number::general(param))));
        }
        Ok(Wanted::Count(param.max(0.0) as usize))
    }
}

#[derive(Clone, Copy)]
enum Wanted {
    Count(usize),
    Share(f64),
}
