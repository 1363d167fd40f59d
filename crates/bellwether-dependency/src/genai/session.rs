//! A session over a WebSocket: judged by what comes over it, not by that there is one.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use bellwether_breaker::sse::{Fault as Said, Frame, Message, Usage};
use bellwether_breaker::{Breaker, State};
use bellwether_core::Instant;

use super::model::Model;
use super::record;
use crate::call::Ongoing;
use crate::cascade::Failure;
use crate::fault::{Fault, Retry};

/// A session with a model; from [`Model::connect`]. The loop that reads the socket tells it of each message and of the end.
///
/// Two kinds of calls are counted. `connect` lasts until the first message that is of use, and only that is its success: a
/// server that accepts connections and says nothing is not well. `realtime` is one answer, from its beginning to its end.
/// That a session has become as old as it may is nobody's failure, and neither is that it was given up: what is dropped was.
///
/// ```
/// use bellwether_core::Registry;
/// use bellwether_dependency::genai::{GenAi, Model, SessionEnd};
/// use bellwether_dependency::{Dependencies, Dependency};
///
/// let registry = Registry::new();
/// let voice = Dependencies::new(&registry)?.register(Dependency::http("voice"))?;
/// let model = GenAi::new(&registry)?.model(&voice, Model::realtime("openai", "gpt-realtime"));
///
/// let mut session = model.connect().expect("nothing holds calls back");
/// session.message(br#"{"type":"session.created"}"#);
/// assert_eq!((session.was_of_use(), model.connects_in_vain()), (false, 1));
/// session.message(br#"{"type":"response.output_audio.delta","delta":"UklGRg=="}"#);
/// assert_eq!((session.was_of_use(), model.connects_in_vain()), (true, 0));
/// session.message(br#"{"type":"error","error":{"code":"session_expired"}}"#);
/// assert_eq!(session.closed(Some(1000)), SessionEnd::Planned);
/// # Ok::<(), bellwether_dependency::Error>(())
/// ```
#[must_use = "a session that is dropped at once was given up"]
pub struct Session {
    model: Model,
    began: Instant,
    /// Until the first message of use.
    connecting: Option<Ongoing<'static>>,
    turn: Option<Turn>,
    of_use: bool,
    /// The last error that said something, while nothing of use came behind it.
    said: Option<Said>,
    expired: bool,
    served: Option<Box<str>>,
    /// Its end is told.
    over: bool,
}

/// One answer within a session.
struct Turn {
    call: Ongoing<'static>,
    first: Option<Duration>,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEnd {
    /// As was to be expected: it had become as old as it may, or both had said what they wanted.
    Planned,
    /// It broke, or was of no use.
    Failed(Fault),
}

impl Session {
    pub(super) fn new(model: Model, connecting: Ongoing<'static>) -> Self {
        Self {
            began: connecting.began(),
            model,
            connecting: Some(connecting),
            turn: None,
            of_use: false,
            said: None,
            expired: false,
            served: None,
            over: false,
        }
    }

    /// A message came, in JSON; what it is, in one word. Messages of sound without any JSON are [content](Self::frame).
    pub fn message(&mut self, text: &[u8]) -> Frame {
        let message = Message::of(text);
        if let Some(model) = message.model() {
            self.served = Some(model.into());
        }
        if message.kind() == "response.created" {
            self.begin_turn();
        }
        let frame = message.frame().unwrap_or(Frame::Work);
        // Of an answer that failed as soon as it began, the end is no second failure.
        if !(message.kind() == "response.done" && self.turn.is_none()) {
            self.told(frame, &message.usage());
        }
        frame
    }

    /// Something came that is not in the words of OpenAI: what it is, by whoever knows it.
    pub fn frame(&mut self, frame: Frame) {
        self.told(frame, &Usage::default());
    }

    /// Whether anything of use came so far.
    pub fn was_of_use(&self) -> bool {
        self.of_use
    }

    /// The connection failed, could not be made, or was not let in.
    pub fn fail(self, error: &(dyn Error + 'static)) -> Fault {
        self.fault(Fault::of(error))
    }

    /// The connection failed in this way.
    pub fn fault(mut self, fault: Fault) -> Fault {
        self.failed(fault);
        self.finish("failure");
        fault
    }

    /// They closed it, with this code; `None` if the connection just ended. Whoever closes it themselves drops the session.
    ///
    /// A session that was closed properly before it was of any use has failed, unless it had expired.
    pub fn closed(mut self, code: Option<u16>) -> SessionEnd {
        let proper = matches!(code, Some(1000 | 1001));
        if self.expired || (proper && self.of_use && self.turn.is_none()) {
            self.finish("success");
            return SessionEnd::Planned;
        }
        let fault = match self.said {
            Some(said) if !proper || !self.of_use => Fault::of_answer(200, said),
            _ => of_close(code),
        };
        self.failed(fault);
        self.finish("failure");
        SessionEnd::Failed(fault)
    }

    fn told(&mut self, frame: Frame, usage: &Usage) {
        let now = self.model.clock().now();
        match frame {
            Frame::Content { .. } => self.content(now),
            Frame::Done => self.end_turn(None, usage),
            Frame::Failed(Said::Expired) => self.expired = true,
            Frame::Failed(said) => {
                self.said = Some(said);
                self.failed(Fault::of_answer(200, said));
            }
            Frame::Work | Frame::KeepAlive => {}
            _ => {}
        }
    }

    fn content(&mut self, now: Instant) {
        if let Some(turn) = &mut self.turn {
            turn.first.get_or_insert(now.since(turn.call.began()));
        }
        self.said = None;
        if !std::mem::replace(&mut self.of_use, true) {
            self.model.was_of_use();
            self.measure_first(now);
        }
        if let Some(connecting) = self.connecting.take() {
            connecting.end(None);
        }
    }

    fn measure_first(&self, now: Instant) {
        let served = self.model.served(self.served.as_deref());
        let labels = self.model.labels(&served);
        self.model.metrics().session_first.get(labels).record_duration(now.since(self.began));
    }

    /// An answer began. That it did is not ours to allow; while a breaker asks for trials, it is none.
    fn begin_turn(&mut self) {
        let flows = |breaker: &Breaker| breaker.state() == State::Closed;
        if self.model.dependency().breaker().is_none_or(flows) {
            let call = self.model.operation().begin_owned().ok();
            self.turn = call.map(|call| Turn { call, first: None });
        }
    }

    fn end_turn(&mut self, fault: Option<Fault>, usage: &Usage) {
        let Some(Turn { call, first }) = self.turn.take() else { return };
        let took = self.model.clock().now().since(call.began());
        let served = self.model.served(self.served.as_deref());
        record::duration(&self.model, &served, fault, took);
        if let Some(first) = first {
            self.model.metrics().first_content.get(self.model.labels(&served)).record_duration(first);
        }
        match fault {
            None => record::usage(&self.model, &served, usage),
            Some(fault) if fault.failure == Failure::Cancelled => {
                record::unknown(&self.model, &served, "cancelled");
            }
            Some(_) => record::unknown(&self.model, &served, "failed"),
        }
        call.end(fault);
    }

    /// One failure, of whatever was under way.
    fn failed(&mut self, fault: Fault) {
        if self.turn.is_some() {
            // What is told of twice would count twice.
            drop(self.connecting.take());
            self.end_turn(Some(fault), &Usage::default());
        } else if let Some(connecting) = self.connecting.take() {
            connecting.end(Some(fault));
        } else if self.of_use {
            // Between two answers.
            self.begin_turn();
            if let Some(between) = self.turn.take() {
                between.call.end(Some(fault));
            }
        }
    }

    fn finish(&mut self, outcome: &str) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        self.end_turn(Some(Fault::new(Failure::Cancelled)), &Usage::default());
        let served = self.model.served(self.served.as_deref());
        let lasted = self.model.clock().now().since(self.began);
        self.model.metrics().session.get(self.model.labels_and(&served, [outcome])).record_duration(lasted);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.finish("cancelled");
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("model", &self.model).field("of_use", &self.of_use).finish_non_exhaustive()
    }
}

/// The class of a close without a word, by its code. Source: RFC 6455, section 7.4.1, and IANA's registry.
fn of_close(code: Option<u16>) -> Fault {
    match code {
        Some(1002 | 1003 | 1007) => Fault::new(Failure::Decode),
        Some(1008..=1010) => Fault::new(Failure::BadRequest),
        Some(1012 | 1013) => Fault::new(Failure::Upstream).retry(Retry::AfterPause),
        None | Some(1005 | 1006) => Fault::new(Failure::Connect),
        _ => Fault::new(Failure::Upstream),
    }
}
