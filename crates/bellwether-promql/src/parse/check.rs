//! Types: what may be combined with what.

use super::ast::{Binary, Edges, Expr, Kind, Matching, Type};
use super::error;
use crate::Error;

/// Checks a tree from its leaves up; calls are checked where they are read.
pub(super) fn check(text: &str, expr: &Expr) -> Result<(), Error> {
    match &expr.kind {
        Kind::Number(_) | Kind::Duration(_) | Kind::String(_) | Kind::Matrix(_) => Ok(()),
        Kind::Selector(selector) => {
            if selector.edges == Edges::Anchored {
                return Err(error(text, expr.span.start, "anchored modifier must be used with a range selector"));
            }
            if selector.matchers.iter().all(|matcher| matcher.matches("")) {
                let message = "vector selector must contain at least one non-empty matcher";
                return Err(error(text, expr.span.start, message));
            }
            Ok(())
        }
        Kind::Subquery(subquery) => check(text, &subquery.inner),
        Kind::Negate(inner) | Kind::Plus(inner) | Kind::Paren(inner) => check(text, inner),
        Kind::Binary(_) => check_chain(text, expr),
        Kind::Call(call) => {
            // The second argument of `info` is matchers rather than a selector: they may match everything.
            let selects = if call.function.name == "info" { 1 } else { call.args.len() };
            for arg in call.args.iter().take(selects) {
                check(text, arg)?;
                check_edges(call.function.name, arg)?;
            }
            Ok(())
        }
        Kind::Aggregate(aggregate) => {
            expect(text, &aggregate.inner, Type::Vector, "aggregation expression")?;
            check(text, &aggregate.inner)?;
            if let (Some(param), Some(wanted)) = (&aggregate.param, aggregate.op.param()) {
                expect(text, param, wanted, "aggregation parameter")?;
                check(text, param)?;
            }
            Ok(())
        }
    }
}

/// Operations from the innermost on the left out.
fn check_chain(text: &str, expr: &Expr) -> Result<(), Error> {
    let mut operations = Vec::new();
    let mut first = expr;
    while let Kind::Binary(binary) = &first.kind {
        operations.push((first, &**binary));
        first = &binary.left;
    }
    check(text, first)?;
    for (expr, binary) in operations.into_iter().rev() {
        check(text, &binary.right)?;
        check_binary(text, expr, binary)?;
    }
    Ok(())
}

fn expect(text: &str, expr: &Expr, wanted: Type, context: &str) -> Result<(), Error> {
    let got = expr.type_of();
    if got == wanted {
        return Ok(());
    }
    Err(error(text, expr.span.start, format!("expected type {} in {context}, got {}", wanted.name(), got.name())))
}

/// What a sign may stand before.
pub(super) fn sign(text: &str, at: usize, inner: &Expr) -> Result<(), Error> {
    let got = inner.type_of();
    if matches!(got, Type::Scalar | Type::Vector) {
        return Ok(());
    }
    let message =
        format!("unary expression only allowed on expressions of type scalar or instant vector, got {:?}", got.name());
    Err(error(text, at, message))
}

fn check_binary(text: &str, expr: &Expr, binary: &Binary) -> Result<(), Error> {
    let Binary { op, left, right, scalar, bool, matching } = binary;
    let (lt, rt) = (left.type_of(), right.type_of());
    for side in [left, right] {
        if !matches!(side.type_of(), Type::Scalar | Type::Vector) {
            let message = "binary expression must contain only scalar and instant vector types";
            return Err(error(text, side.span.start, message));
        }
    }
    let fail = |message: String| Err(error(text, expr.span.start, message));
    if op.is_comparison() && *scalar && !bool {
        return fail("comparisons between scalars must use BOOL modifier".to_owned());
    }
    let vectors = lt == Type::Vector && rt == Type::Vector;
    if !vectors {
        let Matching { on, labels, fill_left, fill_right, .. } = matching;
        if *on || !labels.is_empty() {
            return fail("vector matching only allowed between instant vectors".to_owned());
        }
        if fill_left.is_some() || fill_right.is_some() {
            return fail("filling in missing series only allowed between instant vectors".to_owned());
        }
        if op.is_set() {
            return fail(format!("set operator {:?} not allowed in binary scalar expression", op.symbol()));
        }
    }
    Ok(())
}

fn check_edges(function: &str, arg: &Expr) -> Result<(), Error> {
    const ANCHORED: &[&str] = &["changes", "delta", "increase", "rate", "resets"];
    const SMOOTHED: &[&str] = &["delta", "increase", "rate"];
    let Kind::Matrix(matrix) = &arg.bare().kind else { return Ok(()) };
    let (name, safe) = match matrix.selector.edges {
        Edges::Plain => return Ok(()),
        Edges::Anchored => ("anchored", ANCHORED),
        Edges::Smoothed => ("smoothed", SMOOTHED),
    };
    if safe.contains(&function) {
        return Ok(());
    }
    Err(Error::execution(format!("{name} modifier can only be used with: {} - not with {function}", safe.join(", "))))
}
