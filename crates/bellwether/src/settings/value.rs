//! A value as a person writes it, in a file or in an environment variable, and what can be made of it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// A value that is not yet known to be accepted.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    /// Text from a variable, which may stand for anything.
    Loose(String),
    Whole(i64),
    Float(f64),
    Flag(bool),
    List(Vec<String>),
    Pairs(Vec<(String, String)>),
    /// Something that no setting takes, in words.
    Other(&'static str),
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Loose(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Loose(text) if text.eq_ignore_ascii_case("true") || text == "1" => Some(true),
            Self::Loose(text) if text.eq_ignore_ascii_case("false") || text == "0" => Some(false),
            _ => None,
        }
    }

    pub(super) fn whole(&self) -> Option<u64> {
        match self {
            Self::Whole(whole) => u64::try_from(*whole).ok(),
            Self::Loose(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Whole(whole) => Some(*whole as f64),
            Self::Float(float) => Some(*float),
            Self::Loose(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// `"5s"`, `"500ms"`, `"1.5m"`; a number without a unit is of seconds.
    pub(super) fn duration(&self) -> Option<Duration> {
        let seconds = match self {
            Self::Text(text) | Self::Loose(text) => parse_seconds(text.trim())?,
            other => other.number()?,
        };
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// An address with its port; a port alone is on loopback.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Loose(text) => text.parse().ok().or_else(|| text.parse().ok().map(loopback)),
            Self::Whole(port) => u16::try_from(*port).ok().map(loopback),
            _ => None,
        }
    }

    /// A list; in a variable, separated by commas.
    pub(super) fn list(&self) -> Option<Vec<String>> {
        match self {
            Self::List(list) => Some(list.clone()),
            Self::Loose(text) => {
                Some(text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect())
            }
            _ => None,
        }
    }

    /// Names and values; in a variable, `name=value` separated by commas.
    pub(super) fn pairs(&self) -> Option<Vec<(String, String)>> {
        let pair = |pair: String| {
            let (name, value) = pair.split_once('=')?;
            Some((name.trim().to_owned(), value.trim().to_owned())).filter(|(name, _)| !name.is_empty())
        };
        match self {
            Self::Pairs(pairs) => Some(pairs.clone()),
            Self::Loose(_) => self.list()?.into_iter().map(pair).collect(),
            _ => None,
        }
    }

    /// As it was written, shortened.
    pub(super) fn show(&self) -> String {
        let shown = match self {
            Self::Text(text) | Self::Loose(text) => format!("{text:?}"),
            Self::Whole(whole) => whole.to_string(),
            Self::Float(float) => float.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::List(_) => "a list".to_owned(),
            Self::Pairs(_) => "a table".to_owned(),
            Self::Other(kind) => (*kind).to_owned(),
        };
        match shown.char_indices().nth(64) {
            Some((end, _)) => format!("{}…", shown.get(..end).unwrap_or_default()),
            None => shown,
        }
    }
}

fn parse_seconds(text: &str) -> Option<f64> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit.trim() {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Some(number * seconds)
}
