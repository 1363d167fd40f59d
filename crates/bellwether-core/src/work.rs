//! Work under way that somebody follows: a number that travels with the code, from a request to the calls made for it.

use std::cell::Cell;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use crate::clock::Instant;
use crate::operation::Outcome;

/// A piece of work under way, a request or a call made for one, by the number that whoever follows it gave it.
///
/// What is begun while it [runs](Self::run) is begun on its behalf:
///
/// ```
/// use bellwether_core::Work;
/// use std::num::NonZeroU64;
///
/// let call = Work::new(NonZeroU64::MIN);
/// assert_eq!(call.run(Work::current), Some(call));
/// assert_eq!(Work::current(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Work {
    number: NonZeroU64,
    is_told: bool,
}

/// Somebody who follows requests while they are under way, and not only hears of their [end](crate::OnEnd).
///
/// Called on the hot path and possibly while a panic unwinds: must be quick, must not block, must not panic.
pub trait Follow: fmt::Debug + Send + Sync {
    /// A request begins, by its method and its route's template; `None` if it is not followed.
    fn began(&self, method: &'static str, route: Option<&str>, at: Instant) -> Option<Work>;

    /// It is over; `error` is empty if there was none. Says whose fault it was, if it was not well.
    fn ended(&self, work: Work, outcome: Outcome, error: &str, at: Instant) -> Blame;
}

/// Whose fault it was that a piece of work did not go well.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "it was oneself, another, or is not known")]
pub enum Blame {
    /// It is not known; or there is nothing to blame anybody for.
    Unknown,
    /// Its own.
    Own,
    /// That of something it called, by name.
    Other(Arc<str>),
}

thread_local! {
    /// The work on whose behalf this thread runs now.
    static CURRENT: Cell<Option<Work>> = const { Cell::new(None) };
}

impl Work {
    /// Work that nobody follows: nobody gives this number.
    pub const UNFOLLOWED: Self = Self::new(NonZeroU64::MAX);

    /// The work of this number, for whoever gives numbers.
    pub const fn new(number: NonZeroU64) -> Self {
        Self { number, is_told: false }
    }

    /// The same, as a part of a call that the [scope](crate::Scope) is told of by whoever makes it. Whoever sees the call
    /// further in, such as the layer of its client, does not tell it again.
    #[inline]
    pub const fn told(self) -> Self {
        Self { is_told: true, ..self }
    }

    /// Whether it is a part of a call that the scope is told of.
    #[inline]
    pub const fn is_told(self) -> bool {
        self.is_told
    }

    /// Its number.
    #[inline]
    pub const fn number(self) -> NonZeroU64 {
        self.number
    }

    /// The work on whose behalf this thread runs now.
    #[inline]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Cell::get).ok().flatten()
    }

    /// Runs a closure on its behalf: a poll of the future that does the work.
    #[inline]
    pub fn run<T>(self, run: impl FnOnce() -> T) -> T {
        let _until = Until(exchange(Some(self)));
        run()
    }
}

/// Makes this the current work. Returns the one that was.
#[inline]
pub(crate) fn exchange(work: Option<Work>) -> Option<Work> {
    CURRENT.try_with(|current| current.replace(work)).ok().flatten()
}

/// Makes what was current so again, also after a panic.
struct Until(Option<Work>);

impl Drop for Until {
    #[inline]
    fn drop(&mut self) {
        exchange(self.0);
    }
}
