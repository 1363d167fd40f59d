//! Parameters: forms as browsers and clients send them, and what Prometheus reads in them.

use std::time::Duration;

use bellwether_promql::{MatchOp, Matcher};

use crate::failure::Failure;
use crate::time::{nanos, time};

/// Regular expressions in all selectors of a request: each may take a mebibyte.
const REGEXES: usize = 100;

/// The parameters of a request: those of its body, then those of its address.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Adds what stands in a form: `a=1&b=2`.
    pub(crate) fn add(&mut self, form: &str) -> Result<(), Failure> {
        for pair in form.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.0.push((decode(name, true)?, decode(value, true)?));
        }
        Ok(())
    }

    /// The first of this name; empty if there is none, which means the same.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    /// All of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// A time in milliseconds since the Unix epoch.
    pub(crate) fn time(&self, name: &str) -> Result<i64, Failure> {
        time(self.text(name)).map_err(|why| Failure::parameter(name, why))
    }

    /// A time, or what it is if none is given.
    pub(crate) fn time_or(&self, name: &str, default: i64) -> Result<i64, Failure> {
        match self.text(name) {
            "" => Ok(default),
            text => time(text)
                .map_err(|why| Failure::parameter(name, format_args!("invalid time value for '{name}': {why}"))),
        }
    }

    /// A duration in nanoseconds.
    pub(crate) fn nanos(&self, name: &str) -> Result<i64, String> {
        nanos(self.text(name))
    }

    /// For how long it may be worked on; none if it does not say.
    pub(crate) fn timeout(&self) -> Result<Option<Duration>, Failure> {
        match self.text("timeout") {
            "" => Ok(None),
            text => {
                let nanos = nanos(text).map_err(|why| Failure::parameter("timeout", why))?;
                Ok(Some(Duration::from_nanos(nanos.max(0).unsigned_abs())))
            }
        }
    }

    /// How many results are wanted; as many as there are for 0 or nothing.
    pub(crate) fn limit(&self) -> Result<usize, Failure> {
        let number = match self.text("limit") {
            "" => 0,
            text => integer(text).map_err(|why| Failure::parameter("limit", why))?,
        };
        match usize::try_from(number) {
            Ok(0) => Ok(usize::MAX),
            Ok(limit) => Ok(limit),
            Err(_) => Err(Failure::parameter("limit", "limit must be non-negative")),
        }
    }

    /// The selectors `match[]`, each with a matcher that does not take everything.
    pub(crate) fn selectors(&self) -> Result<Vec<Vec<Matcher>>, Failure> {
        let mut regexes = 0;
        let selector = |text| {
            let matchers = Matcher::of_selector(text).map_err(|error| Failure::bad_data(error.to_string()))?;
            regexes += matchers.iter().filter(|one| matches!(one.op(), MatchOp::Regex | MatchOp::NotRegex)).count();
            if regexes > REGEXES {
                return Err(Failure::bad_data(format!("more than {REGEXES} regular expressions in all match[]")));
            }
            if matchers.iter().all(|matcher| matcher.matches("")) {
                return Err(Failure::bad_data("match[] must contain at least one non-empty matcher"));
            }
            Ok(matchers)
        };
        self.all("match[]").map(selector).collect()
    }
}

/// A whole number as Go reads it, with its words for what is none.
pub(crate) fn integer(text: &str) -> Result<i64, String> {
    text.parse().map_err(|error: std::num::ParseIntError| {
        let why = match error.kind() {
            std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("strconv.Atoi: parsing {text:?}: {why}")
    })
}

/// Resolves `%41`, and in forms `+`.
pub(crate) fn decode(text: &str, form: bool) -> Result<String, Failure> {
    let fail = |why: String| Failure::bad_data(format!("error parsing form values: {why}"));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' if form => bytes.push(b' '),
            b'%' => {
                let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
                let (Some(high), Some(low)) = (digit(0), digit(1)) else {
                    let escape = String::from_utf8_lossy(&after[..after.len().min(2)]);
                    return Err(fail(format!("invalid URL escape \"%{escape}\"")));
                };
                bytes.push((high * 16 + low) as u8);
                rest = &after[2..];
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| fail(format!("{text:?} is not UTF-8")))
}

/// A name of a label as an address has it: what no address takes is written `U__`, with `_2e_` for a dot and `__` for an
/// underscore. What is not written so is the name itself.
pub(crate) fn unescape(name: &str) -> String {
    let Some(escaped) = name.strip_prefix("U__") else { return name.to_owned() };
    let mut plain = String::new();
    let mut rest = escaped;
    while let Some(at) = rest.find('_') {
        plain.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(more) = after.strip_prefix('_') {
            plain.push('_');
            rest = more;
            continue;
        }
        let hex = |code: &str| (1..=6).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = after.split_once('_').filter(|(code, _)| hex(code));
        let c = code.and_then(|(code, _)| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        let (Some(c), Some((_, more))) = (c, code) else { return name.to_owned() };
        plain.push(c);
        rest = more;
    }
    plain + rest
}
