//! Labels: the sorted pairs of name and value that say who a series belongs to.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// The name under which the name of the metric stands among the labels.
pub(crate) const METRIC_NAME: &str = "__name__";

/// The labels of a series, the metric's name among them as `__name__`: sorted by name, no empty values, cheap to clone.
///
/// ```
/// use bellwether_promql::Labels;
///
/// let labels = Labels::new([("__name__", "up"), ("job", "api")]);
/// assert_eq!(labels.get("job"), Some("api"));
/// assert_eq!(labels.to_string(), r#"up{job="api"}"#);
/// assert_eq!(Labels::new([("__name__", "http.requests")]).to_string(), r#"{"http.requests"}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// Labels from pairs in any order. Of a name given twice, the last value counts; an empty value is no label.
    pub fn new<N: Into<Arc<str>>, V: Into<Arc<str>>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut all: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        for (name, value) in pairs {
            let (name, value) = (name.into(), value.into());
            match all.binary_search_by(|(n, _)| n.as_ref().cmp(&name)) {
                Ok(at) => all[at].1 = value,
                Err(at) => all.insert(at, (name, value)),
            }
        }
        all.retain(|(_, value)| !value.is_empty());
        Self(all.into())
    }

    /// No labels at all.
    pub fn empty() -> Self {
        Self(Arc::new([]))
    }

    /// The value of a label, if the series has it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.shared(name).map(|value| &**value)
    }

    /// The name of the metric, if it has one.
    pub fn metric_name(&self) -> Option<&str> {
        self.get(METRIC_NAME)
    }

    /// The pairs in order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn shared(&self, name: &str) -> Option<&Arc<str>> {
        // Label sets are short: a scan beats a search.
        self.0.iter().find(|(n, _)| &**n == name).map(|(_, value)| value)
    }

    /// The labels whose names are wanted.
    pub(crate) fn filter(&self, mut wanted: impl FnMut(&str) -> bool) -> Self {
        if self.0.iter().all(|(name, _)| wanted(name)) {
            return self.clone();
        }
        Self(self.0.iter().filter(|(name, _)| wanted(name)).cloned().collect())
    }

    /// The labels without those that say what metric it is: its name, type and unit.
    pub(crate) fn without_metadata(&self) -> Self {
        self.filter(|name| !is_metadata(name))
    }

    /// The same labels made of texts that are kept once.
    pub(crate) fn interned(&self, texts: &mut BTreeSet<Arc<str>>) -> Self {
        let mut once = |text: &Arc<str>| match texts.get(text) {
            Some(known) => known.clone(),
            None => {
                texts.insert(text.clone());
                text.clone()
            }
        };
        Self(self.0.iter().map(|(name, value)| (once(name), once(value))).collect())
    }

    /// The labels that say what metric it is.
    pub(crate) fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter(|(name, _)| is_metadata(name))
    }

    /// These labels with one of them set, or taken away if the value is empty or absent.
    pub fn with(&self, name: &str, value: Option<&Arc<str>>) -> Self {
        let mut all: Vec<_> = self.0.iter().filter(|(n, _)| &**n != name).cloned().collect();
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let at = all.partition_point(|(n, _)| &**n < name);
            all.insert(at, (name.into(), value.clone()));
        }
        Self(all.into())
    }
}

impl Labels {
    /// All labels as pairs, the name of the metric among them: `{__name__="up", job="api"}`.
    pub(crate) fn pairs(&self) -> String {
        let pairs: Vec<String> = self.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        format!("{{{}}}", pairs.join(", "))
    }
}

/// Whether a label says what metric a series belongs to, and so goes when a function makes another one of it.
pub(crate) fn is_metadata(name: &str) -> bool {
    matches!(name, METRIC_NAME | "__type__" | "__unit__")
}

/// Whether a name of a label, or with colons one of a metric, may stand in an expression without quotes.
pub(crate) fn is_plain(name: &str, colons: bool) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':');
    name.chars().all(word) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// As PromQL writes it: `name{label="value"}`, or `{}`; names that need it in quotes, as in `{"http.requests"}`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.metric_name();
        let mut inside = Vec::new();
        match name {
            Some(name) if is_plain(name, true) => f.write_str(name)?,
            Some(name) => inside.push(format!("{name:?}")),
            None => {}
        }
        for (label, value) in self.iter().filter(|(label, _)| *label != METRIC_NAME) {
            inside.push(if is_plain(label, false) {
                format!("{label}={value:?}")
            } else {
                format!("{label:?}={value:?}")
            });
        }
        if name.is_some() && inside.is_empty() {
            return Ok(());
        }
        write!(f, "{{{}}}", inside.join(", "))
    }
}
