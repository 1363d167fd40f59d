//! An answer of a model: whoever reads it tells what comes, and it knows how it went.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use bellwether_breaker::sse::{Frame, Usage};
use bellwether_breaker::{Deadlines, Elapsed, Hint, Progress};
use bellwether_core::{Histogram, Instant};

use super::model::Model;
use super::reader::Reader;
use super::record;
use crate::call::Ongoing;
use crate::cascade::Failure;
use crate::fault::{Fault, Retry};

/// A call of a model under way; from [`Model::begin`]. Say what comes, and that it is over by [`end`](Self::end) or
/// [`fail`](Self::fail).
///
/// One that is dropped was given up by whoever asked, because they were interrupted for instance. That says nothing about the
/// model, and counts neither for nor against it; unless a deadline had elapsed, which is a failure however it is told, or the
/// last event of a stream had come, behind which some stop reading.
#[must_use = "an answer that is dropped at once was given up"]
pub struct Answer {
    model: Model,
    /// Taken when it is over.
    call: Option<Ongoing<'static>>,
    progress: Progress,
    reader: Reader,
    status: u16,
    hint: Hint,
    chunks: Chunks,
    /// What was told of it beside its bytes.
    usage: Usage,
    audio: Option<Duration>,
    characters: Option<u64>,
}

/// The events of an answer that streams.
#[derive(Debug, Default)]
struct Chunks {
    first: Option<Instant>,
    last: Option<Instant>,
    between: Option<Histogram>,
}

/// What an answer came to that went well.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Told {
    /// What it took, as far as it said so.
    pub usage: Usage,
    /// The model that said that it answered.
    pub model: Option<Box<str>>,
    /// From the call to its end.
    pub took: Duration,
    /// From the call to the first that could be used; `None` if it came as a whole.
    pub first_content: Option<Duration>,
    /// How long its sound is, said or heard.
    pub audio: Option<Duration>,
}

impl Answer {
    pub(super) fn new(model: Model, call: Ongoing<'static>, deadlines: Deadlines) -> Self {
        Self {
            progress: deadlines.start(call.began()),
            model,
            call: Some(call),
            reader: Reader::default(),
            status: 200,
            hint: Hint::default(),
            chunks: Chunks::default(),
            usage: Usage::default(),
            audio: None,
            characters: None,
        }
    }

    /// The head of the answer came: its status, and its headers, which `get` looks up by lower-case name. What they say of
    /// limits is kept with the [dependency](crate::Dependency::limits).
    pub fn head<'a>(&mut self, status: u16, get: impl Fn(&str) -> Option<&'a str>) {
        self.status = status;
        self.reader.head(status, get("content-type"));
        self.hint = Hint::read(self.model.clock().timestamp(), get);
        self.model.dependency().hinted(&self.hint);
        // What comes too late is seen by whatever is told next.
        let _ = self.progress.headers(self.model.clock().now());
    }

    /// A piece of the body came, which may begin and end anywhere. It is read along, and not kept.
    ///
    /// # Errors
    /// If a [deadline](super::ModelBuilder::deadlines) elapsed before: the answer is to be given up.
    pub fn chunk(&mut self, piece: &[u8]) -> Result<(), Elapsed> {
        let now = self.now();
        let mut reader = std::mem::take(&mut self.reader);
        let mut result = self.progress.check(now);
        reader.feed(piece, |frame| {
            let told = self.framed(frame, now);
            result = result.and(told);
        });
        if let (None, Some(_), Some(model)) = (&self.chunks.between, self.chunks.first, reader.model()) {
            self.chunks.between = Some(between(&self.model, Some(model)));
        }
        self.reader = reader;
        result
    }

    /// Something came, from a client that reads bytes itself and gives what is in them.
    ///
    /// # Errors
    /// If a deadline elapsed before.
    pub fn frame(&mut self, frame: Frame) -> Result<(), Elapsed> {
        self.framed(frame, self.now())
    }

    /// What it took, from a client that reads bytes itself.
    pub fn usage(&mut self, usage: Usage) {
        self.usage = usage;
    }

    /// How long the sound is that was sent to be heard, or that came.
    pub fn audio(&mut self, length: Duration) {
        self.audio = Some(length);
    }

    /// How many characters were sent to be spoken.
    pub fn characters(&mut self, number: u64) {
        self.characters = Some(number);
    }

    /// Does a part of what it takes: what is called meanwhile is called on its behalf.
    pub async fn run<T>(&self, part: impl Future<Output = T>) -> T {
        match &self.call {
            Some(call) => call.run(part).await,
            None => part.await,
        }
    }

    /// When the next deadline elapses, if nothing comes before; `None` if none does. Then [`expired`](Self::expired) says
    /// which.
    pub fn due(&self) -> Option<Instant> {
        self.progress.due()
    }

    /// Whether a deadline has elapsed.
    ///
    /// # Errors
    /// If one has.
    pub fn expired(&mut self) -> Result<(), Elapsed> {
        self.progress.check(self.now())
    }

    /// The body came to its end, which need not be the end of the answer: one that does not say that it is complete was cut.
    ///
    /// # Errors
    /// If the status, the answer itself, or the lack of an end says that it failed.
    pub fn end(mut self) -> Result<Told, Fault> {
        let fault = match self.status {
            200..=399 => self.reader.fault(self.status, self.model.task()),
            status => Some(self.reader.fault(status, self.model.task()).unwrap_or(Fault::of_status(status))),
        };
        self.over(fault)
    }

    /// It went well, by the word of a client that reads bytes itself.
    pub fn complete(mut self) -> Told {
        let now = self.now();
        self.recorded(None, now)
    }

    /// It failed, by the error of whoever was to read it, which is put into its class by its type.
    pub fn fail(self, error: &(dyn Error + 'static)) -> Fault {
        self.fault(Fault::of(error))
    }

    /// It failed in this way.
    pub fn fault(mut self, fault: Fault) -> Fault {
        self.over(Some(fault)).err().unwrap_or(fault)
    }

    fn now(&self) -> Instant {
        self.model.clock().now()
    }

    fn framed(&mut self, frame: Frame, now: Instant) -> Result<(), Elapsed> {
        if frame == Frame::KeepAlive {
            return self.progress.check(now);
        }
        if let Some(last) = self.chunks.last {
            let between = self.chunks.between.get_or_insert_with(|| between(&self.model, None));
            between.record_duration(now.since(last));
        }
        self.chunks.first.get_or_insert(now);
        self.chunks.last = Some(now);
        match frame {
            Frame::Content { bytes } => self.progress.content(now, bytes),
            _ => self.progress.work(now),
        }
    }

    /// What was to be said of a failure, by what is known of the answer.
    fn completed(&self, fault: Fault) -> Fault {
        let after = match fault.failure {
            Failure::RateLimited => self.hint.pause(Duration::MAX),
            _ => self.hint.retry_after,
        };
        let fault = after.filter(|_| fault.retry_after.is_none()).map_or(fault, |after| fault.retry_after(after));
        match (self.hint.should_retry, fault.retry) {
            (Some(false), _) => fault.retry(Retry::InVain),
            (Some(true), Retry::InVain) => fault.retry(Retry::Helps),
            _ => fault,
        }
    }

    fn over(&mut self, fault: Option<Fault>) -> Result<Told, Fault> {
        let now = self.now();
        let fault = fault.map(|fault| self.completed(fault));
        let told = self.recorded(fault, now);
        fault.map_or(Ok(told), Err)
    }

    fn recorded(&mut self, fault: Option<Fault>, now: Instant) -> Told {
        let Some(call) = self.call.take() else { return Told::nothing() };
        let began = call.began();
        let bytes = self.reader.length();
        let by_rate = |rate: u64| Duration::try_from_secs_f64(bytes as f64 / rate as f64).ok();
        let mut usage = self.reader.usage();
        record::merge(&mut usage, &self.usage);
        let audio = self.audio.or_else(|| by_rate(self.model.audio_rate()?)).or(usage.audio);
        let told = Told {
            usage,
            model: self.reader.model().map(Box::from),
            took: now.since(began),
            first_content: self.progress.first_content_after(),
            audio,
        };
        let ended = record::Ended {
            told: &told,
            fault,
            streams: self.reader.streams() || self.chunks.first.is_some(),
            first_chunk: self.chunks.first.map(|first| first.since(began)),
            // What failed before it began has taken nothing.
            usage_lost: if self.reader.says_failed() { "failed" } else { "cut" },
            began_to_answer: self.status < 400 && self.chunks.first.is_some(),
            characters: self.characters,
        };
        record::ended(&self.model, &ended);
        call.end(fault);
        told
    }
}

impl Told {
    fn nothing() -> Self {
        Self { usage: Usage::default(), model: None, took: Duration::ZERO, first_content: None, audio: None }
    }

    /// Tokens a second, from the first that could be used to the end; `None` if it came as a whole, or said nothing of tokens,
    /// or was too short to say.
    pub fn tokens_per_second(&self) -> Option<f64> {
        self.time_per_token().filter(|time| *time > 0.0).map(|time| 1.0 / time)
    }

    /// Seconds for each token behind the first.
    pub(super) fn time_per_token(&self) -> Option<f64> {
        let behind = self.usage.output?.checked_sub(1).filter(|behind| *behind > 0)?;
        let since_first = self.took.checked_sub(self.first_content?)?;
        Some(since_first.as_secs_f64() / behind as f64)
    }

    /// How long it took by the length of its sound: above 1, it is slower than speech.
    pub fn real_time_factor(&self) -> Option<f64> {
        let audio = self.audio.filter(|audio| !audio.is_zero())?;
        Some(self.took.as_secs_f64() / audio.as_secs_f64())
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if self.call.is_none() {
            return;
        }
        // Some stop reading at the last event.
        if self.status < 400
            && let Some(ended) = self.reader.told_its_end()
        {
            let _ = self.over(ended.map(|said| Fault::of_answer(self.status, said)));
            return;
        }
        let now = self.now();
        let failure = if self.progress.check(now).is_err() { Failure::Timeout } else { Failure::Cancelled };
        self.recorded(Some(Fault::new(failure)), now);
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("model", &self.model).field("status", &self.status).finish_non_exhaustive()
    }
}

fn between(model: &Model, served: Option<&str>) -> Histogram {
    let served = model.served(served);
    model.metrics().per_chunk.get(model.labels(&served)).clone()
}
