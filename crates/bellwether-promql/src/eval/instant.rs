//! Functions of an instant vector that change each value for itself.

use std::collections::BTreeMap;

use super::frame::{Cell, Frame, Row};
use super::{Evaluator, Steps};
use crate::number::civil;
use crate::parse::ast::{Call, Expr, Kind};
use crate::{Error, Labels, MatchOp};

/// Functions of one number.
fn simple(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "abs" => f64::abs,
        "ceil" => f64::ceil,
        "floor" => f64::floor,
        "exp" => f64::exp,
        "sqrt" => f64::sqrt,
        "ln" => f64::ln,
        "log2" => f64::log2,
        "log10" => f64::log10,
        "sin" => f64::sin,
        "cos" => f64::cos,
        "tan" => f64::tan,
        "asin" => f64::asin,
        "acos" => f64::acos,
        "atan" => f64::atan,
        "sinh" => f64::sinh,
        "cosh" => f64::cosh,
        "tanh" => f64::tanh,
        "asinh" => f64::asinh,
        "acosh" => f64::acosh,
        "atanh" => f64::atanh,
        "rad" => |x| x * std::f64::consts::PI / 180.0,
        "deg" => |x| x * 180.0 / std::f64::consts::PI,
        "sgn" => |x| match x {
            x if x < 0.0 => -1.0,
            x if x > 0.0 => 1.0,
            x => x,
        },
        _ => return None,
    })
}

/// Parts of a date in UTC; of a number that is no time they are those of its nearest one.
fn date_part(name: &str, seconds: f64) -> Option<f64> {
    let seconds = seconds as i64;
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years of the calendar's arithmetic that fit 64 bits.
    let (year, month, day) = civil(days.clamp(-1 << 50, 1 << 50));
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    Some(match name {
        "year" => year as f64,
        "month" => f64::from(month),
        "day_of_month" => f64::from(day),
        "day_of_week" => (days + 4).rem_euclid(7) as f64,
        "day_of_year" => f64::from(lengths[..month as usize - 1].iter().sum::<u32>() + day),
        "days_in_month" => f64::from(lengths[month as usize - 1]),
        "hour" => (rest / 3600) as f64,
        "minute" => (rest / 60 % 60) as f64,
        _ => return None,
    })
}

impl Evaluator<'_> {
    pub(super) fn instant_function(&self, call: &Call, steps: Steps) -> Result<Frame, Error> {
        let name = call.function.name;
        let Some(arg) = call.args.first() else {
            // `hour()` is the hour of the time of evaluation.
            let hours = (0..steps.count).map(|i| date_part(name, steps.at(i).div_euclid(1000) as f64));
            let cells = hours.map(|part| part.map_or(Cell::Absent, Cell::Float)).collect();
            return Ok(Frame::single(Labels::empty(), cells));
        };
        if let Some(f) = simple(name) {
            return self.map_floats(arg, steps, |_, x| Some(f(x)));
        }
        if let Some(f) = super::classic::histogram_number(name) {
            let frame = self.vector(arg, steps)?.map(|_, cell| match cell {
                Cell::Histogram(h) => Cell::Float(f(&h)),
                _ => Cell::Absent,
            });
            return frame.drop_names(self.options.delayed_name_removal);
        }
        let param = |i: usize| self.scalars(&call.args[i], steps);
        match name {
            "clamp" => {
                let (min, max) = (param(1)?, param(2)?);
                self.map_floats(arg, steps, |step, x| clamp(x, min[step], max[step]))
            }
            "clamp_min" => {
                let min = param(1)?;
                self.map_floats(arg, steps, |step, x| clamp(x, min[step], f64::INFINITY))
            }
            "clamp_max" => {
                let max = param(1)?;
                self.map_floats(arg, steps, |step, x| clamp(x, f64::NEG_INFINITY, max[step]))
            }
            "round" => {
                let nearest = if call.args.len() > 1 { param(1)? } else { vec![1.0; steps.count] };
                // By the inverse, which loses less.
                let round = |nearest: f64, x: f64| (x * (1.0 / nearest) + 0.5).floor() / (1.0 / nearest);
                self.map_floats(arg, steps, |step, x| Some(round(nearest[step], x)))
            }
            _ => self.map_floats(arg, steps, |_, x| date_part(name, x)),
        }
    }

    /// Changes the floats of a vector; histograms go.
    fn map_floats(
        &self,
        arg: &Expr,
        steps: Steps,
        mut f: impl FnMut(usize, f64) -> Option<f64>,
    ) -> Result<Frame, Error> {
        let frame = self.vector(arg, steps)?.map(|step, cell| match cell {
            Cell::Float(x) => f(step, x).map_or(Cell::Absent, Cell::Float),
            _ => Cell::Absent,
        });
        frame.drop_names(self.options.delayed_name_removal)
    }

    /// The time of each sample of a selector; of anything else, the time of evaluation.
    pub(super) fn timestamp(&self, arg: &Expr, steps: Steps) -> Result<Frame, Error> {
        let frame = match &arg.bare().kind {
            Kind::Selector(selector) if selector.edges == crate::parse::ast::Edges::Plain => {
                self.last_samples(selector, steps, |sample| Cell::Float(sample.timestamp_ms as f64 / 1000.0))?
            }
            _ => self.vector(arg, steps)?.map(|step, _| Cell::Float(steps.at(step) as f64 / 1000.0)),
        };
        frame.drop_names(self.options.delayed_name_removal)
    }

    /// 1 at the steps at which a vector is empty.
    pub(super) fn absent(&self, arg: &Expr, steps: Steps) -> Result<Frame, Error> {
        let frame = self.vector(arg, steps)?;
        Ok(absence(&frame, arg, steps))
    }

    pub(super) fn absent_over_time(&self, arg: &Expr, steps: Steps) -> Result<Frame, Error> {
        let frame = self.windows(arg, steps, true, |_, _| Ok(Cell::Float(1.0)))?;
        Ok(absence(&frame, arg, steps))
    }
}

fn clamp(x: f64, min: f64, max: f64) -> Option<f64> {
    if max < min {
        return None;
    }
    // Whatever is not a number stays none.
    Some(if x.is_nan() || min.is_nan() || max.is_nan() { f64::NAN } else { x.min(max).max(min) })
}

fn absence(frame: &Frame, arg: &Expr, steps: Steps) -> Frame {
    let mut present = vec![false; steps.count];
    for (_, cells) in frame.iter() {
        present.iter_mut().zip(cells).for_each(|(present, cell)| *present |= cell.is_present());
    }
    let mut out = Frame::new(steps.count);
    let cells = out.push(Row { labels: matched_exactly(arg), drop_name: false });
    cells.iter_mut().zip(present).for_each(|(cell, present)| {
        *cell = if present { Cell::Absent } else { Cell::Float(1.0) };
    });
    out.pop_empty();
    out
}

/// The labels that a selector demands by `=`, each by one matcher.
fn matched_exactly(arg: &Expr) -> Labels {
    let matchers = match &arg.bare().kind {
        Kind::Selector(selector) => &selector.matchers,
        Kind::Matrix(matrix) => &matrix.selector.matchers,
        _ => return Labels::empty(),
    };
    // Of a label that is demanded twice nothing is known; so it was always done, right or not.
    let mut known: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    let mut seen = Vec::new();
    for matcher in matchers.iter().filter(|matcher| matcher.name() != crate::labels::METRIC_NAME) {
        let first = matcher.op() == MatchOp::Equal && !seen.contains(&matcher.name());
        known.insert(matcher.name(), first.then(|| matcher.value()));
        if first {
            seen.push(matcher.name());
        }
    }
    Labels::new(known.into_iter().filter_map(|(name, value)| Some((name, value?))))
}
