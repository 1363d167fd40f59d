//! The notation of series: labels, and values that expand.

use super::histogram;
use crate::parse::literal;
use crate::{Histogram, Labels, STALE_NAN};

/// One place in a series.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Notation {
    Nothing,
    Float(f64),
    /// A histogram; whether it says if it started anew.
    Histogram(Histogram, bool),
}

/// More values than anybody writes a test with; a script must not eat the memory.
const MOST: usize = 1_000_000;

/// A line such as `up{job="api"} 0+1x10 _ stale`.
pub(super) fn series(text: &str) -> Result<(Labels, Vec<Notation>), String> {
    let (labels, rest) = labels(text)?;
    let mut values = Vec::new();
    let mut rest = rest.trim_start();
    while !rest.is_empty() {
        rest = item(rest, &mut values)?.trim_start();
    }
    Ok((labels, values))
}

/// A number that is all of a text.
pub(super) fn whole_number(text: &str) -> Option<f64> {
    let (number, rest) = signed(text)?;
    if let Some(hex) = text.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).ok().map(|n| n as f64);
    }
    rest.is_empty().then_some(number)
}

fn labels(text: &str) -> Result<(Labels, &str), String> {
    let end = text.find(|c: char| c == '{' || c.is_whitespace()).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let mut pairs: Vec<(String, String)> = Vec::new();
    if !name.is_empty() {
        pairs.push(("__name__".to_owned(), name.to_owned()));
    }
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside.trim_start();
        while !rest.starts_with('}') {
            rest = label(rest, &mut pairs)?.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(next) => next.trim_start(),
                None if rest.starts_with('}') => rest,
                None => return Err(format!("expected `,` or `}}` at {rest:?}")),
            };
        }
        rest = &rest[1..];
    }
    Ok((Labels::new(pairs), rest))
}

/// `name="value"`, with the name in quotes or not, or a quoted name of the metric alone.
fn label<'a>(text: &'a str, pairs: &mut Vec<(String, String)>) -> Result<&'a str, String> {
    let (name, rest) = if text.starts_with(['"', '\'', '`']) {
        let (name, length) = literal::string(text)?;
        (name, text[length..].trim_start())
    } else {
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
        if end == 0 {
            return Err(format!("expected a label at {text:?}"));
        }
        (text[..end].to_owned(), text[end..].trim_start())
    };
    let Some(value) = rest.strip_prefix('=') else {
        pairs.push(("__name__".to_owned(), name));
        return Ok(rest);
    };
    let value = value.trim_start();
    if !value.starts_with(['"', '\'', '`']) {
        return Err(format!("the value of {name} is not in quotes"));
    }
    let (value, length) = literal::string(value).map(|(read, length)| (read, &value[length..]))?;
    pairs.push((name, value));
    Ok(length)
}

/// The next item of a series, expanded; gives what follows.
fn item<'a>(text: &'a str, values: &mut Vec<Notation>) -> Result<&'a str, String> {
    if text.starts_with("{{") {
        return histograms(text, values);
    }
    let (word, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    let bad = || format!("{word:?} is no value of a series");
    if let Some(tail) = word.strip_prefix('_') {
        let count = if tail.is_empty() { 1 } else { times(tail).ok_or_else(bad)? };
        push(values, std::iter::repeat_n(Notation::Nothing, count))?;
        return Ok(rest);
    }
    let (first, tail) = match word.strip_prefix("stale") {
        Some(tail) => (f64::from_bits(STALE_NAN), tail),
        None => signed(word).ok_or_else(bad)?,
    };
    let (step, tail) = match tail.starts_with(['+', '-']).then(|| signed(tail)) {
        Some(step) => step.ok_or_else(bad)?,
        None => (0.0, tail),
    };
    let more = if tail.is_empty() { 0 } else { times(tail).ok_or_else(bad)? };
    let mut next = first;
    push(
        values,
        (0..=more).map(|_| {
            let value = next;
            // Adding nothing would take the bits off a stale marker.
            if step != 0.0 {
                next += step;
            }
            Notation::Float(value)
        }),
    )?;
    Ok(rest)
}

/// `{{..}}`, `{{..}}x3`, `{{..}}+{{..}}x3`.
fn histograms<'a>(text: &'a str, values: &mut Vec<Notation>) -> Result<&'a str, String> {
    let ((mut next, hinted), rest) = histogram::read(text)?;
    let end = |text: &str| text.find(char::is_whitespace).unwrap_or(text.len());
    let count = |tail: &'a str| {
        let (tail, rest) = tail.split_at(end(tail));
        let more = if tail.is_empty() { Some(0) } else { times(tail) };
        more.map(|more| (more, rest)).ok_or_else(|| format!("{tail:?} after a histogram; expected x and a number"))
    };
    let plus = rest.starts_with('+');
    if !plus && !rest.starts_with('-') {
        let (more, rest) = count(rest)?;
        push(values, std::iter::repeat_n(Notation::Histogram(next, hinted), more + 1))?;
        return Ok(rest);
    }
    let ((step, _), rest) = histogram::read(&rest[1..])?;
    let (more, rest) = count(rest)?;
    let hint = next.counter_reset_hint();
    for i in 0..=more {
        if i > 0 {
            let done = if plus { next.add(&step) } else { next.sub(&step) };
            done.map_err(|error| error.to_string())?;
            next = next.hint(hint);
        }
        push(values, [Notation::Histogram(next.clone(), hinted)])?;
    }
    Ok(rest)
}

fn push(values: &mut Vec<Notation>, more: impl IntoIterator<Item = Notation>) -> Result<(), String> {
    for value in more {
        if values.len() == MOST {
            return Err(format!("more than {MOST} values in a series"));
        }
        values.push(value);
    }
    Ok(())
}

fn times(text: &str) -> Option<usize> {
    text.strip_prefix('x')?.parse().ok()
}

/// A number with or without sign that a text begins with, and the rest. Never hexadecimal: `0x3` is 0, three times more.
pub(super) fn signed(text: &str) -> Option<(f64, &str)> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = text.len() - unsigned.len();
    let special = ["inf", "nan"].iter().any(|word| unsigned.get(..3).is_some_and(|w| w.eq_ignore_ascii_case(word)));
    let length = if special { 3 } else { digits(unsigned) };
    let (number, rest) = text.split_at(sign + length);
    (length > 0).then(|| number.parse().ok())?.map(|number| (number, rest))
}

fn digits(text: &str) -> usize {
    let bytes = text.as_bytes();
    let run = |from: usize| from + bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = run(0);
    if bytes.get(end) == Some(&b'.') {
        end = run(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = end + 1 + sign;
        if bytes.get(exponent).is_some_and(u8::is_ascii_digit) {
            end = run(exponent);
        }
    }
    end
}
