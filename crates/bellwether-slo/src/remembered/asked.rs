//! What is asked of the past: a count or a ratio, known by the same key in every run.

use std::cmp::Ordering;

use sha2::{Digest, Sha256};

use crate::objective::{Count, Plan, Reading, Slo};
use crate::{Expressions, Indicator};

/// A count or a ratio, and the text that it is known by.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) what: What,
    text: String,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    Count(Count),
    /// An expression for the share that is good.
    Ratio(String),
}

/// The beginning of the SHA-256 of a text: of some thousand texts no two have the same.
pub(super) type Key = [u8; 8];

impl Asked {
    pub(super) fn count(count: &Count) -> Self {
        let text = match count {
            Count::Series { selector, reading: Reading::All } => format!("{selector}"),
            Count::Series { selector, reading: Reading::AtMost(bound) } => format!("{selector} <= {bound}"),
            Count::Series { selector, reading: Reading::Above(bound) } => format!("{selector} > {bound}"),
            Count::Expression(expression) => format!("= {expression}"),
        };
        Self { what: What::Count(count.clone()), text }
    }

    pub(super) fn ratio(expression: &str) -> Self {
        Self { what: What::Ratio(expression.to_owned()), text: format!("/ {expression}") }
    }

    /// All that an objective asks.
    pub(super) fn all_of(slo: &Slo) -> Vec<Self> {
        match (&slo.indicator, slo.indicator.plan()) {
            (Indicator::Promql(Expressions::Ratio(expression)), _) => vec![Self::ratio(expression)],
            (_, Some(Plan { good, bad, total, .. })) => {
                good.iter().chain(&bad).chain(total.iter().flatten()).map(Self::count).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn key(&self) -> Key {
        let digest = Sha256::digest(self.text.as_bytes());
        let mut key = Key::default();
        key.iter_mut().zip(digest).for_each(|(key, byte)| *key = byte);
        key
    }
}

impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Asked {}

impl PartialOrd for Asked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Asked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}
