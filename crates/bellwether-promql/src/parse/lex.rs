//! The lexer: an expression as words, numbers, strings and signs.

use super::ast::Span;
use super::literal;
use crate::Error;

/// A piece of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name or a keyword; the parser knows which by where it stands.
    Word(String),
    Number(f64),
    /// A duration, in seconds.
    Duration(f64),
    String(String),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

impl Token {
    /// As errors call it.
    pub(super) fn describe(&self) -> String {
        match self {
            Token::Word(word) => format!("identifier {word:?}"),
            Token::Number(number) => format!("number \"{number}\""),
            Token::Duration(seconds) => format!("duration \"{seconds}s\""),
            Token::String(text) => format!("string {text:?}"),
            Token::Sign(sign) => format!("\"{sign}\""),
            Token::End => "end of input".to_owned(),
        }
    }
}

/// Longest first.
const SIGNS: &[&str] = &[
    "==", "!=", ">=", "<=", "=~", "!~", "</", ">/", "+", "-", "*", "/", "%", "^", "=", ">", "<", "(", ")", "[", "]",
    "{", "}", ",", ":", "@",
];

/// All tokens of an expression with where they stand; the last one is the end.
pub(super) fn lex(text: &str) -> Result<Vec<(Token, Span)>, Error> {
    let mut tokens = Vec::new();
    let mut at = 0;
    // Between square brackets a colon parts range and step; elsewhere it may be part of a name.
    let mut brackets = 0usize;
    while at < text.len() {
        let rest = &text[at..];
        let first = rest.chars().next().unwrap_or(' ');
        let start = at;
        if first.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        if first == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let token = if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            let (token, length) = literal::number(rest).map_err(|message| super::error(text, at, message))?;
            at += length;
            token
        } else if matches!(first, '"' | '\'' | '`') {
            let (value, length) = literal::string(rest).map_err(|message| super::error(text, at, message))?;
            at += length;
            Token::String(value)
        } else if first.is_ascii_alphabetic() || first == '_' || (first == ':' && brackets == 0) {
            let colons = brackets == 0;
            let length = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':')))
                .unwrap_or(rest.len());
            at += length;
            Token::Word(rest[..length].to_owned())
        } else if let Some(sign) = SIGNS.iter().copied().find(|sign| rest.starts_with(sign)) {
            match sign {
                "[" => brackets += 1,
                "]" => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            at += sign.len();
            Token::Sign(sign)
        } else {
            return Err(super::error(text, at, format!("unexpected character: {first:?}")));
        };
        tokens.push((token, Span::new(start, at)));
    }
    tokens.push((Token::End, Span::new(text.len(), text.len())));
    Ok(tokens)
}
