//! Windows: the samples of a range selector or subquery that each step looks at.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use super::frame::{Cell, Frame, Row};
use super::select::is_stale;
use super::{Evaluator, Steps};
use crate::parse::ast::{Edges, Expr, Kind, MatrixSelector, Span, Subquery};
use crate::{CounterResetHint, Error, Hints, Histogram, Labels, Sample, SampleValue};

/// A series over whose samples windows move.
pub(super) struct RangeSeries<'s> {
    pub(super) labels: &'s Labels,
    pub(super) samples: &'s [Sample],
    /// Where the expression stands that the series comes from, for notes.
    pub(super) span: Span,
    pub(super) edges: Edges,
    /// Whether all samples are floats.
    pub(super) floats: bool,
    /// For each sample whether it starts anew from the one before, as counters do. Worked out when first asked for.
    resets: OnceCell<Vec<u32>>,
}

impl RangeSeries<'_> {
    /// The places, in order, of samples that are less than the ones before.
    pub(super) fn resets(&self) -> &[u32] {
        self.resets.get_or_init(|| {
            let reset = |pair: &[Sample]| match (&pair[0].value, &pair[1].value) {
                (SampleValue::Float(before), SampleValue::Float(after)) => after < before,
                (SampleValue::Histogram(before), SampleValue::Histogram(after)) => after.detect_reset(before),
                _ => true,
            };
            let places = self.samples.windows(2).enumerate().filter(|(_, pair)| reset(pair));
            places.map(|(i, _)| i as u32 + 1).collect()
        })
    }

    pub(super) fn metric(&self) -> String {
        self.labels.metric_name().unwrap_or_default().to_owned()
    }
}

/// What one step sees: samples after `start_ms` up to `end_ms`; with `anchored` and `smoothed` some beyond.
pub(super) struct Window<'s> {
    pub(super) samples: &'s [Sample],
    /// Which sample of the series the first one is.
    pub(super) from: usize,
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
    /// The time of evaluation, which `offset` and `@` do not move.
    pub(super) at_ms: i64,
    /// Which step it is.
    pub(super) step: usize,
}

impl Window<'_> {
    pub(super) fn floats(&self) -> impl DoubleEndedIterator<Item = (i64, f64)> {
        self.samples.iter().filter_map(|sample| match sample.value {
            SampleValue::Float(x) => Some((sample.timestamp_ms, x)),
            SampleValue::Histogram(_) => None,
        })
    }

    pub(super) fn histograms(&self) -> impl DoubleEndedIterator<Item = &Histogram> {
        self.samples.iter().filter_map(|sample| match &sample.value {
            SampleValue::Float(_) => None,
            SampleValue::Histogram(h) => Some(&**h),
        })
    }

    /// Whether there are floats, and whether there are histograms.
    pub(super) fn kinds(&self, series: &RangeSeries<'_>) -> (bool, bool) {
        if series.floats {
            return (!self.samples.is_empty(), false);
        }
        let histograms = self.histograms().count();
        (histograms < self.samples.len(), histograms > 0)
    }
}

/// Where windows stand: the end of the first, how far each next one is, how long they are, how far they see beyond.
#[derive(Clone, Copy)]
struct Windows {
    steps: Steps,
    first: i64,
    pace: i64,
    range: i64,
    before: i64,
    after: i64,
}

impl Evaluator<'_> {
    /// A frame of what `f` makes of each window of each series. `keep_name` says that the metric stays what it is.
    pub(super) fn windows(
        &self,
        expr: &Expr,
        steps: Steps,
        keep_name: bool,
        mut f: impl FnMut(&RangeSeries<'_>, &Window<'_>) -> Result<Cell, Error>,
    ) -> Result<Frame, Error> {
        let mut frame = Frame::new(steps.count);
        self.each_range(expr, steps, |series, drop_name, windows| {
            self.budget.samples(steps.count)?;
            let row = Row { labels: series.labels.clone(), drop_name };
            self.slide(series, windows, frame.push(row), &mut f)?;
            frame.pop_empty();
            Ok(())
        })?;
        if keep_name { Ok(frame) } else { frame.drop_names(self.options.delayed_name_removal) }
    }

    fn each_range(
        &self,
        expr: &Expr,
        steps: Steps,
        mut f: impl FnMut(&RangeSeries<'_>, bool, Windows) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let bare = expr.bare();
        match &bare.kind {
            Kind::Matrix(matrix) => self.each_matrix(matrix, expr.span, steps, f),
            Kind::Subquery(subquery) => {
                let (windows, inner_steps) = self.subquery_steps(subquery, steps)?;
                let frame = match self.eval(&subquery.inner, inner_steps)? {
                    super::Outcome::Vector(frame) => frame,
                    super::Outcome::Scalar(values) => {
                        self.budget.samples(values.len())?;
                        Frame::single(Labels::empty(), values.into_iter().map(Cell::Float).collect())
                    }
                    super::Outcome::String(_) => return Err(Error::execution("subquery of a string")),
                };
                self.budget.samples(frame.size())?;
                for (row, cells) in frame.iter() {
                    let samples = row_samples(cells, inner_steps);
                    f(&range_series(&row.labels, &samples, expr.span, Edges::Plain), row.drop_name, windows)?;
                }
                Ok(())
            }
            _ => Err(Error::execution(format!("expected range vector, got {}", expr.type_of().name()))),
        }
    }

    fn each_matrix(
        &self,
        matrix: &MatrixSelector,
        span: Span,
        steps: Steps,
        mut f: impl FnMut(&RangeSeries<'_>, bool, Windows) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let selector = &matrix.selector;
        let range = matrix.range.positive_ms(self.scale())?;
        let first = self.shifted(&selector.time, steps.start)?;
        let last = self.shifted(&selector.time, steps.end())?;
        let pace = if selector.time.at.is_some() { 0 } else { steps.step };
        let lookback = self.lookback_ms();
        let (before, after) = match selector.edges {
            Edges::Plain => (0, 0),
            Edges::Anchored => (lookback, 0),
            Edges::Smoothed => (lookback, lookback),
        };
        let windows = Windows { steps, first, pace, range, before, after };
        let step_ms = if steps.count > 1 { pace } else { 0 };
        let hints = Hints { first_ms: first, step_ms, range_ms: range, function: self.function.get() };
        self.each_series(&selector.matchers, (first - range - before + 1, last + after), hints, |selected| {
            let samples = match selected.samples.iter().any(is_stale) {
                true => Cow::Owned(selected.samples.iter().filter(|sample| !is_stale(sample)).cloned().collect()),
                false => selected.samples,
            };
            f(&range_series(&selected.labels, &samples, span, selector.edges), false, windows)
        })
    }

    fn slide(
        &self,
        series: &RangeSeries<'_>,
        windows: Windows,
        cells: &mut [Cell],
        f: &mut impl FnMut(&RangeSeries<'_>, &Window<'_>) -> Result<Cell, Error>,
    ) -> Result<(), Error> {
        let samples = series.samples;
        let (mut from, mut to) = (0, 0);
        for (step, place) in cells.iter_mut().enumerate() {
            let end_ms = windows.first + windows.pace * step as i64;
            let start_ms = end_ms - windows.range;
            let (oldest, youngest) = (start_ms - windows.before, end_ms + windows.after);
            if step == 0 {
                from = samples.partition_point(|sample| sample.timestamp_ms <= oldest);
                to = samples.partition_point(|sample| sample.timestamp_ms <= youngest).max(from);
            }
            while samples.get(from).is_some_and(|sample| sample.timestamp_ms <= oldest) {
                from += 1;
            }
            while samples.get(to).is_some_and(|sample| sample.timestamp_ms <= youngest) {
                to += 1;
            }
            to = to.max(from);
            if from == to {
                continue;
            }
            self.budget.work(if series.floats { 1 } else { to - from })?;
            let at_ms = windows.steps.at(step);
            *place = f(series, &Window { samples: &samples[from..to], from, start_ms, end_ms, at_ms, step })?;
        }
        Ok(())
    }

    /// Where the windows of a subquery stand, and at which steps its inner expression is to be evaluated.
    fn subquery_steps(&self, subquery: &Subquery, steps: Steps) -> Result<(Windows, Steps), Error> {
        let range = subquery.range.positive_ms(self.scale())?;
        let step = match &subquery.step {
            Some(step) => step.positive_ms(self.scale())?,
            None => i64::try_from(self.options.subquery_step.as_millis()).unwrap_or(i64::MAX / 8),
        };
        let step = step.max(1);
        let first = self.shifted(&subquery.time, steps.start)?;
        let last = self.shifted(&subquery.time, steps.end())?;
        let pace = if subquery.time.at.is_some() { 0 } else { steps.step };
        let start = ((first - range).div_euclid(step) + 1) * step;
        let count = if last < start { 0 } else { ((last - start) / step) as u64 + 1 };
        let limit = self.options.limits.samples;
        if count > limit as u64 {
            return Err(Error::limit(format!(
                "subquery has {count} steps, more than the {limit} samples a query may load"
            )));
        }
        let windows = Windows { steps, first, pace, range, before: 0, after: 0 };
        Ok((windows, Steps { start, step, count: count as usize }))
    }

    /// The samples of a range vector at one instant, which is what `x[5m]` alone comes to.
    pub(crate) fn range_vector(&self, expr: &Expr, at_ms: i64) -> Result<Vec<crate::Series>, Error> {
        let steps = Steps { start: at_ms, step: 1, count: 1 };
        let mut all = Vec::new();
        self.each_range(expr, steps, |series, drop_name, windows| {
            let mut seen = Vec::new();
            let mut keep = |series: &RangeSeries<'_>, window: &Window<'_>| {
                seen = self.with_edges(series, window);
                Ok(Cell::Absent)
            };
            self.slide(series, windows, &mut [Cell::Absent], &mut keep)?;
            if !seen.is_empty() {
                let labels = if drop_name { series.labels.without_metadata() } else { series.labels.clone() };
                all.push(crate::Series { labels, samples: seen });
            }
            Ok(())
        })?;
        all.sort_by(|a, b| a.labels.cmp(&b.labels));
        if all.windows(2).any(|pair| pair[0].labels == pair[1].labels) {
            return Err(Error::execution(super::frame::SAME_LABELS));
        }
        Ok(all)
    }
}

fn range_series<'s>(labels: &'s Labels, samples: &'s [Sample], span: Span, edges: Edges) -> RangeSeries<'s> {
    let floats = samples.iter().all(|sample| matches!(sample.value, SampleValue::Float(_)));
    RangeSeries { labels, samples, span, edges, floats, resets: OnceCell::new() }
}

fn row_samples(cells: &[Cell], steps: Steps) -> Vec<Sample> {
    let samples = cells.iter().enumerate().filter_map(|(i, cell)| {
        let mut value = Option::<SampleValue>::from(cell.clone())?;
        if let SampleValue::Histogram(h) = &mut value {
            forget_resets(h);
        }
        Some(Sample { timestamp_ms: steps.at(i), value })
    });
    samples.collect()
}

/// What a histogram says of starting anew compares it with the sample before it in the storage, which is another than the
/// one before it in a subquery.
fn forget_resets(h: &mut Arc<Histogram>) {
    if matches!(h.counter_reset_hint(), CounterResetHint::Reset | CounterResetHint::NotReset) {
        Arc::make_mut(h).set_counter_reset_hint(CounterResetHint::Unknown);
    }
}
