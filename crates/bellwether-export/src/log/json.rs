//! Writes JSON by hand, straight into the line's buffer. Whatever a string holds, it cannot end the line.

use std::fmt::{self, Write};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Opens the next member of the object being written: a comma if it is not the first, its name and a colon. The name is one of
/// our own and stands as it is.
#[inline]
pub(super) fn key(out: &mut Vec<u8>, name: &'static str) {
    out.extend_from_slice(if out.last() == Some(&b'{') { b"\"" } else { b",\"" });
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// [`key`] of a name that may be anything, behind a prefix of ours.
#[inline]
pub(super) fn key_of(out: &mut Vec<u8>, prefix: &'static str, name: &str) {
    out.extend_from_slice(if out.last() == Some(&b'{') { b"\"" } else { b",\"" });
    out.extend_from_slice(prefix.as_bytes());
    escape(out, name);
    out.extend_from_slice(b"\":");
}

/// A whole string.
#[inline]
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape(out, text);
    out.push(b'"');
}

/// A string of at most `max` bytes of text, with an ellipsis in place of the rest. Returns whether it was cut.
#[inline]
pub(super) fn string_cut(out: &mut Vec<u8>, text: &str, max: usize) -> bool {
    if text.len() <= max {
        string(out, text);
        return false;
    }
    display_cut(out, format_args!("{text}"), max)
}

/// What `display` formats to, as a string of at most `max` bytes. Returns whether it was cut.
pub(super) fn display_cut(out: &mut Vec<u8>, display: fmt::Arguments<'_>, max: usize) -> bool {
    out.push(b'"');
    let mut text = Text { out, left: max, cut: false };
    // The only error is our own, which ends the formatting of what does not fit.
    let _ = text.write_fmt(display);
    let cut = text.cut;
    if cut {
        out.extend_from_slice("…".as_bytes());
    }
    out.push(b'"');
    cut
}

#[inline]
pub(super) fn unsigned(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[inline]
pub(super) fn signed(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// JSON has no NaN and no infinity: they become `null`.
pub(super) fn float(out: &mut Vec<u8>, number: f64) {
    if !number.is_finite() {
        out.extend_from_slice(b"null");
        return;
    }
    let start = out.len();
    // Writing to a Vec does not fail, and `{:?}` is the shortest text that reads back as the same number.
    let _ = std::io::Write::write_fmt(out, format_args!("{number:?}"));
    debug_assert!(out.get(start..).is_some_and(|text| !text.is_empty()));
}

#[inline]
pub(super) fn boolean(out: &mut Vec<u8>, yes: bool) {
    out.extend_from_slice(if yes { b"true" } else { b"false" });
}

/// `thousandths` of something with three decimals: `12.345`.
#[inline]
pub(super) fn thousandths(out: &mut Vec<u8>, thousandths: u64) {
    unsigned(out, thousandths / 1000);
    decimals(out, (thousandths % 1000) as u32, 3);
}

/// `millionths` of something with six decimals: `0.012345`.
#[inline]
pub(super) fn millionths(out: &mut Vec<u8>, millionths: u64) {
    unsigned(out, millionths / 1_000_000);
    decimals(out, (millionths % 1_000_000) as u32, 6);
}

/// A point and the last `count` digits of a number, zeros included.
pub(super) fn decimals(out: &mut Vec<u8>, mut number: u32, count: usize) {
    let mut text = *b".000000000";
    for place in text.iter_mut().skip(1).take(count).rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(text.get(..=count).unwrap_or_default());
}

/// Escapes what formatting hands over, until there is no room left.
struct Text<'a> {
    out: &'a mut Vec<u8>,
    left: usize,
    cut: bool,
}

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fits = cut(text, self.left);
        escape(self.out, fits);
        self.left -= fits.len();
        if fits.len() < text.len() {
            self.cut = true;
            self.left = 0;
            return Err(fmt::Error);
        }
        Ok(())
    }
}

/// At most `max` bytes of a text, cut between characters.
#[inline]
pub(super) fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let end = (0..=max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// Bytes that may not stand as they are, or may begin a character that may not.
const SUSPECT: [bool; 256] = {
    let mut suspect = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        suspect[byte] = true;
        byte += 1;
    }
    suspect[b'"' as usize] = true;
    suspect[b'\\' as usize] = true;
    suspect[0x7f] = true;
    suspect[0xc2] = true;
    suspect[0xe2] = true;
    suspect
};

/// Escapes what JSON demands, and beyond it every control character (a C1 control drives a terminal as well as ESC does)
/// and the line and paragraph separators that some readers take for the end of a line.
#[inline]
fn escape(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    // Nearly every text is plain: asked of all bytes at once, without a way out, that takes a few vector instructions.
    if rest.iter().fold(true, |plain, byte| plain & is_plain(*byte)) {
        out.extend_from_slice(rest);
        return;
    }
    while let Some(at) = rest.iter().position(|byte| SUSPECT[usize::from(*byte)]) {
        let (plain, from) = rest.split_at(at);
        out.extend_from_slice(plain);
        rest = escape_first(out, from);
    }
    out.extend_from_slice(rest);
}

#[inline]
fn is_plain(byte: u8) -> bool {
    (b' '..0x7f).contains(&byte) & (byte != b'"') & (byte != b'\\')
}

/// Writes the suspect character at the front and returns what comes after it.
#[cold]
fn escape_first<'a>(out: &mut Vec<u8>, text: &'a [u8]) -> &'a [u8] {
    let (escaped, after): (u16, &[u8]) = match text {
        [b'"', after @ ..] => return short(out, b'"', after),
        [b'\\', after @ ..] => return short(out, b'\\', after),
        [b'\n', after @ ..] => return short(out, b'n', after),
        [b'\r', after @ ..] => return short(out, b'r', after),
        [b'\t', after @ ..] => return short(out, b't', after),
        [0xc2, low @ 0x80..=0x9f, after @ ..] => (u16::from(*low), after),
        [0xe2, 0x80, low @ 0xa8..=0xa9, after @ ..] => (0x2000 + u16::from(low - 0x80), after),
        [first @ 0xc2..=0xff, after @ ..] => {
            out.push(*first);
            return after;
        }
        [control, after @ ..] => (u16::from(*control), after),
        [] => return text,
    };
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.push(HEX[usize::from(escaped >> shift & 15)]);
    }
    after
}

fn short<'a>(out: &mut Vec<u8>, letter: u8, after: &'a [u8]) -> &'a [u8] {
    out.extend_from_slice(&[b'\\', letter]);
    after
}
