//! What one event says, and what all of them together say about how the answer ended.

use super::fault::Fault;
use crate::outcome::Outcome;

/// What one event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame {
    /// A piece of the answer: text, speech, a call of a tool.
    Content {
        /// How much of it, in bytes; of an event in no dialect we know, all its data.
        bytes: u64,
    },
    /// A sign of work that is no piece of the answer: that it has begun, that a part has ended, a piece of reasoning.
    Work,
    /// Says that the connection lives, and nothing about the answer.
    KeepAlive,
    /// The answer is complete.
    Done,
    /// The answer failed, though it began with a 200.
    Failed(Fault),
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// It said that it was complete: `[DONE]`, a `finish_reason`, `message_stop`, `response.completed` or
    /// `response.incomplete`, which is what a limit of tokens makes of it.
    Complete,
    /// The body ended, and the answer had not.
    Truncated,
    /// It said that it failed.
    Failed(Fault),
    /// It is in no dialect we know, so that the end of the body has to do.
    Unknown,
}

/// What one event says, and what of it matters in the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judgement {
    pub(super) frame: Frame,
    /// It is in a dialect we know.
    pub(super) known: bool,
    /// It has a `finish_reason`.
    pub(super) finished: bool,
}

/// What all events so far say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Verdict {
    any: bool,
    known: bool,
    done: bool,
    finished: bool,
    failed: Option<Fault>,
}

impl Judgement {
    pub(super) fn known(frame: Frame) -> Self {
        Self { frame, known: true, finished: false }
    }

    pub(super) fn unknown(frame: Frame) -> Self {
        Self { frame, known: false, finished: false }
    }
}

impl Verdict {
    pub(super) fn note(&mut self, judgement: &Judgement) {
        self.any = true;
        self.known |= judgement.known;
        match judgement.frame {
            Frame::Done => self.done = true,
            Frame::Failed(fault) => self.failed = self.failed.max(Some(fault)),
            // Of several choices, one may end while another goes on.
            Frame::Content { .. } => self.finished = judgement.finished,
            Frame::Work | Frame::KeepAlive => self.finished |= judgement.finished,
        }
    }

    pub(super) fn ending(&self) -> Ending {
        match self.failed {
            Some(fault) => Ending::Failed(fault),
            None if self.done || self.finished => Ending::Complete,
            None if self.known || !self.any => Ending::Truncated,
            None => Ending::Unknown,
        }
    }
}

impl From<Ending> for Outcome {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Complete | Ending::Unknown => Self::Success,
            Ending::Truncated => Self::Failure,
            Ending::Failed(fault) => fault.into(),
        }
    }
}
