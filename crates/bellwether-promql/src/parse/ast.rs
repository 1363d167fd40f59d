//! The syntax tree: what an expression says, with where it says it.

use super::functions::Function;
use crate::Matcher;

/// Where a piece of an expression stands: bytes from and to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// `line:column` of a place, both from one, the column in characters.
pub(crate) fn line_column(text: &str, at: usize) -> String {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{line}:{column}")
}

/// The type of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Scalar,
    Vector,
    Matrix,
    String,
}

impl Type {
    /// As errors call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Type::Scalar => "scalar",
            Type::Vector => "instant vector",
            Type::Matrix => "range vector",
            Type::String => "string",
        }
    }
}

/// An expression.
#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Number(f64),
    /// A number written as a duration, in seconds.
    Duration(f64),
    String(String),
    Selector(Box<Selector>),
    Matrix(Box<MatrixSelector>),
    Subquery(Box<Subquery>),
    Negate(Box<Expr>),
    /// A plus sign, which changes nothing.
    Plus(Box<Expr>),
    Paren(Box<Expr>),
    Binary(Box<Binary>),
    Call(Box<Call>),
    Aggregate(Box<Aggregate>),
}

impl Expr {
    pub(crate) fn type_of(&self) -> Type {
        match &self.kind {
            Kind::Number(_) | Kind::Duration(_) => Type::Scalar,
            Kind::String(_) => Type::String,
            Kind::Selector(_) | Kind::Aggregate(_) => Type::Vector,
            Kind::Matrix(_) | Kind::Subquery(_) => Type::Matrix,
            Kind::Negate(inner) | Kind::Plus(inner) | Kind::Paren(inner) => inner.type_of(),
            Kind::Binary(binary) if binary.scalar => Type::Scalar,
            Kind::Binary(_) => Type::Vector,
            Kind::Call(call) => call.function.returns,
        }
    }

    /// The expression within any parentheses, and behind any plus sign.
    pub(crate) fn bare(&self) -> &Expr {
        let mut expr = self;
        while let Kind::Paren(inner) | Kind::Plus(inner) = &expr.kind {
            expr = inner;
        }
        expr
    }
}

/// `name{label="value"}`, and when it is looked at.
#[derive(Debug)]
pub(crate) struct Selector {
    pub(crate) matchers: Vec<Matcher>,
    /// Whether the name of the metric stands before the braces; then its matcher is the last one.
    pub(crate) named: bool,
    pub(crate) time: TimeShift,
    pub(crate) edges: Edges,
}

/// How a selector treats the edges of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Edges {
    #[default]
    Plain,
    /// `anchored`: the sample before the range stands at its start.
    Anchored,
    /// `smoothed`: values at the edges are interpolated.
    Smoothed,
}

/// The modifiers `offset` and `@`.
#[derive(Debug, Default)]
pub(crate) struct TimeShift {
    pub(crate) offset: Option<Length>,
    pub(crate) at: Option<At>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum At {
    Ms(i64),
    Start,
    End,
}

/// A length of time as written: a literal, or an expression to be worked out when the query's range and step are known.
#[derive(Debug)]
pub(crate) enum Length {
    /// A duration.
    Seconds(f64),
    /// A number without a unit, which means seconds.
    Number(f64),
    Step,
    Range,
    Negate(Box<Length>),
    Paren(Box<Length>),
    Operation(Box<(LengthOp, Length, Length)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LengthOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Min,
    Max,
}

#[derive(Debug)]
pub(crate) struct MatrixSelector {
    pub(crate) selector: Selector,
    pub(crate) range: Length,
}

#[derive(Debug)]
pub(crate) struct Subquery {
    pub(crate) inner: Expr,
    pub(crate) range: Length,
    pub(crate) step: Option<Length>,
    pub(crate) time: TimeShift,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: &'static Function,
    pub(crate) args: Vec<Expr>,
}

#[derive(Debug)]
pub(crate) struct Aggregate {
    pub(crate) op: AggregateOp,
    pub(crate) param: Option<Expr>,
    pub(crate) inner: Expr,
    pub(crate) grouping: Vec<String>,
    pub(crate) without: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AggregateOp {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    Limitk,
    LimitRatio,
    Quantile,
    CountValues,
}

impl AggregateOp {
    const ALL: [(&'static str, AggregateOp); 14] = [
        ("sum", AggregateOp::Sum),
        ("avg", AggregateOp::Avg),
        ("min", AggregateOp::Min),
        ("max", AggregateOp::Max),
        ("count", AggregateOp::Count),
        ("group", AggregateOp::Group),
        ("stddev", AggregateOp::Stddev),
        ("stdvar", AggregateOp::Stdvar),
        ("topk", AggregateOp::Topk),
        ("bottomk", AggregateOp::Bottomk),
        ("limitk", AggregateOp::Limitk),
        ("limit_ratio", AggregateOp::LimitRatio),
        ("quantile", AggregateOp::Quantile),
        ("count_values", AggregateOp::CountValues),
    ];

    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, op)| *op)
    }

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, op)| *op == self).map_or("", |(name, _)| name)
    }

    /// The type of its parameter, if it takes one.
    pub(crate) fn param(self) -> Option<Type> {
        match self {
            Self::Topk | Self::Bottomk | Self::Limitk | Self::LimitRatio | Self::Quantile => Some(Type::Scalar),
            Self::CountValues => Some(Type::String),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Binary {
    pub(crate) op: BinaryOp,
    pub(crate) left: Expr,
    pub(crate) right: Expr,
    /// Both sides are scalars.
    pub(crate) scalar: bool,
    pub(crate) bool: bool,
    pub(crate) matching: Matching,
}

/// Which elements of two vectors belong together.
#[derive(Debug, Default)]
pub(crate) struct Matching {
    pub(crate) on: bool,
    pub(crate) labels: Vec<String>,
    pub(crate) many: Many,
    pub(crate) include: Vec<String>,
    pub(crate) fill_left: Option<f64>,
    pub(crate) fill_right: Option<f64>,
}

/// The side that may have many elements for one of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Many {
    #[default]
    Neither,
    Left,
    Right,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    TrimUpper,
    TrimLower,
    And,
    Or,
    Unless,
}

impl BinaryOp {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Atan2 => "atan2",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Gt => ">",
            Self::Lt => "<",
            Self::Ge => ">=",
            Self::Le => "<=",
            Self::TrimUpper => "</",
            Self::TrimLower => ">/",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
        }
    }

    pub(crate) fn is_comparison(self) -> bool {
        matches!(self, Self::Eq | Self::Ne | Self::Gt | Self::Lt | Self::Ge | Self::Le)
    }

    pub(crate) fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// Whether the value it makes is another than that of the metric on its left.
    pub(crate) fn changes_metric(self) -> bool {
        matches!(self, Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Mod | Self::Pow | Self::Atan2)
    }
}
