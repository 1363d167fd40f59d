//! Transitions on their way to whoever wants to hear of them: in order, once, and outside of any lock.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::transition::{State, Transition, Why};

/// The most transitions that may wait.
const MAX_WAITING: usize = 256;

/// Told of every transition.
pub(crate) type OnTransition = dyn Fn(&Transition) + Send + Sync;

/// The queue of transitions, and how often each kind happened.
#[derive(Default)]
pub(crate) struct Events {
    waiting: VecDeque<Transition>,
    /// Somebody is telling them right now.
    telling: bool,
    counts: Vec<(State, State, Why, u64)>,
    pub(crate) dropped: u64,
    /// Counts each transition where it is shown.
    count: Option<Box<OnTransition>>,
}

impl Events {
    pub(crate) fn push(&mut self, transition: Transition, heard: bool) {
        if let Some(count) = &self.count {
            count(&transition);
        }
        let kind = (transition.from, transition.to, transition.why);
        match self.counts.iter_mut().find(|(from, to, why, _)| (*from, *to, *why) == kind) {
            Some((.., count)) => *count += 1,
            None => self.counts.push((kind.0, kind.1, kind.2, 1)),
        }
        if !heard {
            return;
        }
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(transition);
        } else {
            self.dropped += 1;
        }
    }

    /// Whether there is something to tell, and nobody tells it yet.
    pub(crate) fn begin(&mut self) -> bool {
        let begin = !self.telling && !self.waiting.is_empty();
        self.telling |= begin;
        begin
    }

    /// The next to tell; `None` ends the telling.
    pub(crate) fn next(&mut self) -> Option<Transition> {
        let next = self.waiting.pop_front();
        self.telling = next.is_some();
        next
    }

    /// Counts every transition by this from now on.
    pub(crate) fn count_by(&mut self, count: Box<OnTransition>) {
        self.count = Some(count);
    }

    pub(crate) fn counts(&self) -> &[(State, State, Why, u64)] {
        &self.counts
    }
}

/// Tells one listener. One that panics has been told; the caller's call must not suffer for it.
pub(crate) fn tell(listener: &OnTransition, transition: &Transition) -> bool {
    catch_unwind(AssertUnwindSafe(|| listener(transition))).is_ok()
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("waiting", &self.waiting).field("dropped", &self.dropped).finish_non_exhaustive()
    }
}
