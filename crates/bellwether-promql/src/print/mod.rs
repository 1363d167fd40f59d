//! Expressions as text: on one line, or broken where it gets too long, as Prometheus prints both.

mod quote;
mod tree;

#[cfg(test)]
mod tests;

use std::fmt::{self, Write};

use crate::labels::is_plain;
use crate::number::{general, plain};
use crate::parse::ast::{
    Aggregate, At, Binary, Edges, Expr, Kind, Length, LengthOp, Many, Matching, Selector, TimeShift,
};
use crate::{MatchOp, Matcher};
use quote::Quoted;
pub use tree::Tree;

/// Bytes of a line before it is broken.
const LINE: usize = 100;

/// An expression on one line.
pub(crate) struct OneLine<'a>(pub(crate) &'a Expr);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expression(f, self.0)
    }
}

/// An expression, broken after brackets and around operators where a part of it is longer than a line.
pub(crate) fn pretty(expr: &Expr) -> String {
    let mut out = String::new();
    broken(&mut out, expr, 0);
    out
}

fn broken(out: &mut String, expr: &Expr, level: usize) {
    let start = out.len();
    indent(out, level);
    let text = out.len();
    // What does not fit is taken away again.
    if write!(Line { out, left: LINE }, "{}", OneLine(expr)).is_ok() {
        if matches!(expr.kind, Kind::Subquery(_)) {
            // Prometheus does not indent one that fits.
            out.replace_range(start..text, "");
        }
        return;
    }
    out.truncate(text);
    match &expr.kind {
        Kind::Aggregate(aggregate) => {
            let _ = operation(out, aggregate);
            brackets(out, aggregate.param.iter().chain([&aggregate.inner]), level);
        }
        Kind::Call(call) => {
            out.push_str(call.function.name);
            brackets(out, call.args.iter(), level);
        }
        Kind::Paren(inner) => brackets(out, [&**inner].into_iter(), level),
        Kind::Binary(binary) => {
            out.truncate(start);
            broken(out, &binary.left, level + 1);
            out.push('\n');
            indent(out, level);
            let _ = operator(out, binary);
            out.push('\n');
            broken(out, &binary.right, level + 1);
        }
        Kind::Negate(inner) | Kind::Plus(inner) => {
            let mut part = String::new();
            broken(&mut part, inner, level);
            out.push(if matches!(expr.kind, Kind::Plus(_)) { '+' } else { '-' });
            out.push_str(part.trim());
        }
        Kind::Subquery(subquery) => {
            out.truncate(start);
            broken(out, &subquery.inner, level);
            let _ = subquery_suffix(out, subquery);
        }
        // A selector, and everything that has no parts, is not broken.
        Kind::Selector(_) | Kind::Matrix(_) | Kind::Number(_) | Kind::Duration(_) | Kind::String(_) => {
            let _ = expression(out, expr);
        }
    }
}

fn brackets<'a>(out: &mut String, parts: impl Iterator<Item = &'a Expr>, level: usize) {
    out.push('(');
    for (at, part) in parts.enumerate() {
        out.push_str(if at == 0 { "\n" } else { ",\n" });
        broken(out, part, level + 1);
    }
    out.push('\n');
    indent(out, level);
    out.push(')');
}

fn indent(out: &mut String, level: usize) {
    (0..level).for_each(|_| out.push_str("  "));
}

/// Takes so many bytes and no more.
struct Line<'a> {
    out: &'a mut String,
    left: usize,
}

impl Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.left = self.left.checked_sub(text.len()).ok_or(fmt::Error)?;
        self.out.push_str(text);
        Ok(())
    }
}

fn expression(f: &mut impl Write, expr: &Expr) -> fmt::Result {
    match &expr.kind {
        Kind::Number(number) => f.write_str(&plain(*number)),
        Kind::Duration(seconds) => duration(f, *seconds),
        Kind::String(text) => write!(f, "{}", Quoted(text)),
        Kind::Selector(selector) => {
            series(f, selector)?;
            at(f, &selector.time)?;
            edges(f, selector.edges)?;
            offset(f, &selector.time)
        }
        Kind::Matrix(matrix) => {
            series(f, &matrix.selector)?;
            f.write_char('[')?;
            length(f, &matrix.range)?;
            f.write_char(']')?;
            edges(f, matrix.selector.edges)?;
            at(f, &matrix.selector.time)?;
            offset(f, &matrix.selector.time)
        }
        Kind::Subquery(subquery) => {
            expression(f, &subquery.inner)?;
            subquery_suffix(f, subquery)
        }
        Kind::Negate(inner) => {
            f.write_char('-')?;
            expression(f, inner)
        }
        Kind::Plus(inner) => {
            f.write_char('+')?;
            expression(f, inner)
        }
        Kind::Paren(inner) => arguments(f, [&**inner].into_iter()),
        Kind::Binary(binary) => {
            expression(f, &binary.left)?;
            f.write_char(' ')?;
            operator(f, binary)?;
            f.write_char(' ')?;
            expression(f, &binary.right)
        }
        Kind::Call(call) => {
            f.write_str(call.function.name)?;
            arguments(f, call.args.iter())
        }
        Kind::Aggregate(aggregate) => {
            operation(f, aggregate)?;
            arguments(f, aggregate.param.iter().chain([&aggregate.inner]))
        }
    }
}

fn arguments<'a>(f: &mut impl Write, parts: impl Iterator<Item = &'a Expr>) -> fmt::Result {
    f.write_char('(')?;
    for (at, part) in parts.enumerate() {
        f.write_str(if at == 0 { "" } else { ", " })?;
        expression(f, part)?;
    }
    f.write_char(')')
}

/// `sum by (job) `, or `sum` if it is of all.
fn operation(f: &mut impl Write, aggregate: &Aggregate) -> fmt::Result {
    f.write_str(aggregate.op.name())?;
    let keyword = match aggregate.without {
        true => "without",
        false if aggregate.grouping.is_empty() => return Ok(()),
        false => "by",
    };
    write!(f, " {keyword} ")?;
    names(f, &aggregate.grouping)?;
    f.write_char(' ')
}

/// `== bool on (job) group_left (instance)`.
fn operator(f: &mut impl Write, binary: &Binary) -> fmt::Result {
    f.write_str(binary.op.symbol())?;
    f.write_str(if binary.bool { " bool" } else { "" })?;
    let Matching { on, labels, many, include, fill_left, fill_right } = &binary.matching;
    if *on || !labels.is_empty() || *many != Many::Neither {
        f.write_str(if *on { " on " } else { " ignoring " })?;
        names(f, labels)?;
    }
    if *many != Many::Neither {
        f.write_str(if *many == Many::Left { " group_left " } else { " group_right " })?;
        names(f, include)?;
    }
    match (fill_left, fill_right) {
        (Some(left), Some(right)) if left.to_bits() == right.to_bits() => write!(f, " fill ({})", general(*left)),
        (left, right) => {
            left.map_or(Ok(()), |left| write!(f, " fill_left ({})", general(left)))?;
            right.map_or(Ok(()), |right| write!(f, " fill_right ({})", general(right)))
        }
    }
}

fn names(f: &mut impl Write, names: &[String]) -> fmt::Result {
    f.write_char('(')?;
    for (at, name) in names.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { ", " })?;
        label(f, name)?;
    }
    f.write_char(')')
}

fn label(f: &mut impl Write, name: &str) -> fmt::Result {
    if is_plain(name, false) { f.write_str(name) } else { write!(f, "{}", Quoted(name)) }
}

/// `name{label="value"}`, the matchers in order.
fn series(f: &mut impl Write, selector: &Selector) -> fmt::Result {
    let mut matchers = selector.matchers.as_slice();
    if let (true, [others @ .., name]) = (selector.named, matchers) {
        f.write_str(name.value())?;
        matchers = others;
    }
    let mut texts: Vec<String> = matchers.iter().map(matcher).collect();
    texts.sort_unstable();
    // Only `info` takes a selector of nothing, and then it is to be seen.
    if texts.is_empty() && selector.named {
        return Ok(());
    }
    write!(f, "{{{}}}", texts.join(","))
}

fn matcher(matcher: &Matcher) -> String {
    let mut text = String::new();
    let op = match matcher.op() {
        MatchOp::Equal => "=",
        MatchOp::NotEqual => "!=",
        MatchOp::Regex => "=~",
        MatchOp::NotRegex => "!~",
    };
    // To a string, nothing fails.
    let _ = label(&mut text, matcher.name());
    let _ = write!(text, "{op}{}", Quoted(matcher.value()));
    text
}

fn at(f: &mut impl Write, time: &TimeShift) -> fmt::Result {
    match time.at {
        Some(At::Ms(ms)) => write!(f, " @ {:.3}", ms as f64 / 1000.0),
        Some(At::Start) => f.write_str(" @ start()"),
        Some(At::End) => f.write_str(" @ end()"),
        None => Ok(()),
    }
}

fn edges(f: &mut impl Write, edges: Edges) -> fmt::Result {
    f.write_str(match edges {
        Edges::Plain => "",
        Edges::Anchored => " anchored",
        Edges::Smoothed => " smoothed",
    })
}

fn offset(f: &mut impl Write, time: &TimeShift) -> fmt::Result {
    match &time.offset {
        Some(offset) if offset.literal() != Some(0.0) => {
            f.write_str(" offset ")?;
            length(f, offset)
        }
        _ => Ok(()),
    }
}

fn subquery_suffix(f: &mut impl Write, subquery: &crate::parse::ast::Subquery) -> fmt::Result {
    f.write_char('[')?;
    length(f, &subquery.range)?;
    f.write_char(':')?;
    subquery.step.as_ref().map_or(Ok(()), |step| length(f, step))?;
    f.write_char(']')?;
    at(f, &subquery.time)?;
    offset(f, &subquery.time)
}

/// A length alone: a number of seconds is written as the duration it means.
fn length(f: &mut impl Write, length: &Length) -> fmt::Result {
    match length.literal() {
        Some(seconds) => duration(f, seconds),
        None => operand(f, length),
    }
}

fn operand(f: &mut impl Write, length: &Length) -> fmt::Result {
    match length {
        Length::Seconds(seconds) => duration(f, *seconds),
        Length::Number(number) => f.write_str(&plain(*number)),
        Length::Step => f.write_str("step()"),
        Length::Range => f.write_str("range()"),
        Length::Negate(inner) => {
            f.write_char('-')?;
            operand(f, inner)
        }
        Length::Paren(inner) => {
            f.write_char('(')?;
            operand(f, inner)?;
            f.write_char(')')
        }
        Length::Operation(operation) => {
            let (op, left, right) = &**operation;
            let (before, between, after) = match op {
                LengthOp::Add => ("", " + ", ""),
                LengthOp::Sub => ("", " - ", ""),
                LengthOp::Mul => ("", " * ", ""),
                LengthOp::Div => ("", " / ", ""),
                LengthOp::Mod => ("", " % ", ""),
                LengthOp::Pow => ("", " ^ ", ""),
                LengthOp::Min => ("min_of(", ", ", ")"),
                LengthOp::Max => ("max_of(", ", ", ")"),
            };
            f.write_str(before)?;
            operand(f, left)?;
            f.write_str(between)?;
            operand(f, right)?;
            f.write_str(after)
        }
    }
}

/// `1h30m`: years and weeks only if nothing remains, since 90d is easier to read than 12w6d.
fn duration(f: &mut impl Write, seconds: f64) -> fmt::Result {
    const UNITS: [(&str, u64, bool); 7] = [
        ("y", 365 * 86_400_000, true),
        ("w", 7 * 86_400_000, true),
        ("d", 86_400_000, false),
        ("h", 3_600_000, false),
        ("m", 60_000, false),
        ("s", 1_000, false),
        ("ms", 1, false),
    ];
    // Literals are exact in milliseconds but for the noise of a division.
    let mut ms = ((seconds.abs() * 1e9).round() / 1e6) as u64;
    if ms == 0 {
        // Less than a millisecond has no unit.
        return f.write_str(&if seconds == 0.0 { "0s".to_owned() } else { plain(seconds) });
    }
    f.write_str(if seconds < 0.0 { "-" } else { "" })?;
    for (unit, length, exact) in UNITS {
        if ms >= length && (!exact || ms.is_multiple_of(length)) {
            write!(f, "{}{unit}", ms / length)?;
            ms %= length;
        }
    }
    Ok(())
}
