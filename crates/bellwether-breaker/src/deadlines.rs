//! The four deadlines of an answer that streams: headers, first content, idle, total.

use std::fmt;
use std::time::Duration;

use bellwether_core::Instant;

/// How long an answer that streams may take, phase by phase. Each deadline is optional; zero is over at once, and one too
/// long to be counted never is.
///
/// | deadline | from | until |
/// |---|---|---|
/// | [`headers`](Self::headers) | the call | its headers |
/// | [`first_content`](Self::first_content) | the call | the first content, or [so much](Self::usable) of it |
/// | [`idle`](Self::idle) | the first content, and each sign of work after it | the next sign of work |
/// | [`total`](Self::total) | the call | its end |
///
/// Silence before the first content is not idleness: a model that reasons for two minutes before its first word is given
/// them by `first_content`, while half a minute of silence in the midst of a sentence is too much.
///
/// ```
/// use bellwether_breaker::{Deadline, Deadlines};
/// use bellwether_core::{Clock, Timestamp};
/// use std::time::Duration;
///
/// let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
/// let deadlines = Deadlines::new().headers(Duration::from_secs(10)).first_content(Duration::from_secs(120));
///
/// let mut progress = deadlines.idle(Duration::from_secs(30)).start(clock.now());
/// progress.headers(clock.now())?;
/// clock.advance(Duration::from_secs(100));
/// progress.content(clock.now(), 5)?;
/// assert_eq!(progress.due(), Some(clock.now().after(Duration::from_secs(30))));
///
/// clock.advance(Duration::from_secs(31));
/// let elapsed = progress.content(clock.now(), 5).unwrap_err();
/// assert_eq!(elapsed.deadline, Deadline::Idle);
/// # Ok::<(), bellwether_breaker::Elapsed>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "deadlines start with a call"]
pub struct Deadlines {
    headers: Option<Duration>,
    first_content: Option<Duration>,
    usable: u64,
    idle: Option<Duration>,
    total: Option<Duration>,
}

/// Which deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Deadline {
    /// Until the headers.
    Headers,
    /// Until the first content.
    FirstContent,
    /// From one sign of work to the next.
    Idle,
    /// Until the end.
    Total,
}

/// A deadline elapsed: the answer is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Elapsed {
    /// Which one.
    pub deadline: Deadline,
    /// How long it was.
    pub after: Duration,
}

/// How far one answer has come, and what it must not be late for next.
///
/// Whoever reads the answer says what came and when, and sets a timer to [`due`](Self::due). What comes too late comes in
/// vain, also where the timer was later still; once elapsed, it stays so. It keeps no time of its own, and `now` may stand
/// still or go back.
#[derive(Debug, Clone)]
pub struct Progress {
    deadlines: Deadlines,
    started: Instant,
    headers: Option<Instant>,
    first_content: Option<Instant>,
    /// The last sign of work since there is content.
    active: Instant,
    /// Content so far.
    units: u64,
    elapsed: Option<Elapsed>,
}

impl Deadlines {
    /// None at all.
    pub fn new() -> Self {
        Self { headers: None, first_content: None, usable: 1, idle: None, total: None }
    }

    /// From the call to its headers.
    pub fn headers(mut self, limit: Duration) -> Self {
        self.headers = Some(limit);
        self
    }

    /// From the call to its first content. What is not content, as frames that say that the answer has begun, does not count.
    pub fn first_content(mut self, limit: Duration) -> Self {
        self.first_content = Some(limit);
        self
    }

    /// How much content it takes until there is something to begin with: a sentence, for speech. In units of
    /// [`content`](Progress::content). Default: any. An answer that dribbles is late for its first content all the same.
    pub fn usable(mut self, units: u64) -> Self {
        self.usable = units;
        self
    }

    /// From one sign of work to the next, once there is content.
    pub fn idle(mut self, limit: Duration) -> Self {
        self.idle = Some(limit);
        self
    }

    /// From the call to its end.
    pub fn total(mut self, limit: Duration) -> Self {
        self.total = Some(limit);
        self
    }

    /// The call is made.
    pub fn start(self, now: Instant) -> Progress {
        Progress {
            deadlines: self,
            started: now,
            headers: None,
            first_content: None,
            active: now,
            units: 0,
            elapsed: None,
        }
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// Headers came. The first ones count.
    ///
    /// # Errors
    /// If a deadline elapsed before.
    pub fn headers(&mut self, now: Instant) -> Result<(), Elapsed> {
        self.check(now)?;
        self.headers.get_or_insert(now);
        Ok(())
    }

    /// Content came, so many units of it: bytes, tokens, whatever [`usable`](Deadlines::usable) is measured in. None is no
    /// content, but [work](Self::work). Content implies headers.
    ///
    /// # Errors
    /// If a deadline elapsed before.
    pub fn content(&mut self, now: Instant, units: u64) -> Result<(), Elapsed> {
        self.headers(now)?;
        self.units = self.units.saturating_add(units);
        if self.units >= self.deadlines.usable.max(1) && self.first_content.is_none() {
            self.first_content = Some(now);
        }
        self.active = self.active.max(now);
        Ok(())
    }

    /// A sign of work came that is no content: a frame that says that the answer has begun, a piece of reasoning. It keeps an
    /// answer from being idle, and is not the first content. A keep-alive is none: it shows that the connection lives, which
    /// does not help an answer that hangs.
    ///
    /// # Errors
    /// If a deadline elapsed before.
    pub fn work(&mut self, now: Instant) -> Result<(), Elapsed> {
        self.content(now, 0)
    }

    /// Nothing came so far.
    ///
    /// # Errors
    /// If a deadline elapsed.
    pub fn check(&mut self, now: Instant) -> Result<(), Elapsed> {
        if self.elapsed.is_none() {
            let over = self.pending().filter(|(due, _)| *due <= now).min();
            self.elapsed = over.map(|(_, deadline)| Elapsed { deadline, after: self.length(deadline) });
        }
        self.elapsed.map_or(Ok(()), Err)
    }

    /// When the next deadline elapses, if nothing comes before; `None` if none does. In the past, if one has.
    pub fn due(&self) -> Option<Instant> {
        self.pending().map(|(due, _)| due).min()
    }

    /// From the call to its headers; `None` before they came.
    pub fn headers_after(&self) -> Option<Duration> {
        self.headers.map(|at| at.since(self.started))
    }

    /// From the call to its first content; `None` before it came.
    pub fn first_content_after(&self) -> Option<Duration> {
        self.first_content.map(|at| at.since(self.started))
    }

    /// The deadlines that count in this phase, and when they elapse.
    fn pending(&self) -> impl Iterator<Item = (Instant, Deadline)> + '_ {
        let Deadlines { headers, first_content, idle, total, .. } = self.deadlines;
        let since_start = |limit: Duration| self.started.after(limit);
        let all = [
            (headers.filter(|_| self.headers.is_none()).map(since_start), Deadline::Headers),
            (first_content.filter(|_| self.first_content.is_none()).map(since_start), Deadline::FirstContent),
            (idle.filter(|_| self.first_content.is_some()).map(|limit| self.active.after(limit)), Deadline::Idle),
            (total.map(since_start), Deadline::Total),
        ];
        // The end of time is when saturated sums come to: never.
        let never = Instant::from_nanos(u64::MAX);
        all.into_iter().filter_map(move |(due, deadline)| Some((due.filter(|due| *due < never)?, deadline)))
    }

    fn length(&self, deadline: Deadline) -> Duration {
        let Deadlines { headers, first_content, idle, total, .. } = self.deadlines;
        let length = match deadline {
            Deadline::Headers => headers,
            Deadline::FirstContent => first_content,
            Deadline::Idle => idle,
            Deadline::Total => total,
        };
        length.unwrap_or_default()
    }
}

impl Deadline {
    /// The word used in labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Headers => "headers",
            Self::FirstContent => "first_content",
            Self::Idle => "idle",
            Self::Total => "total",
        }
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.deadline {
            Deadline::Headers => "given up: no headers",
            Deadline::FirstContent => "given up: no content",
            Deadline::Idle => "given up: nothing more came",
            Deadline::Total => "given up: no end",
        })?;
        write!(f, " within {:?}", self.after)
    }
}

impl std::error::Error for Elapsed {}
