//! One JSON object that is no event of a stream: an answer in one piece, the body of an error, a message of a WebSocket.

use super::fault::Fault;
use super::frame::{Ending, Frame};
use super::payload::Payload;
use super::usage::Usage;
use super::word::Word;

/// Reads an answer that comes in one piece, byte for byte, without keeping any of it: however long it is, and whatever secrets
/// are in it, what can be asked for afterwards is a class, a few numbers and a short word.
///
/// ```
/// use bellwether_breaker::sse::{Ending, Fault, Message};
///
/// let mut message = Message::new();
/// message.feed(br#"{"error":{"message":"No credit left on key sk-123.","type":"insufficient_quota"}}"#);
/// assert_eq!(message.ending(), Ending::Failed(Fault::Quota)); // whatever the status was
/// ```
#[derive(Debug, Clone, Default)]
pub struct Message {
    payload: Payload,
    is_begun: bool,
}

impl Message {
    /// Before its first byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// All of it, if it is there.
    pub fn of(text: &[u8]) -> Self {
        let mut message = Self::new();
        message.feed(text);
        message
    }

    /// Reads a piece, which may begin and end anywhere.
    pub fn feed(&mut self, piece: &[u8]) {
        if !std::mem::replace(&mut self.is_begun, true) {
            self.payload.begin_line();
        }
        self.payload.extend(piece);
    }

    /// What it says, as an event of a stream; `None` if there is nothing in it.
    pub fn frame(&self) -> Option<Frame> {
        self.payload.judge(&Word::default()).map(|judgement| judgement.frame)
    }

    /// How the answer ended, if it ended here and is all there is. What is no JSON is [`Unknown`](Ending::Unknown).
    pub fn ending(&self) -> Ending {
        match self.frame() {
            Some(Frame::Failed(fault)) => Ending::Failed(fault),
            None => Ending::Truncated,
            Some(_) if self.payload.is_json() && !self.payload.is_whole() => Ending::Truncated,
            Some(_) if self.payload.is_json() => Ending::Complete,
            Some(_) => Ending::Unknown,
        }
    }

    /// Whose fault the error in it is; [`Unknown`](Fault::Unknown) if it does not say, or is none.
    pub fn fault(&self) -> Fault {
        match self.frame() {
            Some(Frame::Failed(fault)) => fault,
            // Who says what is wrong in a way of their own.
            _ => self.payload.facts().map_or(Fault::Unknown, |facts| facts.fault),
        }
    }

    /// Its `type`; nothing if there is none, or one of more than 64 bytes.
    pub fn kind(&self) -> &str {
        self.payload.facts().map_or("", |facts| facts.kind.text())
    }

    /// What it says that it took.
    pub fn usage(&self) -> Usage {
        self.payload.facts().map_or_else(Usage::default, |facts| facts.usage.settled())
    }

    /// The model that says that it answers.
    pub fn model(&self) -> Option<&str> {
        Some(self.payload.facts()?.model.text()).filter(|model| !model.is_empty())
    }
}
