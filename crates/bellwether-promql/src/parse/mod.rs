//! The parser: an expression in Prometheus 3's language as a checked tree, with errors that say where.

pub(crate) mod ast;
mod call;
mod check;
pub(crate) mod functions;
pub(crate) mod length;
mod lex;
pub(crate) mod literal;
mod matching;
mod selector;

use std::time::Duration;

use ast::{Aggregate, AggregateOp, Binary, BinaryOp, Expr, Kind, Span};
use lex::Token;

use crate::{Error, Matcher};

/// Reads an expression that nests no deeper than `depth`.
pub(crate) fn parse(text: &str, depth: usize) -> Result<Expr, Error> {
    let tokens = lex::lex(text)?;
    if tokens.len() == 1 {
        return Err(Error::invalid("unknown position: parse error: no expression found in input"));
    }
    let mut parser = Parser { text, tokens, at: 0, depth: 0, max_depth: depth, links_beside: 0, regexes: 0 };
    let expr = parser.expr(0)?;
    if *parser.peek() != Token::End {
        return Err(parser.unexpected("", ""));
    }
    check::check(text, &expr)?;
    Ok(expr)
}

/// Reads a selector and nothing else; one that selects everything is fine.
pub(crate) fn parse_selector(text: &str) -> Result<Vec<Matcher>, Error> {
    let tokens = lex::lex(text)?;
    let mut parser = Parser { text, tokens, at: 0, depth: 0, max_depth: 1, links_beside: 0, regexes: 0 };
    let start = parser.span().start;
    let name = match parser.peek().clone() {
        Token::Word(name) => {
            parser.next();
            Some((name, start))
        }
        Token::Sign("{") => None,
        _ => return Err(parser.unexpected("", "")),
    };
    let expr = parser.selector(name)?;
    match (expr.kind, parser.peek()) {
        (Kind::Selector(selector), Token::End) => Ok(selector.matchers),
        _ => Err(parser.unexpected("", "")),
    }
}

/// A duration as Prometheus writes it, such as `1h30m`: units from great to small, each once.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(bellwether_promql::duration("1h30m"), Some(Duration::from_secs(5400)));
/// assert_eq!(bellwether_promql::duration("30m1h"), None);
/// ```
pub fn duration(text: &str) -> Option<Duration> {
    literal::parse_duration(text).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

#[cold]
fn error(text: &str, at: usize, message: impl std::fmt::Display) -> Error {
    Error::invalid(format!("{}: parse error: {message}", ast::line_column(text, at)))
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(Token, Span)>,
    at: usize,
    depth: usize,
    max_depth: usize,
    links_beside: usize,
    /// Regular expressions so far.
    regexes: usize,
}

/// How strongly an operator binds, and what it is.
fn operator(token: &Token) -> Option<(u8, BinaryOp)> {
    Some(match token {
        Token::Sign(sign) => match *sign {
            "==" => (3, BinaryOp::Eq),
            "!=" => (3, BinaryOp::Ne),
            ">=" => (3, BinaryOp::Ge),
            "<=" => (3, BinaryOp::Le),
            ">" => (3, BinaryOp::Gt),
            "<" => (3, BinaryOp::Lt),
            "</" => (3, BinaryOp::TrimUpper),
            ">/" => (3, BinaryOp::TrimLower),
            "+" => (4, BinaryOp::Add),
            "-" => (4, BinaryOp::Sub),
            "*" => (5, BinaryOp::Mul),
            "/" => (5, BinaryOp::Div),
            "%" => (5, BinaryOp::Mod),
            "^" => (POWER, BinaryOp::Pow),
            _ => return None,
        },
        Token::Word(word) => match word.to_ascii_lowercase().as_str() {
            "or" => (1, BinaryOp::Or),
            "and" => (2, BinaryOp::And),
            "unless" => (2, BinaryOp::Unless),
            "atan2" => (5, BinaryOp::Atan2),
            _ => return None,
        },
        _ => return None,
    })
}

/// The power binds strongest, and to the right; a sign before a number binds less than it: `-2 ^ 2` is -4.
const POWER: u8 = 6;

/// A chain of operators, such as `a or b or c`, may be so many times as long as an expression may be deep: nothing is nested to
/// work it out. Its tree is as deep as it is long, and so the lengths of chains within chains add up.
const CHAIN: usize = 10;

/// Regular expressions in one expression, beyond mere choices such as `a|b`: each may take a mebibyte.
const REGEXES: usize = 100;

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn peek_second(&self) -> &Token {
        &self.tokens[(self.at + 1).min(self.tokens.len() - 1)].0
    }

    fn span(&self) -> Span {
        self.tokens[self.at].1
    }

    /// Where the token before this one ends.
    fn last_end(&self) -> usize {
        self.at.checked_sub(1).map_or(0, |at| self.tokens[at].1.end)
    }

    fn next(&mut self) -> Token {
        let token = self.tokens[self.at].0.clone();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        token
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(s) if *s == sign)
    }

    fn accept(&mut self, sign: &str) -> bool {
        let is = self.is_sign(sign);
        if is {
            self.next();
        }
        is
    }

    fn expect(&mut self, sign: &str, context: &str) -> Result<(), Error> {
        if self.accept(sign) { Ok(()) } else { Err(self.unexpected(context, &format!("\"{sign}\""))) }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(w) if w.eq_ignore_ascii_case(word))
    }

    fn accept_word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        if is {
            self.next();
        }
        is
    }

    #[cold]
    fn unexpected(&self, context: &str, expected: &str) -> Error {
        if let Some(unclosed) = self.unclosed().filter(|_| *self.peek() == Token::End) {
            return error(self.text, self.span().start, unclosed);
        }
        let mut message = format!("unexpected {}", self.peek().describe());
        if !context.is_empty() {
            message += &format!(" in {context}");
        }
        if !expected.is_empty() {
            message += &format!(", expected {expected}");
        }
        error(self.text, self.span().start, message)
    }

    /// What bracket is still open here, as Prometheus says it.
    fn unclosed(&self) -> Option<&'static str> {
        let open = |left: &str, right: &str| {
            let count = |sign: &str| {
                self.tokens[..self.at].iter().filter(|(token, _)| matches!(token, Token::Sign(s) if *s == sign)).count()
            };
            count(left) > count(right)
        };
        match () {
            () if open("{", "}") => Some("unexpected end of input inside braces"),
            () if open("(", ")") => Some("unclosed left parenthesis"),
            () if open("[", "]") => Some("unclosed left bracket"),
            () => None,
        }
    }

    #[cold]
    fn error_at(&self, at: usize, message: impl std::fmt::Display) -> Error {
        error(self.text, at, message)
    }

    fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err(Error::limit(format!("expression nests deeper than {} levels", self.max_depth)));
        }
        Ok(())
    }

    /// An expression of operators that bind at least as strongly as `weakest`.
    fn expr(&mut self, weakest: u8) -> Result<Expr, Error> {
        let (depth, beside) = (self.depth, std::mem::take(&mut self.links_beside));
        self.enter()?;
        let mut left = self.unary()?;
        let mut links = std::mem::take(&mut self.links_beside);
        while let Some((strength, op)) = operator(self.peek()).filter(|(strength, _)| *strength >= weakest) {
            if links >= self.max_depth.saturating_mul(CHAIN) {
                return Err(Error::limit(format!("more than {links} operators in a row")));
            }
            self.next();
            let (bool, matching) = self.modifiers(op)?;
            let right = self.expr(if op == BinaryOp::Pow { strength } else { strength + 1 })?;
            links = links.max(std::mem::take(&mut self.links_beside)) + 1;
            let span = Span::new(left.span.start, right.span.end);
            let scalar = left.type_of() == ast::Type::Scalar && right.type_of() == ast::Type::Scalar;
            left = Expr { kind: Kind::Binary(Box::new(Binary { op, left, right, scalar, bool, matching })), span };
        }
        (self.depth, self.links_beside) = (depth, beside.max(links));
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, Error> {
        let start = self.span().start;
        let minus = self.is_sign("-");
        if !minus && !self.is_sign("+") {
            let primary = self.primary()?;
            return self.postfix(primary);
        }
        self.next();
        let inner = self.expr(POWER)?;
        let span = Span::new(start, inner.span.end);
        let kind = match inner.kind {
            Kind::Number(number) => Kind::Number(if minus { -number } else { number }),
            Kind::Duration(seconds) => Kind::Duration(if minus { -seconds } else { seconds }),
            _ => {
                check::sign(self.text, start, &inner)?;
                if minus { Kind::Negate(Box::new(inner)) } else { Kind::Plus(Box::new(inner)) }
            }
        };
        Ok(Expr { kind, span })
    }

    fn primary(&mut self) -> Result<Expr, Error> {
        let span = self.span();
        let kind = match self.peek().clone() {
            Token::Number(number) => {
                self.next();
                Kind::Number(number)
            }
            Token::Duration(seconds) => {
                self.next();
                Kind::Duration(seconds)
            }
            Token::String(text) => {
                self.next();
                Kind::String(text)
            }
            Token::Sign("(") => {
                self.next();
                let inner = self.expr(0)?;
                if !self.accept(")") {
                    return Err(self.unexpected("", ""));
                }
                Kind::Paren(Box::new(inner))
            }
            Token::Sign("{") => return self.selector(None),
            Token::Word(word) => return self.word(word),
            _ => return Err(self.unexpected("", "")),
        };
        Ok(Expr { kind, span: Span::new(span.start, self.last_end()) })
    }

    /// What begins with a word: a number with a name, an aggregation, a call, or a selector.
    fn word(&mut self, word: String) -> Result<Expr, Error> {
        let span = self.span();
        let lower = word.to_ascii_lowercase();
        if matches!(lower.as_str(), "inf" | "nan") {
            self.next();
            let number = if lower == "inf" { f64::INFINITY } else { f64::NAN };
            return Ok(Expr { kind: Kind::Number(number), span });
        }
        let second = self.peek_second();
        let called = *second == Token::Sign("(");
        let grouped =
            matches!(second, Token::Word(w) if w.eq_ignore_ascii_case("by") || w.eq_ignore_ascii_case("without"));
        if let Some(op) = AggregateOp::named(&lower).filter(|_| called || grouped) {
            self.next();
            return self.aggregate(op, span.start);
        }
        if called {
            return self.call(&word);
        }
        if matches!(lower.as_str(), "bool" | "on" | "ignoring" | "group_left" | "group_right" | "atan2") {
            return Err(self.unexpected("", ""));
        }
        self.next();
        self.selector(Some((word, span.start)))
    }

    fn aggregate(&mut self, op: AggregateOp, start: usize) -> Result<Expr, Error> {
        let mut grouping = self.grouping()?;
        let open = self.span().start;
        let mut args = self.args()?;
        let mut end = self.last_end();
        if grouping.is_none() {
            grouping = self.grouping()?;
            end = self.last_end();
        }
        let (grouping, without) = grouping.unwrap_or_default();
        let wanted = 1 + usize::from(op.param().is_some());
        if args.is_empty() {
            return Err(self.error_at(start, "no arguments for aggregate expression provided"));
        }
        if args.len() != wanted {
            let message = format!(
                "wrong number of arguments for aggregate expression provided, expected {wanted}, got {}",
                args.len()
            );
            return Err(self.error_at(start, message));
        }
        let Some(inner) = args.pop() else { return Err(self.error_at(open, "no arguments")) };
        let param = args.pop();
        let aggregate = Aggregate { op, param, inner, grouping, without };
        Ok(Expr { kind: Kind::Aggregate(Box::new(aggregate)), span: Span::new(start, end) })
    }

    /// `by (...)` or `without (...)`, if it stands here; whether it is the latter.
    fn grouping(&mut self) -> Result<Option<(Vec<String>, bool)>, Error> {
        let without = self.is_word("without");
        if !without && !self.is_word("by") {
            return Ok(None);
        }
        self.next();
        Ok(Some((self.label_names()?, without)))
    }

    fn label_names(&mut self) -> Result<Vec<String>, Error> {
        self.expect("(", "grouping opts")?;
        let mut names = Vec::new();
        while !self.accept(")") {
            let start = self.span().start;
            match self.peek().clone() {
                Token::Word(name) if !name.contains(':') => names.push(name),
                Token::String(name) | Token::Word(name) => {
                    if name.is_empty() || name.contains(':') && matches!(self.peek(), Token::Word(_)) {
                        let message = format!("invalid label name for grouping: {name:?}");
                        return Err(self.error_at(start, message));
                    }
                    names.push(name);
                }
                _ => return Err(self.unexpected("grouping opts", "label")),
            }
            self.next();
            if !self.accept(",") && !self.is_sign(")") {
                return Err(self.unexpected("grouping opts", "\",\" or \")\""));
            }
        }
        Ok(names)
    }

    fn signed_number(&mut self, context: &str, expected: &str) -> Result<f64, Error> {
        let minus = self.is_sign("-");
        if minus || self.is_sign("+") {
            self.next();
        }
        let number = match self.peek() {
            Token::Number(number) | Token::Duration(number) => *number,
            Token::Word(word) if word.eq_ignore_ascii_case("inf") => f64::INFINITY,
            Token::Word(word) if word.eq_ignore_ascii_case("nan") => f64::NAN,
            _ => return Err(self.unexpected(context, expected)),
        };
        self.next();
        Ok(if minus { -number } else { number })
    }
}

#[cfg(test)]
mod tests;
