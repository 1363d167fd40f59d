//! Environment variables: every setting has one, named after it.

use super::Settings;
use super::nearest;
use super::table::{Kind, TABLE};
use super::value::Value;
use crate::error::{Error, printable};

/// Takes over every setting that has a variable: `BELLWETHER_METRICS_ACCESS` is `metrics.access`. An empty one counts as
/// none.
pub(crate) fn from_environment(to: &mut Settings, var: &dyn Fn(&str) -> Option<String>) -> Result<(), Error> {
    for row in TABLE {
        let name = variable(row.key);
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
        row.apply(to, &value, &name).ok_or_else(|| Error::setting(&name, row.refusal(&value) + hint))?;
    }
    Ok(())
}

/// What to say of variables that look like a setting and are none. Not an error: where a service of this name runs beside
/// it, Kubernetes sets variables that begin so, too.
pub(crate) fn misspelled(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let known: Vec<String> = TABLE.iter().map(|row| variable(row.key).to_ascii_lowercase()).collect();
    let mut notices: Vec<String> = names
        .into_iter()
        .filter(|name| name.starts_with(PREFIX) && !known.contains(&name.to_ascii_lowercase()))
        .map(|name| match nearest(&name, known.iter().map(String::as_str)) {
            Some(near) => format!("there is no setting {name}; did you mean {}?", near.to_ascii_uppercase()),
            None => format!("there is no setting {name}; the variable is ignored"),
        })
        .map(printable)
        .collect();
    notices.sort();
    notices.truncate(MAX_NOTICES);
    notices
}

const PREFIX: &str = "BELLWETHER_";
const MAX_NOTICES: usize = 16;

fn variable(key: &str) -> String {
    PREFIX.to_owned() + &key.replace('.', "_").to_ascii_uppercase()
}

#[cfg(test)]
mod tests;
