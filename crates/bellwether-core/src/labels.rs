//! Who a series belongs to: label names, sorted and checked, and values, cut to a bound.

use std::fmt;
use std::hash::{BuildHasher, Hasher};

use crate::error::Error;

/// A label's value is cut to this many bytes.
pub const MAX_VALUE_LEN: usize = 256;
/// A series has at most this many labels.
pub const MAX_LABELS: usize = 32;

const MAX_NAME_LEN: usize = 128;

/// The label names of a set of series, sorted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Names {
    names: Box<[Box<str>]>,
}

/// The values of a series, in the order of the names: one allocation, since there are many of these.
///
/// Layout: the end of each value as two little-endian bytes, then the values.
#[derive(PartialEq, Eq)]
pub(crate) struct Values(Box<[u8]>);

impl Names {
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut names: Vec<Box<str>> = names.into_iter().map(Into::into).collect();
        names.sort_unstable();
        for name in &names {
            check_name(name)?;
        }
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::illegal("label", &twice[0], "each label once"));
        }
        if names.len() > MAX_LABELS {
            return Err(Error::illegal("number of labels", &names.len().to_string(), "at most 32"));
        }
        Ok(Self { names: names.into() })
    }

    /// The one label of a metric's overflow series.
    pub(crate) fn overflow() -> Self {
        Self { names: Box::new(["overflow".into()]) }
    }

    /// Whether with these values they say what the overflow series' label says. An empty value is an absent label.
    pub(crate) fn overflows(&self, values: &[&str]) -> bool {
        let mut given = self.iter().zip(values).filter(|(_, value)| !value.is_empty());
        given.next() == Some(("overflow", &"true")) && given.next().is_none()
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.iter().position(|own| own == name)
    }
}

impl Values {
    pub(crate) fn new<'a>(values: impl Iterator<Item = &'a str> + Clone) -> Self {
        let count = values.clone().count();
        let mut bytes = Vec::with_capacity(2 * count + values.clone().map(str::len).sum::<usize>());
        let mut end = 0_u16;
        for value in values.clone() {
            // At most MAX_LABELS values of MAX_VALUE_LEN bytes: 8 KiB.
            end = end.saturating_add(value.len() as u16);
            bytes.extend_from_slice(&end.to_le_bytes());
        }
        for value in values {
            bytes.extend_from_slice(value.as_bytes());
        }
        Self(bytes.into_boxed_slice())
    }

    /// The values; `count` is how many names there are.
    pub(crate) fn iter(&self, count: usize) -> impl Iterator<Item = &str> {
        let (ends, text) = self.0.split_at_checked(2 * count).unwrap_or_default();
        let mut start = 0;
        ends.chunks_exact(2).map(move |end| {
            let end = usize::from(u16::from_le_bytes([end[0], end[1]]));
            let value = text.get(start..end).unwrap_or_default();
            start = end;
            std::str::from_utf8(value).unwrap_or_default()
        })
    }

    /// Whether these are the values.
    #[inline]
    pub(crate) fn are(&self, values: &[&str]) -> bool {
        let Some((ends, mut text)) = self.0.split_at_checked(2 * values.len()) else { return false };
        let mut length = 0;
        for (value, end) in values.iter().zip(ends.chunks_exact(2)) {
            length += value.len();
            if usize::from(u16::from_le_bytes([end[0], end[1]])) != length {
                return false;
            }
            let Some((own, rest)) = text.split_at_checked(value.len()) else { return false };
            if own != value.as_bytes() {
                return false;
            }
            text = rest;
        }
        text.is_empty()
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Values({} B)", self.0.len())
    }
}

/// The hash of a series within its metric. Names that differ under equal values are told apart by comparing, not here.
#[inline]
pub(crate) fn hash(state: &foldhash::fast::RandomState, values: &[&str]) -> u64 {
    let mut hasher = state.build_hasher();
    for value in values {
        hasher.write(value.as_bytes());
    }
    hasher.finish()
}

/// At most `max` bytes of a text, cut between characters.
#[inline]
pub(crate) fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let end = (0..=max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// Whether two names may be written the same, where a format knows no other characters than letters, digits and underscores.
pub(crate) fn alike(a: &str, b: &str) -> bool {
    let words = |name| str::split(name, |c: char| !c.is_ascii_alphanumeric()).filter(|word: &&str| !word.is_empty());
    words(a).eq(words(b))
}

fn check_name(name: &str) -> Result<(), Error> {
    let first = name.bytes().next();
    let legal = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-' | b'/');
    let starts = first.is_some_and(|c| c.is_ascii_alphabetic() || c == b'_') && !name.starts_with("__");
    if starts && name.len() <= MAX_NAME_LEN && name.bytes().all(legal) {
        return Ok(());
    }
    Err(Error::illegal(
        "label name",
        name,
        "1 to 128 of [A-Za-z0-9_.-/], starting with a letter or one underscore, such as \"http.route\"",
    ))
}
