//! What a PromQL expression comes to at an instant, as one number.

use bellwether_history::View;
use bellwether_promql::{Engine, SampleValue, Value};

/// What an expression comes to at an instant, in milliseconds since 1970; `None` without a value, and where it is no finite
/// number: a share of nothing.
pub(super) fn number(engine: &Engine, view: &View, expression: &str, at: i64) -> Result<Option<f64>, String> {
    let refuse = |wrong: String| format!("{expression:?}: {wrong}");
    let answer = engine.instant(view, expression, at).map_err(|error| refuse(error.to_string()))?;
    let value = match answer.value {
        Value::Scalar { value, .. } => Some(value),
        Value::Vector(elements) => match elements.as_slice() {
            [] => None,
            [one] => match one.sample.value {
                SampleValue::Float(value) => Some(value),
                SampleValue::Histogram(_) => {
                    return Err(refuse("it is a histogram; give an expression for a number".to_owned()));
                }
            },
            many => {
                let number = many.len();
                return Err(refuse(format!("it has {number} values; give an expression for one, such as a sum")));
            }
        },
        _ => return Err(refuse("it is no number at an instant".to_owned())),
    };
    Ok(value.filter(|value| value.is_finite()))
}
