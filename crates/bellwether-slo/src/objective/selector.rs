//! Which series are counted: the name of a metric, and what its labels must be.

use std::collections::BTreeSet;
use std::fmt;

/// The series of a metric whose labels pass all tests. Names are those of the registry, such as
/// `http.server.request.duration`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Selector {
    /// The name of the metric.
    pub metric: String,
    /// What labels must be; of several tests, all must pass.
    pub tests: Vec<LabelTest>,
}

/// What a label must be. One that a series has not is empty to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelTest {
    /// The name of the label.
    pub label: String,
    /// What its value must be.
    pub value: Test,
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Test {
    /// One of these, or one that begins with one of these where they end in `*`.
    Is(BTreeSet<String>),
    /// None of these; `*` as above.
    IsNot(BTreeSet<String>),
}

impl Selector {
    /// All series of a metric.
    pub fn metric(name: impl Into<String>) -> Self {
        Self { metric: name.into(), tests: Vec::new() }
    }

    /// Of these, those whose label has one of the values. A value that ends in `*` is any that begins so.
    pub fn is<V: Into<String>>(self, label: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        self.test(label.into(), Test::Is(values.into_iter().map(Into::into).collect()))
    }

    /// Of these, those whose label has none of the values. A value that ends in `*` is any that begins so.
    pub fn is_not<V: Into<String>>(self, label: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        self.test(label.into(), Test::IsNot(values.into_iter().map(Into::into).collect()))
    }

    fn test(mut self, label: String, value: Test) -> Self {
        self.tests.push(LabelTest { label, value });
        self
    }

    /// Whether it selects a series, whose label of a name `label` says.
    pub fn selects<'l>(&self, metric: &str, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        self.metric == metric && self.tests.iter().all(|test| test.value.passes(label(&test.label).unwrap_or_default()))
    }
}

impl Test {
    /// Whether a value is as it must be.
    pub fn passes(&self, value: &str) -> bool {
        match self {
            Self::Is(values) => among(values, value),
            Self::IsNot(values) => !among(values, value),
        }
    }

    /// The values that pass, if they are counted.
    pub(crate) fn exactly(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Is(values) if values.iter().all(|value| !value.ends_with('*')) => Some(values),
            _ => None,
        }
    }
}

fn among(values: &BTreeSet<String>, value: &str) -> bool {
    values.contains(value)
        || values.iter().any(|known| known.strip_suffix('*').is_some_and(|start| value.starts_with(start)))
}

/// As one reads it: `http.server.request.duration{http.route in /v1/turns, outcome in failure|rejected}`.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.metric)?;
        let tests: Vec<String> = self.tests.iter().map(ToString::to_string).collect();
        match tests.is_empty() {
            true => Ok(()),
            false => write!(f, "{{{}}}", tests.join(", ")),
        }
    }
}

impl fmt::Display for LabelTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, values) = match &self.value {
            Test::Is(values) => ("in", values),
            Test::IsNot(values) => ("not in", values),
        };
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        write!(f, "{} {word} {}", self.label, values.join("|"))
    }
}
