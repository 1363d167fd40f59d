//! Aggregations: one element of each group of elements.

use std::sync::Arc;

use super::frame::{Cell, Frame, Map, Row};
use super::label::text;
use super::pile::Pile;
use super::{Evaluator, Steps};
use crate::labels::is_metadata;
use crate::notes::Note;
use crate::number::{Mean, Sum, Variance, plain, quantile};
use crate::parse::ast::{Aggregate, AggregateOp};
use crate::{Error, Labels};

/// Which group each row of a frame falls in.
pub(super) struct Groups {
    pub(super) of: Vec<usize>,
    pub(super) rows: Vec<Row>,
}

impl Groups {
    pub(super) fn new(aggregate: &Aggregate, frame: &Frame) -> Self {
        let named = |name: &str| aggregate.grouping.iter().any(|label| label == name);
        let mut known: Map<Labels, usize> = Map::default();
        let mut groups = Self { of: Vec::with_capacity(frame.rows.len()), rows: Vec::new() };
        for row in &frame.rows {
            let labels = match aggregate.without {
                true => row.labels.filter(|name| !is_metadata(name) && !named(name)),
                false => row.labels.filter(named),
            };
            let group = *known.entry(labels).or_insert_with_key(|labels| {
                groups.rows.push(Row { labels: labels.clone(), drop_name: false });
                groups.rows.len() - 1
            });
            groups.rows[group].drop_name |= row.drop_name;
            groups.of.push(group);
        }
        groups
    }
}

/// What is known of a group at a step so far.
#[derive(Debug, Default)]
enum State {
    #[default]
    Empty,
    Sum(Sum),
    Mean(Mean),
    Extreme(f64),
    Count(f64),
    Variance(Variance),
    Values(Vec<f64>),
}

impl State {
    fn add(&mut self, op: AggregateOp, x: f64) {
        match self {
            State::Empty => {
                *self = match op {
                    AggregateOp::Sum => State::Sum(Sum::new(x)),
                    AggregateOp::Avg => State::Mean(Mean::new(x)),
                    AggregateOp::Min | AggregateOp::Max => State::Extreme(x),
                    AggregateOp::Stddev | AggregateOp::Stdvar => {
                        let mut variance = Variance::default();
                        variance.add(x);
                        State::Variance(variance)
                    }
                    AggregateOp::Quantile => State::Values(vec![x]),
                    _ => State::Count(1.0),
                }
            }
            State::Sum(sum) => sum.add(x),
            State::Mean(mean) => mean.add(x),
            State::Extreme(known) => {
                let better = if op == AggregateOp::Min { x < *known } else { x > *known };
                if better || known.is_nan() {
                    *known = x;
                }
            }
            State::Count(count) => *count += 1.0,
            State::Variance(variance) => variance.add(x),
            State::Values(values) => values.push(x),
        }
    }

    fn finish(self, op: AggregateOp, param: f64) -> Cell {
        Cell::Float(match self {
            State::Empty => return Cell::Absent,
            State::Sum(sum) => sum.total(),
            State::Mean(mean) => mean.value(),
            State::Extreme(x) => x,
            State::Count(_) if op == AggregateOp::Group => 1.0,
            State::Count(count) => count,
            State::Variance(variance) if op == AggregateOp::Stddev => variance.value().sqrt(),
            State::Variance(variance) => variance.value(),
            State::Values(mut values) => quantile(param, &mut values),
        })
    }
}

impl Evaluator<'_> {
    pub(super) fn aggregate(&self, aggregate: &Aggregate, steps: Steps) -> Result<Frame, Error> {
        let op = aggregate.op;
        if let (AggregateOp::CountValues, Some(label)) = (op, &aggregate.param) {
            let frame = self.vector(&aggregate.inner, steps)?;
            return self.count_values(aggregate, frame, text(label));
        }
        let param = match &aggregate.param {
            Some(param) => self.scalars(param, steps)?,
            None => Vec::new(),
        };
        let frame = self.vector(&aggregate.inner, steps)?;
        let param_span = aggregate.param.as_ref().map(|param| param.span).unwrap_or_default();
        match op {
            AggregateOp::Topk | AggregateOp::Bottomk | AggregateOp::Limitk | AggregateOp::LimitRatio => {
                return self.pick(aggregate, frame, &param, param_span, steps);
            }
            AggregateOp::Quantile => self.note_quantiles(&param, param_span),
            _ => {}
        }
        self.fold(aggregate, &frame, &param)
    }

    fn fold(&self, aggregate: &Aggregate, frame: &Frame, param: &[f64]) -> Result<Frame, Error> {
        let (op, span) = (aggregate.op, aggregate.inner.span);
        let groups = Groups::new(aggregate, frame);
        let size = groups.rows.len().saturating_mul(frame.steps);
        self.budget.samples(size)?;
        let mut states: Vec<State> = Vec::new();
        states.resize_with(size, State::default);
        let mut piles: Map<usize, Pile> = Map::default();
        for (row, &group) in groups.of.iter().enumerate() {
            self.budget.work(frame.steps)?;
            let from = group * frame.steps;
            for (step, cell) in frame.cells(row).iter().enumerate() {
                match cell {
                    Cell::Absent => {}
                    Cell::Float(x) => states[from + step].add(op, *x),
                    Cell::Histogram(h) => match op {
                        AggregateOp::Sum | AggregateOp::Avg => match piles.get_mut(&(from + step)) {
                            Some(pile) => pile.add(h),
                            None => {
                                piles.insert(from + step, Pile::new(h, op == AggregateOp::Avg));
                            }
                        },
                        AggregateOp::Count | AggregateOp::Group => states[from + step].add(op, 0.0),
                        _ => self.note(Note::IgnoredInAggregation(op.name()), span),
                    },
                }
            }
        }
        let metric = frame.rows.first().and_then(|row| row.labels.metric_name()).unwrap_or_default();
        let mut out = Frame::new(frame.steps);
        let mut states = states.into_iter();
        for (group, row) in groups.rows.into_iter().enumerate() {
            let cells = out.push(row);
            for (step, place) in cells.iter_mut().enumerate() {
                let state = states.next().unwrap_or_default();
                let Some(pile) = piles.remove(&(group * frame.steps + step)) else {
                    *place = state.finish(op, param.get(step).copied().unwrap_or_default());
                    continue;
                };
                if !matches!(state, State::Empty) {
                    self.note(Note::MixedFloatsHistogramsAggregation, span);
                    continue;
                }
                if let Some(mut sum) = pile.finish(self, metric, span) {
                    sum.compact();
                    *place = Cell::Histogram(Arc::new(sum));
                }
            }
            out.pop_empty();
        }
        Ok(out)
    }

    /// How many elements have each value, the value being a label.
    fn count_values(&self, aggregate: &Aggregate, frame: Frame, label: &str) -> Result<Frame, Error> {
        if label.is_empty() {
            return Err(Error::execution(format!("invalid label name {label:?}")));
        }
        let groups = Groups::new(aggregate, &frame);
        let mut out = Frame::new(frame.steps);
        let mut known: Map<Labels, usize> = Map::default();
        for (row, &group) in groups.of.iter().enumerate() {
            let of = &groups.rows[group];
            for (step, cell) in frame.cells(row).iter().enumerate() {
                let value = match cell {
                    Cell::Absent => continue,
                    Cell::Float(x) => plain(*x),
                    Cell::Histogram(h) => h.to_string(),
                };
                let labels = of.labels.with(label, Some(&value.into()));
                let at = match known.get(&labels) {
                    Some(at) => *at,
                    None => {
                        self.budget.samples(frame.steps)?;
                        out.push(Row { labels: labels.clone(), drop_name: of.drop_name });
                        known.insert(labels, out.rows.len() - 1);
                        out.rows.len() - 1
                    }
                };
                let place = &mut out.cells_mut(at)[step];
                *place = Cell::Float(if let Cell::Float(count) = place { *count + 1.0 } else { 1.0 });
            }
        }
        Ok(out)
    }
}
