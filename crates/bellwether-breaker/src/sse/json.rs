//! A sieve for JSON: the few values that say what an event is, out of a text of any length that comes in pieces.
//!
//! Nothing is kept but short words, and nothing is checked but that all that was opened is closed. What the values mean is
//! the matter of [`Facts`].

use memchr::memchr2;

use super::fault::Fault;
use super::usage::{Count, Usage};
use super::word::Word;

/// What is known of an event from its data.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// `type`.
    pub(super) kind: Word,
    /// There is an `error`.
    pub(super) failed: bool,
    pub(super) fault: Fault,
    /// There are `choices`: a chat completion.
    pub(super) has_choices: bool,
    /// A choice has a `finish_reason`.
    pub(super) finished: bool,
    /// Bytes of text, arguments and sound.
    pub(super) text: u64,
    /// Bytes of what is called just `delta`, whose meaning depends on the kind.
    pub(super) delta: u64,
    /// Bytes of what is called just `transcript`, whose meaning depends on the kind.
    pub(super) transcript: u64,
    pub(super) usage: Usage,
    /// Who says that it answers.
    pub(super) model: Word,
}

/// Where in the object a value is. An item of an array is where the array is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Top,
    Kind,
    Object,
    Choices,
    FinishReason,
    /// What a choice adds.
    ChoiceDelta,
    Sound,
    Calls,
    Call,
    Text,
    /// What an event of a kind adds: text, or an object around it.
    Delta,
    Transcript,
    Response,
    Status,
    StatusDetails,
    /// What a message, or a session, begins with.
    Message,
    Model,
    Usage,
    UsageDetails,
    Count(Count),
    Error,
    ErrorWord,
    /// What some say instead of an error.
    Detail,
    Elsewhere,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Sieve {
    facts: Facts,
    token: Token,
    escape: Escape,
    word: Word,
    /// Where the next value is.
    place: Place,
    /// The next string is a key.
    key_next: bool,
    open: [(Place, bool); DEEPEST],
    depth: usize,
    /// Brackets that are open where nothing matters.
    hidden: u64,
}

/// Deeper than any value that matters.
const DEEPEST: usize = 12;

/// Within what the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Token {
    #[default]
    Between,
    Key,
    String,
    Literal,
    End,
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Escape {
    #[default]
    No,
    Backslash,
    Hex {
        left: u8,
        value: u16,
    },
}

impl Place {
    fn child(self, key: &[u8]) -> Self {
        match (self, key) {
            (Self::Top, b"type") => Self::Kind,
            (Self::Top, b"object") => Self::Object,
            (Self::Top, b"choices") => Self::Choices,
            (Self::Top, b"delta" | b"audio") => Self::Delta,
            (Self::Top, b"transcript") => Self::Transcript,
            (Self::Top, b"message" | b"session") => Self::Message,
            (Self::Top, b"response") => Self::Response,
            (Self::Response, b"status_details") => Self::StatusDetails,
            (Self::Top | Self::Response | Self::StatusDetails | Self::Error, b"error") => Self::Error,
            (Self::Top | Self::Error | Self::Detail, b"code") | (Self::Error | Self::Detail, b"type" | b"status") => {
                Self::ErrorWord
            }
            (Self::Top, b"detail") => Self::Detail,
            (Self::Response, b"status") => Self::Status,
            (Self::Top | Self::Response | Self::Message, b"model") => Self::Model,
            (Self::Top | Self::Response | Self::Message, b"usage") => Self::Usage,
            (Self::Usage, _) if key.ends_with(b"_details") => Self::UsageDetails,
            (Self::Usage | Self::UsageDetails, _) => Count::of(key).map_or(Self::Elsewhere, Self::Count),
            (Self::Choices, b"finish_reason") => Self::FinishReason,
            (Self::Choices, b"delta" | b"message") => Self::ChoiceDelta,
            (Self::Choices | Self::Text, b"text") => Self::Text,
            (Self::ChoiceDelta, b"content" | b"refusal") => Self::Text,
            (Self::ChoiceDelta, b"audio") => Self::Sound,
            (Self::ChoiceDelta, b"tool_calls") => Self::Calls,
            (Self::ChoiceDelta, b"function_call") | (Self::Calls, b"function" | b"custom") => Self::Call,
            (Self::Sound, b"data" | b"transcript") => Self::Text,
            (Self::Call, b"name" | b"arguments" | b"input") => Self::Text,
            (Self::Delta, b"text" | b"partial_json") => Self::Text,
            _ => Self::Elsewhere,
        }
    }
}

impl Facts {
    /// An object or an array begins.
    fn opened(&mut self, place: Place) {
        match place {
            Place::Choices => self.has_choices = true,
            Place::Error => self.failed = true,
            _ => {}
        }
    }

    fn string(&mut self, place: Place, word: &Word) {
        match place {
            Place::Kind => self.kind = *word,
            Place::Object => self.failed |= word.bytes() == b"error",
            Place::Choices => self.has_choices = true,
            Place::FinishReason => {
                self.finished = true;
                self.failed |= word.bytes() == b"error";
            }
            Place::Text => self.text += word.length(),
            Place::Delta => self.delta += word.length(),
            Place::Transcript => self.transcript += word.length(),
            Place::Status => self.failed |= word.bytes() == b"failed",
            Place::Model => self.model = *word,
            Place::Error | Place::ErrorWord => {
                self.failed |= place == Place::Error && !word.is_empty();
                self.fault = self.fault.max(Fault::of(word.text()));
            }
            _ => {}
        }
    }

    /// A number, `true`, `false` or `null`.
    fn literal(&mut self, place: Place, word: &Word) {
        let says = !matches!(word.bytes(), b"null" | b"false");
        match place {
            Place::Choices => self.has_choices = true,
            Place::Count(count) => self.usage.read(count, word.text()),
            Place::Error | Place::ErrorWord if says => {
                self.failed |= place == Place::Error;
                self.fault = self.fault.max(Fault::of(word.text()));
            }
            _ => {}
        }
    }
}

impl Sieve {
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let [first, behind @ ..] = rest {
            let in_string = matches!(self.token, Token::Key | Token::String) && self.escape == Escape::No;
            // Most of an event is text, of which only its end matters.
            let plain = if in_string { memchr2(b'"', b'\\', rest).unwrap_or(rest.len()) } else { 0 };
            if plain > 0 {
                self.word.extend(&rest[..plain]);
                rest = &rest[plain..];
            } else {
                self.push(*first);
                rest = behind;
            }
        }
    }

    /// Whether an object has ended, and nothing came behind it.
    pub(super) fn is_whole(&self) -> bool {
        self.token == Token::End
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    fn push(&mut self, byte: u8) {
        match self.token {
            Token::Key | Token::String => self.push_string(byte),
            Token::Literal if matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r') => {
                self.facts.literal(self.place, &self.word);
                self.token = Token::Between;
                self.push_between(byte);
            }
            Token::Literal => self.word.push(byte),
            Token::Between => self.push_between(byte),
            Token::End if byte.is_ascii_whitespace() => {}
            Token::End | Token::Broken => self.token = Token::Broken,
        }
    }

    fn push_string(&mut self, byte: u8) {
        self.escape = match (self.escape, byte) {
            (Escape::No, b'"') => return self.end_string(),
            (Escape::No, b'\\') => Escape::Backslash,
            (Escape::No, plain) => self.decoded(plain),
            (Escape::Backslash, b'u') => Escape::Hex { left: 4, value: 0 },
            (Escape::Backslash, b'n') => self.decoded(b'\n'),
            (Escape::Backslash, b't') => self.decoded(b'\t'),
            (Escape::Backslash, b'r') => self.decoded(b'\r'),
            (Escape::Backslash, b'b') => self.decoded(8),
            (Escape::Backslash, b'f') => self.decoded(12),
            (Escape::Backslash, other) => self.decoded(other),
            (Escape::Hex { left, value }, digit) => {
                let digit = char::from(digit).to_digit(16).unwrap_or(0) as u16;
                let value = value << 4 | digit;
                match left {
                    // No word we know has anything but ASCII.
                    1 => self.decoded(u8::try_from(value).ok().filter(u8::is_ascii).unwrap_or(0xFF)),
                    left => Escape::Hex { left: left - 1, value },
                }
            }
        };
    }

    fn decoded(&mut self, byte: u8) -> Escape {
        self.word.push(byte);
        Escape::No
    }

    fn end_string(&mut self) {
        if self.token == Token::Key {
            self.place = self.top().0.child(self.word.bytes());
            self.key_next = false;
        } else if self.hidden == 0 {
            self.facts.string(self.place, &self.word);
        }
        self.token = Token::Between;
    }

    fn push_between(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b':' => {}
            b'"' => {
                self.word.clear();
                self.token = if self.key_next && self.hidden == 0 { Token::Key } else { Token::String };
            }
            b'{' | b'[' => self.begin(byte == b'{'),
            b'}' | b']' => self.end(byte == b'}'),
            _ if self.hidden > 0 => {}
            b',' => {
                let (place, is_object) = self.top();
                self.key_next = is_object;
                self.place = if is_object { Place::Elsewhere } else { place };
            }
            other => {
                self.word.clear();
                self.word.push(other);
                self.token = Token::Literal;
            }
        }
    }

    fn begin(&mut self, is_object: bool) {
        if self.hidden > 0 || self.place == Place::Elsewhere || self.depth == DEEPEST {
            self.hidden += 1;
            return;
        }
        self.facts.opened(self.place);
        self.open[self.depth] = (self.place, is_object);
        self.depth += 1;
        self.key_next = is_object;
        if is_object {
            // Until there is a key.
            self.place = Place::Elsewhere;
        }
    }

    fn end(&mut self, is_object: bool) {
        if self.hidden > 0 {
            self.hidden -= 1;
            return;
        }
        if self.depth == 0 || self.top().1 != is_object {
            self.token = Token::Broken;
            return;
        }
        self.depth -= 1;
        self.key_next = false;
        self.place = Place::Elsewhere;
        if self.depth == 0 {
            self.token = Token::End;
        }
    }

    /// The innermost bracket that is open where something matters, and whether it is an object's.
    fn top(&self) -> (Place, bool) {
        self.depth.checked_sub(1).map_or((Place::Elsewhere, false), |top| self.open[top])
    }
}
