//! Functions that come to a number at each step.

use super::frame::Cell;
use super::{Evaluator, Steps};
use crate::Error;
use crate::parse::ast::Call;

impl Evaluator<'_> {
    /// The values of a scalar function, or nothing if the function is of another kind.
    pub(super) fn scalar_function(&self, call: &Call, steps: Steps) -> Result<Option<Vec<f64>>, Error> {
        let seconds = |ms: i64| Ok(Some(vec![ms as f64 / 1000.0; steps.count]));
        match call.function.name {
            "pi" => Ok(Some(vec![std::f64::consts::PI; steps.count])),
            "time" => Ok(Some((0..steps.count).map(|i| steps.at(i) as f64 / 1000.0).collect())),
            "start" => seconds(self.query.start),
            "end" => seconds(self.end_ms),
            "step" => seconds(self.scale().step_ms),
            "range" => seconds(self.scale().range_ms),
            "min_of" => self.pairwise(call, steps, |a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }),
            "max_of" => self.pairwise(call, steps, |a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }),
            "scalar" => self.scalar(call, steps).map(Some),
            _ => Ok(None),
        }
    }

    fn pairwise(&self, call: &Call, steps: Steps, f: impl Fn(f64, f64) -> f64) -> Result<Option<Vec<f64>>, Error> {
        let (left, right) = (self.scalars(&call.args[0], steps)?, self.scalars(&call.args[1], steps)?);
        Ok(Some(left.iter().zip(&right).map(|(a, b)| f(*a, *b)).collect()))
    }

    /// The only float of a vector; not a number if there is none, or more than one.
    fn scalar(&self, call: &Call, steps: Steps) -> Result<Vec<f64>, Error> {
        let frame = self.vector(&call.args[0], steps)?;
        let mut found = vec![0usize; steps.count];
        let mut values = vec![f64::NAN; steps.count];
        for (_, cells) in frame.iter() {
            for (step, cell) in cells.iter().enumerate() {
                if let Cell::Float(x) = cell {
                    found[step] += 1;
                    values[step] = if found[step] == 1 { *x } else { f64::NAN };
                }
            }
        }
        Ok(values)
    }
}
