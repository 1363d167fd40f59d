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
    words: Vec<Box<[u8]>>,
    /// For each letter that a word ends in, as bits, the letters before it: few names get past this.
    ends: [u32; 32],
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
        // What ends in a joint, or has one before its last letter, is to be looked at.
        let mut own = Self { words: Vec::new(), ends: [1 << JOINT; 32] };
        own.ends[JOINT] = u32::MAX;
        WORDS.into_iter().for_each(|word| own.add(word));
        own
    }
}

impl Redaction {
    /// What stands in a secret's place.
    pub const REDACTED: &str = "[redacted]";

    /// Adds a word; one that has no letters but joints adds nothing.
    pub fn add(&mut self, word: &str) {
        let word: Box<[u8]> =
            word.bytes().filter(|byte| !is_joint(*byte)).map(|byte| byte.to_ascii_lowercase()).collect();
        match *word {
            [] => return,
            [last] => self.ends[letter(last)] = u32::MAX,
            [.., before, last] => self.ends[letter(last)] |= 1 << letter(before),
        }
        self.words.push(word);
    }

    /// Whether what goes by this name is a secret.
    #[inline]
    pub fn hides(&self, name: &str) -> bool {
        let mut name = name.as_bytes();
        loop {
            if self.may_end(name) && self.words.iter().any(|word| ends_in(name, word)) {
                return true;
            }
            // Asked of every attribute of every span: no iterator of parts, which costs more than the rest.
            match name.iter().rposition(|byte| *byte == b'.') {
                Some(dot) => name = &name[..dot],
                None => return false,
            }
        }
    }

    /// Whether the last two letters are those of a word.
    #[inline]
    fn may_end(&self, name: &[u8]) -> bool {
        match *name {
            [.., before, last] => self.ends[letter(last)] >> letter(before) & 1 != 0,
            _ => true,
        }
    }

    /// A text as it may be passed on by this name: nothing of a secret's, and a URL without the secrets in it. A name says that
    /// it is a URL by the semantic conventions: `url.full`, `url.query`.
    #[inline]
    pub fn text<'t>(&self, name: &str, text: &'t str) -> Cow<'t, str> {
        match name {
            "url.query" => self.query(text),
            "url.full" => self.url(text),
            _ if self.hides(name) => Cow::Borrowed(Self::REDACTED),
            _ => Cow::Borrowed(text),
        }
    }

    /// Whether [`text`](Self::text) looks into what goes by this name.
    #[inline]
    pub fn looks_into(name: &str) -> bool {
        matches!(name, "url.full" | "url.query")
    }

    /// A URL without user and password, and with the values of secret parameters replaced; as it is, if it has neither.
    pub fn url<'u>(&self, url: &'u str) -> Cow<'u, str> {
        let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
        let authority = address.find("://").map_or(0, |at| at + 3);
        let host = authority + address[authority..].find('/').unwrap_or(address.len() - authority);
        let user = address[authority..host].rfind('@').map(|at| authority + at);
        let clean = query.map(|query| self.query(query));
        if user.is_none() && !matches!(clean, Some(Cow::Owned(_))) {
            return Cow::Borrowed(url);
        }
        let named = user.map_or(Cow::Borrowed(address), |at| {
            Cow::Owned([&address[..authority], Self::REDACTED, &address[at..]].concat())
        });
        Cow::Owned(clean.map_or_else(|| named.to_string(), |query| [&named, "?", &query].concat()))
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
fn ends_in(mut name: &[u8], word: &[u8]) -> bool {
    for expect in word.iter().rev() {
        while let [rest @ .., b'_' | b'-'] = name {
            name = rest;
        }
        match name {
            [rest @ .., byte] if byte.to_ascii_lowercase() == *expect => name = rest,
            _ => return false,
        }
    }
    true
}

fn is_joint(byte: u8) -> bool {
    matches!(byte, b'_' | b'-')
}

/// The number of a letter in the alphabet; of a joint, and of anything else, one of its own.
#[inline]
fn letter(byte: u8) -> usize {
    const LETTERS: [u8; 256] = {
        let mut letters = [0; 256];
        let mut number = 1;
        while number <= 26 {
            letters[b'A' as usize - 1 + number] = number as u8;
            letters[b'a' as usize - 1 + number] = number as u8;
            number += 1;
        }
        letters[b'_' as usize] = JOINT as u8;
        letters[b'-' as usize] = JOINT as u8;
        letters
    };
    usize::from(LETTERS[usize::from(byte)])
}

const JOINT: usize = 31;

#[cfg(test)]
mod tests;
