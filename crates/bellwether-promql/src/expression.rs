//! An expression on its own: read, checked, and printed anew.

use std::fmt;
use std::str::FromStr;

use crate::parse::ast::{Expr, Kind};
use crate::parse::parse;
use crate::print::{self, OneLine, Tree};
use crate::{Error, Limits, Matcher};

/// An expression that was read and checked. As text it is one line in Prometheus's own style.
///
/// ```
/// use bellwether_promql::Expression;
///
/// let expression: Expression = "sum(rate(requests_total{route='/',job='api'}[300])) by(job)".parse()?;
/// assert_eq!(expression.to_string(), r#"sum by (job) (rate(requests_total{job="api",route="/"}[5m]))"#);
/// assert_eq!(expression.selectors().len(), 1);
/// # Ok::<(), bellwether_promql::Error>(())
/// ```
#[derive(Debug)]
pub struct Expression(Expr);

impl Expression {
    /// The expression as people read it: broken after brackets and around operators where it is longer than 100 characters,
    /// as Prometheus formats queries. Comments are lost.
    pub fn pretty(&self) -> String {
        print::pretty(&self.0)
    }

    /// Its syntax tree, as Prometheus's API tells it.
    ///
    /// ```
    /// use bellwether_promql::{Expression, Tree};
    ///
    /// let Tree::Fields(fields) = "-up".parse::<Expression>()?.tree() else { panic!() };
    /// assert_eq!(fields[1], ("op", Tree::Text("-".to_owned())));
    /// # Ok::<(), bellwether_promql::Error>(())
    /// ```
    pub fn tree(&self) -> Tree {
        Tree::of(&self.0)
    }

    /// What each selector in it wants, from left to right.
    pub fn selectors(&self) -> Vec<&[Matcher]> {
        let mut found = Vec::new();
        collect(&self.0, &mut found);
        found
    }
}

/// Nests no deeper than [`Limits::depth`] by default allows.
impl FromStr for Expression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text, Limits::default().depth).map(Self)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        OneLine(&self.0).fmt(f)
    }
}

fn collect<'a>(expr: &'a Expr, found: &mut Vec<&'a [Matcher]>) {
    match &expr.kind {
        Kind::Number(_) | Kind::Duration(_) | Kind::String(_) => {}
        Kind::Selector(selector) => found.push(&selector.matchers),
        Kind::Matrix(matrix) => found.push(&matrix.selector.matchers),
        Kind::Subquery(subquery) => collect(&subquery.inner, found),
        Kind::Negate(inner) | Kind::Plus(inner) | Kind::Paren(inner) => collect(inner, found),
        Kind::Binary(binary) => {
            collect(&binary.left, found);
            collect(&binary.right, found);
        }
        Kind::Call(call) => call.args.iter().for_each(|arg| collect(arg, found)),
        Kind::Aggregate(aggregate) => {
            collect(&aggregate.inner, found);
            aggregate.param.iter().for_each(|param| collect(param, found));
        }
    }
}
