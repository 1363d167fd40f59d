//! The file `bellwether.toml`, read with a suspicion that ends in a line number.

use std::fmt;
use std::io::Read;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Settings;
use super::table::{Row, TABLE};
use super::value::Value;
use super::{listed, nearest};
use crate::error::Error;
use crate::objectives::ObjectivesPlan;

/// The settings of a file, checked.
///
/// ```
/// use bellwether::Config;
///
/// let config = Config::parse("tick = \"2s\"\n[metrics]\naccess = \"anyone\"\n", "bellwether.toml")?;
/// let wrong = Config::parse("[metrics]\nacess = \"anyone\"\n", "bellwether.toml").unwrap_err();
/// assert_eq!(wrong.to_string(), "bellwether.toml:2: there is no setting metrics.acess; did you mean metrics.access?");
/// # Ok::<(), bellwether::Error>(())
/// ```
#[derive(Clone, PartialEq, Default)]
pub struct Config {
    values: Vec<Given>,
    objectives: ObjectivesPlan,
}

/// A setting that is given in the file.
#[derive(Clone, PartialEq)]
struct Given {
    /// Which row of the table.
    row: usize,
    value: Value,
    /// File and line.
    place: String,
}

/// No file of settings is larger.
const MAX_BYTES: u64 = 1 << 20;

impl Config {
    /// Reads a file. One that is not there has no settings.
    ///
    /// # Errors
    /// If it cannot be read, and as [`parse`](Self::parse).
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let refuse = |reason: &dyn fmt::Display| Error::file(path.display(), reason);
        let file = match std::fs::File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            file => file.map_err(|error| refuse(&error))?,
        };
        let mut text = Vec::new();
        // Not what the directory says of its size: that of a device is nothing.
        file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(|error| refuse(&error))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(refuse(&"it has more than 1 MiB"));
        }
        let text = String::from_utf8(text).map_err(|_| refuse(&"it is not UTF-8"))?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads the text of a file; its name is for errors.
    ///
    /// # Errors
    /// If it is not TOML, or has a setting that does not exist, or a value that is not accepted. The error names the file,
    /// the line, the setting and what would be accepted.
    pub fn parse(text: &str, file_name: &str) -> Result<Self, Error> {
        let place = |at: usize| format!("{file_name}:{}", line_of(text, at));
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            Error::setting(place(at), error.message().replace('\n', ", "))
        })?;
        let mut reader = Reader { place: &place, scratch: Settings::default(), values: Vec::new() };
        reader.table("", table.get_ref())?;
        let mut others: Vec<&str> = TABLE.iter().map(|row| row.key.split('.').next().unwrap_or_default()).collect();
        others.dedup();
        let objectives = ObjectivesPlan::read(text, file_name, &others)?;
        Ok(Self { values: reader.values, objectives })
    }

    /// The objectives of the file, in order.
    #[cfg(feature = "slo")]
    pub fn objectives(&self) -> &[bellwether_slo::Slo] {
        &self.objectives.slos
    }

    pub(crate) fn promises(&self) -> &ObjectivesPlan {
        &self.objectives
    }

    pub(crate) fn apply(&self, to: &mut Settings) {
        for Given { row, value, place } in &self.values {
            // Accepted before.
            let _ = TABLE.get(*row).and_then(|row| row.apply(to, value, place));
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.values.iter().filter_map(|given| Some((TABLE.get(given.row)?, &given.value)));
        f.debug_map().entries(settings.map(|(row, value)| (row.key, row.show(value)))).finish()
    }
}

struct Reader<'a> {
    place: &'a dyn Fn(usize) -> String,
    scratch: Settings,
    values: Vec<Given>,
}

impl Reader<'_> {
    /// Reads a table whose settings begin with `prefix`.
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) -> Result<(), Error> {
        // In the order they are written: it is the first error that a person looks for.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (name, value) in entries {
            let key = format!("{prefix}{}", name.get_ref());
            if prefix.is_empty() && ObjectivesPlan::is_key(&key) {
                if cfg!(feature = "slo") {
                    continue;
                }
                let wrong = format!("{key} needs the feature `slo` of the crate `bellwether`, which is off");
                return Err(Error::setting((self.place)(name.span().start), wrong));
            }
            let found = TABLE.iter().position(|row| row.key == key);
            match (found.and_then(|at| Some((at, TABLE.get(at)?))), value.get_ref()) {
                (Some((at, row)), _) => self.setting(at, row, name.span().start, value)?,
                (None, DeValue::Table(inner)) if is_table(&key) => self.table(&format!("{key}."), inner)?,
                (None, inner) => {
                    let wrong = unknown(prefix, &key, matches!(inner, DeValue::Table(_)));
                    return Err(Error::setting((self.place)(name.span().start), wrong));
                }
            }
        }
        Ok(())
    }

    fn setting(&mut self, at: usize, row: &Row, start: usize, given: &Spanned<DeValue<'_>>) -> Result<(), Error> {
        let place = (self.place)(start);
        if let Some(feature) = row.missing_feature() {
            let wrong = format!("{} needs the feature `{feature}` of the crate `bellwether`, which is off", row.key);
            return Err(Error::setting(place, wrong));
        }
        let value = value(given.get_ref());
        row.apply(&mut self.scratch, &value, &place).ok_or_else(|| Error::setting(&place, row.refusal(&value)))?;
        self.values.push(Given { row: at, value, place });
        Ok(())
    }
}

fn is_table(key: &str) -> bool {
    TABLE.iter().any(|row| row.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
}

/// What to say of a key that no row has.
fn unknown(prefix: &str, key: &str, given_a_table: bool) -> String {
    let shown: String = key.chars().take(64).collect();
    let tables = || TABLE.iter().filter_map(|row| row.key.split_once('.')).map(|(table, _)| table);
    if given_a_table && prefix.is_empty() {
        return match nearest(key, tables()) {
            Some(near) => format!("there is no table [{shown}]; did you mean [{near}]?"),
            None => {
                format!("there is no table [{shown}]; there are {}", listed(tables().map(|table| format!("[{table}]"))))
            }
        };
    }
    if is_table(key) {
        return format!("{shown} is a table, to be written as [{shown}]");
    }
    if let Some(near) = nearest(key, TABLE.iter().map(|row| row.key)) {
        return format!("there is no setting {shown}; did you mean {near}?");
    }
    let siblings = TABLE.iter().filter_map(|row| row.key.strip_prefix(prefix)).filter(|rest| !rest.contains('.'));
    let siblings = listed(siblings.map(str::to_owned));
    match prefix.strip_suffix('.') {
        Some(table) => format!("there is no setting {shown}; [{table}] has {siblings}"),
        None => format!("there is no setting {shown}; at the top there are {siblings}"),
    }
}

fn value(given: &DeValue<'_>) -> Value {
    match given {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(digits) => {
            let whole = i64::from_str_radix(digits.as_str(), digits.radix());
            whole.map_or(Value::Other("a number that is too large"), Value::Whole)
        }
        DeValue::Float(digits) => {
            digits.as_str().parse().map_or(Value::Other("a number that is not read"), Value::Float)
        }
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Array(list) => {
            let texts = list.iter().map(|item| Some(item.get_ref().as_str()?.to_owned())).collect();
            Option::map_or(texts, Value::Other("a list of other things than texts"), Value::List)
        }
        DeValue::Table(table) => {
            let pair = |(name, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
                let name: &std::borrow::Cow<'_, str> = name.get_ref();
                Some((name.to_string(), value.get_ref().as_str()?.to_owned()))
            };
            let pairs = table.iter().map(pair).collect();
            Option::map_or(pairs, Value::Other("a table of other things than texts"), Value::Pairs)
        }
        DeValue::Datetime(_) => Value::Other("a date or a time"),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}
