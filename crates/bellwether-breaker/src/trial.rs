//! Half-open: so many trial calls, each with a lease, decide whether the breaker closes.

use std::time::Duration;

use bellwether_core::Instant;

/// The trial calls of a half-open breaker: it closes when enough of them succeed, and opens as soon as that cannot happen
/// any more.
///
/// Each has a lease: one that does not come back within it counts as failed, and its late result as nothing. So a breaker
/// cannot hang on a call that hangs.
///
/// ```
/// use bellwether_breaker::Trial;
/// use std::time::Duration;
///
/// let three_of_five = Trial::new(3, 5).lease(Duration::from_secs(10));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "trial calls are given to a builder"]
pub struct Trial {
    successes: u32,
    calls: u32,
    lease: Duration,
}

/// The trial calls of one half-open time.
#[derive(Debug)]
pub(crate) struct Trials {
    /// When those began that are under way.
    slots: Box<[Option<Instant>]>,
    successes: u32,
    failures: u32,
}

/// What the trial calls say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Passed,
    Failed,
    Undecided,
}

impl Trial {
    /// The most trial calls.
    pub const MAX_CALLS: u32 = 64;

    /// Closes at `successes` of at most `calls`.
    pub fn new(successes: u32, calls: u32) -> Self {
        Self { successes, calls, lease: Duration::from_secs(30) }
    }

    /// How long a trial call may take. Default: 30 s.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    pub(crate) fn check(&self) -> Result<(), (&'static str, String, &'static str)> {
        if !(1..=Self::MAX_CALLS).contains(&self.calls) {
            return Err(("number of trial calls", self.calls.to_string(), "1 to 64"));
        }
        if !(1..=self.calls).contains(&self.successes) {
            return Err((
                "number of trial calls to succeed",
                self.successes.to_string(),
                "1 to the number of trial calls",
            ));
        }
        if self.lease.is_zero() {
            return Err(("lease of a trial call", "0 s".to_owned(), "more than no time"));
        }
        Ok(())
    }
}

impl Default for Trial {
    /// Two of three.
    fn default() -> Self {
        Self::new(2, 3)
    }
}

impl Trials {
    pub(crate) fn new(trial: &Trial) -> Self {
        Self { slots: vec![None; trial.calls as usize].into(), successes: 0, failures: 0 }
    }

    pub(crate) fn restart(&mut self) {
        self.slots.fill(None);
        (self.successes, self.failures) = (0, 0);
    }

    /// Takes back the slots of calls that are later than their lease, and says how many those were.
    pub(crate) fn expire(&mut self, trial: &Trial, now: Instant) -> u32 {
        let mut expired = 0;
        for slot in &mut self.slots {
            expired += u32::from(slot.take_if(|began| now.since(*began) >= trial.lease).is_some());
        }
        self.failures += expired;
        expired
    }

    /// A slot for another trial call; else when the first lease ends, if one is what it takes.
    pub(crate) fn admit(&mut self, trial: &Trial, now: Instant) -> Result<u8, Option<Instant>> {
        let room = self.in_use() + self.successes + self.failures < trial.calls;
        match self.slots.iter().position(Option::is_none).filter(|_| room) {
            Some(at) => {
                self.slots[at] = Some(now);
                Ok(at as u8)
            }
            None => Err(self.slots.iter().flatten().map(|began| began.after(trial.lease)).min()),
        }
    }

    /// Gives back the slot of a call that began then; false if it was taken back before. A slot that was taken back is not
    /// given to another call of the same moment, since a lease takes time.
    pub(crate) fn give_back(&mut self, slot: u8, began: Instant) -> bool {
        let slot = self.slots.get_mut(usize::from(slot));
        slot.and_then(|slot| slot.take_if(|known| *known == began)).is_some()
    }

    pub(crate) fn record(&mut self, success: bool) {
        if success { self.successes += 1 } else { self.failures += 1 }
    }

    pub(crate) fn decide(&self, trial: &Trial) -> Decision {
        if self.successes >= trial.successes {
            Decision::Passed
        } else if self.failures > trial.calls - trial.successes {
            Decision::Failed
        } else {
            Decision::Undecided
        }
    }

    /// Trial calls under way.
    pub(crate) fn in_use(&self) -> u32 {
        self.slots.iter().flatten().count() as u32
    }
}
