//! What is to be said about a place in a document: a mistake, or something that has no counterpart and is left out.

use std::fmt;

use super::node::At;

/// Something to be said about a place in a document.
///
/// Of a document that is refused it says what is wrong there and what would be accepted; of one that is read or written,
/// what could not be taken along.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remark {
    /// Where it stands in a text; `None` for what is being written.
    pub at: Option<Position>,
    /// Which of the file's documents or tables, such as `SLO checkout`; empty where it has no name yet.
    pub document: String,
    /// The key, from the document's top: `spec.objectives[0].target`; empty for the document as a whole.
    pub path: String,
    /// The remark itself, to be read behind the path.
    pub what: String,
}

/// A place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// The name of the file, as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { file, line, column }) = &self.at {
            write!(f, "{file}:{line}:{column}: ")?;
        }
        if !self.document.is_empty() {
            write!(f, "{}: ", self.document)?;
        }
        if !self.path.is_empty() {
            write!(f, "{} ", self.path)?;
        }
        f.write_str(&self.what)
    }
}

/// Why a document was refused: everything that is wrong with it, up to a bound.
///
/// Printed, it is one line for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    kept: Vec<(At, Remark)>,
    more: usize,
}

impl Problems {
    /// So many are kept, the first ones; of the others only the number.
    pub const MAX: usize = 32;

    pub(super) fn new() -> Self {
        Self { kept: Vec::new(), more: 0 }
    }

    pub(super) fn push(&mut self, at: At, remark: Remark) {
        // Of what several refer to, each says the same.
        if self.kept.iter().any(|(_, kept)| *kept == remark) {
            return;
        }
        if self.kept.len() < Self::MAX { self.kept.push((at, remark)) } else { self.more += 1 }
    }

    /// What is wrong, in the order of the document.
    pub fn iter(&self) -> impl Iterator<Item = &Remark> {
        self.kept.iter().map(|(_, remark)| remark)
    }

    /// How many further ones were found and are not kept.
    pub fn more(&self) -> usize {
        self.more
    }

    /// Sorted, unless there are none.
    pub(super) fn refusal(mut self) -> Result<(), Self> {
        self.kept.sort_by_key(|(at, _)| *at);
        if self.kept.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, remark) in self.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            remark.fmt(f)?;
        }
        match self.more {
            0 => Ok(()),
            1 => f.write_str("\nand one more"),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl std::error::Error for Problems {}
