//! A frame: an instant vector over all steps of a query at once, one row a series.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::{Error, Histogram, Labels, SampleValue};

/// A map by label sets and the like; its keys come from the storage and from queries, so the hash is seeded.
pub(crate) type Map<K, V> = HashMap<K, V, RandomState>;

/// The value of a row at a step.
#[derive(Debug, Clone, Default)]
pub(crate) enum Cell {
    #[default]
    Absent,
    Float(f64),
    Histogram(Arc<Histogram>),
}

impl Cell {
    pub(crate) fn is_present(&self) -> bool {
        !matches!(self, Cell::Absent)
    }
}

impl From<&SampleValue> for Cell {
    fn from(value: &SampleValue) -> Self {
        match value {
            SampleValue::Float(x) => Cell::Float(*x),
            SampleValue::Histogram(h) => Cell::Histogram(h.clone()),
        }
    }
}

impl From<Cell> for Option<SampleValue> {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Absent => None,
            Cell::Float(x) => Some(SampleValue::Float(x)),
            Cell::Histogram(h) => Some(SampleValue::Histogram(h)),
        }
    }
}

/// Who a row belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) labels: Labels,
    /// The name of the metric is to go when the query ends.
    pub(crate) drop_name: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) steps: usize,
    pub(crate) rows: Vec<Row>,
    /// The values of the first row, then those of the second, and so on.
    cells: Vec<Cell>,
}

pub(crate) const SAME_LABELS: &str = "vector cannot contain metrics with the same labelset";

impl Frame {
    pub(crate) fn new(steps: usize) -> Self {
        Self { steps, rows: Vec::new(), cells: Vec::new() }
    }

    /// A frame with one row.
    pub(crate) fn single(labels: Labels, cells: Vec<Cell>) -> Self {
        Self { steps: cells.len(), rows: vec![Row { labels, drop_name: false }], cells }
    }

    /// Adds a row without values, and gives its values to be filled in.
    pub(crate) fn push(&mut self, row: Row) -> &mut [Cell] {
        self.rows.push(row);
        let from = self.cells.len();
        self.cells.resize(from + self.steps, Cell::Absent);
        &mut self.cells[from..]
    }

    /// Takes the last row away again if it got no value.
    pub(crate) fn pop_empty(&mut self) {
        let from = self.cells.len().saturating_sub(self.steps);
        if !self.cells[from..].iter().any(Cell::is_present) {
            self.cells.truncate(from);
            self.rows.pop();
        }
    }

    pub(crate) fn cells(&self, row: usize) -> &[Cell] {
        &self.cells[row * self.steps..(row + 1) * self.steps]
    }

    pub(crate) fn cells_mut(&mut self, row: usize) -> &mut [Cell] {
        &mut self.cells[row * self.steps..(row + 1) * self.steps]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Row, &[Cell])> {
        self.rows.iter().enumerate().map(|(i, row)| (row, self.cells(i)))
    }

    /// Each row's labels and values.
    pub(crate) fn into_rows(self) -> impl Iterator<Item = (Labels, impl Iterator<Item = Option<SampleValue>>)> {
        let Self { steps, rows, cells } = self;
        let mut cells = cells.into_iter();
        rows.into_iter().map(move |row| {
            let values: Vec<Cell> = cells.by_ref().take(steps).collect();
            (row.labels, values.into_iter().map(Option::from))
        })
    }

    /// How many values there are, absent ones among them.
    pub(crate) fn size(&self) -> usize {
        self.cells.len()
    }

    /// Changes every value, with the step it stands at.
    pub(crate) fn map(mut self, mut f: impl FnMut(usize, Cell) -> Cell) -> Self {
        let steps = self.steps.max(1);
        for (i, cell) in self.cells.iter_mut().enumerate() {
            if cell.is_present() {
                *cell = f(i % steps, std::mem::take(cell));
            }
        }
        self
    }

    /// Rows in another order.
    pub(crate) fn reorder(self, order: &[usize]) -> Self {
        let mut frame = Self::new(self.steps);
        for &row in order {
            frame.push(self.rows[row].clone()).clone_from_slice(self.cells(row));
        }
        frame
    }

    /// Repeats the values of a frame of one step for all steps.
    pub(crate) fn broadcast(self, steps: usize) -> Self {
        let cells = self.cells.into_iter().flat_map(|cell| std::iter::repeat_n(cell, steps)).collect();
        Self { steps, rows: self.rows, cells }
    }

    /// Takes the names of all metrics away: now, or when the query ends.
    pub(crate) fn drop_names(mut self, delayed: bool) -> Result<Self, Error> {
        if delayed {
            self.rows.iter_mut().for_each(|row| row.drop_name = true);
            return Ok(self);
        }
        // Rows of one metric differ in their other labels, so nothing can collide.
        let one = self.rows.windows(2).all(|pair| pair[0].labels.metadata().eq(pair[1].labels.metadata()));
        self.rows.iter_mut().for_each(|row| row.labels = row.labels.without_metadata());
        if one { Ok(self) } else { self.merge(SAME_LABELS) }
    }

    /// Takes away the names that are still to go.
    pub(crate) fn finish(mut self) -> Result<Self, Error> {
        if !self.rows.iter().any(|row| row.drop_name) {
            return Ok(self);
        }
        for row in self.rows.iter_mut().filter(|row| row.drop_name) {
            *row = Row { labels: row.labels.without_metadata(), drop_name: false };
        }
        self.merge(SAME_LABELS)
    }

    /// Makes one row of those with the same labels; they must not have values at the same step.
    pub(crate) fn merge(mut self, collision: &str) -> Result<Self, Error> {
        // A row whose name is still to go is another than one that keeps it.
        let mut first: Map<(Labels, bool), usize> = Map::default();
        let mut duplicates = false;
        let mut target = Vec::with_capacity(self.rows.len());
        for (i, row) in self.rows.iter().enumerate() {
            let to = *first.entry((row.labels.clone(), row.drop_name)).or_insert(i);
            duplicates |= to != i;
            target.push(to);
        }
        if !duplicates {
            return Ok(self);
        }
        for (from, &to) in target.iter().enumerate().filter(|(from, to)| from != *to) {
            for step in 0..self.steps {
                let cell = std::mem::take(&mut self.cells[from * self.steps + step]);
                if !cell.is_present() {
                    continue;
                }
                let place = &mut self.cells[to * self.steps + step];
                if place.is_present() {
                    return Err(Error::execution(collision));
                }
                *place = cell;
            }
        }
        let kept: Vec<usize> = (0..target.len()).filter(|&i| target[i] == i).collect();
        Ok(self.reorder(&kept))
    }
}
