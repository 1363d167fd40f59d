//! Operations between two vectors: which elements belong together, and whom the result belongs to.

use super::Evaluator;
use super::arithmetic::Operation;
use super::frame::{Cell, Frame, Map, Row};
use crate::labels::{METRIC_NAME, is_metadata};
use crate::parse::ast::{Binary, BinaryOp, Many, Matching, Span};
use crate::{Error, Labels};

/// The labels by which elements are matched, numbered.
pub(super) struct Signatures<'a> {
    matching: &'a Matching,
    known: Map<Labels, usize>,
}

impl<'a> Signatures<'a> {
    pub(super) fn new(matching: &'a Matching) -> Self {
        Self { matching, known: Map::default() }
    }

    /// The number of the signature of a row.
    pub(super) fn of(&mut self, labels: &Labels) -> usize {
        let Matching { on, labels: named, .. } = self.matching;
        let signature = labels.filter(|name| match *on {
            true => named.iter().any(|wanted| wanted == name),
            false => name != METRIC_NAME && !named.iter().any(|ignored| ignored == name),
        });
        let next = self.known.len();
        *self.known.entry(signature).or_insert(next)
    }

    pub(super) fn count(&self) -> usize {
        self.known.len()
    }
}

/// The rows of both sides that have one signature; the `one` side may have one element at a step, the `many` side more
/// if the operation says so.
#[derive(Default)]
struct Group {
    many: Vec<usize>,
    one: Vec<usize>,
}

impl Evaluator<'_> {
    pub(super) fn vectors(&self, binary: &Binary, left: Frame, right: Frame, span: Span) -> Result<Frame, Error> {
        let matching = &binary.matching;
        let swapped = matching.many == Many::Right;
        let (many, one) = if swapped { (right, left) } else { (left, right) };
        let (fill_many, fill_one) = match swapped {
            true => (matching.fill_right, matching.fill_left),
            false => (matching.fill_left, matching.fill_right),
        };
        let mut signatures = Signatures::new(matching);
        let mut groups: Vec<Group> = Vec::new();
        for (frame, is_many) in [(&many, true), (&one, false)] {
            for (row, of) in frame.rows.iter().enumerate() {
                let signature = signatures.of(&of.labels);
                if signature == groups.len() {
                    groups.push(Group::default());
                }
                let group = &mut groups[signature];
                if is_many { group.many.push(row) } else { group.one.push(row) }
            }
        }
        let mut pairing = Pairing {
            evaluator: self,
            binary,
            swapped,
            many: &many,
            one: &one,
            fill_many,
            fill_one,
            out: Frame::new(many.steps),
            rows: Map::default(),
            last: None,
            operation: self.operation(binary.op, binary.bool, span),
        };
        let live = live_steps(&many, &one, fill_many.is_some() || fill_one.is_some());
        for group in &groups {
            pairing.group(group, &live)?;
        }
        let collision = "multiple matches for labels: grouping labels must ensure unique matches";
        pairing.out.merge(collision)
    }
}

/// A row of each side, if it is not filled in.
type Pair = (Option<usize>, Option<usize>);

/// The steps at which there is anything to operate on; at others nothing is refused, either.
fn live_steps(many: &Frame, one: &Frame, filled: bool) -> Vec<bool> {
    let present = |frame: &Frame| {
        let mut present = vec![false; frame.steps];
        for (_, cells) in frame.iter() {
            present.iter_mut().zip(cells).for_each(|(present, cell)| *present |= cell.is_present());
        }
        present
    };
    let (many, one) = (present(many), present(one));
    many.into_iter().zip(one).map(|(many, one)| if filled { many || one } else { many && one }).collect()
}

struct Pairing<'a> {
    evaluator: &'a Evaluator<'a>,
    binary: &'a Binary,
    swapped: bool,
    many: &'a Frame,
    one: &'a Frame,
    fill_many: Option<f64>,
    fill_one: Option<f64>,
    out: Frame,
    /// The row of the result for each pair of rows, as far as there is one.
    rows: Map<Pair, usize>,
    /// The pair that came last, which mostly comes again at the next step.
    last: Option<(Pair, usize)>,
    operation: Operation<'a>,
}

impl Pairing<'_> {
    fn group(&mut self, group: &Group, live: &[bool]) -> Result<(), Error> {
        let (many_side, one_side) = (self.many, self.one);
        let steps = many_side.steps;
        self.evaluator.budget.work((group.many.len() + group.one.len()).saturating_mul(steps))?;
        for step in (0..steps).filter(|step| live[*step]) {
            let mut partner = None;
            for &row in &group.one {
                if !self.one.cells(row)[step].is_present() {
                    continue;
                }
                if let Some(other) = partner.replace(row) {
                    return Err(self.duplicates(other, row));
                }
            }
            let mut matched = false;
            for &row in &group.many {
                let many = &many_side.cells(row)[step];
                if !many.is_present() {
                    continue;
                }
                let filled;
                let one = match (partner, self.fill_one) {
                    (Some(partner), _) => &one_side.cells(partner)[step],
                    (None, Some(fill)) => {
                        filled = Cell::Float(fill);
                        &filled
                    }
                    (None, None) => continue,
                };
                if matched && self.binary.matching.many == Many::Neither {
                    let message =
                        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)";
                    return Err(Error::execution(message));
                }
                matched = true;
                self.put((Some(row), partner), step, many, one)?;
            }
            if let (false, Some(partner), Some(fill)) = (matched, partner, self.fill_many) {
                let one = &one_side.cells(partner)[step];
                self.put((None, Some(partner)), step, &Cell::Float(fill), one)?;
            }
        }
        Ok(())
    }

    fn put(&mut self, (many, one): Pair, step: usize, a: &Cell, b: &Cell) -> Result<(), Error> {
        let (left, right) = if self.swapped { (b, a) } else { (a, b) };
        let value = self.operation.apply(left, right);
        if !value.is_present() {
            return Ok(());
        }
        let known = match self.last {
            Some((pair, row)) if pair == (many, one) => Some(row),
            _ => self.rows.get(&(many, one)).copied(),
        };
        let row = match known {
            Some(row) => row,
            None => {
                let row = self.result_row(many, one);
                self.evaluator.budget.samples(self.out.steps)?;
                self.out.push(row);
                self.rows.insert((many, one), self.out.rows.len() - 1);
                self.out.rows.len() - 1
            }
        };
        self.last = Some(((many, one), row));
        self.out.cells_mut(row)[step] = value;
        Ok(())
    }

    /// Whom the result of two rows belongs to. A side that was filled in has the labels by which the other is matched.
    fn result_row(&self, many: Option<usize>, one: Option<usize>) -> Row {
        let matching = &self.binary.matching;
        let named = |name: &str| matching.labels.iter().any(|label| label == name);
        let of = |frame: &Frame, row: Option<usize>| row.map(|row| frame.rows[row].clone());
        let one_row = of(self.one, one);
        let signature = |name: &str| if matching.on { named(name) } else { name != METRIC_NAME && !named(name) };
        let (mut labels, dropped) = match (of(self.many, many), &one_row) {
            (Some(row), _) => (row.labels, row.drop_name),
            (None, Some(row)) => {
                let signature =
                    |name: &str| if matching.on { named(name) } else { name != METRIC_NAME && !named(name) };
                (row.labels.filter(signature), false)
            }
            (None, None) => (Labels::empty(), false),
        };
        if self.binary.op.changes_metric() {
            labels = labels.without_metadata();
        }
        if matching.many == Many::Neither {
            labels = labels.filter(|name| named(name) == matching.on);
        } else {
            let from = one_row.map_or_else(|| labels.filter(signature), |row| row.labels);
            for name in &matching.include {
                labels = labels.with(name, from.shared(name));
            }
        }
        let delayed = self.evaluator.options.delayed_name_removal;
        if self.binary.bool && !delayed {
            labels = labels.filter(|name| !is_metadata(name));
        }
        Row { labels, drop_name: dropped || self.binary.bool }
    }

    #[cold]
    fn duplicates(&self, first: usize, second: usize) -> Error {
        let matching = &self.binary.matching;
        let labels = |row: usize| &self.one.rows[row].labels;
        let (mut a, mut b) = (labels(first), labels(second));
        if b < a {
            (a, b) = (b, a);
        }
        let signature = a.filter(|name| match matching.on {
            true => matching.labels.iter().any(|label| label == name),
            false => name != METRIC_NAME && !matching.labels.iter().any(|label| label == name),
        });
        let side = if self.swapped { "left" } else { "right" };
        Error::execution(format!(
            "found duplicate series for the match group {} on the {side} hand-side of the operation: [{}, {}];many-to-many matching not allowed: matching labels must be unique on one side",
            signature.pairs(),
            a.pairs(),
            b.pairs(),
        ))
    }
}

impl Evaluator<'_> {
    /// An operation between a vector and a number at each step; `scalar_first` says that the number stands on the left.
    pub(super) fn vector_scalar(
        &self,
        binary: &Binary,
        frame: Frame,
        numbers: &[f64],
        scalar_first: bool,
        span: Span,
    ) -> Result<Frame, Error> {
        let operation = self.operation(binary.op, binary.bool, span);
        let filters = binary.op.is_comparison() && !binary.bool;
        let frame = frame.map(|step, cell| {
            let number = Cell::Float(numbers[step]);
            if !scalar_first {
                return operation.apply(&cell, &number);
            }
            match operation.apply(&number, &cell) {
                // A comparison keeps the element, on whichever side it stands.
                kept if filters && kept.is_present() => cell,
                value => value,
            }
        });
        if binary.bool || binary.op.changes_metric() {
            return frame.drop_names(self.options.delayed_name_removal);
        }
        Ok(frame)
    }
}

impl BinaryOp {
    /// Whether it wants a histogram on its left and a float on its right.
    pub(super) fn is_trim(self) -> bool {
        matches!(self, BinaryOp::TrimLower | BinaryOp::TrimUpper)
    }
}
