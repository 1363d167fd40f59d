//! Values as TOML: tables of tables, and whatever is in those in one line.

use std::fmt::Write;

use super::node::{Entry, Node, Value};
use super::quote::quote;

/// An array of tables of this name. A list of tables in one of them is an array of tables, too.
pub(super) fn write(name: &str, tables: &[Node]) -> String {
    let mut text = String::new();
    tables.iter().for_each(|table| section(&mut text, name, table));
    text
}

fn section(text: &mut String, name: &str, table: &Node) {
    let Value::Table(entries) = &table.value else { return };
    if !text.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "[[{name}]]");
    let is_section = |entry: &&Entry| entry.key == "maintenance";
    for entry in entries.iter().filter(|entry| !is_section(entry)) {
        pair(text, entry);
        text.push('\n');
    }
    for Entry { key, node, .. } in entries.iter().filter(is_section) {
        if let Value::List(items) = &node.value {
            items.iter().for_each(|item| section(text, &format!("{name}.{key}"), item));
        }
    }
}

fn pair(text: &mut String, entry: &Entry) {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !entry.key.is_empty() && entry.key.chars().all(is_bare) {
        text.push_str(&entry.key);
    } else {
        quote(text, &entry.key);
    }
    text.push_str(" = ");
    value(text, &entry.node);
}

fn value(text: &mut String, node: &Node) {
    match &node.value {
        Value::Null => text.push_str("\"\""),
        Value::Flag(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) | Value::Date(number) => text.push_str(number),
        Value::Text(given) => quote(text, given),
        Value::List(items) => {
            text.push('[');
            joined(text, items, value);
            text.push(']');
        }
        Value::Table(entries) if entries.is_empty() => text.push_str("{}"),
        Value::Table(entries) => {
            text.push_str("{ ");
            joined(text, entries, pair);
            text.push_str(" }");
        }
    }
}

fn joined<T>(text: &mut String, items: &[T], write: impl Fn(&mut String, &T)) {
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            text.push_str(", ");
        }
        write(text, item);
    }
}
