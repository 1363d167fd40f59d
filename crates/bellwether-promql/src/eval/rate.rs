//! `rate` and its kin: how much a series went up in a window, counters starting anew being taken into account.

use std::sync::Arc;

use super::Evaluator;
use super::edges::Growth;
use super::frame::Cell;
use super::window::{RangeSeries, Window};
use crate::histogram::CounterResetHint;
use crate::notes::Note;
use crate::parse::ast::Edges;
use crate::{Histogram, SampleValue};

impl Growth {
    fn scale(self, factor: f64) -> Cell {
        match self {
            Growth::Float(x) => Cell::Float(x * factor),
            Growth::Histogram(mut h) => {
                h.mul(factor);
                Cell::Histogram(Arc::new(h))
            }
        }
    }
}

impl RangeSeries<'_> {
    /// Which of `count` samples from `first` on start anew from the one before, the first one left out.
    pub(super) fn resets_within(&self, first: usize, count: usize) -> &[u32] {
        let resets = self.resets();
        let from = resets.partition_point(|at| *at as usize <= first);
        let to = resets.partition_point(|at| (*at as usize) < first + count);
        &resets[from..to.max(from)]
    }
}

impl Evaluator<'_> {
    /// `rate`, `increase` (not per second) and `delta` (of what is no counter).
    pub(super) fn rate(&self, series: &RangeSeries<'_>, window: &Window<'_>, counter: bool, per_second: bool) -> Cell {
        let (floats, histograms) = window.kinds(series);
        if floats && histograms {
            self.note(Note::MixedFloatsHistograms(series.metric()), series.span);
            return Cell::Absent;
        }
        let seconds = (window.end_ms - window.start_ms) as f64 / 1000.0;
        if series.edges != Edges::Plain {
            let growth = self.extended(series, window, counter);
            return growth.map_or(Cell::Absent, |growth| match growth {
                Growth::Float(x) => {
                    if counter {
                        self.note_gauge(series);
                    }
                    Cell::Float(if per_second { x / seconds } else { x })
                }
                Growth::Histogram(mut h) => {
                    if per_second {
                        h.div(seconds);
                    }
                    h.set_counter_reset_hint(CounterResetHint::Gauge);
                    h.compact();
                    Cell::Histogram(Arc::new(h))
                }
            });
        }
        let (Some(first), Some(last), true) = (window.samples.first(), window.samples.last(), window.samples.len() > 1)
        else {
            return Cell::Absent;
        };
        let resets = if counter { series.resets_within(window.from, window.samples.len()) } else { &[] };
        let growth = match (&first.value, &last.value) {
            (SampleValue::Float(a), SampleValue::Float(b)) => {
                let mut growth = b - a;
                for at in resets {
                    if let SampleValue::Float(before) = series.samples[*at as usize - 1].value {
                        growth += before;
                    }
                }
                Growth::Float(growth)
            }
            _ => match self.histogram_growth(series, window, counter, resets) {
                Some(growth) => Growth::Histogram(growth),
                None => return Cell::Absent,
            },
        };
        let sampled = (last.timestamp_ms - first.timestamp_ms) as f64 / 1000.0;
        let between = sampled / (window.samples.len() - 1) as f64;
        let threshold = between * 1.1;
        let near = |distance_ms: i64| match distance_ms as f64 / 1000.0 {
            // The series may reach the edge; beyond that it is taken to end half an interval on.
            distance if distance < threshold => distance,
            _ => between / 2.0,
        };
        let mut to_start = near(first.timestamp_ms - window.start_ms);
        let to_end = near(window.end_ms - last.timestamp_ms);
        if counter {
            // A counter was not below zero: it cannot have begun earlier than where its line meets zero.
            let zero = match (&growth, &first.value) {
                (Growth::Float(grown), SampleValue::Float(first)) if *grown > 0.0 && *first >= 0.0 => {
                    sampled * (first / grown)
                }
                (Growth::Histogram(grown), SampleValue::Histogram(first))
                    if grown.count() > 0.0 && first.count() >= 0.0 =>
                {
                    sampled * (first.count() / grown.count())
                }
                _ => to_start,
            };
            if zero < to_start {
                to_start = zero;
            }
        }
        if let (Growth::Float(_), true) = (&growth, counter) {
            self.note_gauge(series);
        }
        let mut factor = if sampled == 0.0 { 1.0 } else { (sampled + to_start + to_end) / sampled };
        if per_second {
            factor /= seconds;
        }
        growth.scale(factor)
    }

    /// Says so if the name of a metric is not one that counters have.
    fn note_gauge(&self, series: &RangeSeries<'_>) {
        let name = series.labels.metric_name().unwrap_or_default();
        let counter = ["_total", "_sum", "_count", "_bucket"].iter().any(|suffix| name.ends_with(suffix));
        if !name.is_empty() && !counter {
            self.note(Note::PossibleNonCounter(name.to_owned()), series.span);
        }
    }

    /// The last histogram of a window less the first, and what was lost at resets.
    fn histogram_growth(
        &self,
        series: &RangeSeries<'_>,
        window: &Window<'_>,
        counter: bool,
        resets: &[u32],
    ) -> Option<Histogram> {
        let span = series.span;
        let all: Vec<&Histogram> = window.histograms().collect();
        let (first, last) = (*all.first()?, *all.last()?);
        let gauge = |h: &Histogram| h.counter_reset_hint() == CounterResetHint::Gauge;
        if counter && all.iter().any(|h| gauge(h)) {
            self.note(Note::NotCounter(series.metric()), span);
        }
        // A first histogram before a reset does not count, whatever its buckets are.
        let reset_at_once = resets.first().is_some_and(|at| *at as usize == window.from + 1);
        let custom = if reset_at_once { all[1] } else { first }.uses_custom_buckets();
        let relevant = if counter { &all[1..] } else { std::slice::from_ref(&last) };
        if relevant.iter().any(|h| h.uses_custom_buckets() != custom) {
            self.note(Note::MixedExponentialCustom(series.metric()), span);
            return None;
        }
        let mut growth = last.clone();
        if counter && !custom {
            // To the coarsest buckets at once, so that they are merged once.
            let schema = relevant.iter().map(|h| h.schema()).chain((!reset_at_once).then(|| first.schema())).min()?;
            growth = last.copy_to_schema(schema);
        }
        let metric = series.metric();
        let note = (metric.as_str(), span);
        if !reset_at_once && !self.combine(&mut growth, first, true, note) {
            return None;
        }
        for at in resets {
            let before = *at as usize - 1;
            if before == window.from && reset_at_once {
                continue;
            }
            let SampleValue::Histogram(before) = &series.samples[before].value else { continue };
            if !self.combine(&mut growth, before, false, note) {
                return None;
            }
        }
        if !counter && [first, last].into_iter().any(|h| !gauge(h)) {
            self.note(Note::NotGauge(series.metric()), span);
        }
        growth.set_counter_reset_hint(CounterResetHint::Gauge);
        growth.compact();
        Some(growth)
    }

    /// `irate` and `idelta`: from the last sample but one to the last.
    pub(super) fn instant_rate(&self, series: &RangeSeries<'_>, window: &Window<'_>, counter: bool) -> Cell {
        let [.., before, last] = window.samples else { return Cell::Absent };
        let seconds = (last.timestamp_ms - before.timestamp_ms) as f64 / 1000.0;
        if seconds == 0.0 {
            return Cell::Absent;
        }
        match (&before.value, &last.value) {
            (SampleValue::Float(a), SampleValue::Float(b)) => {
                let growth = if counter && b < a { *b } else { b - a };
                Cell::Float(if counter { growth / seconds } else { growth })
            }
            (SampleValue::Histogram(a), SampleValue::Histogram(b)) => {
                let gauges = [a, b].map(|h| h.counter_reset_hint() == CounterResetHint::Gauge);
                if counter && gauges.contains(&true) {
                    self.note(Note::NotCounter(series.metric()), series.span);
                }
                if !counter && gauges.contains(&false) {
                    self.note(Note::NotGauge(series.metric()), series.span);
                }
                let mut growth = Histogram::clone(b);
                if !(counter && b.detect_reset(a)) {
                    match growth.sub(a) {
                        Ok(done) if done.reconciled => self.note(Note::MismatchedBuckets("subtraction"), series.span),
                        Ok(_) => {}
                        Err(_) => {
                            self.note(Note::MixedExponentialCustom(series.metric()), series.span);
                            return Cell::Absent;
                        }
                    }
                }
                growth.set_counter_reset_hint(CounterResetHint::Gauge);
                growth.compact();
                if counter {
                    growth.div(seconds);
                }
                Cell::Histogram(Arc::new(growth))
            }
            _ => {
                self.note(Note::MixedFloatsHistograms(series.metric()), series.span);
                Cell::Absent
            }
        }
    }
}
