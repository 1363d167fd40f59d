//! Literals: numbers, durations and strings, as Go and Prometheus write them.

use super::lex::Token;

/// The number or duration a text begins with, and how long it is.
pub(super) fn number(text: &str) -> Result<(Token, usize), String> {
    let end = number_end(text);
    let begins = |at: usize| text[at..].chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !begins(end) {
        return Ok((Token::Number(parse_number(&text[..end])?), end));
    }
    let unit = &text[end..];
    let end = end + unit.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(unit.len());
    let word = &text[..end];
    let seconds = parse_duration(word).ok_or_else(|| format!("bad number or duration syntax: {word:?}"))?;
    Ok((Token::Duration(seconds), end))
}

/// How far a number reaches: digits, a point, an exponent; or a hexadecimal number.
fn number_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |mut at: usize, hex: bool| {
        while bytes
            .get(at)
            .is_some_and(|b| if hex { b.is_ascii_hexdigit() || *b == b'_' } else { b.is_ascii_digit() || *b == b'_' })
        {
            at += 1;
        }
        at
    };
    if bytes[0] == b'0' && matches!(bytes.get(1), Some(b'x' | b'X')) {
        return digits(2, true);
    }
    let mut at = digits(0, false);
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1, false);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        if bytes.get(at + 1 + sign).is_some_and(u8::is_ascii_digit) {
            at = digits(at + 1 + sign, false);
        }
    }
    at
}

/// An integer with 0x is hexadecimal and one with a leading zero octal, as in Go.
fn parse_number(text: &str) -> Result<f64, String> {
    let bad = || format!("error parsing number: {text:?} is not one");
    let plain = text.replace('_', "");
    let lonely = |at: usize| {
        let digit =
            |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).is_some_and(u8::is_ascii_alphanumeric);
        !digit(at.checked_sub(1)) || !digit(Some(at + 1))
    };
    if text.match_indices('_').any(|(at, _)| lonely(at)) {
        return Err(bad());
    }
    if let Some(hex) = plain.strip_prefix("0x").or_else(|| plain.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).map(|n| n as f64).map_err(|_| bad());
    }
    let octal = if plain.len() > 1 && plain.starts_with('0') { i64::from_str_radix(&plain, 8).ok() } else { None };
    if let Some(octal) = octal {
        return Ok(octal as f64);
    }
    plain.parse().map_err(|_| bad())
}

const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// A duration such as `1h30m` in seconds: units from great to small, each once.
pub(crate) fn parse_duration(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: u64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let length = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (_, ms) = units.find(|(name, _)| *name == &after[..length])?;
        total = total.checked_add(count.checked_mul(*ms)?)?;
        rest = &after[length..];
    }
    // No longer than Go's nanoseconds can say.
    (!text.is_empty() && total <= i64::MAX as u64 / 1_000_000).then_some(total as f64 / 1000.0)
}

/// The string a text begins with, its escapes resolved, and how long it is.
pub(crate) fn string(text: &str) -> Result<(String, usize), String> {
    let quote = text.as_bytes()[0];
    if quote == b'`' {
        let end = text[1..].find('`').ok_or("unterminated raw string")?;
        return Ok((text[1..=end].to_owned(), end + 2));
    }
    let mut value = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        match *bytes.get(at).ok_or("unterminated quoted string")? {
            b'\n' => return Err("unterminated quoted string".to_owned()),
            b if b == quote => {
                let value = String::from_utf8(value).map_err(|_| "string is not valid UTF-8".to_owned())?;
                return Ok((value, at + 1));
            }
            b'\\' => at += escape(&text[at + 1..], quote, &mut value)? + 1,
            b => {
                value.push(b);
                at += 1;
            }
        }
    }
}

/// What stands behind a backslash: adds it to the value, and says how long it was.
fn escape(text: &str, quote: u8, value: &mut Vec<u8>) -> Result<usize, String> {
    let first = *text.as_bytes().first().ok_or("escape sequence not terminated")?;
    let plain = match first {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' => b'\\',
        b if b == quote => b,
        _ => 0,
    };
    if plain != 0 {
        value.push(plain);
        return Ok(1);
    }
    let (from, length, radix) = match first {
        b'0'..=b'7' => (0, 3, 8),
        b'x' => (1, 2, 16),
        b'u' => (1, 4, 16),
        b'U' => (1, 8, 16),
        _ => return Err("unknown escape sequence".to_owned()),
    };
    let digits = text.get(from..from + length).ok_or("escape sequence not terminated")?;
    let code = u32::from_str_radix(digits, radix).map_err(|_| "illegal character in escape sequence".to_owned())?;
    if matches!(first, b'u' | b'U') {
        let code = char::from_u32(code).ok_or("escape sequence is an invalid Unicode code point")?;
        value.extend_from_slice(code.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        value.push(u8::try_from(code).map_err(|_| "escape sequence is no byte".to_owned())?);
    }
    Ok(from + length)
}
