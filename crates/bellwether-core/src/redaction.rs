//! Which names say that a value is a secret, so that it is not passed on to logs and traces.

use std::borrow::Cow;

/// Names whose values are secrets: every name of which a part between dots ends in one of some words, `password`, `token`
/// and `signature` among them. Case, dashes and underscores do not count.
///
/// ```
/// use bellwether_core::Redaction;
///
/// let redaction = Redaction::default();
/// assert!(redaction.hides("http.request.header.set-cookie") && redaction.hides("apiKey"));
/// assert!(!redaction.hides("gen_ai.usage.input_tokens"));
/// assert_eq!(redaction.query("page=2&access_token=7f3a"), "page=2&access_token=[redacted]");
/// ```
#[derive(Debug, Clone)]
pub struct Redaction {
    /// The words, by their last byte: most names end in one that few words end in.
    by_end: Vec<(u8, Vec<Box<[u8]>>)>,
}

const WORDS: [&str; 19] = [
    "authorization",
    "cookie",
    "cookies",
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "token",
    "jwt",
    "apikey",
    "accesskey",
    "accesskeyid",
    "privatekey",
    "secret",
    "credential",
    "credentials",
    "signature",
    "sig",
    "sessionid",
];

impl Default for Redaction {
    fn default() -> Self {
        let mut own = Self { by_end: Vec::new() };
        WORDS.into_iter().for_each(|word| own.add(word));
        own
    }
}

impl Redaction {
    /// What stands in a secret's place.
    pub const REDACTED: &str = "[redacted]";

    /// Adds a word.
    pub fn add(&mut self, word: &str) {
        let word: Box<[u8]> =
            word.bytes().filter(|byte| !is_joint(*byte)).map(|byte| byte.to_ascii_lowercase()).collect();
        let Some(end) = word.last().copied() else { return };
        match self.by_end.iter_mut().find(|(own, _)| *own == end) {
            Some((_, words)) => words.push(word),
            None => self.by_end.push((end, vec![word])),
        }
    }

    /// Whether what goes by this name is a secret.
    pub fn hides(&self, name: &str) -> bool {
        name.as_bytes().split(|byte| *byte == b'.').any(|part| {
            let end = part.iter().rev().find(|byte| !is_joint(**byte)).map(u8::to_ascii_lowercase);
            let words = self.by_end.iter().find(|(own, _)| Some(*own) == end).map_or(&[][..], |(_, words)| words);
            words.iter().any(|word| ends_in(part, word))
        })
    }

    /// The query of a URL with the values of secret parameters replaced; as it is, if it has none.
    pub fn query<'q>(&self, query: &'q str) -> Cow<'q, str> {
        let is_secret = |pair: &str| pair.split_once('=').is_some_and(|(name, _)| self.hides(name));
        if !query.split('&').any(is_secret) {
            return Cow::Borrowed(query);
        }
        let mut clean = String::with_capacity(query.len());
        for (at, pair) in query.split('&').enumerate() {
            if at > 0 {
                clean.push('&');
            }
            match pair.split_once('=') {
                Some((name, _)) if self.hides(name) => {
                    clean.push_str(name);
                    clean.push('=');
                    clean.push_str(Self::REDACTED);
                }
                _ => clean.push_str(pair),
            }
        }
        Cow::Owned(clean)
    }
}

/// Case, dashes and underscores do not count.
fn ends_in(name: &[u8], word: &[u8]) -> bool {
    let mut name = name.iter().rev().filter(|byte| !is_joint(**byte));
    word.iter().rev().all(|expect| name.next().is_some_and(|byte| byte.to_ascii_lowercase() == *expect))
}

fn is_joint(byte: u8) -> bool {
    matches!(byte, b'_' | b'-')
}
