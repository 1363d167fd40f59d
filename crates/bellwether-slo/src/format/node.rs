//! A document as it was written: values with their places, whatever the syntax.

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) at: At,
    pub(super) value: Value,
}

/// Which of the files, and line and column, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct At {
    pub(super) file: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Nothing, as in YAML.
    Null,
    Flag(bool),
    /// As it was written: a float would not be the decimal that somebody meant.
    Number(String),
    Text(String),
    /// A date or a time of TOML, as it was written.
    Date(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key and its value; a table has each key once.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: At,
    pub(super) node: Node,
}

impl Entry {
    /// One to be written.
    pub(super) fn new(key: impl Into<String>, node: Node) -> Self {
        Self { key: key.into(), at: At::default(), node }
    }

    pub(super) fn text(key: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(key, Node::text_of(text))
    }
}

impl Node {
    /// One to be written.
    pub(super) fn new(value: Value) -> Self {
        Self { at: At::default(), value }
    }

    pub(super) fn text_of(text: impl Into<String>) -> Self {
        Self::new(Value::Text(text.into()))
    }

    pub(super) fn texts(texts: impl IntoIterator<Item: Into<String>>) -> Self {
        Self::new(Value::List(texts.into_iter().map(Self::text_of).collect()))
    }

    pub(super) fn table<K: Into<String>>(entries: impl IntoIterator<Item = (K, Node)>) -> Self {
        Self::new(Value::Table(entries.into_iter().map(|(key, node)| Entry::new(key, node)).collect()))
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text or a number, as it was written.
    pub(super) fn word(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self.value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    /// What was found, for a person: short, and nothing in it that a terminal would obey.
    pub(super) fn shown(&self) -> String {
        match &self.value {
            Value::Null => "empty".to_owned(),
            Value::Flag(flag) => flag.to_string(),
            Value::Number(text) | Value::Date(text) => cut(text),
            Value::Text(text) => format!("\"{}\"", cut(text)),
            Value::List(items) if items.is_empty() => "an empty list".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Table(_) => "a table".to_owned(),
        }
    }
}

/// At most 64 characters of it, and of those that are not to be seen their codes.
pub(super) fn cut(text: &str) -> String {
    let mut shown = String::new();
    for (number, c) in text.chars().enumerate() {
        match c {
            _ if number == 64 => {
                shown.push('…');
                break;
            }
            // Quotes and backslashes are in place.
            c if c.is_ascii_graphic() => shown.push(c),
            c => shown.extend(c.escape_debug()),
        }
    }
    shown
}
