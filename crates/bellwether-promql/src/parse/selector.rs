//! Selectors, and what may follow one: a range, a subquery, `offset`, `@`, `anchored`, `smoothed`.

use super::ast::{At, Edges, Expr, Kind, MatrixSelector, Selector, Span, Subquery, TimeShift};
use super::{Parser, REGEXES, Token};
use crate::labels::METRIC_NAME;
use crate::matcher::plain;
use crate::{Error, MatchOp, Matcher};

impl Parser<'_> {
    /// `name{...}`, the name being read already, or `{...}`.
    pub(super) fn selector(&mut self, name: Option<(String, usize)>) -> Result<Expr, Error> {
        let start = name.as_ref().map_or(self.span().start, |(_, start)| *start);
        let named = name.is_some();
        let mut matchers = Vec::new();
        let mut known = name.map(|(name, _)| name);
        if self.accept("{") {
            while !self.accept("}") {
                let at = self.span().start;
                let named = self.matcher(&mut matchers)?;
                match (named, &known) {
                    (Some(second), Some(first)) => {
                        let message = format!("metric name must not be set twice: {first:?} or {second:?}");
                        return Err(self.error_at(at, message));
                    }
                    (Some(first), None) => known = Some(first),
                    (None, _) => {}
                }
                if !self.accept(",") && !self.is_sign("}") {
                    return Err(self.unexpected("label matching", "\",\" or \"}\""));
                }
            }
            if let (Some(first), Some(second)) =
                (&known, matchers.iter().find(|m: &&Matcher| m.name() == METRIC_NAME && m.op() == MatchOp::Equal))
            {
                let message = format!("metric name must not be set twice: {first:?} or {:?}", second.value());
                return Err(self.error_at(start, message));
            }
        }
        if let Some(name) = known {
            matchers.push(Matcher::new(METRIC_NAME, MatchOp::Equal, name)?);
        }
        let selector = Box::new(Selector { matchers, named, time: TimeShift::default(), edges: Edges::default() });
        Ok(Expr { kind: Kind::Selector(selector), span: Span::new(start, self.last_end()) })
    }

    /// One matcher, or the name of the metric as a string alone, which is given back.
    fn matcher(&mut self, matchers: &mut Vec<Matcher>) -> Result<Option<String>, Error> {
        let start = self.span().start;
        let (name, quoted) = match self.peek().clone() {
            Token::Word(name) => (name, false),
            Token::String(name) => (name, true),
            _ => return Err(self.unexpected("label matching", "identifier or \"}\"")),
        };
        self.next();
        let op = match self.peek() {
            Token::Sign("=") => MatchOp::Equal,
            Token::Sign("!=") => MatchOp::NotEqual,
            Token::Sign("=~") => MatchOp::Regex,
            Token::Sign("!~") => MatchOp::NotRegex,
            _ if quoted => return Ok(Some(name)),
            _ => return Err(self.unexpected("label matching", "label matching operator")),
        };
        self.next();
        let Token::String(value) = self.peek().clone() else {
            return Err(self.unexpected("label matching", "string"));
        };
        self.next();
        if name.is_empty() || (!quoted && name.contains(':')) {
            return Err(self.error_at(start, format!("invalid label name {name:?}")));
        }
        if matches!(op, MatchOp::Regex | MatchOp::NotRegex) && !plain(&value) {
            self.regexes += 1;
            if self.regexes > REGEXES {
                return Err(Error::limit(format!("more than {REGEXES} regular expressions")));
            }
        }
        matchers.push(Matcher::new(name, op, value).map_err(|error| self.error_at(start, error))?);
        Ok(None)
    }

    pub(super) fn postfix(&mut self, mut expr: Expr) -> Result<Expr, Error> {
        let depth = self.depth;
        loop {
            let start = self.span().start;
            if self.is_sign("[") {
                self.enter()?;
                expr = self.range(expr)?;
            } else if self.accept_word("offset") {
                let offset = self.offset_length()?;
                let Some(time) = time(&mut expr) else {
                    let message = "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery";
                    return Err(self.error_at(expr.span.start, message));
                };
                if time.offset.is_some() {
                    return Err(self.error_at(start, "offset may not be set multiple times"));
                }
                time.offset = Some(offset);
            } else if self.accept("@") {
                let at = self.at_time()?;
                let Some(time) = time(&mut expr) else {
                    let message = "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery";
                    return Err(self.error_at(expr.span.start, message));
                };
                if time.at.is_some() {
                    return Err(self.error_at(start, "@ <timestamp> may not be set multiple times"));
                }
                time.at = Some(at);
            } else if self.is_word("anchored") || self.is_word("smoothed") {
                let edges = if self.is_word("anchored") { Edges::Anchored } else { Edges::Smoothed };
                self.next();
                self.set_edges(&mut expr, edges, start)?;
            } else {
                self.depth = depth;
                return Ok(expr);
            }
            expr.span.end = self.last_end();
        }
    }

    fn set_edges(&self, expr: &mut Expr, edges: Edges, start: usize) -> Result<(), Error> {
        let name = if edges == Edges::Anchored { "anchored" } else { "smoothed" };
        let selector = match &mut expr.kind {
            Kind::Selector(selector) => selector,
            Kind::Matrix(matrix) => &mut matrix.selector,
            Kind::Subquery(_) => {
                return Err(self.error_at(start, format!("{name} modifier is not supported for subqueries")));
            }
            _ => return Err(self.error_at(start, format!("{name} modifier not implemented"))),
        };
        if selector.edges != Edges::Plain {
            return Err(self.error_at(start, "anchored and smoothed modifiers cannot be used together"));
        }
        selector.edges = edges;
        Ok(())
    }

    fn at_time(&mut self) -> Result<At, Error> {
        let call = *self.peek_second() == Token::Sign("(");
        let edge = match () {
            () if call && self.is_word("start") => Some(At::Start),
            () if call && self.is_word("end") => Some(At::End),
            () => None,
        };
        if let Some(edge) = edge {
            self.next();
            self.next();
            self.expect(")", "@")?;
            return Ok(edge);
        }
        let start = self.span().start;
        let seconds = self.signed_number("@", "timestamp")?;
        let ms = (seconds * 1000.0).round();
        // As far as 64 bits of milliseconds reach, with room for offsets and ranges.
        if ms.is_nan() || ms.abs() >= i64::MAX as f64 / 4.0 {
            return Err(self.error_at(start, format!("timestamp out of bounds for @ modifier: {seconds}")));
        }
        Ok(At::Ms(ms as i64))
    }

    fn range(&mut self, expr: Expr) -> Result<Expr, Error> {
        const EXPECTED: &str = "number, duration, step(), or range()";
        let start = self.span().start;
        self.expect("[", "range")?;
        let range = self.positive_length("subquery or range selector", EXPECTED)?;
        if self.accept(":") {
            let step = match self.is_sign("]") {
                true => None,
                false => {
                    Some(self.positive_length("subquery selector", "number, duration, step(), range(), or \"]\"")?)
                }
            };
            self.expect("]", "subquery selector")?;
            let span = Span::new(expr.span.start, self.last_end());
            if !matches!(expr.type_of(), super::ast::Type::Vector | super::ast::Type::Scalar) {
                let message =
                    format!("subquery is only allowed on instant vector, got {} instead", expr.type_of().name());
                return Err(self.error_at(expr.span.start, message));
            }
            let subquery = Subquery { inner: expr, range, step, time: TimeShift::default() };
            return Ok(Expr { kind: Kind::Subquery(Box::new(subquery)), span });
        }
        if !self.accept("]") {
            return Err(self.unexpected("subquery or range", "\":\" or \"]\""));
        }
        let span = Span::new(expr.span.start, self.last_end());
        let Kind::Selector(selector) = expr.kind else {
            return Err(self.error_at(start, "ranges only allowed for vector selectors"));
        };
        if selector.time.offset.is_some() {
            return Err(self.error_at(start, "no offset modifiers allowed before range"));
        }
        if selector.time.at.is_some() {
            return Err(self.error_at(start, "no @ modifiers allowed before range"));
        }
        Ok(Expr { kind: Kind::Matrix(Box::new(MatrixSelector { selector: *selector, range })), span })
    }
}

fn time(expr: &mut Expr) -> Option<&mut TimeShift> {
    match &mut expr.kind {
        Kind::Selector(selector) => Some(&mut selector.time),
        Kind::Matrix(matrix) => Some(&mut matrix.selector.time),
        Kind::Subquery(subquery) => Some(&mut subquery.time),
        _ => None,
    }
}
