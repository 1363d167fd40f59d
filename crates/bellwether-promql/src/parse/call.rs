//! Calls of functions: their arguments, and whether they are as many and of the types the function takes.

use super::Parser;
use super::ast::{Call, Expr, Kind, Span};
use super::functions::{self, Function};
use crate::Error;

impl Parser<'_> {
    pub(super) fn call(&mut self, name: &str) -> Result<Expr, Error> {
        let start = self.span().start;
        let Some(function) = functions::function(name) else {
            return Err(self.error_at(start, format!("unknown function with name {name:?}")));
        };
        self.next();
        let args = self.args()?;
        let span = Span::new(start, self.last_end());
        self.check_args(function, &args, start)?;
        Ok(Expr { kind: Kind::Call(Box::new(Call { function, args })), span })
    }

    /// Whether the arguments are as many and of the types the function takes.
    fn check_args(&self, function: &Function, args: &[Expr], start: usize) -> Result<(), Error> {
        let name = function.name;
        let least = function.args.len() - function.optional;
        let most = function.args.len().saturating_add(function.more);
        if least == most && args.len() != least {
            let message = format!("expected {least} argument(s) in call to {name:?}, got {}", args.len());
            return Err(self.error_at(start, message));
        }
        if args.len() < least {
            let message = format!("expected at least {least} argument(s) in call to {name:?}, got {}", args.len());
            return Err(self.error_at(start, message));
        }
        if args.len() > most {
            let message = format!("expected at most {most} argument(s) in call to {name:?}, got {}", args.len());
            return Err(self.error_at(start, message));
        }
        for (i, arg) in args.iter().enumerate() {
            let wanted = function.args[i.min(function.args.len() - 1)];
            let got = arg.type_of();
            if got != wanted {
                let message =
                    format!("expected type {} in call to function {name:?}, got {}", wanted.name(), got.name());
                return Err(self.error_at(arg.span.start, message));
            }
        }
        if name == "info" && args.len() > 1 && !matches!(args[1].kind, Kind::Selector(_)) {
            return Err(self.error_at(args[1].span.start, "expected label selectors only"));
        }
        Ok(())
    }

    /// `(a, b)`.
    pub(super) fn args(&mut self) -> Result<Vec<Expr>, Error> {
        self.expect("(", "aggregation")?;
        let mut args = Vec::new();
        if self.accept(")") {
            return Ok(args);
        }
        loop {
            args.push(self.expr(0)?);
            if self.accept(")") {
                return Ok(args);
            }
            let start = self.span().start;
            if !self.accept(",") {
                return Err(self.unexpected("", ""));
            }
            if self.is_sign(")") {
                return Err(self.error_at(start, "trailing commas not allowed in function call args"));
            }
        }
    }
}
