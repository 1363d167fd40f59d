//! A short word that is read byte by byte. All words we know are short, so a long one is none of them.

use std::fmt;

const LONGEST: usize = 64;

#[derive(Clone, Copy)]
pub(super) struct Word {
    bytes: [u8; LONGEST],
    /// Also of what did not fit.
    length: u64,
}

impl Word {
    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    pub(super) fn push(&mut self, byte: u8) {
        if let Some(place) = usize::try_from(self.length).ok().and_then(|at| self.bytes.get_mut(at)) {
            *place = byte;
        }
        self.length += 1;
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let at = usize::try_from(self.length).unwrap_or(LONGEST).min(LONGEST);
        let fits = bytes.len().min(LONGEST - at);
        self.bytes[at..at + fits].copy_from_slice(&bytes[..fits]);
        self.length += bytes.len() as u64;
    }

    /// The word, or nothing if it is too long.
    pub(super) fn bytes(&self) -> &[u8] {
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        self.bytes.get(..length).unwrap_or_default()
    }

    /// The word, or nothing if it is too long or no text.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl Default for Word {
    fn default() -> Self {
        Self { bytes: [0; LONGEST], length: 0 }
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.text(), f)
    }
}
