//! Values as YAML that every reader reads alike: block style, texts in quotes unless nothing could take them for other than text.

use super::node::{Node, Value};
use super::quote::quote;
use super::yaml::is_number;

/// Documents, one after the other.
pub(super) fn write<'a>(documents: impl IntoIterator<Item = &'a Node>) -> String {
    let mut text = String::new();
    for (number, document) in documents.into_iter().enumerate() {
        if number > 0 {
            text.push_str("---\n");
        }
        block(&mut text, document, 0);
    }
    text
}

/// A value on lines of its own.
fn block(text: &mut String, node: &Node, depth: usize) {
    match &node.value {
        Value::Table(entries) if !entries.is_empty() => {
            for entry in entries {
                indent(text, depth);
                scalar(text, &entry.key);
                text.push(':');
                behind(text, &entry.node, depth);
            }
        }
        Value::List(items) if !items.is_empty() => {
            for item in items {
                indent(text, depth);
                text.push('-');
                match &item.value {
                    // The first key on the line of the dash.
                    Value::Table(entries) if !entries.is_empty() => {
                        let start = text.len();
                        block(text, item, depth + 1);
                        let dash = start..start + 2 * (depth + 1);
                        text.replace_range(dash, " ");
                    }
                    _ => behind(text, item, depth),
                }
            }
        }
        _ => {
            indent(text, depth);
            inline(text, node);
            text.push('\n');
        }
    }
}

/// A value behind its key or its dash.
fn behind(text: &mut String, node: &Node, depth: usize) {
    let is_block = match &node.value {
        Value::Table(entries) => !entries.is_empty(),
        Value::List(items) => !items.is_empty(),
        _ => false,
    };
    if is_block {
        text.push('\n');
        block(text, node, depth + 1);
    } else {
        text.push(' ');
        inline(text, node);
        text.push('\n');
    }
}

fn inline(text: &mut String, node: &Node) {
    match &node.value {
        Value::Null => text.push_str("null"),
        Value::Flag(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => text.push_str(number),
        Value::Text(given) | Value::Date(given) => scalar(text, given),
        Value::List(_) => text.push_str("[]"),
        Value::Table(_) => text.push_str("{}"),
    }
}

fn indent(text: &mut String, depth: usize) {
    (0..depth).for_each(|_| text.push_str("  "));
}

fn scalar(text: &mut String, given: &str) {
    if is_plain(given) {
        text.push_str(given);
        return;
    }
    quote(text, given);
}

/// Whether a text without quotes is that text, also to those who read YAML 1.1.
fn is_plain(text: &str) -> bool {
    const WORDS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let inner = |c: char| c.is_ascii_alphanumeric() || "_-./ ".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/' || c.is_ascii_digit())
        && text.chars().all(inner)
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
        && !is_number(text)
        && !looks_numeric(text)
}

/// What some read as a number, a date or a time: `1_000`, `2026-01-01`, `0b1`.
fn looks_numeric(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && !text.ends_with(|c: char| "mhdwMQYs".contains(c))
}
