//! A list of headers in an environment variable: `key1=value1,key2=value2`, percent-encoded like a W3C baggage.

use super::super::destination::header;
use super::super::error::Error;

const ACCEPTED: &str = "accepted are pairs such as \"x-api-key=7f3a,x-tenant=blue\", values percent-encoded";

/// The pairs of the list. Errors show names, never values: those may be secrets.
pub(super) fn parse(variable: &str, list: &str) -> Result<Vec<(String, String)>, Error> {
    let mut headers = Vec::new();
    for (pair, number) in list.split(',').map(str::trim).zip(1..) {
        if pair.is_empty() {
            continue;
        }
        let place = || format!("{variable}, pair {number},");
        let (name, value) = pair.split_once('=').ok_or_else(|| Error::illegal(place(), "… without \"=\"", ACCEPTED))?;
        let name = name.trim();
        let value = decode(value.trim()).ok_or_else(|| Error::illegal(place(), &format!("{name}=…"), ACCEPTED))?;
        header(name, &value).map_err(|error| Error::illegal(place(), &format!("{name}=…"), error))?;
        headers.push((name.to_owned(), value));
    }
    Ok(headers)
}

/// Undoes percent-encoding. A percent sign that starts none stays: base64 and tokens have no reason to be encoded.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let encoded = (*first == b'%').then(|| after.split_first_chunk::<2>()).flatten();
        let digit = |byte: u8| char::from(byte).to_digit(16);
        match encoded.and_then(|([high, low], after)| Some((digit(*high)? * 16 + digit(*low)?, after))) {
            Some((byte, after)) => {
                bytes.push(byte as u8);
                rest = after;
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}
