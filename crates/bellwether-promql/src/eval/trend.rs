//! Functions that look for a trend in a window: regression, and smoothing.

use super::frame::Cell;
use super::window::{RangeSeries, Window};
use super::{Error, Evaluator};
use crate::notes::Note;
use crate::number::Sum;

/// The slope of the line of least squares through the floats, and its value at `origin_ms`.
fn regression(floats: impl Iterator<Item = (i64, f64)>, origin_ms: i64) -> (f64, f64) {
    let mut n = 0.0;
    let [mut sum_x, mut sum_y, mut sum_xy, mut sum_xx] = [Sum::default(); 4];
    let mut first = None;
    let mut constant = true;
    for (at, y) in floats {
        constant &= *first.get_or_insert(y) == y;
        n += 1.0;
        let x = (at - origin_ms) as f64 / 1e3;
        sum_x.add(x);
        sum_y.add(y);
        sum_xy.add(x * y);
        sum_xx.add(x * x);
    }
    // A constant is told apart since rounding would give it a slope.
    if let (true, Some(y)) = (constant, first) {
        return if y.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, y) };
    }
    let [sum_x, sum_y, sum_xy, sum_xx] = [sum_x, sum_y, sum_xy, sum_xx].map(|sum| sum.value + sum.rest);
    let slope = (sum_xy - sum_x * sum_y / n) / (sum_xx - sum_x * sum_x / n);
    (slope, sum_y / n - slope * sum_x / n)
}

impl Evaluator<'_> {
    /// Whether there are two floats to look for a trend in; notes if histograms are passed over.
    fn has_trend(&self, series: &RangeSeries<'_>, window: &Window<'_>) -> bool {
        let floats = window.floats().count();
        if floats > 0 && floats < window.samples.len() {
            self.note(Note::IgnoredInRange(series.metric()), series.span);
        }
        floats >= 2
    }

    pub(super) fn deriv(&self, series: &RangeSeries<'_>, window: &Window<'_>) -> Cell {
        if !self.has_trend(series, window) {
            return Cell::Absent;
        }
        // An origin near the values keeps the accuracy.
        let origin = window.floats().next().map_or(0, |(at, _)| at);
        Cell::Float(regression(window.floats(), origin).0)
    }

    pub(super) fn predict_linear(&self, series: &RangeSeries<'_>, window: &Window<'_>, ahead: f64) -> Cell {
        if !self.has_trend(series, window) {
            return Cell::Absent;
        }
        let (slope, now) = regression(window.floats(), window.at_ms);
        Cell::Float(slope * ahead + now)
    }

    /// Holt's double exponential smoothing.
    pub(super) fn smooth(
        &self,
        series: &RangeSeries<'_>,
        window: &Window<'_>,
        smoothing: f64,
        trend_factor: f64,
    ) -> Result<Cell, Error> {
        for (what, factor) in [("smoothing", smoothing), ("trend", trend_factor)] {
            if factor <= 0.0 || factor >= 1.0 {
                let short = if what == "smoothing" { "sf" } else { "tf" };
                let message = format!("invalid {what} factor. Expected: 0 < {short} < 1, got: {factor:.6}");
                return Err(Error::execution(message));
            }
        }
        if !self.has_trend(series, window) {
            return Ok(Cell::Absent);
        }
        let mut floats = window.floats().map(|(_, x)| x);
        let first = floats.next().unwrap_or_default();
        let mut before = 0.0;
        let mut level = first;
        let mut trend = None;
        for x in floats {
            let slope = match trend {
                None => x - first,
                Some(slope) => trend_factor * (level - before) + (1.0 - trend_factor) * slope,
            };
            trend = Some(slope);
            (before, level) = (level, smoothing * x + (1.0 - smoothing) * (level + slope));
        }
        Ok(Cell::Float(level))
    }
}
