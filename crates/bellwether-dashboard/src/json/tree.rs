//! A syntax tree, as Prometheus writes it.

use bellwether_promql::Tree;

use super::Output;
use crate::failure::Failure;

pub(crate) fn tree(out: &mut Output, tree: &Tree) -> Result<(), Failure> {
    match tree {
        Tree::Nothing => out.raw("null"),
        Tree::Bool(is) => out.raw(if *is { "true" } else { "false" }),
        Tree::Whole(number) => out.raw(itoa::Buffer::new().format(*number)),
        // JSON has no others.
        Tree::Number(number) if !number.is_finite() => out.raw("null"),
        Tree::Number(number) => out.plain(*number),
        Tree::Text(text) => out.text(text),
        Tree::List(pieces) => {
            for (at, piece) in pieces.iter().enumerate() {
                out.raw(if at == 0 { "[" } else { "," });
                self::tree(out, piece)?;
            }
            out.raw(if pieces.is_empty() { "[]" } else { "]" });
        }
        Tree::Fields(fields) => {
            for (at, (name, piece)) in fields.iter().enumerate() {
                out.raw(if at == 0 { "{" } else { "," });
                out.text(name);
                out.raw(":");
                self::tree(out, piece)?;
            }
            out.raw(if fields.is_empty() { "{}" } else { "}" });
        }
    }
    out.settle()
}
