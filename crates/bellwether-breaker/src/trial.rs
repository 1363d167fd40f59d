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
    slots: Box<[Option<Slot>]>,
    next_serial: u32,
    successes: u32,
    failures: u32,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    serial: u32,
    ends: Instant,
}

/// Who holds a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    slot: u32,
    serial: u32,
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
        Self { slots: vec![None; trial.calls as usize].into(), next_serial: 0, successes: 0, failures: 0 }
    }

    pub(crate) fn restart(&mut self) {
        self.slots.fill(None);
        (self.successes, self.failures) = (0, 0);
    }

    /// Takes back the slots of calls that are later than their lease, and says how many those were.
    pub(crate) fn expire(&mut self, now: Instant) -> u32 {
        let mut expired = 0;
        for slot in &mut self.slots {
            if slot.is_some_and(|slot| now >= slot.ends) {
                *slot = None;
                expired += 1;
            }
        }
        self.failures += expired;
        expired
    }

    /// A slot for another trial call; else when the first lease ends.
    pub(crate) fn admit(&mut self, trial: &Trial, now: Instant) -> Result<Seat, Option<Instant>> {
        let free = self.slots.iter().position(Option::is_none);
        let room = self.in_use() + self.successes + self.failures < trial.calls;
        let (Some(at), true) = (free, room) else {
            return Err(self.slots.iter().flatten().map(|slot| slot.ends).min());
        };
        let serial = self.next_serial;
        self.next_serial = serial.wrapping_add(1);
        self.slots[at] = Some(Slot { serial, ends: now.after(trial.lease) });
        Ok(Seat { slot: at as u32, serial })
    }

    /// Gives a slot back; false if it was taken back before.
    pub(crate) fn give_back(&mut self, seat: Seat) -> bool {
        let slot = self.slots.get_mut(seat.slot as usize);
        slot.and_then(|slot| slot.take_if(|slot| slot.serial == seat.serial)).is_some()
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
