//! How bodies may be encoded: gzip on the way out if the client wants it, nothing on the way in.

use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderName};

use crate::failure::{Failure, Kind};

/// Whether a client reads gzip, and does not prefer none.
pub(super) fn wants_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut any, mut none) = (None, None, None);
    for element in elements(headers, &ACCEPT_ENCODING) {
        let (name, parameters) = element.split_once(';').unwrap_or((element, ""));
        let slot = match name.trim() {
            name if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => &mut gzip,
            name if name.eq_ignore_ascii_case("identity") => &mut none,
            "*" => &mut any,
            _ => continue,
        };
        let weight = parameters.trim().strip_prefix(['q', 'Q']).map_or("=1", str::trim_start);
        let weight = weight.strip_prefix('=').and_then(|weight| weight.trim().parse::<f32>().ok());
        // What is no weight wants nothing.
        *slot = Some(weight.filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0));
    }
    let gzip = gzip.or(any).unwrap_or(0.0);
    gzip > 0.0 && gzip >= none.unwrap_or(0.0)
}

/// Refuses a body that is to be unpacked: a form is short, and what unpacks to more than was sent is a way to harm.
pub(super) fn plain(headers: &HeaderMap) -> Result<(), Failure> {
    match elements(headers, &CONTENT_ENCODING).find(|name| !name.eq_ignore_ascii_case("identity")) {
        None => Ok(()),
        Some(name) => Err(Failure::new(
            Kind::Encoded,
            format!("a body with content-encoding {name:?} is not read; send the form as it is"),
        )),
    }
}

fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().map(|line| line.to_str().unwrap_or("?"));
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|element| !element.is_empty())
}
