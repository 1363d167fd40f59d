//! JSON as it is sent: in chunks, bounded, with numbers and texts as Go writes them.

mod chunks;
mod tree;
mod value;

#[cfg(test)]
mod tests;

use crate::failure::Failure;
use chunks::{CHUNK, Chunks};
pub(crate) use chunks::{Form, Written};
pub(crate) use tree::tree;
pub(crate) use value::{labels, value};

/// JSON that is being written.
#[derive(Debug)]
pub(crate) struct Output {
    full: Chunks,
    current: Vec<u8>,
    /// The bounds of the buckets of the last histogram, and how they were written.
    bounds: Vec<([u64; 2], Vec<u8>)>,
}

impl Output {
    /// Nothing yet.
    pub(crate) fn new(form: Form) -> Self {
        Self { full: Chunks::new(form), current: Vec::new(), bounds: Vec::new() }
    }

    /// Text as it is.
    pub(crate) fn raw(&mut self, text: &str) {
        self.current.extend_from_slice(text.as_bytes());
    }

    /// To be called now and then: looks at the limit, and whether anybody waits.
    pub(crate) fn settle(&mut self) -> Result<(), Failure> {
        if self.current.len() < CHUNK {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.current, Vec::with_capacity(CHUNK + CHUNK / 8));
        self.full.push(chunk)
    }

    /// A text in quotes.
    pub(crate) fn text(&mut self, text: &str) {
        self.current.push(b'"');
        let mut plain = 0;
        for (at, byte) in text.bytes().enumerate() {
            // Go escapes what could be taken for HTML, and the line ends of JavaScript: E2 80 A8 and A9.
            let special = byte < 0x20
                || matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&')
                || byte == 0xe2 && matches!(text.as_bytes()[at..], [0xe2, 0x80, 0xa8 | 0xa9, ..]);
            if !special {
                continue;
            }
            self.raw(&text[plain..at]);
            plain = at + 1;
            match byte {
                b'"' => self.raw("\\\""),
                b'\\' => self.raw("\\\\"),
                b'\n' => self.raw("\\n"),
                b'\r' => self.raw("\\r"),
                b'\t' => self.raw("\\t"),
                0xe2 => {
                    let separator = if text.as_bytes()[at + 2] == 0xa8 { "\\u2028" } else { "\\u2029" };
                    self.raw(separator);
                    plain = at + 3;
                }
                _ => self.raw(&format!("\\u{byte:04x}")),
            }
        }
        self.raw(&text[plain..]);
        self.current.push(b'"');
    }

    /// A list of what `write` writes.
    pub(crate) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.raw("[");
        for (at, item) in items.into_iter().enumerate() {
            self.raw(if at == 0 { "" } else { "," });
            write(self, item)?;
            self.settle()?;
        }
        self.raw("]");
        Ok(())
    }

    /// A list of texts.
    pub(crate) fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> Result<(), Failure> {
        self.list(texts, |out, text| {
            out.text(text);
            Ok(())
        })
    }

    /// Milliseconds as seconds, with three decimals where there are any.
    pub(crate) fn time(&mut self, ms: i64) {
        if ms < 0 {
            self.current.push(b'-');
        }
        let ms = ms.unsigned_abs();
        self.raw(itoa::Buffer::new().format(ms / 1000));
        let fraction = (ms % 1000) as u16;
        if fraction != 0 {
            let digit = |n: u16| b'0' + (n % 10) as u8;
            self.current.extend([b'.', digit(fraction / 100), digit(fraction / 10), digit(fraction)]);
        }
    }

    /// A number in quotes, since JSON knows neither `NaN` nor `+Inf`: the fewest digits that read back as the same one, with
    /// an exponent below 1e-6 and from 1e21 on.
    pub(crate) fn number(&mut self, x: f64) {
        self.current.push(b'"');
        self.digits(x);
        self.current.push(b'"');
    }

    /// The bounds of the bucket at this position. Histograms of a series mostly have the same ones, which are then copied.
    fn bounds(&mut self, at: usize, lower: f64, upper: f64) {
        let bits = [lower, upper].map(f64::to_bits);
        if let Some((_, text)) = self.bounds.get(at).filter(|(same, _)| *same == bits) {
            return self.current.extend_from_slice(text);
        }
        let start = self.current.len();
        self.number(lower);
        self.raw(",");
        self.number(upper);
        let text = self.current[start..].to_vec();
        self.bounds.truncate(at);
        self.bounds.push((bits, text));
    }

    /// A number without quotes, and never with an exponent.
    pub(crate) fn plain(&mut self, x: f64) {
        if x.is_finite() { self.raw(&format!("{x}")) } else { self.digits(x) }
    }

    fn digits(&mut self, x: f64) {
        const EXACT: f64 = (1_u64 << 53) as f64;
        let size = x.abs();
        if size < EXACT && x.trunc() == x && !(x == 0.0 && x.is_sign_negative()) {
            return self.raw(itoa::Buffer::new().format(x as i64));
        }
        if x.is_nan() {
            return self.raw("NaN");
        }
        if x.is_infinite() {
            return self.raw(if x > 0.0 { "+Inf" } else { "-Inf" });
        }
        if size != 0.0 && !(1e-6..1e21).contains(&size) {
            let text = format!("{x:e}");
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
            return self.raw(&format!("{mantissa}e{sign}{exponent:0>2}"));
        }
        let mut buffer = zmij::Buffer::new();
        match buffer.format_finite(x) {
            text if text.contains('e') => self.raw(&format!("{x}")),
            text => self.raw(text.strip_suffix(".0").unwrap_or(text)),
        }
    }

    /// All of it, as it is sent.
    pub(crate) fn finish(self) -> Written {
        self.full.finish(self.current)
    }
}
