//! What may stand between an operator and its right side: how elements are matched, and what stands for missing ones.

use super::ast::{BinaryOp, Many, Matching};
use super::{Parser, Token};
use crate::Error;

impl Parser<'_> {
    /// What may stand between an operator and its right side.
    pub(super) fn modifiers(&mut self, op: BinaryOp) -> Result<(bool, Matching), Error> {
        let mut matching = Matching::default();
        let start = self.span().start;
        let bool = self.accept_word("bool");
        if bool && !op.is_comparison() {
            return Err(self.error_at(start, "bool modifier can only be used on comparison operators"));
        }
        if self.is_word("on") || self.is_word("ignoring") {
            matching.on = self.is_word("on");
            self.next();
            matching.labels = self.label_names()?;
            let many = if self.is_word("group_left") {
                Many::Left
            } else if self.is_word("group_right") {
                Many::Right
            } else {
                Many::Neither
            };
            if many != Many::Neither {
                let start = self.span().start;
                self.next();
                if op.is_set() {
                    return Err(self.error_at(start, format!("no grouping allowed for {:?} operation", op.symbol())));
                }
                matching.many = many;
                if self.is_sign("(") {
                    matching.include = self.label_names()?;
                }
                if let Some(both) = matching.include.iter().find(|l| matching.on && matching.labels.contains(l)) {
                    let message = format!("label {both:?} must not occur in ON and GROUP clause at once");
                    return Err(self.error_at(start, message));
                }
            }
        }
        self.fill(op, &mut matching)?;
        Ok((bool, matching))
    }

    /// `fill(0)`, `fill_left(0)`, `fill_right(0)`: values for elements that are missing on a side.
    fn fill(&mut self, op: BinaryOp, matching: &mut Matching) -> Result<(), Error> {
        while *self.peek_second() == Token::Sign("(") {
            let start = self.span().start;
            let (left, right) = match self.peek() {
                Token::Word(word) => match word.to_ascii_lowercase().as_str() {
                    "fill" => (true, true),
                    "fill_left" => (true, false),
                    "fill_right" => (false, true),
                    _ => return Ok(()),
                },
                _ => return Ok(()),
            };
            self.next();
            self.next();
            let value = self.signed_number("fill", "number")?;
            self.expect(")", "fill")?;
            if op.is_set() {
                return Err(self.error_at(start, "filling in missing series not allowed for set operators"));
            }
            if left {
                matching.fill_left = Some(value);
            }
            if right {
                matching.fill_right = Some(value);
            }
        }
        Ok(())
    }
}
