//! An expression as plain values: its syntax tree in the words of Prometheus's API.

use crate::number::plain;
use crate::parse::ast::{
    Aggregate, At, Binary, Call, Edges, Expr, Kind, Length, LengthOp, Many, Matching, Selector, Subquery, TimeShift,
    Type,
};
use crate::{MatchOp, Matcher};

/// A piece of a syntax tree, in the form in which `/api/v1/parse_query` of Prometheus gives it as JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// `null`: what is not there.
    Nothing,
    /// Yes or no.
    Bool(bool),
    /// Milliseconds, or how many.
    Whole(i64),
    /// Any number.
    Number(f64),
    /// A name, an operator, or a text.
    Text(String),
    /// Pieces in order.
    List(Vec<Tree>),
    /// Named pieces, in the order of their names.
    Fields(Vec<(&'static str, Tree)>),
}

impl Tree {
    pub(crate) fn of(expr: &Expr) -> Self {
        match &expr.kind {
            Kind::Number(number) | Kind::Duration(number) => {
                fields([("type", text("numberLiteral")), ("val", text(plain(*number)))])
            }
            Kind::String(value) => fields([("type", text("stringLiteral")), ("val", text(value))]),
            Kind::Selector(selector) => fields(
                [("type", text("vectorSelector"))].into_iter().chain(selecting(selector)).chain(shift(&selector.time)),
            ),
            Kind::Matrix(matrix) => {
                let [range, expression] = length("range", "rangeExpr", Some(&matrix.range));
                let own = [("type", text("matrixSelector")), range, expression];
                fields(own.into_iter().chain(selecting(&matrix.selector)).chain(shift(&matrix.selector.time)))
            }
            Kind::Subquery(subquery) => within(subquery),
            Kind::Negate(inner) => unary("-", inner),
            Kind::Plus(inner) => unary("+", inner),
            Kind::Paren(inner) => fields([("type", text("parenExpr")), ("expr", Self::of(inner))]),
            Kind::Binary(binary) => operation(binary),
            Kind::Call(call) => called(call),
            Kind::Aggregate(aggregate) => aggregation(aggregate),
        }
    }
}

fn text(text: impl Into<String> + Clone) -> Tree {
    Tree::Text(text.into())
}

fn texts(all: &[String]) -> Tree {
    Tree::List(all.iter().map(text).collect())
}

fn fields(all: impl IntoIterator<Item = (&'static str, Tree)>) -> Tree {
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_unstable_by_key(|(name, _)| *name);
    Tree::Fields(all)
}

fn unary(op: &str, inner: &Expr) -> Tree {
    fields([("type", text("unaryExpr")), ("op", text(op)), ("expr", Tree::of(inner))])
}

/// What a selector wants.
fn selecting(selector: &Selector) -> [(&'static str, Tree); 4] {
    let name = selector.matchers.last().filter(|_| selector.named).map_or("", Matcher::value);
    let matchers = selector.matchers.iter().map(|matcher| {
        let op = match matcher.op() {
            MatchOp::Equal => "=",
            MatchOp::NotEqual => "!=",
            MatchOp::Regex => "=~",
            MatchOp::NotRegex => "!~",
        };
        fields([("name", text(matcher.name())), ("value", text(matcher.value())), ("type", text(op))])
    });
    [
        ("name", text(name)),
        ("matchers", Tree::List(matchers.collect())),
        ("anchored", Tree::Bool(selector.edges == Edges::Anchored)),
        ("smoothed", Tree::Bool(selector.edges == Edges::Smoothed)),
    ]
}

/// When it is looked at.
fn shift(time: &TimeShift) -> [(&'static str, Tree); 4] {
    let (at, edge) = match time.at {
        Some(At::Ms(ms)) => (Tree::Whole(ms), Tree::Nothing),
        Some(At::Start) => (Tree::Nothing, text("start")),
        Some(At::End) => (Tree::Nothing, text("end")),
        None => (Tree::Nothing, Tree::Nothing),
    };
    let [offset, expression] = length("offset", "offsetExpr", time.offset.as_ref());
    [offset, expression, ("timestamp", at), ("startOrEnd", edge)]
}

fn within(subquery: &Subquery) -> Tree {
    let own = [("type", text("subquery")), ("expr", Tree::of(&subquery.inner))];
    let range = length("range", "rangeExpr", Some(&subquery.range));
    let step = length("step", "stepExpr", subquery.step.as_ref());
    fields(own.into_iter().chain(range).chain(step).chain(shift(&subquery.time)))
}

/// A length that is known, in milliseconds, and else 0 and what it is to be worked out from.
fn length(name: &'static str, expression: &'static str, length: Option<&Length>) -> [(&'static str, Tree); 2] {
    let literal = length.map_or(Some(0.0), Length::literal);
    let ms = literal.map_or(0, |seconds| ((seconds * 1e9).round() / 1e6) as i64);
    let worked_out = length.filter(|_| literal.is_none()).map_or(Tree::Nothing, |length| part(length, false));
    [(name, Tree::Whole(ms)), (expression, worked_out)]
}

fn part(length: &Length, wrapped: bool) -> Tree {
    let operation = |op: &str, left, right| {
        let all = [("type", text("durationExpr")), ("op", text(op)), ("lhs", left), ("rhs", right)];
        fields(all.into_iter().chain([("wrapped", Tree::Bool(wrapped))]))
    };
    match length {
        Length::Seconds(number) | Length::Number(number) => fields([
            ("type", text("numberLiteral")),
            ("val", text(plain(*number))),
            ("duration", Tree::Bool(matches!(length, Length::Seconds(_)))),
        ]),
        Length::Step => operation("step", Tree::Nothing, Tree::Nothing),
        Length::Range => operation("range", Tree::Nothing, Tree::Nothing),
        Length::Negate(inner) => operation("-", Tree::Nothing, part(inner, false)),
        Length::Paren(inner) => part(inner, true),
        Length::Operation(parts) => {
            let (op, left, right) = &**parts;
            let op = match op {
                LengthOp::Add => "+",
                LengthOp::Sub => "-",
                LengthOp::Mul => "*",
                LengthOp::Div => "/",
                LengthOp::Mod => "%",
                LengthOp::Pow => "^",
                LengthOp::Min => "min_of",
                LengthOp::Max => "max_of",
            };
            operation(op, part(left, false), part(right, false))
        }
    }
}

/// An operation, and those on its left, from the innermost out: a chain of them may be long.
fn operation(mut binary: &Binary) -> Tree {
    let mut chain = vec![binary];
    while let Kind::Binary(left) = &binary.left.kind {
        binary = left;
        chain.push(left);
    }
    let innermost = Tree::of(&binary.left);
    chain.into_iter().rev().fold(innermost, |left, binary| {
        let vectors = [&binary.left, &binary.right].iter().all(|side| side.type_of() == Type::Vector);
        fields([
            ("type", text("binaryExpr")),
            ("op", text(binary.op.symbol())),
            ("lhs", left),
            ("rhs", Tree::of(&binary.right)),
            ("matching", if vectors { matching(binary) } else { Tree::Nothing }),
            ("bool", Tree::Bool(binary.bool)),
        ])
    })
}

fn matching(binary: &Binary) -> Tree {
    let Matching { on, labels, many, include, fill_left, fill_right } = &binary.matching;
    let card = match many {
        _ if binary.op.is_set() => "many-to-many",
        Many::Neither => "one-to-one",
        Many::Left => "many-to-one",
        Many::Right => "one-to-many",
    };
    let fill = |value: &Option<f64>| value.map_or(Tree::Nothing, Tree::Number);
    fields([
        ("card", text(card)),
        ("labels", texts(labels)),
        ("on", Tree::Bool(*on)),
        ("include", texts(include)),
        ("fillValues", fields([("lhs", fill(fill_left)), ("rhs", fill(fill_right))])),
    ])
}

fn called(call: &Call) -> Tree {
    let function = call.function;
    let mut takes: Vec<Type> = function.args.to_vec();
    let variadic = match function.more {
        usize::MAX => -1,
        0 => function.optional as i64,
        more => {
            // Of those that may follow, Prometheus lists the first one, too.
            takes.extend(function.args.last());
            more as i64
        }
    };
    let own = fields([
        ("name", text(function.name)),
        ("argTypes", Tree::List(takes.iter().map(|kind| text(word(*kind))).collect())),
        ("variadic", Tree::Whole(variadic)),
        ("returnType", text(word(function.returns))),
    ]);
    let args = call.args.iter().map(Tree::of).collect();
    fields([("type", text("call")), ("func", own), ("args", Tree::List(args))])
}

fn word(kind: Type) -> &'static str {
    match kind {
        Type::Scalar => "scalar",
        Type::Vector => "vector",
        Type::Matrix => "matrix",
        Type::String => "string",
    }
}

fn aggregation(aggregate: &Aggregate) -> Tree {
    fields([
        ("type", text("aggregation")),
        ("op", text(aggregate.op.name())),
        ("expr", Tree::of(&aggregate.inner)),
        ("param", aggregate.param.as_ref().map_or(Tree::Nothing, Tree::of)),
        ("grouping", texts(&aggregate.grouping)),
        ("without", Tree::Bool(aggregate.without)),
    ])
}
