//! Lengths of time: `5m`, `300`, `step() * 2`, `max_of(step(), 1m)`.

use super::ast::{Length, LengthOp};
use super::{Parser, Token};
use crate::Error;

/// As many seconds as 64 bits of nanoseconds hold.
const MAX_SECONDS: f64 = i64::MAX as f64 / 1e9;

impl Parser<'_> {
    /// What stands in square brackets; a literal must be positive, an expression is checked when it is worked out.
    pub(super) fn positive_length(&mut self, context: &str, expected: &str) -> Result<Length, Error> {
        let start = self.span().start;
        let length = self.length(0, context, expected)?;
        if length.literal().is_some_and(|seconds| seconds <= 0.0) {
            return Err(self.error_at(start, "duration must be greater than 0"));
        }
        Ok(length)
    }

    fn length(&mut self, weakest: u8, context: &str, expected: &str) -> Result<Length, Error> {
        let depth = self.depth;
        self.enter()?;
        let mut left = if self.is_sign("-") || self.is_sign("+") {
            let minus = self.is_sign("-");
            self.next();
            let inner = self.length(3, context, expected)?;
            if minus { negate(inner) } else { inner }
        } else {
            self.length_primary(context, expected)?
        };
        while let Token::Sign(sign) = *self.peek() {
            let (strength, op) = match sign {
                "+" => (1, LengthOp::Add),
                "-" => (1, LengthOp::Sub),
                "*" => (2, LengthOp::Mul),
                "/" => (2, LengthOp::Div),
                "%" => (2, LengthOp::Mod),
                "^" => (3, LengthOp::Pow),
                _ => break,
            };
            if strength < weakest {
                break;
            }
            self.enter()?;
            let start = self.span().start;
            self.next();
            let right = self.length(if op == LengthOp::Pow { strength } else { strength + 1 }, context, expected)?;
            if right.literal() == Some(0.0) {
                match op {
                    LengthOp::Div => return Err(self.error_at(start, "division by zero")),
                    LengthOp::Mod => return Err(self.error_at(start, "modulo by zero")),
                    _ => {}
                }
            }
            // A sign binds less than the power, so what is below zero was in parentheses.
            if op == LengthOp::Pow && left.literal().is_some_and(|seconds| seconds < 0.0) {
                left = Length::Paren(Box::new(left));
            }
            left = Length::Operation(Box::new((op, left, right)));
        }
        self.depth = depth;
        Ok(left)
    }

    fn length_primary(&mut self, context: &str, expected: &str) -> Result<Length, Error> {
        let start = self.span().start;
        let word = match self.peek() {
            Token::Number(seconds) | Token::Duration(seconds) => {
                let seconds = *seconds;
                if seconds.abs() > MAX_SECONDS {
                    return Err(self.error_at(start, "duration out of range"));
                }
                return Ok(match self.next() {
                    Token::Number(_) => Length::Number(seconds),
                    _ => Length::Seconds(seconds),
                });
            }
            Token::Sign("(") => {
                self.next();
                let inner = self.length(0, context, expected)?;
                self.expect(")", context)?;
                let bare = inner.literal().is_some() || matches!(inner, Length::Paren(_));
                return Ok(if bare { inner } else { Length::Paren(Box::new(inner)) });
            }
            Token::Word(word) if *self.peek_second() == Token::Sign("(") => word.to_ascii_lowercase(),
            _ => return Err(self.unexpected(context, expected)),
        };
        let op = match word.as_str() {
            "step" | "range" => {
                self.next();
                self.next();
                self.expect(")", context)?;
                return Ok(if word == "step" { Length::Step } else { Length::Range });
            }
            "min" | "min_of" => LengthOp::Min,
            "max" | "max_of" => LengthOp::Max,
            _ => return Err(self.unexpected(context, expected)),
        };
        self.next();
        self.next();
        let left = self.length(0, context, expected)?;
        self.expect(",", context)?;
        let right = self.length(0, context, expected)?;
        self.expect(")", context)?;
        Ok(Length::Operation(Box::new((op, left, right))))
    }

    /// What follows `offset`: one literal or call, or an expression in parentheses, since `x offset 1m + 1` adds to `x`.
    pub(super) fn offset_length(&mut self) -> Result<Length, Error> {
        const EXPECTED: &str = "number, duration, step(), or range()";
        let minus = self.is_sign("-");
        if minus || self.is_sign("+") {
            self.next();
        }
        let depth = self.depth;
        self.enter()?;
        let length = self.length_primary("offset", EXPECTED)?;
        self.depth = depth;
        Ok(if minus { negate(length) } else { length })
    }
}

fn negate(length: Length) -> Length {
    match length {
        Length::Seconds(seconds) => Length::Seconds(-seconds),
        Length::Number(seconds) => Length::Number(-seconds),
        other => Length::Negate(Box::new(other)),
    }
}

/// The step and range of a query, of which lengths may speak.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) step_ms: i64,
    pub(crate) range_ms: i64,
}

impl Length {
    /// The seconds of a length that is no expression.
    pub(crate) fn literal(&self) -> Option<f64> {
        match self {
            Length::Seconds(seconds) | Length::Number(seconds) => Some(*seconds),
            _ => None,
        }
    }

    /// The length in milliseconds.
    pub(crate) fn ms(&self, scale: Scale) -> Result<i64, Error> {
        let seconds = self.seconds(scale)?;
        if seconds.is_nan() || seconds.abs() > MAX_SECONDS {
            return Err(Error::invalid("duration is out of range"));
        }
        // Literals are exact in milliseconds but for the noise of a division.
        Ok(if self.literal().is_some() { (seconds * 1e9).round() / 1e6 } else { seconds * 1e3 } as i64)
    }

    /// The length in milliseconds; it must be positive.
    pub(crate) fn positive_ms(&self, scale: Scale) -> Result<i64, Error> {
        match self.ms(scale)? {
            ms if ms > 0 => Ok(ms),
            0 if self.literal().is_some() => Ok(0),
            _ => Err(Error::invalid("duration must be greater than 0")),
        }
    }

    fn seconds(&self, scale: Scale) -> Result<f64, Error> {
        Ok(match self {
            Length::Seconds(seconds) | Length::Number(seconds) => *seconds,
            Length::Step => scale.step_ms as f64 / 1e3,
            Length::Range => scale.range_ms as f64 / 1e3,
            Length::Negate(inner) => -inner.seconds(scale)?,
            Length::Paren(inner) => inner.seconds(scale)?,
            Length::Operation(operation) => {
                let (op, left, right) = &**operation;
                let (left, right) = (left.seconds(scale)?, right.seconds(scale)?);
                match op {
                    LengthOp::Add => left + right,
                    LengthOp::Sub => left - right,
                    LengthOp::Mul => left * right,
                    LengthOp::Div if right == 0.0 => return Err(Error::invalid("division by zero")),
                    LengthOp::Mod if right == 0.0 => return Err(Error::invalid("modulo by zero")),
                    LengthOp::Div => left / right,
                    LengthOp::Mod => left % right,
                    LengthOp::Pow => left.powf(right),
                    LengthOp::Min => left.min(right),
                    LengthOp::Max => left.max(right),
                }
            }
        })
    }
}
