//! What a scraper wants, from its `Accept` and `Accept-Encoding`.

use super::format::{Escaping, Format, Version};

/// The format to answer an `Accept` header in; text 0.0.4 if there is none, or nothing in it is known here.
///
/// The highest `q` wins, among equals the more specific range, then the earlier. An element with `q=0`, a malformed `q` or
/// an unknown version is passed over. Takes any input, in time linear in its length and without allocating.
///
/// ```
/// use bellwether_export::prometheus::{Format, negotiate};
///
/// assert_eq!(negotiate(None), Format::TEXT);
/// assert_eq!(negotiate(Some("application/openmetrics-text;version=1.0.0,text/plain;q=0.5")), Format::OPEN_METRICS);
/// assert_eq!(negotiate(Some("text/html, */*;q=0.1")), Format::TEXT);
/// ```
pub fn negotiate(accept: Option<&str>) -> Format {
    let accept = accept.unwrap_or_default();
    // `text/plain;q=0` rules text out for the wildcards, too. Looked for once: asked for at each wildcard, a header of many
    // would take the square of its length.
    let offered =
        |wanted: &Format| !elements(accept).any(|range| range.weight == 0 && range.exactly() == Some(*wanted));
    let text = Some(Format::TEXT).filter(offered);
    let by_default = text.or_else(|| Some(Format::OPEN_METRICS).filter(offered));
    let mut best: Option<(u16, u8, Format)> = None;
    for range in elements(accept).filter(|range| range.weight > 0) {
        let found = match (range.exactly(), range.wildcard()) {
            (Some(format), _) => Some((2, format)),
            (None, Some(Wildcard::Text)) => text.map(|format| (1, format)),
            (None, Some(Wildcard::Any)) => by_default.map(|format| (0, format)),
            (None, None) => None,
        };
        if let Some((specific, format)) = found
            && best.is_none_or(|(weight, so_far, _)| (range.weight, specific) > (weight, so_far))
        {
            let format = range.escaping().map_or(format, |escaping| format.escape(escaping));
            best = Some((range.weight, specific, format));
        }
    }
    best.map_or(Format::TEXT, |(_, _, format)| format)
}

/// Whether an `Accept-Encoding` header allows gzip and does not prefer none.
pub fn accepts_gzip(accept_encoding: Option<&str>) -> bool {
    let (mut gzip, mut any, mut identity) = (None, None, None);
    for element in elements(accept_encoding.unwrap_or_default()) {
        let slot = match element.kind {
            kind if kind.eq_ignore_ascii_case("gzip") || kind.eq_ignore_ascii_case("x-gzip") => &mut gzip,
            kind if kind.eq_ignore_ascii_case("identity") => &mut identity,
            "*" => &mut any,
            _ => continue,
        };
        *slot = (*slot).max(Some(element.weight));
    }
    let gzip = gzip.or(any).unwrap_or(0);
    gzip > 0 && gzip >= identity.unwrap_or(0)
}

/// One element of such a header.
#[derive(Clone, Copy)]
struct Element<'a> {
    kind: &'a str,
    parameters: &'a str,
    /// `q` in thousandths; 0 if it is malformed.
    weight: u16,
}

enum Wildcard {
    Text,
    Any,
}

impl<'a> Element<'a> {
    fn parameter(&self, name: &str) -> Option<&'a str> {
        split(self.parameters, b';').find_map(|parameter| {
            let (own, value) = parameter.split_once('=')?;
            own.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
        })
    }

    /// The format this names, if it is one of ours.
    fn exactly(&self) -> Option<Format> {
        let is = |kind: &str| self.kind.eq_ignore_ascii_case(kind);
        if is("text/plain") {
            return match self.parameter("version") {
                None | Some("0.0.4") => Some(Format::TEXT),
                Some("1.0.0") => Some(Format::TEXT.at(Version::Text100)),
                _ => None,
            };
        }
        if is("application/openmetrics-text") {
            return match self.parameter("version") {
                None | Some("1.0.0") => Some(Format::OPEN_METRICS),
                Some("0.0.1") => Some(Format::OPEN_METRICS.at(Version::OpenMetrics001)),
                _ => None,
            };
        }
        let ours = is("application/vnd.google.protobuf")
            && self.parameter("proto") == Some("io.prometheus.client.MetricFamily")
            && self.parameter("encoding") == Some("delimited");
        ours.then_some(Format::PROTOBUF)
    }

    fn wildcard(&self) -> Option<Wildcard> {
        match self.kind {
            "*/*" => Some(Wildcard::Any),
            kind if kind.eq_ignore_ascii_case("text/*") => Some(Wildcard::Text),
            _ => None,
        }
    }

    fn escaping(&self) -> Option<Escaping> {
        Escaping::from_name(self.parameter("escaping")?)
    }
}

fn elements(header: &str) -> impl Iterator<Item = Element<'_>> {
    split(header, b',').filter(|element| !element.trim().is_empty()).map(|element| {
        let (kind, parameters) = element.split_once(';').unwrap_or((element, ""));
        let element = Element { kind: kind.trim(), parameters, weight: 1000 };
        let weight = element.parameter("q").map_or(Some(1000), weight);
        Element { weight: weight.unwrap_or(0), ..element }
    })
}

/// `q` of RFC 9110 in thousandths: 0 to 1 with at most three decimals; more are cut off.
fn weight(q: &str) -> Option<u16> {
    let q: f64 = q.parse().ok()?;
    (0.0..=1.0).contains(&q).then_some((q * 1000.0) as u16)
}

/// The parts between separators, where those inside quotes do not count.
fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (mut quoted, mut escaped) = (false, false);
        let end = text.bytes().position(|byte| {
            let here = byte == separator && !quoted;
            quoted ^= byte == b'"' && !escaped;
            escaped = quoted && byte == b'\\' && !escaped;
            here
        });
        let (part, after) = match end {
            Some(end) => (text.get(..end), text.get(end + 1..)),
            None => (Some(text), None),
        };
        rest = after;
        part
    })
}
