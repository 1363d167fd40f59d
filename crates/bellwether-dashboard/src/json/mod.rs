//! JSON as it is sent: in chunks, bounded, with numbers and texts as Go writes them.

mod chunks;
mod number;
mod tree;
mod value;

#[cfg(test)]
mod tests;

use crate::failure::Failure;
use chunks::{CHUNK, Chunks};
pub(crate) use chunks::{Form, Written};
use number::Short;
pub(crate) use tree::tree;
pub(crate) use value::{labels, value};

/// JSON that is being written.
#[derive(Debug)]
pub(crate) struct Output {
    full: Chunks,
    current: Vec<u8>,
    /// The times of the last series' samples, and how each was begun.
    times: Vec<(i64, Short)>,
    /// The bounds of the buckets of the last histogram, and how they were written.
    bounds: Vec<([u64; 2], Vec<u8>)>,
}

impl Output {
    /// Nothing yet.
    pub(crate) fn new(form: Form) -> Self {
        Self { full: Chunks::new(form), current: Vec::new(), times: Vec::new(), bounds: Vec::new() }
    }

    /// Text as it is.
    #[inline]
    pub(crate) fn raw(&mut self, text: &str) {
        self.current.extend_from_slice(text.as_bytes());
    }

    /// To be called now and then: looks at the limit, and whether anybody waits.
    #[inline]
    pub(crate) fn settle(&mut self) -> Result<(), Failure> {
        if self.current.len() < CHUNK {
            return Ok(());
        }
        self.send()
    }

    #[cold]
    fn send(&mut self) -> Result<(), Failure> {
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
            if at > 0 {
                self.raw(",");
            }
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

    /// All of it, as it is sent.
    pub(crate) fn finish(self) -> Written {
        self.full.finish(self.current)
    }
}
