//! Reads the body of an answer along with whoever it is for: a stream of events, one piece of JSON, or sound.

use bellwether_breaker::sse::{Ending, Fault as Said, Frame, Message, Scanner, Usage};

use super::model::Task;
use crate::cascade::Failure;
use crate::fault::Fault;

/// So much of the body of an error is looked at.
const MAX_ERROR: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(super) struct Reader {
    form: Form,
    /// Bytes so far.
    length: u64,
    is_error: bool,
}

#[derive(Debug, Default)]
enum Form {
    /// Before the first byte, and if nobody says what it is.
    #[default]
    Unknown,
    Events(Box<Scanner>),
    Message(Box<Message>),
    Plain,
}

impl Reader {
    /// What a body is of, whose answer has this status and type.
    pub(super) fn head(&mut self, status: u16, content_type: Option<&str>) {
        self.is_error = status >= 400;
        let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let is = |known: &str| essence.eq_ignore_ascii_case(known);
        self.form = if self.is_error {
            Form::Message(Box::default())
        } else if is("text/event-stream") {
            Form::Events(Box::default())
        } else if is("application/json") || essence.ends_with("+json") {
            Form::Message(Box::default())
        } else if essence.is_empty() {
            Form::Unknown
        } else {
            Form::Plain
        };
    }

    /// Reads a piece, and tells of each frame that ends within it.
    pub(super) fn feed(&mut self, piece: &[u8], mut on_frame: impl FnMut(Frame)) {
        if let (Form::Unknown, [first, ..]) = (&self.form, piece) {
            self.form = Form::of(*first);
        }
        let before = self.length;
        self.length = before.saturating_add(piece.len() as u64);
        match &mut self.form {
            Form::Events(scanner) => scanner.feed(piece, on_frame),
            Form::Message(message) => {
                let room = if self.is_error { (MAX_ERROR as u64).saturating_sub(before) } else { u64::MAX };
                message.feed(&piece[..piece.len().min(usize::try_from(room).unwrap_or(usize::MAX))]);
            }
            Form::Plain if !piece.is_empty() => on_frame(Frame::Content { bytes: piece.len() as u64 }),
            Form::Unknown | Form::Plain => {}
        }
    }

    /// Whether it comes bit by bit, so that its first bit can be used before its last.
    pub(super) fn streams(&self) -> bool {
        matches!(self.form, Form::Events(_) | Form::Plain)
    }

    pub(super) fn usage(&self) -> Usage {
        match &self.form {
            Form::Events(scanner) => scanner.usage(),
            Form::Message(message) => message.usage(),
            Form::Unknown | Form::Plain => Usage::default(),
        }
    }

    pub(super) fn model(&self) -> Option<&str> {
        match &self.form {
            Form::Events(scanner) => scanner.model(),
            Form::Message(message) => message.model(),
            Form::Unknown | Form::Plain => None,
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// What is wrong with an answer of this status, if its body ends here.
    pub(super) fn fault(&self, status: u16, task: Task) -> Option<Fault> {
        let ending = match &self.form {
            Form::Message(message) if self.is_error => return Some(Fault::of_answer(status, message.fault())),
            Form::Events(scanner) => scanner.ending(),
            Form::Message(message) => message.ending(),
            Form::Unknown => Ending::Truncated,
            Form::Plain if self.length == 0 => Ending::Truncated,
            Form::Plain => Ending::Unknown,
        };
        match ending {
            Ending::Failed(said) => Some(Fault::of_answer(status, said)),
            // Half a JSON cannot be read; of half an answer, the rest got lost.
            Ending::Truncated if matches!(self.form, Form::Message(_)) || task == Task::TextToSpeech => {
                Some(Fault::new(Failure::Decode))
            }
            Ending::Truncated => Some(Fault::new(Failure::Connect)),
            _ => None,
        }
    }

    /// How a stream says that it ended, if it has: well, or by whose fault not.
    pub(super) fn told_its_end(&self) -> Option<Option<Said>> {
        let Form::Events(scanner) = &self.form else { return None };
        match scanner.ending() {
            Ending::Complete => Some(None),
            Ending::Failed(said) => Some(Some(said)),
            _ => None,
        }
    }

    /// Whether the body itself says that the answer failed.
    pub(super) fn says_failed(&self) -> bool {
        match &self.form {
            Form::Events(scanner) => matches!(scanner.ending(), Ending::Failed(_)),
            Form::Message(message) => matches!(message.ending(), Ending::Failed(_)),
            Form::Unknown | Form::Plain => false,
        }
    }
}

impl Form {
    /// What a body is of that begins so.
    fn of(first: u8) -> Self {
        match first {
            b'{' => Self::Message(Box::default()),
            // A field, a comment, or a mark of the order of bytes.
            b'd' | b'e' | b'i' | b':' | 0xEF => Self::Events(Box::default()),
            _ => Self::Plain,
        }
    }
}
