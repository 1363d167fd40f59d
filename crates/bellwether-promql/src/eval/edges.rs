//! `anchored` and `smoothed`: windows whose edges have values of their own, taken from samples beyond them.

use std::sync::Arc;

use super::Evaluator;
use super::window::{RangeSeries, Window};
use crate::histogram::CounterResetHint;
use crate::notes::Note;
use crate::parse::ast::{Edges, Span};
use crate::{Histogram, Sample, SampleValue};

/// The growth of a window: a float, or a histogram.
pub(super) enum Growth {
    Float(f64),
    Histogram(Histogram),
}

/// The samples of a window from its anchor on: the last sample at or before its start. Nothing if none is in it.
pub(super) fn from_anchor<'s>(series: &RangeSeries<'_>, window: &Window<'s>) -> Option<&'s [Sample]> {
    if series.edges == Edges::Plain {
        return Some(window.samples);
    }
    let inside = window.samples.partition_point(|sample| sample.timestamp_ms <= window.start_ms);
    (inside < window.samples.len()).then(|| &window.samples[inside.saturating_sub(1)..])
}

/// Where a window begins and ends among the samples around it.
fn bounds(series: &RangeSeries<'_>, window: &Window<'_>) -> Option<(usize, usize)> {
    let samples = window.samples;
    let mut last = samples.len().checked_sub(1)?;
    let first = samples[..last].partition_point(|sample| sample.timestamp_ms <= window.start_ms).saturating_sub(1);
    if series.edges == Edges::Smoothed {
        last = samples[..last].partition_point(|sample| sample.timestamp_ms < window.end_ms);
        if samples[first].timestamp_ms > window.end_ms {
            return None;
        }
    }
    (samples[last].timestamp_ms > window.start_ms).then_some((first, last))
}

impl Evaluator<'_> {
    /// The value between two samples, on a line; a counter that starts anew between them does so at zero.
    pub(super) fn interpolate(
        &self,
        before: &Sample,
        after: &Sample,
        at_ms: i64,
        counter: bool,
        note: (&str, Span),
    ) -> Option<SampleValue> {
        let part = (at_ms - before.timestamp_ms) as f64 / (after.timestamp_ms - before.timestamp_ms) as f64;
        match (&before.value, &after.value) {
            (SampleValue::Float(a), SampleValue::Float(b)) => {
                let a = if counter && b < a { 0.0 } else { *a };
                let passed = (at_ms - before.timestamp_ms) as f64;
                let whole = (after.timestamp_ms - before.timestamp_ms) as f64;
                Some(SampleValue::Float(a + (b - a) * passed / whole))
            }
            (SampleValue::Histogram(a), _) if at_ms == before.timestamp_ms => Some(SampleValue::Histogram(a.clone())),
            (_, SampleValue::Histogram(b)) if at_ms == after.timestamp_ms => Some(SampleValue::Histogram(b.clone())),
            (SampleValue::Histogram(a), SampleValue::Histogram(b)) => {
                let mut between = Histogram::clone(b);
                if counter && b.detect_reset(a) {
                    between.mul(part);
                } else {
                    self.combine(&mut between, a, true, note).then_some(())?;
                    between.mul(part);
                    self.combine(&mut between, a, false, note).then_some(())?;
                }
                Some(SampleValue::Histogram(Arc::new(between)))
            }
            _ => {
                self.note(Note::MixedFloatsHistograms(note.0.to_owned()), note.1);
                None
            }
        }
    }

    /// Adds a histogram to another or subtracts it, and says what there is to say; false if they do not go together.
    pub(super) fn combine(&self, to: &mut Histogram, with: &Histogram, subtract: bool, note: (&str, Span)) -> bool {
        let (done, during) = if subtract { (to.sub(with), "subtraction") } else { (to.add(with), "addition") };
        match done {
            Ok(done) if done.reconciled => self.note(Note::MismatchedBuckets(during), note.1),
            Ok(_) => {}
            Err(_) => {
                self.note(Note::MixedExponentialCustom(note.0.to_owned()), note.1);
                return false;
            }
        }
        true
    }

    /// The values at the edges of a window.
    fn edge_values(
        &self,
        series: &RangeSeries<'_>,
        window: &Window<'_>,
        (first, last): (usize, usize),
        counter: bool,
    ) -> Option<(SampleValue, SampleValue)> {
        let samples = window.samples;
        let smoothed = series.edges == Edges::Smoothed;
        let metric = series.metric();
        let note = (metric.as_str(), series.span);
        let left = match smoothed && samples[first].timestamp_ms < window.start_ms {
            true => self.interpolate(&samples[first], &samples[first + 1], window.start_ms, counter, note)?,
            false => samples[first].value.clone(),
        };
        let right = match smoothed && last > 0 && samples[last].timestamp_ms > window.end_ms {
            true => self.interpolate(&samples[last - 1], &samples[last], window.end_ms, counter, note)?,
            false => samples[last].value.clone(),
        };
        Some((left, right))
    }

    /// From the value at one edge to that at the other, resets between them being made up for.
    pub(super) fn extended(&self, series: &RangeSeries<'_>, window: &Window<'_>, counter: bool) -> Option<Growth> {
        let samples = window.samples;
        let (mut first, mut last) = bounds(series, window)?;
        if let SampleValue::Histogram(_) = samples[first].value {
            return self.extended_histogram(series, window, (first, last), counter).map(Growth::Histogram);
        }
        let (left, right) = self.edge_values(series, window, (first, last), counter)?;
        let (SampleValue::Float(left), SampleValue::Float(right)) = (left, right) else { return None };
        let mut growth = right - left;
        if counter {
            first += usize::from(samples[first].timestamp_ms <= window.start_ms);
            last += usize::from(samples[last].timestamp_ms < window.end_ms);
            let mut before = left;
            let inner = samples.get(first..last).unwrap_or_default().iter().filter_map(|sample| match sample.value {
                SampleValue::Float(x) => Some(x),
                SampleValue::Histogram(_) => None,
            });
            for x in inner.chain([right]) {
                if x < before {
                    growth += before;
                }
                before = x;
            }
        }
        Some(Growth::Float(growth))
    }

    fn extended_histogram(
        &self,
        series: &RangeSeries<'_>,
        window: &Window<'_>,
        (first, last): (usize, usize),
        counter: bool,
    ) -> Option<Histogram> {
        let metric = series.metric();
        let note = (metric.as_str(), series.span);
        let histogram = |at: usize| match &window.samples[at].value {
            SampleValue::Histogram(h) => Some(h),
            SampleValue::Float(_) => None,
        };
        let gauge = |h: &Histogram| h.counter_reset_hint() == CounterResetHint::Gauge;
        let custom = histogram(first)?.uses_custom_buckets();
        for at in first..=last {
            if histogram(at)?.uses_custom_buckets() != custom {
                self.note(Note::MixedExponentialCustom(metric.clone()), series.span);
                return None;
            }
            if counter && gauge(histogram(at)?) {
                self.note(Note::NotCounter(metric.clone()), series.span);
            }
        }
        let (left, right) = self.edge_values(series, window, (first, last), counter)?;
        let (SampleValue::Histogram(left), SampleValue::Histogram(right)) = (left, right) else { return None };
        if !counter && [&left, &right].into_iter().any(|h| !gauge(h)) {
            self.note(Note::NotGauge(metric.clone()), series.span);
        }
        let mut growth = Histogram::clone(&right);
        self.combine(&mut growth, &left, true, note).then_some(())?;
        if !counter {
            return Some(growth);
        }
        // A reset that the left edge was interpolated across is in its value already.
        let mut from = first + 1;
        let mut before = &left;
        let across = series.edges == Edges::Smoothed
            && window.samples[first].timestamp_ms < window.start_ms
            && histogram(first + 1)?.detect_reset(histogram(first)?);
        if across {
            before = histogram(first + 1)?;
            from += 1;
        }
        if from > last {
            return Some(growth);
        }
        for at in from..last {
            let h = histogram(at)?;
            if h.detect_reset(before) {
                self.combine(&mut growth, before, false, note).then_some(())?;
            }
            before = h;
        }
        if right.detect_reset(before) {
            self.combine(&mut growth, before, false, note).then_some(())?;
        }
        Some(growth)
    }

    /// The samples that a window shows when nothing is done with it: those in it, and its edges.
    pub(super) fn with_edges(&self, series: &RangeSeries<'_>, window: &Window<'_>) -> Vec<Sample> {
        if series.edges == Edges::Plain {
            return window.samples.to_vec();
        }
        let edges = bounds(series, window).and_then(|at| self.edge_values(series, window, at, false));
        let Some((left, right)) = edges else { return Vec::new() };
        let (start_ms, end_ms) = (window.start_ms, window.end_ms);
        let inner = window.samples.iter().filter(|s| s.timestamp_ms > start_ms && s.timestamp_ms < end_ms).cloned();
        let mut samples = vec![Sample { timestamp_ms: start_ms, value: left }];
        samples.extend(inner);
        samples.push(Sample { timestamp_ms: end_ms, value: right });
        samples
    }
}
