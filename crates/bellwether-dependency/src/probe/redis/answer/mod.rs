//! What a Redis answers: the first line of it, in pieces as they come, and what it says of how it is.

use crate::cascade::Failure;
use crate::fault::{Fault, Retry};

/// The first line of an answer, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Answer(Vec<u8>);

/// A line has at most so many bytes; those of errors are short.
pub(super) const MAX_LINE: usize = 512;

impl Answer {
    /// Takes in what came. Whether the line is whole; what comes behind it is not looked at.
    ///
    /// # Errors
    /// If it is too long for a line.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<bool, Fault> {
        let Self(line) = self;
        line.extend(bytes);
        match line.windows(2).position(|pair| pair == b"\r\n") {
            Some(end) if end <= MAX_LINE => line.truncate(end),
            None if line.len() <= MAX_LINE + 1 => return Ok(false),
            _ => return Err(Fault::new(Failure::Decode)),
        }
        Ok(true)
    }

    /// Whether it is what was asked for; else the class of the error, by its first word, which is its type.
    pub(super) fn expect(&self, expected: &[u8]) -> Result<(), Fault> {
        let Self(line) = self;
        if line == expected {
            return Ok(());
        }
        let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        Err(match word {
            b"-NOAUTH" | b"-WRONGPASS" | b"-NOPERM" | b"-DENIED" => Fault::new(Failure::Auth),
            b"-LOADING" | b"-BUSY" | b"-MASTERDOWN" | b"-CLUSTERDOWN" | b"-TRYAGAIN" => {
                Fault::new(Failure::Upstream).retry(Retry::AfterPause)
            }
            [b'-', ..] => Fault::new(Failure::Upstream),
            _ => Fault::new(Failure::Decode),
        })
    }
}

#[cfg(test)]
mod tests;
