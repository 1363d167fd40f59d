//! One guarded call: holds the permit from the request to the end of the answer's body, and finishes it with what it saw.

use std::error::Error;
use std::io::IoSlice;
use std::task::{Context, Poll};

use bellwether_breaker::sse::{Ending, Frame, Scanner};
use bellwether_breaker::{Elapsed, Outcome, Permit};
use bytes::Buf;
use http::{HeaderMap, header, response};

use super::evidence::{Judgement, Kind};
use super::rules::Handle;
use super::timer::{Came, Timing};

/// What is known of a call. Lives in the future, then in the body; dropped before the end, it says that the caller went away,
/// unless the answer had said already how it is to be judged.
#[derive(Debug)]
pub(crate) struct Call {
    /// `None` once it has ended.
    permit: Option<Permit<Handle>>,
    /// By the head, trailers, or what was in the body.
    judgement: Judgement,
    /// What the judgement is worth before the end.
    standing: Standing,
    grpc: bool,
    /// How many bytes are to come, if that was declared.
    left: Option<u64>,
    timing: Option<Box<Timing>>,
    /// Reads along, where the answer is a stream of events.
    events: Option<Box<Scanner>>,
    pub(crate) has_content: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// There is none yet.
    Open,
    /// It counts if the answer ends well.
    IfComplete,
    /// It counts, whatever comes.
    Final,
}

/// Why a call ends.
#[derive(Debug)]
pub(crate) enum End<'a> {
    /// The answer has ended by itself.
    Complete,
    /// The service or the body failed.
    Error(&'a (dyn Error + 'static)),
    /// A deadline elapsed.
    Elapsed,
}

impl Call {
    #[inline]
    pub(crate) fn new(permit: Permit<Handle>) -> Self {
        let mut call = Self::over();
        call.timing = permit.handle().start_timing();
        call.permit = Some(permit);
        call
    }

    /// None at all.
    pub(crate) fn over() -> Self {
        Self {
            permit: None,
            judgement: Judgement::SUCCESS,
            standing: Standing::Open,
            grpc: false,
            left: None,
            timing: None,
            events: None,
            has_content: false,
        }
    }

    /// Whether its answer is held back until there is content; none that has ended is.
    pub(crate) fn is_held_back(&self) -> bool {
        self.handle().is_some_and(|handle| handle.rules().hold_back)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.permit.is_none()
    }

    /// Whether it failed, as far as one knows.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.judgement.outcome, Outcome::Failure | Outcome::Throttled(_)) && self.standing == Standing::Final
    }

    fn handle(&self) -> Option<&Handle> {
        self.permit.as_ref().map(Permit::handle)
    }

    /// The head has come; whether a body follows.
    pub(crate) fn head(&mut self, head: &response::Parts, empty: bool) -> Result<(), Elapsed> {
        self.came(Came::Headers)?;
        let Some(handle) = self.handle() else { return Ok(()) };
        let judgement = handle.judge_head(head.status, &head.headers);
        let good = judgement.outcome == Outcome::Success;
        let kind = Kind::of(&head.headers);
        let events = kind == Kind::Events && good && handle.rules().events;
        let said = match kind {
            Kind::Grpc if good => handle.judge_trailers(&head.headers, true),
            _ => Some(judgement),
        };
        self.grpc = kind == Kind::Grpc;
        self.events = events.then(Box::default);
        match said {
            Some(judgement) => self.judged(judgement),
            // Without a status, it is no answer.
            None => self.judgement = Judgement::FAILURE,
        }
        if empty {
            self.end(End::Complete);
        } else if kind != Kind::Grpc {
            let length = head.headers.get(header::CONTENT_LENGTH);
            self.left = length.and_then(|length| length.to_str().ok()?.parse().ok());
        }
        Ok(())
    }

    fn judged(&mut self, judgement: Judgement) {
        self.standing = match judgement.outcome {
            Outcome::Success | Outcome::Slow => Standing::IfComplete,
            _ => Standing::Final,
        };
        self.judgement = judgement;
    }

    /// A piece of the body has come.
    pub(crate) fn data(&mut self, data: &impl Buf) -> Result<(), Elapsed> {
        let length = data.remaining() as u64;
        self.left = self.left.map(|left| left.saturating_sub(length));
        let came = match self.events.take() {
            None => Came::Content(length),
            Some(mut events) => {
                let came = self.read(&mut events, data);
                self.events = Some(events);
                came
            }
        };
        self.has_content |= matches!(came, Came::Content(1..));
        self.came(came)
    }

    fn read(&mut self, events: &mut Scanner, data: &impl Buf) -> Came {
        let (mut content, mut came) = (0, Came::Nothing);
        let mut pieces = [IoSlice::new(&[]); 16];
        let filled = data.chunks_vectored(&mut pieces);
        for piece in pieces.iter().take(filled) {
            events.feed(piece, |frame| match frame {
                Frame::Content { bytes } => content += bytes,
                Frame::KeepAlive => {}
                Frame::Failed(fault) => self.judged(Judgement { outcome: fault.into(), retry_after: None }),
                _ => came = Came::Work,
            });
        }
        if content > 0 { Came::Content(content) } else { came }
    }

    /// Trailers have come.
    pub(crate) fn trailers(&mut self, trailers: &HeaderMap) {
        let judgement = self.handle().and_then(|handle| handle.judge_trailers(trailers, self.grpc));
        if let Some(judgement) = judgement.filter(|_| self.standing != Standing::Final) {
            self.judged(judgement);
        }
    }

    /// Whether all of the bytes that were declared have come: nobody may ask for more.
    pub(crate) fn has_all(&self) -> bool {
        self.left == Some(0)
    }

    fn came(&mut self, what: Came) -> Result<(), Elapsed> {
        let (Some(timing), Some(permit)) = (&mut self.timing, &self.permit) else { return Ok(()) };
        let now = permit.breaker().clock().now();
        timing.came(what, now).inspect_err(|_| self.end(End::Elapsed))
    }

    /// Ready if a deadline elapses first.
    pub(crate) fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<Elapsed> {
        let (Some(timing), Some(permit)) = (&mut self.timing, &self.permit) else { return Poll::Pending };
        timing.poll_elapsed(permit.breaker(), cx).map(|elapsed| {
            self.end(End::Elapsed);
            elapsed
        })
    }

    /// The call has ended. The first time counts.
    pub(crate) fn end(&mut self, end: End<'_>) {
        let Some(permit) = self.permit.take() else { return };
        if self.standing != Standing::Final {
            match (end, self.events.as_ref().map(|events| events.ending())) {
                // Complete is complete, whatever the connection does then.
                (_, Some(Ending::Complete)) | (End::Complete, None) => {}
                (End::Complete, Some(ending)) => self.judgement.outcome = ending.into(),
                (End::Error(error), _) => self.judgement = permit.handle().judge_error(error),
                (End::Elapsed, _) => self.judgement = Judgement::FAILURE,
            }
            self.standing = Standing::Final;
        }
        self.finish(permit);
    }

    fn finish(&self, mut permit: Permit<Handle>) {
        if let Some(after) = self.judgement.retry_after {
            permit.retry_after(after);
        }
        permit.finish(self.judgement.outcome);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let complete = self.events.as_ref().is_some_and(|events| events.ending() == Ending::Complete);
        if let Some(permit) = self.permit.take().filter(|_| complete || self.standing == Standing::Final) {
            self.finish(permit);
        }
    }
}
