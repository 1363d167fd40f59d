//! Aggregations that pick some of the elements of each group rather than make one of them.

use super::aggregate::Groups;
use super::frame::{Cell, Frame};
use super::sampling::in_share;
use super::sort::by_value;
use super::{Evaluator, Steps};
use crate::Error;
use crate::notes::Note;
use crate::number::general;
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
        let op = aggregate.op;
        if !self.check_params(op, param, param_span)? {
            return Ok(Frame::new(steps.count));
        }
        let groups = Groups::new(aggregate, &frame);
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); groups.rows.len()];
        groups.of.iter().enumerate().for_each(|(row, group)| members[*group].push(row));
        // Of equals the same are chosen at each step and in each query.
        members
            .iter_mut()
            .for_each(|members| members.sort_by(|a, b| frame.rows[*a].labels.cmp(&frame.rows[*b].labels)));
        let mut order = Vec::new();
        for (step, &param) in param.iter().enumerate() {
            let wanted = match op {
                AggregateOp::LimitRatio => Wanted::Share(param.clamp(-1.0, 1.0)),
                _ => Wanted::Count(param.max(0.0) as usize),
            };
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

    /// Whether any parameter asks for anything; what can be no parameter is refused.
    fn check_params(&self, op: AggregateOp, params: &[f64], span: Span) -> Result<bool, Error> {
        let nan = params.iter().any(|param| param.is_nan());
        let max = params.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let min = params.iter().copied().fold(f64::INFINITY, f64::min);
        if op == AggregateOp::LimitRatio {
            if nan {
                return Err(Error::execution("Ratio value is NaN"));
            }
            if max > 1.0 {
                self.note(Note::InvalidRatio(max.to_bits(), 1f64.to_bits()), span);
            }
            if min < -1.0 {
                self.note(Note::InvalidRatio(min.to_bits(), (-1f64).to_bits()), span);
            }
            return Ok(max != 0.0 || min != 0.0);
        }
        if nan {
            return Err(Error::execution("Parameter value is NaN"));
        }
        if max < 1.0 {
            return Ok(false);
        }
        let refused =
            |value: f64, how: &str| Err(Error::execution(format!("Scalar value {} {how} int64", general(value))));
        if min <= i64::MIN as f64 {
            return refused(min, "underflows");
        }
        if max >= i64::MAX as f64 {
            return refused(max, "overflows");
        }
        Ok(true)
    }
}

#[derive(Clone, Copy)]
enum Wanted {
    Count(usize),
    Share(f64),
}
