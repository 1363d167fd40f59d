//! Environment variables: every setting has one, named after it.

use super::Settings;
use super::table::{Kind, TABLE};
use super::value::Value;
use crate::error::Error;

/// Takes over every setting that has a variable: `BELLWETHER_METRICS_ACCESS` is `metrics.access`. An empty one counts as
/// none.
pub(crate) fn from_environment(to: &mut Settings, var: &dyn Fn(&str) -> Option<String>) -> Result<(), Error> {
    for row in TABLE {
        let name = format!("BELLWETHER_{}", row.key.replace('.', "_").to_ascii_uppercase());
        let Some(text) = var(&name).filter(|text| !text.trim().is_empty()) else { continue };
        if let Some(feature) = row.missing_feature() {
            let wrong = format!("it needs the feature `{feature}` of the crate `bellwether`, which is off");
            return Err(Error::setting(name, wrong));
        }
        let value = Value::Loose(text.trim().to_owned());
        let hint = match row.kind {
            Kind::Pairs(_) => "; in a variable, name=value separated by commas",
            _ => "",
        };
        row.apply(to, &value).ok_or_else(|| Error::setting(name, row.refusal(&value) + hint))?;
    }
    Ok(())
}
