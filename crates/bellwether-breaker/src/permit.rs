//! A permit: the right to make one call, given back exactly once, whatever happens.

use std::borrow::Borrow;
use std::fmt;
use std::time::Duration;

use crate::breaker::Breaker;
use crate::outcome::Outcome;
use crate::rejected::Rejected;
use crate::ticket::{Place, Ticket};

/// The right to make one call. Say what became of it by [`finish`](Self::finish); one that is dropped says
/// [`Cancelled`](Outcome::Cancelled), or [`Slow`](Outcome::Slow) if that was later than the breaker's `slow_after`, since a
/// timeout further out gives a call up by dropping it.
///
/// It borrows the breaker, or owns a handle to it: `Permit<&Breaker>`, `Permit<Breaker>`, `Permit<Arc<Breaker>>`.
#[must_use = "a permit that is dropped at once says that its call was cancelled"]
pub struct Permit<B: Borrow<Breaker> = Breaker> {
    breaker: B,
    /// Taken when the call has ended.
    ticket: Ticket,
    /// Nanoseconds; 0 if nothing was said.
    hint: u64,
}

/// A retry that was paid for, and may be made; dropped unused, it is given back.
#[must_use = "a retry that is dropped is given back"]
pub struct Retry<B: Borrow<Breaker> = Breaker> {
    breaker: B,
    used: bool,
}

impl<B: Borrow<Breaker>> Permit<B> {
    /// A permit of a breaker that is borrowed or owned.
    ///
    /// # Errors
    /// If the call may not be made now.
    #[inline]
    pub fn acquire(breaker: B) -> Result<Self, Rejected> {
        let ticket = breaker.borrow().admit()?;
        Ok(Self { breaker, ticket, hint: 0 })
    }

    /// Says how the call ended.
    #[inline]
    pub fn finish(mut self, outcome: Outcome) {
        self.end(outcome);
    }

    /// The callee says when to come back: a failure that opens the breaker opens it for so long at least.
    pub fn retry_after(&mut self, after: Duration) {
        self.hint = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
    }

    /// The breaker that gave it.
    pub fn breaker(&self) -> &Breaker {
        self.breaker.borrow()
    }

    /// What it borrows or owns: a reference to the breaker, or whatever holds one.
    pub fn handle(&self) -> &B {
        &self.breaker
    }

    /// Whether it is for a trial call: one on which it depends whether the breaker closes.
    pub fn is_trial(&self) -> bool {
        matches!(self.ticket.place(), Place::Trial { .. })
    }

    /// Whether the call would have been refused, were the breaker not in shadow mode.
    pub fn is_shadow(&self) -> bool {
        self.ticket.place() == Place::Shadow
    }

    #[inline]
    fn end(&mut self, outcome: Outcome) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.borrow().finish(ticket, outcome, self.hint);
        }
    }
}

impl<B: Borrow<Breaker>> Drop for Permit<B> {
    fn drop(&mut self) {
        self.end(Outcome::Cancelled);
    }
}

impl<B: Borrow<Breaker>> Retry<B> {
    /// Pays for a retry.
    ///
    /// # Errors
    /// If there were too many retries for the calls there are.
    pub fn reserve(breaker: B) -> Result<Self, Rejected> {
        breaker.borrow().take_retry()?;
        Ok(Self { breaker, used: false })
    }
}

impl<B: Borrow<Breaker> + Clone> Retry<B> {
    /// The permit for the retry. If it is refused, the retry is given back.
    ///
    /// # Errors
    /// If the call may not be made now.
    pub fn acquire(mut self) -> Result<Permit<B>, Rejected> {
        let permit = Permit::acquire(self.breaker.clone())?;
        self.used = true;
        Ok(permit)
    }
}

impl<B: Borrow<Breaker>> Drop for Retry<B> {
    fn drop(&mut self) {
        self.breaker.borrow().retry_ended(self.used);
    }
}

impl<B: Borrow<Breaker>> fmt::Debug for Permit<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("breaker", self.breaker())
            .field("trial", &self.is_trial())
            .finish_non_exhaustive()
    }
}

impl<B: Borrow<Breaker>> fmt::Debug for Retry<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Retry").field(self.breaker.borrow()).finish()
    }
}
