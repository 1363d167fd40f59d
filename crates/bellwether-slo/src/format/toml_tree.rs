//! TOML read into values with places, by the parser that the front door's settings use.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::cursor::Sheet;
use super::node::{At, Entry, Node, Value};

/// No file is larger.
const MAX_BYTES: usize = 1 << 20;

/// The file as a table; `None` if its syntax is wrong, which goes to the sheet.
pub(super) fn read(text: &str, sheet: &Sheet<'_>) -> Option<Node> {
    let top = At { file: 0, line: 1, column: 1 };
    if text.len() > MAX_BYTES {
        sheet.refuse(top, "", "", "the file has more than 1 MiB: accepted is less");
        return None;
    }
    let lines = Lines::of(text);
    let (read, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = lines.at(error.span().map_or(0, |span| span.start));
        sheet.refuse(at, "", "", format!("the file is not TOML: {}", error.message().replace('\n', ", ")));
    }
    errors.is_empty().then(|| Node { at: top, value: table(read.get_ref(), &lines) })
}

fn table(given: &DeTable<'_>, lines: &Lines<'_>) -> Value {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        let place = key.span().start;
        (place, Entry { key: name.to_string(), at: lines.at(place), node: node(value, lines) })
    };
    let mut entries: Vec<_> = given.iter().map(entry).collect();
    // As they are written: it is the first mistake that a person looks for.
    entries.sort_by_key(|(place, _)| *place);
    Value::Table(entries.into_iter().map(|(_, entry)| entry).collect())
}

fn node(given: &Spanned<DeValue<'_>>, lines: &Lines<'_>) -> Node {
    let value = match given.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(digits) if digits.radix() == 10 => Value::Number(digits.as_str().to_owned()),
        DeValue::Integer(digits) => {
            let whole = i64::from_str_radix(digits.as_str(), digits.radix());
            Value::Number(whole.map_or_else(|_| digits.as_str().to_owned(), |whole| whole.to_string()))
        }
        DeValue::Float(digits) => Value::Number(digits.as_str().to_owned()),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(items) => Value::List(items.iter().map(|item| node(item, lines)).collect()),
        DeValue::Table(inner) => table(inner, lines),
    };
    Node { at: lines.at(given.span().start), value }
}

/// Where lines begin.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self { text, starts: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect() }
    }

    fn at(&self, byte: usize) -> At {
        let line = self.starts.partition_point(|start| *start <= byte);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        At { file: 0, line, column: 1 + self.text.get(start..byte).map_or(0, |before| before.chars().count()) }
    }
}
