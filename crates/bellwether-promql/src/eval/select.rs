//! Selectors: series from the storage, and for an instant selector the last value before each step.

use super::frame::{Cell, Frame, Row};
use super::{Evaluator, Steps};
use crate::parse::ast::{Edges, Selector, Span};
use crate::{Error, Hints, STALE_NAN, Sample, SampleValue, Selected, Selection};

/// Whether a sample only says that its series has ended.
pub(super) fn is_stale(sample: &Sample) -> bool {
    matches!(sample.value, SampleValue::Float(x) if x.to_bits() == STALE_NAN)
}

impl Evaluator<'_> {
    pub(super) fn lookback_ms(&self) -> i64 {
        i64::try_from(self.options.lookback.as_millis()).unwrap_or(i64::MAX / 8).min(i64::MAX / 8)
    }

    /// Calls `f` with each series of a selector and its samples between the two times, both included.
    pub(super) fn each_series(
        &self,
        matchers: &[crate::Matcher],
        (start_ms, end_ms): (i64, i64),
        hints: Hints,
        mut f: impl FnMut(Selected<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let selection = Selection { hints, ..Selection::new(matchers, start_ms, end_ms) };
        for selected in self.storage.select(&selection)? {
            let selected = selected?;
            self.budget.series()?;
            self.budget.samples(selected.samples.len())?;
            f(selected)?;
        }
        Ok(())
    }

    pub(super) fn instant_selector(&self, selector: &Selector, span: Span, steps: Steps) -> Result<Frame, Error> {
        if selector.edges == Edges::Smoothed {
            return self.smoothed_selector(selector, span, steps);
        }
        self.last_samples(selector, steps, |sample| Cell::from(&sample.value))
    }

    /// Of each series the last sample before each step, as `cell` makes it a value.
    pub(super) fn last_samples(
        &self,
        selector: &Selector,
        steps: Steps,
        cell: impl Fn(&Sample) -> Cell,
    ) -> Result<Frame, Error> {
        let lookback = self.lookback_ms();
        let (first, last) = (self.shifted(&selector.time, steps.start)?, self.shifted(&selector.time, steps.end())?);
        let pace = if selector.time.at.is_some() { 0 } else { steps.step };
        let mut frame = Frame::new(steps.count);
        let hints = Hints { first_ms: first, step_ms: if steps.count > 1 { pace } else { 0 }, ..Hints::default() };
        let wanted = (first.min(last) - lookback + 1, first.max(last));
        self.each_series(&selector.matchers, wanted, hints, |selected| {
            let samples = &*selected.samples;
            self.budget.samples(steps.count)?;
            let cells = frame.push(Row { labels: selected.labels, drop_name: false });
            let mut next = 0;
            for (i, place) in cells.iter_mut().enumerate() {
                let at = first + pace * i as i64;
                if i == 0 {
                    next = samples.partition_point(|sample| sample.timestamp_ms <= at);
                }
                while samples.get(next).is_some_and(|sample| sample.timestamp_ms <= at) {
                    next += 1;
                }
                let Some(sample) = next.checked_sub(1).map(|at| &samples[at]) else { continue };
                if sample.timestamp_ms > at - lookback && !is_stale(sample) {
                    *place = cell(sample);
                }
            }
            frame.pop_empty();
            Ok(())
        })?;
        Ok(frame)
    }

    /// `x smoothed`: between two samples the value is interpolated, after the last one it stays.
    fn smoothed_selector(&self, selector: &Selector, span: Span, steps: Steps) -> Result<Frame, Error> {
        let lookback = self.lookback_ms();
        let (first, last) = (self.shifted(&selector.time, steps.start)?, self.shifted(&selector.time, steps.end())?);
        let pace = if selector.time.at.is_some() { 0 } else { steps.step };
        let mut frame = Frame::new(steps.count);
        let wanted = (first - lookback + 1, last + lookback);
        self.each_series(&selector.matchers, wanted, Hints::default(), |selected| {
            let metric = selected.labels.metric_name().unwrap_or_default().to_owned();
            let samples: Vec<&Sample> = selected.samples.iter().filter(|sample| !is_stale(sample)).collect();
            self.budget.samples(steps.count)?;
            let cells = frame.push(Row { labels: selected.labels, drop_name: false });
            for (i, place) in cells.iter_mut().enumerate() {
                let at = first + pace * i as i64;
                let next = samples.partition_point(|sample| sample.timestamp_ms < at);
                let after = samples.get(next).filter(|sample| sample.timestamp_ms <= at + lookback);
                let before = next.checked_sub(1).map(|at| samples[at]);
                let before = before.filter(|sample| sample.timestamp_ms > at - lookback);
                *place = match (before, after) {
                    (_, Some(after)) if after.timestamp_ms == at => Cell::from(&after.value),
                    (Some(before), Some(after)) => {
                        let value = self.interpolate(before, after, at, false, (&metric, span));
                        value.as_ref().map_or(Cell::Absent, Cell::from)
                    }
                    (Some(before), None) => Cell::from(&before.value),
                    (None, _) => Cell::Absent,
                };
            }
            frame.pop_empty();
            Ok(())
        })?;
        Ok(frame)
    }
}
