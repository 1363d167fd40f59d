//! What an answer of server-sent events says of itself: content, signs of work, its proper end, an error after a 200.
//!
//! An answer that streams has its status long before it has its outcome. A [`Scanner`] reads along, byte for byte and without
//! keeping any of them, and knows the three dialects that models are served in: OpenAI's chat completions and whatever is
//! compatible with them, OpenAI's responses (with its relatives for speech and transcription), and Anthropic's messages.
//!
//! ```
//! use bellwether_breaker::sse::{Ending, Frame, Scanner};
//!
//! let mut scanner = Scanner::new();
//! let mut frames = Vec::new();
//! // Chunks end where the network likes.
//! for chunk in ["data: {\"choices\":[{\"delta\":{\"content\":\"He", "llo\"},\"index\":0}]}\n\n", "data: [DONE]\n\n"] {
//!     scanner.feed(chunk.as_bytes(), |frame| frames.push(frame));
//! }
//! assert_eq!(frames, [Frame::Content { bytes: 5 }, Frame::Done]);
//! assert_eq!(scanner.ending(), Ending::Complete);
//! ```

mod fault;
mod frame;
mod json;
mod message;
mod payload;
mod usage;
mod word;

pub use fault::Fault;
pub use frame::{Ending, Frame};
pub use message::Message;
pub use usage::Usage;

use frame::{Judgement, Verdict};
use json::Facts;
use memchr::memchr2;
use payload::Payload;
use word::Word;

/// Reads a body of server-sent events along with whoever it is for. It takes less than a kilobyte, however long the events.
#[derive(Debug, Clone, Default)]
pub struct Scanner {
    line: Line,
    /// A line ended by a carriage return, which may have a line feed behind it.
    after_return: bool,
    /// How much of a byte order mark there was, or that there can be none any more.
    mark: usize,
    event: Word,
    payload: Payload,
    verdict: Verdict,
    usage: Usage,
    model: Word,
}

/// Where in a line.
#[derive(Debug, Clone, Copy)]
enum Line {
    Name(Word),
    /// Behind the colon, where one space may be.
    Colon(Field),
    Value(Field),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Data,
    Event,
    Comment,
    Other,
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl Scanner {
    /// At the beginning of a body.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a chunk, which may begin and end anywhere, and tells of each frame that ends within it.
    pub fn feed(&mut self, chunk: &[u8], mut on_frame: impl FnMut(Frame)) {
        let mut rest = self.behind_mark(chunk);
        while let [first, behind @ ..] = rest {
            if std::mem::take(&mut self.after_return) && *first == b'\n' {
                rest = behind;
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', rest) else {
                self.part(rest);
                return;
            };
            let (line, behind) = rest.split_at(end);
            self.part(line);
            if let Some(frame) = self.end_line() {
                on_frame(frame);
            }
            self.after_return = behind.starts_with(b"\r");
            rest = behind.get(1..).unwrap_or_default();
        }
    }

    /// How the answer ended, if the body ended here. An event that is only lacking its last line feed counts.
    pub fn ending(&self) -> Ending {
        let mut verdict = self.verdict;
        if let Some(judgement) = self.judge().filter(|_| self.payload.is_whole()) {
            verdict.note(&judgement);
        }
        verdict.ending()
    }

    /// What the answer says that it took, so far. Of one that was cut it is not all: whoever counts asks the
    /// [`ending`](Self::ending) first.
    ///
    /// ```
    /// use bellwether_breaker::sse::{Scanner, Usage};
    ///
    /// let mut scanner = Scanner::new();
    /// scanner.feed(b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}\n\n", |_| ());
    /// assert_eq!(scanner.usage(), Usage::tokens(11, 7));
    /// ```
    pub fn usage(&self) -> Usage {
        let mut usage = self.usage;
        if let Some(pending) = self.payload.facts() {
            usage.update(&pending.usage);
        }
        usage.settled()
    }

    /// The model that says that it answers; `None` if none does, or by a name of more than 64 bytes.
    pub fn model(&self) -> Option<&str> {
        Some(self.model.text()).filter(|model| !model.is_empty())
    }

    fn behind_mark<'a>(&mut self, chunk: &'a [u8]) -> &'a [u8] {
        let mut rest = chunk;
        while let (Some(expected), [first, behind @ ..]) = (BYTE_ORDER_MARK.get(self.mark), rest) {
            if first != expected {
                // There is no mark, or half of one, which is no name of a field we know.
                self.mark = BYTE_ORDER_MARK.len();
                break;
            }
            self.mark += 1;
            rest = behind;
        }
        rest
    }

    /// A part of a line.
    fn part(&mut self, part: &[u8]) {
        let mut rest = part;
        if let Line::Name(name) = &mut self.line {
            let end = rest.iter().position(|byte| *byte == b':').unwrap_or(rest.len());
            name.extend(&rest[..end]);
            if end == rest.len() {
                return;
            }
            self.line = Line::Colon(Field::of(name));
            rest = &rest[end + 1..];
        }
        if let Line::Colon(field) = self.line {
            let [first, behind @ ..] = rest else { return };
            self.begin_value(field);
            rest = if *first == b' ' { behind } else { rest };
        }
        match self.line {
            Line::Value(Field::Data) => self.payload.extend(rest),
            Line::Value(Field::Event) => self.event.extend(rest),
            _ => {}
        }
    }

    fn begin_value(&mut self, field: Field) {
        match field {
            Field::Data => self.payload.begin_line(),
            Field::Event => self.event.clear(),
            Field::Comment | Field::Other => {}
        }
        self.line = Line::Value(field);
    }

    fn end_line(&mut self) -> Option<Frame> {
        let field = match self.line {
            Line::Name(name) if name.is_empty() => return self.end_event(),
            Line::Name(name) => Field::of(&name),
            Line::Colon(field) | Line::Value(field) => field,
        };
        if !matches!(self.line, Line::Value(_)) {
            // A line without a value has an empty one.
            self.begin_value(field);
        }
        self.line = Line::default();
        (field == Field::Comment).then_some(Frame::KeepAlive)
    }

    fn end_event(&mut self) -> Option<Frame> {
        let judgement = self.judge();
        if let Some(Facts { usage, model, .. }) = self.payload.facts() {
            self.usage.update(usage);
            self.model = if model.text().is_empty() { self.model } else { *model };
        }
        self.event.clear();
        self.payload = Payload::default();
        let judgement = judgement?;
        self.verdict.note(&judgement);
        Some(judgement.frame)
    }

    /// What the event that was read so far says, if it has data.
    fn judge(&self) -> Option<Judgement> {
        self.payload.judge(&self.event)
    }
}

impl Default for Line {
    fn default() -> Self {
        Self::Name(Word::default())
    }
}

impl Field {
    fn of(name: &Word) -> Self {
        match name.bytes() {
            b"data" => Self::Data,
            b"event" => Self::Event,
            b"" if name.is_empty() => Self::Comment,
            _ => Self::Other,
        }
    }
}
