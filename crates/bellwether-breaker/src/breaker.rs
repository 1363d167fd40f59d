//! The breaker: what can be told from one word is told from it, and the rest under a lock that is held for a moment.

use std::fmt;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bellwether_core::{Clock, Instant, Observation};

use crate::events::{self, OnTransition};
use crate::gate::{
    AT_END, CAREFUL, CLOSED, DISABLED, FORCED_OPEN, FROM_START, Front, LIMITED, OPEN, STATE, gate, generation, state,
};
use crate::lane::Totals;
use crate::machine::Machine;
use crate::metrics::Count;
use crate::outcome::Outcome;
use crate::permit::{Permit, Retry};
use crate::rejected::{Reason, Rejected};
use crate::settings::{BreakerBuilder, Settings};
use crate::snapshot::Snapshot;
use crate::sync::{AtomicU64, Mutex};
use crate::ticket::{LOW, Place, Ticket};
use crate::transition::{Mode, State};

/// Lets calls through as long as whoever is called can take them. Cheap to clone; clones are the same breaker.
///
/// ```
/// use bellwether_breaker::{Breaker, Outcome, Trip};
///
/// let breaker = Breaker::builder("tts").trip(Trip::consecutive(3)).build()?;
///
/// for _ in 0..3 {
///     let permit = breaker.try_acquire().expect("it is closed");
///     permit.finish(Outcome::Failure); // whatever was done with it
/// }
/// let rejected = breaker.try_acquire().unwrap_err();
/// assert!(rejected.retry_after.is_some());
/// # Ok::<(), bellwether_breaker::Error>(())
/// ```
#[derive(Clone)]
pub struct Breaker(pub(crate) Arc<Shared>);

/// What all handles of a breaker share.
pub(crate) struct Shared {
    front: Front,
    totals: Totals,
    machine: Mutex<Machine>,
    /// Calls under way, where they are limited.
    under_way: AtomicU64,
    pub(crate) settings: Settings,
    clock: Clock,
    /// Counters that ask for what is counted here.
    shown: Mutex<Vec<(Observation, Count)>>,
}

impl Breaker {
    /// Describes a breaker. Its name goes into labels and errors.
    pub fn builder(name: &str) -> BreakerBuilder {
        BreakerBuilder::new(name)
    }

    pub(crate) fn new(settings: Settings, clock: Clock, mode: Mode) -> Self {
        let mut machine = Machine::new(&settings, clock.now());
        machine.change_mode(mode, &settings, clock.now());
        let always = [
            (LIMITED, settings.max_in_flight.is_some()),
            (FROM_START, settings.slow_after != u64::MAX),
            (AT_END, settings.is_timed()),
        ];
        let always = always.into_iter().filter(|(_, on)| *on).map(|(bit, _)| bit).sum();
        let front = Front {
            gate: AtomicU64::new(always | gate(&machine, clock.now())),
            open_until: AtomicU64::new(0),
            boundary: AtomicU64::new(machine.boundary().as_nanos()),
            slow_after: settings.slow_after,
            always,
        };
        Self(Arc::new(Shared {
            front,
            totals: Totals::default(),
            machine: Mutex::new(machine),
            under_way: AtomicU64::new(0),
            settings,
            clock,
            shown: Mutex::new(Vec::new()),
        }))
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.0.settings.name
    }

    /// The clock it goes by.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// A permit for one call, to be [finished](Permit::finish) with what became of it.
    ///
    /// # Errors
    /// If the call may not be made now.
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit<&Self>, Rejected> {
        Permit::acquire(self)
    }

    /// A permit to try once more what failed, from the budget of retries. The retry is paid for now; ask before the pause, if
    /// there is one, and [acquire](Retry::acquire) behind it.
    ///
    /// # Errors
    /// If there were too many retries for the calls there are.
    pub fn try_retry(&self) -> Result<Retry<&Self>, Rejected> {
        Retry::reserve(self)
    }

    /// Its state now. An open breaker is open until somebody asks to be let through.
    pub fn state(&self) -> State {
        state(self.0.front.gate.load(Acquire))
    }

    /// What it would say if it refuses every call right now: it is open, and its time is not over, or it is forced open. Asks for
    /// nothing, and is counted as nothing.
    #[inline]
    pub fn refusal(&self) -> Option<Rejected> {
        let gate = self.0.front.gate.load(Acquire) & (STATE | CAREFUL);
        if matches!(gate, OPEN | FORCED_OPEN) { self.refusal_if_open(gate == FORCED_OPEN) } else { None }
    }

    #[inline(never)]
    fn refusal_if_open(&self, forced: bool) -> Option<Rejected> {
        if forced {
            return Some(Rejected::new(Reason::Forced, None));
        }
        let until = Instant::from_nanos(self.0.front.open_until.load(Relaxed));
        let left = until.since(self.0.clock.now());
        (!left.is_zero()).then(|| Rejected::new(Reason::Open, Some(left)))
    }

    /// Changes who decides. Whatever was known is forgotten.
    pub fn set_mode(&self, mode: Mode) {
        self.locked(|machine, now| machine.change_mode(mode, &self.0.settings, now));
    }

    /// Opens it, as if it had tripped: somebody else knows that calls are in vain. Nothing if its mode does not let it.
    pub fn trip(&self) {
        self.locked(|machine, now| machine.trip(&self.0.settings, now));
    }

    /// Closes it and forgets the past: somebody else knows that all is well. Nothing if its mode does not let it.
    pub fn reset(&self) {
        self.locked(|machine, now| machine.reset(&self.0.settings, now));
    }

    /// All there is to know about it at one moment. What it counts adds up.
    pub fn snapshot(&self) -> Snapshot {
        let shared = &*self.0;
        self.locked(|machine, now| {
            machine.tick(&shared.settings, &shared.totals, now);
            Snapshot::of(machine, &shared.totals, now)
        })
    }

    /// Whether one who holds the only handle to it can let go of it, and nobody would miss what it knows.
    pub(crate) fn is_spare(&self, usual: Mode) -> bool {
        let machine = || self.0.machine.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::strong_count(&self.0) == 1 && machine().is_spare(usual, self.0.clock.now())
    }

    #[inline]
    pub(crate) fn admit(&self) -> Result<Ticket, Rejected> {
        let shared = &*self.0;
        let gate = shared.front.gate.load(Acquire);
        if gate & (LOW & !AT_END) == CLOSED {
            shared.totals.admit();
            return Ok(Ticket::closed(gate, Instant::default()));
        }
        if gate & LIMITED == 0 { self.admit_by(gate) } else { self.admit_limited(gate) }.admitted()
    }

    /// [`admit`](Self::admit) where the state is not all there is to look at.
    #[inline(never)]
    fn admit_by(&self, gate: u64) -> Ticket {
        let shared = &*self.0;
        let front = &shared.front;
        match gate & (STATE | CAREFUL) {
            CLOSED => {
                let from_start = gate & FROM_START != 0;
                let now = if from_start { shared.clock.now() } else { Instant::default() };
                match shared.settings.ruler {
                    Some(_) if now.as_nanos() >= front.boundary.load(Relaxed) => return self.admit_carefully(),
                    Some(ruler) => shared.totals.admit_in(ruler.stretch(now)),
                    None => shared.totals.admit(),
                }
                Ticket::closed(gate, now)
            }
            OPEN => {
                let now = shared.clock.now();
                let until = Instant::from_nanos(front.open_until.load(Relaxed));
                if now >= until {
                    return self.admit_carefully();
                }
                shared.totals.reject_open();
                Ticket::refused(Rejected::new(Reason::Open, Some(until.since(now))))
            }
            FORCED_OPEN => {
                shared.totals.reject_forced();
                Ticket::refused(Rejected::new(Reason::Forced, None))
            }
            DISABLED => {
                shared.totals.admit();
                Ticket::new(generation(gate), Place::Unseen, Instant::default())
            }
            _ => self.admit_carefully(),
        }
    }

    #[cold]
    fn admit_carefully(&self) -> Ticket {
        let shared = &*self.0;
        self.locked(|machine, now| match machine.admit(&shared.settings, &shared.totals, now) {
            Ok(ticket) => {
                match shared.settings.ruler.filter(|_| ticket.place() == Place::Closed) {
                    Some(ruler) => shared.totals.admit_in(ruler.stretch(now)),
                    None => shared.totals.admit(),
                }
                ticket
            }
            Err(rejected) => {
                machine.tally.rejected[rejected.reason as usize] += 1;
                Ticket::refused(rejected)
            }
        })
    }

    #[inline(never)]
    fn admit_limited(&self, gate: u64) -> Ticket {
        let shared = &*self.0;
        let limit = shared.settings.max_in_flight.map_or(u64::MAX, u64::from);
        let room = |under_way: u64| (under_way < limit).then_some(under_way + 1);
        if shared.under_way.fetch_update(Relaxed, Relaxed, room).is_err() {
            if self.locked(|machine, _| machine.is_full()) {
                return Ticket::refused(Rejected::new(Reason::Limit, None));
            }
            shared.under_way.fetch_add(1, Relaxed);
        }
        let ticket = self.admit_by(gate);
        if ticket.admitted().is_err() {
            shared.under_way.fetch_sub(1, Relaxed);
        }
        ticket
    }

    #[inline]
    pub(crate) fn finish(&self, ticket: Ticket, outcome: Outcome, hint: u64) {
        let shared = &*self.0;
        // One comparison: it is closed, in the same state as then, and there is nothing else to look at.
        if ticket.is_of(shared.front.gate.load(Relaxed)) && outcome == Outcome::Success {
            shared.totals.succeed(ticket.generation());
        } else {
            self.finish_otherwise(ticket, outcome, hint);
        }
    }

    #[inline(never)]
    fn finish_otherwise(&self, ticket: Ticket, outcome: Outcome, hint: u64) {
        let shared = &*self.0;
        let front = &shared.front;
        if front.always & LIMITED != 0 {
            shared.under_way.fetch_sub(1, Relaxed);
        }
        if outcome == Outcome::Success && ticket.place() == Place::Closed {
            let now = if front.always & AT_END != 0 { shared.clock.now() } else { Instant::default() };
            let fresh = generation(front.gate.load(Relaxed)) == ticket.generation();
            if fresh && !self.is_slow(ticket, now) && now.as_nanos() < front.boundary.load(Relaxed) {
                return match shared.settings.ruler {
                    Some(ruler) => shared.totals.succeed_in(ticket.generation(), ruler.stretch(ticket.started())),
                    None => shared.totals.succeed(ticket.generation()),
                };
            }
        }
        self.finish_carefully(ticket, outcome, hint);
    }

    #[inline(never)]
    fn finish_carefully(&self, ticket: Ticket, outcome: Outcome, hint: u64) {
        let shared = &*self.0;
        self.locked(|machine, now| {
            let slow = ticket.place() != Place::Unseen && self.is_slow(ticket, now);
            // One that was given up when it was late already was given up since it was late.
            let outcome = match outcome {
                Outcome::Success | Outcome::Cancelled if slow => Outcome::Slow,
                other => other,
            };
            let hint = (hint > 0).then(|| Duration::from_nanos(hint));
            machine.finish(&shared.settings, &shared.totals, ticket, outcome, hint, now);
        });
    }

    #[inline]
    fn is_slow(&self, ticket: Ticket, now: Instant) -> bool {
        let front = &self.0.front;
        let took = now.as_nanos().saturating_sub(ticket.started().as_nanos());
        front.always & FROM_START != 0 && took > front.slow_after
    }

    pub(crate) fn take_retry(&self) -> Result<(), Rejected> {
        let shared = &*self.0;
        let Some(budget) = &shared.settings.retries else { return Ok(()) };
        let admitted = shared.totals.admitted();
        self.locked(|machine, now| {
            if machine.retries.take(budget, admitted, now) || machine.mode != Mode::Normal {
                return Ok(());
            }
            machine.tally.rejected[Reason::RetryBudget as usize] += 1;
            Err(Rejected::new(Reason::RetryBudget, None))
        })
    }

    pub(crate) fn retry_ended(&self, made: bool) {
        if let Some(budget) = &self.0.settings.retries {
            self.locked(|machine, _| if made { machine.retries.made() } else { machine.retries.give_back(budget) });
        }
    }

    /// Runs under the lock, lets everybody see what changed, and then tells of it.
    fn locked<T>(&self, run: impl FnOnce(&mut Machine, Instant) -> T) -> T {
        let shared = &*self.0;
        let mut machine = shared.machine.lock().unwrap_or_else(PoisonError::into_inner);
        let now = shared.clock.now();
        let result = run(&mut machine, now);
        shared.front.open_until.store(machine.open_until.as_nanos(), Relaxed);
        shared.front.boundary.store(machine.boundary().as_nanos(), Relaxed);
        let next = shared.front.always | gate(&machine, now);
        if shared.front.gate.load(Relaxed) != next {
            shared.front.gate.store(next, Release);
        }
        let tell = machine.events.begin();
        drop(machine);
        if tell {
            self.tell();
        }
        result
    }

    #[cold]
    fn tell(&self) {
        loop {
            let next = self.0.machine.lock().unwrap_or_else(PoisonError::into_inner).events.next();
            let (Some(transition), Some(listener)) = (next, &self.0.settings.listener) else { return };
            events::tell(&**listener, &transition);
        }
    }
}

impl Shared {
    /// Counters read these from now on, and this is told of every transition.
    pub(crate) fn shown(&self, counters: Vec<(Observation, Count)>, count: Box<OnTransition>) {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).extend(counters);
        self.machine.lock().unwrap_or_else(PoisonError::into_inner).events.count_by(count);
    }
}

impl Drop for Shared {
    /// Counters keep what they would have read next.
    fn drop(&mut self) {
        let counters = std::mem::take(self.shown.get_mut().unwrap_or_else(PoisonError::into_inner));
        if !counters.is_empty() {
            let machine = self.machine.get_mut().unwrap_or_else(PoisonError::into_inner);
            let last = Snapshot::of(machine, &self.totals, self.clock.now());
            counters.into_iter().for_each(|(counter, count)| counter.end(count(&last)));
        }
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker").field("name", &self.name()).field("state", &self.state()).finish_non_exhaustive()
    }
}
