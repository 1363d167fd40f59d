//! A text in double quotes, as both YAML and TOML read it.

use std::fmt::Write;

/// Adds it with what has another meaning, or none, written as an escape that both have.
pub(super) fn quote(text: &mut String, given: &str) {
    text.push('"');
    for c in given.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            // What YAML does not have in a text, or takes for the end of a line or for nothing.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
}
