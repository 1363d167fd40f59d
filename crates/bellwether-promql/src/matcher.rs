//! Matchers: which values of a label a selector wants.

use std::collections::BTreeSet;

use regex::Regex;

use crate::parse::parse_selector;
use crate::{Error, Labels};

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

/// One matcher of a selector, such as `job=~"api.*"`. A label that a series has not is the empty string to it.
#[derive(Debug, Clone)]
pub struct Matcher {
    name: String,
    op: MatchOp,
    value: String,
    test: Test,
}

/// How a matcher is tried; short of a regex where that says the same.
#[derive(Debug, Clone)]
enum Test {
    Same,
    OneOf(BTreeSet<String>),
    Regex(Regex),
}

impl Matcher {
    /// A matcher; a regex must match the whole value, as everywhere in PromQL.
    ///
    /// # Errors
    /// If the regex cannot be read, or would be too large.
    pub fn new(name: impl Into<String>, op: MatchOp, value: impl Into<String>) -> Result<Self, Error> {
        let (name, value) = (name.into(), value.into());
        let test = match op {
            MatchOp::Equal | MatchOp::NotEqual => Test::Same,
            MatchOp::Regex | MatchOp::NotRegex if plain(&value) => {
                Test::OneOf(value.split('|').map(str::to_owned).collect())
            }
            MatchOp::Regex | MatchOp::NotRegex => Test::Regex(anchored(&value)?),
        };
        Ok(Self { name, op, value, test })
    }

    /// The matchers of a selector such as `up{job="api"}`, which has no range and no modifiers.
    ///
    /// ```
    /// use bellwether_promql::{MatchOp, Matcher};
    ///
    /// let matchers = Matcher::of_selector(r#"up{job=~"api.*"}"#)?;
    /// assert_eq!(matchers.iter().map(Matcher::name).collect::<Vec<_>>(), ["job", "__name__"]);
    /// # Ok::<(), bellwether_promql::Error>(())
    /// ```
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of_selector(text: &str) -> Result<Vec<Self>, Error> {
        parse_selector(text)
    }

    /// A matcher for any of these values.
    pub(crate) fn one_of<'v>(name: &str, values: impl Iterator<Item = &'v str>) -> Self {
        let values: BTreeSet<String> = values.map(str::to_owned).collect();
        let value = values.iter().map(|value| regex::escape(value)).collect::<Vec<_>>().join("|");
        Self { name: name.to_owned(), op: MatchOp::Regex, value, test: Test::OneOf(values) }
    }

    /// The name of the label.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it compares.
    pub fn op(&self) -> MatchOp {
        self.op
    }

    /// The value or the regex to compare with.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a value of the label is wanted.
    pub fn matches(&self, value: &str) -> bool {
        let holds = match &self.test {
            Test::Same => self.value == value,
            Test::OneOf(values) => values.contains(value),
            Test::Regex(regex) => regex.is_match(value),
        };
        holds == matches!(self.op, MatchOp::Equal | MatchOp::Regex)
    }

    /// Whether a series is wanted.
    pub fn matches_labels(&self, labels: &Labels) -> bool {
        self.matches(labels.get(&self.name).unwrap_or_default())
    }
}

/// Whether a regex is but texts to choose from, such as `api|web`.
pub(crate) fn plain(pattern: &str) -> bool {
    pattern.chars().all(|c| c.is_alphanumeric() || matches!(c, '|' | '_' | '-' | ' ' | '/' | ':'))
}

/// A regex over a whole value. Its size is bounded, so that no expression can make the engine spend its memory on one.
pub(crate) fn anchored(pattern: &str) -> Result<Regex, Error> {
    regex::RegexBuilder::new(&format!("^(?s:{pattern})$"))
        .size_limit(1 << 20)
        .dfa_size_limit(1 << 20)
        .nest_limit(100)
        .build()
        .map_err(|error| Error::invalid(format!("invalid regex {pattern:?}: {error}")))
}
