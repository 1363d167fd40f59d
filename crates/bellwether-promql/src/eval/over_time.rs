//! Functions that make one value of the samples in a window.

use std::sync::Arc;

use super::edges::from_anchor;
use super::frame::{Cell, Frame};
use super::pile::Pile;
use super::window::{RangeSeries, Window};
use super::{Evaluator, Steps};
use crate::notes::Note;
use crate::number::{Mean, Sum, Variance, quantile};
use crate::parse::ast::{Call, Kind};
use crate::{Error, Sample, SampleValue};

impl Evaluator<'_> {
    /// What a function of a range vector comes to, or nothing if it is none.
    pub(super) fn range_function(&self, call: &Call, steps: Steps) -> Result<Option<Frame>, Error> {
        let args = &call.args;
        let param = |i: usize| self.scalars(&args[i], steps);
        let windows = |f: &mut dyn FnMut(&RangeSeries<'_>, &Window<'_>) -> Result<Cell, Error>| {
            // A subquery's selectors have other functions around them.
            self.function.set(matches!(args[0].bare().kind, Kind::Matrix(_)).then_some(call.function.name));
            let keep_name = matches!(call.function.name, "first_over_time" | "last_over_time");
            let frame = self.windows(&args[0], steps, keep_name, f);
            self.function.set(None);
            frame.map(Some)
        };
        match call.function.name {
            "rate" => windows(&mut |s, w| Ok(self.rate(s, w, true, true))),
            "increase" => windows(&mut |s, w| Ok(self.rate(s, w, true, false))),
            "delta" => windows(&mut |s, w| Ok(self.rate(s, w, false, false))),
            "irate" => windows(&mut |s, w| Ok(self.instant_rate(s, w, true))),
            "idelta" => windows(&mut |s, w| Ok(self.instant_rate(s, w, false))),
            "resets" => windows(&mut |s, w| Ok(self.resets(s, w))),
            "changes" => windows(&mut |s, w| Ok(self.changes(s, w))),
            "deriv" => windows(&mut |s, w| Ok(self.deriv(s, w))),
            "predict_linear" => {
                let ahead = param(1)?;
                windows(&mut |s, w| Ok(self.predict_linear(s, w, ahead[w.step])))
            }
            "double_exponential_smoothing" => {
                let (smoothing, trend) = (param(1)?, param(2)?);
                windows(&mut |s, w| self.smooth(s, w, smoothing[w.step], trend[w.step]))
            }
            "quantile_over_time" => {
                let q = param(0)?;
                let quantile = |s: &RangeSeries<'_>, w: &Window<'_>| {
                    let cell = self.of_floats(s, w, |w| quantile(q[w.step], &mut values(w)));
                    if cell.is_present() && !(0.0..=1.0).contains(&q[w.step]) {
                        self.note(Note::InvalidQuantile(q[w.step].to_bits()), args[0].span);
                    }
                    Ok(cell)
                };
                self.windows(&args[1], steps, false, quantile).map(Some)
            }
            "sum_over_time" => windows(&mut |s, w| Ok(self.total(s, w, false))),
            "avg_over_time" => windows(&mut |s, w| Ok(self.total(s, w, true))),
            "count_over_time" => windows(&mut |_, w| Ok(Cell::Float(w.samples.len() as f64))),
            "present_over_time" => windows(&mut |_, _| Ok(Cell::Float(1.0))),
            "first_over_time" => windows(&mut |_, w| Ok(w.samples.first().map_or(Cell::Absent, |s| (&s.value).into()))),
            "last_over_time" => windows(&mut |_, w| Ok(w.samples.last().map_or(Cell::Absent, |s| (&s.value).into()))),
            "ts_of_first_over_time" => windows(&mut |_, w| Ok(time(w.samples.first()))),
            "ts_of_last_over_time" => windows(&mut |_, w| Ok(time(w.samples.last()))),
            "min_over_time" => windows(&mut |s, w| Ok(self.of_floats(s, w, |w| best(w, |x, known| x < known).1))),
            "max_over_time" => windows(&mut |s, w| Ok(self.of_floats(s, w, |w| best(w, |x, known| x > known).1))),
            "ts_of_min_over_time" => {
                windows(&mut |s, w| Ok(self.of_floats(s, w, |w| best(w, |x, known| x <= known).0)))
            }
            "ts_of_max_over_time" => {
                windows(&mut |s, w| Ok(self.of_floats(s, w, |w| best(w, |x, known| x >= known).0)))
            }
            "stddev_over_time" => windows(&mut |s, w| Ok(self.of_floats(s, w, |w| variance(w).sqrt()))),
            "stdvar_over_time" => windows(&mut |s, w| Ok(self.of_floats(s, w, variance))),
            "mad_over_time" => windows(&mut |s, w| Ok(self.of_floats(s, w, median_deviation))),
            _ => Ok(None),
        }
    }

    /// A number made of the floats of a window; histograms are passed over, and that is said.
    fn of_floats(&self, series: &RangeSeries<'_>, window: &Window<'_>, f: impl Fn(&Window<'_>) -> f64) -> Cell {
        match window.kinds(series) {
            (false, _) => Cell::Absent,
            (true, histograms) => {
                if histograms {
                    self.note(Note::IgnoredInRange(series.metric()), series.span);
                }
                Cell::Float(f(window))
            }
        }
    }

    fn total(&self, series: &RangeSeries<'_>, window: &Window<'_>, average: bool) -> Cell {
        match window.kinds(series) {
            (true, true) => {
                self.note(Note::MixedFloatsHistograms(series.metric()), series.span);
                Cell::Absent
            }
            (true, false) if average => {
                let mut floats = window.floats().map(|(_, x)| x);
                let mut mean = Mean::new(floats.next().unwrap_or_default());
                floats.for_each(|x| mean.add(x));
                Cell::Float(mean.value())
            }
            (true, false) => {
                let mut sum = Sum::default();
                window.floats().for_each(|(_, x)| sum.add(x));
                Cell::Float(sum.total())
            }
            (false, _) => {
                let mut histograms = window.histograms();
                let Some(first) = histograms.next() else { return Cell::Absent };
                let mut pile = Pile::new(first, average);
                histograms.for_each(|h| pile.add(h));
                let sum = pile.finish(self, &series.metric(), series.span);
                sum.map_or(Cell::Absent, |sum| Cell::Histogram(Arc::new(sum)))
            }
        }
    }

    fn changes(&self, series: &RangeSeries<'_>, window: &Window<'_>) -> Cell {
        let Some(samples) = from_anchor(series, window) else { return Cell::Absent };
        let changed = |pair: &&[Sample]| match (&pair[0].value, &pair[1].value) {
            (SampleValue::Float(a), SampleValue::Float(b)) => a != b && !(a.is_nan() && b.is_nan()),
            (SampleValue::Histogram(a), SampleValue::Histogram(b)) => a != b,
            _ => true,
        };
        Cell::Float(samples.windows(2).filter(changed).count() as f64)
    }

    fn resets(&self, series: &RangeSeries<'_>, window: &Window<'_>) -> Cell {
        let Some(samples) = from_anchor(series, window) else { return Cell::Absent };
        let first = window.from + window.samples.len() - samples.len();
        Cell::Float(series.resets_within(first, samples.len()).len() as f64)
    }
}

fn time(sample: Option<&Sample>) -> Cell {
    sample.map_or(Cell::Absent, |sample| Cell::Float(sample.timestamp_ms as f64 / 1000.0))
}

fn values(window: &Window<'_>) -> Vec<f64> {
    window.floats().map(|(_, x)| x).collect()
}

/// The time and value of the float that beats all others.
fn best(window: &Window<'_>, beats: impl Fn(f64, f64) -> bool) -> (f64, f64) {
    let mut floats = window.floats();
    let (mut at, mut known) = floats.next().unwrap_or_default();
    for (t, x) in floats {
        if beats(x, known) || known.is_nan() {
            (at, known) = (t, x);
        }
    }
    (at as f64 / 1000.0, known)
}

fn variance(window: &Window<'_>) -> f64 {
    let mut variance = Variance::default();
    window.floats().for_each(|(_, x)| variance.add(x));
    variance.value()
}

/// The median of how far values are from their median.
fn median_deviation(window: &Window<'_>) -> f64 {
    let mut values = values(window);
    if values.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let median = quantile(0.5, &mut values);
    values.iter_mut().for_each(|x| *x = (*x - median).abs());
    quantile(0.5, &mut values)
}
