//! Which fields are secrets, by their names.

/// Words that make a field a secret when a part of its dotted name ends in one of them.
#[derive(Debug, Clone)]
pub(super) struct Redaction {
    words: Vec<Box<[u8]>>,
}

/// What stands in a secret's place.
pub(super) const REDACTED: &str = "[redacted]";

const WORDS: [&str; 14] = [
    "authorization",
    "cookie",
    "cookies",
    "password",
    "passwd",
    "passphrase",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "secret",
    "credential",
    "credentials",
    "signature",
];

impl Default for Redaction {
    fn default() -> Self {
        let mut own = Self { words: Vec::new() };
        WORDS.into_iter().for_each(|word| own.add(word));
        own
    }
}

impl Redaction {
    /// Adds a word. Case, dashes and underscores do not count.
    pub(super) fn add(&mut self, word: &str) {
        let word: Box<[u8]> =
            word.bytes().filter(|byte| !is_joint(*byte)).map(|byte| byte.to_ascii_lowercase()).collect();
        if !word.is_empty() {
            self.words.push(word);
        }
    }

    /// Whether a field of this name is a secret: `password`, `db_password`, `http.request.header.set-cookie`, `apiKey`,
    /// but not `input_tokens`.
    pub(super) fn hides(&self, name: &str) -> bool {
        name.as_bytes().split(|byte| *byte == b'.').any(|part| self.words.iter().any(|word| ends_in(part, word)))
    }

    /// A query string with the values of secret parameters replaced, handed over in pieces.
    pub(super) fn query<'a>(&self, query: &'a str, mut piece: impl FnMut(&'a str)) {
        for (at, pair) in query.split('&').enumerate() {
            if at > 0 {
                piece("&");
            }
            match pair.split_once('=') {
                Some((name, _)) if self.hides(name) => {
                    piece(name);
                    piece("=");
                    piece(REDACTED);
                }
                _ => piece(pair),
            }
        }
    }
}

/// Case, dashes and underscores do not count: most names differ in their last byte, so this is quick to say no.
#[inline]
fn ends_in(name: &[u8], word: &[u8]) -> bool {
    let mut name = name.iter().rev().filter(|byte| !is_joint(**byte));
    word.iter().rev().all(|expect| name.next().is_some_and(|byte| byte.to_ascii_lowercase() == *expect))
}

fn is_joint(byte: u8) -> bool {
    matches!(byte, b'_' | b'-')
}
