//! Closed, open, half-open: one state machine, time passed in. It runs under the breaker's lock; what can be told without it,
//! the breaker tells by itself.

use std::sync::Arc;
use std::time::Duration;

use bellwether_core::Instant;

use crate::events::Events;
use crate::lane::{GENERATIONS, Totals};
use crate::outcome::Outcome;
use crate::rejected::{Reason, Rejected};
use crate::retries::RetryTokens;
use crate::running::Running;
use crate::settings::Settings;
use crate::ticket::{Place, Ticket};
use crate::transition::{Mode, State, Transition, Why};
use crate::trial::{Decision, Trials};
use crate::wait::Chance;
use crate::window::{Bad, Counts, Window};

/// All that changes under the lock.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) state: State,
    pub(crate) mode: Mode,
    pub(crate) generation: u32,
    pub(crate) since: Instant,
    /// When an open state ends. Never moves back while it lasts.
    pub(crate) open_until: Instant,
    /// Until when they asked us to pause.
    pub(crate) paced_until: Instant,
    window: Window,
    /// Failures in a row, and how many successes there were when the last one came.
    row: u32,
    row_successes: u64,
    trials: Trials,
    /// How often it opened without having stayed closed in between.
    opened: u32,
    slow_start: Option<SlowStart>,
    running: Option<Running>,
    pub(crate) retries: RetryTokens,
    chance: Chance,
    pub(crate) tally: Tally,
    pub(crate) events: Events,
}

/// What is counted under the lock. Successes and refusals are mostly counted without it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) outcomes: [u64; Outcome::WORDS.len()],
    pub(crate) rejected: [u64; Reason::ALL.len()],
    pub(crate) stale: u64,
    pub(crate) leases_expired: u64,
    pub(crate) would_reject: u64,
    pub(crate) shadow_good: u64,
    pub(crate) shadow_bad: u64,
}

/// The time after closing in which calls are let through little by little.
#[derive(Debug, Clone, Copy)]
struct SlowStart {
    began: Instant,
    /// Shares of calls saved up: a whole one lets a call through.
    credit: f64,
}

/// At least this share of calls is let through by a slow start.
const LEAST_SHARE: f64 = 0.05;

impl Machine {
    pub(crate) fn new(settings: &Settings, now: Instant) -> Self {
        Self {
            state: State::Closed,
            mode: Mode::Normal,
            generation: 0,
            since: now,
            open_until: Instant::default(),
            paced_until: Instant::default(),
            window: Window::new(settings.trip.span, now),
            row: 0,
            row_successes: 0,
            trials: Trials::new(&settings.trial),
            opened: 0,
            slow_start: None,
            running: settings.ruler.map(|ruler| Running::new(ruler, settings.slow_after, now)),
            retries: RetryTokens::new(now),
            chance: Chance(settings.seed),
            tally: Tally::default(),
            events: Events::default(),
        }
    }

    /// Whether a call may be made. What is refused only in earnest comes back as a shadow's ticket.
    pub(crate) fn admit(&mut self, settings: &Settings, totals: &Totals, now: Instant) -> Result<Ticket, Rejected> {
        self.tick(settings, totals, now);
        let admitted = match self.state {
            State::Closed => self.admit_closed(settings, now).map(|()| Place::Closed),
            State::Open if now < self.open_until => Err(Rejected::new(Reason::Open, left(self.open_until, now))),
            State::Open => {
                self.go(State::HalfOpen, Why::WaitOver, settings, now);
                self.admit_trial(settings, now)
            }
            State::HalfOpen => self.admit_trial(settings, now),
            State::ForcedOpen => Err(Rejected::new(Reason::Forced, None)),
            State::Disabled => Ok(Place::Unseen),
        };
        let place = match admitted {
            Ok(place) => place,
            Err(_) if self.mode == Mode::Shadow => {
                self.tally.would_reject += 1;
                Place::Shadow
            }
            Err(rejected) => return Err(rejected),
        };
        Ok(Ticket::new(self.generation, place, now))
    }

    fn admit_closed(&mut self, settings: &Settings, now: Instant) -> Result<(), Rejected> {
        if now < self.paced_until {
            return Err(Rejected::new(Reason::Throttled, left(self.paced_until, now)));
        }
        let Some(mut start) = self.slow_start else { return Ok(()) };
        let share = now.since(start.began).as_secs_f64() / settings.slow_start.as_secs_f64();
        if share >= 1.0 {
            self.slow_start = None;
            return Ok(());
        }
        start.credit += share.max(LEAST_SHARE);
        let enough = start.credit >= 1.0;
        if enough {
            start.credit -= 1.0;
        }
        self.slow_start = Some(start);
        if enough { Ok(()) } else { Err(Rejected::new(Reason::SlowStart, None)) }
    }

    fn admit_trial(&mut self, settings: &Settings, now: Instant) -> Result<Place, Rejected> {
        let expired = self.trials.expire(&settings.trial, now);
        self.tally.leases_expired += u64::from(expired);
        if expired > 0 && self.trials.decide(&settings.trial) == Decision::Failed {
            self.open(Why::LeaseExpired, None, settings, now);
            return Err(Rejected::new(Reason::Open, left(self.open_until, now)));
        }
        match self.trials.admit(&settings.trial, now) {
            Ok(slot) => Ok(Place::Trial { slot }),
            Err(ends) => Err(Rejected::new(Reason::HalfOpenFull, ends.and_then(|ends| left(ends, now)))),
        }
    }

    /// As many calls are under way as may be: whether that refuses another one.
    pub(crate) fn is_full(&mut self) -> bool {
        match self.mode {
            Mode::Normal | Mode::ForcedOpen => self.tally.rejected[Reason::Limit as usize] += 1,
            Mode::Shadow => self.tally.would_reject += 1,
            Mode::Disabled => {}
        }
        matches!(self.mode, Mode::Normal | Mode::ForcedOpen)
    }

    /// Takes a result in. A success that nobody else counted is counted here.
    pub(crate) fn finish(
        &mut self,
        settings: &Settings,
        totals: &Totals,
        ticket: Ticket,
        outcome: Outcome,
        hint: Option<Duration>,
        now: Instant,
    ) {
        self.tick(settings, totals, now);
        let (place, started) = (ticket.place(), ticket.started());
        let fresh = ticket.generation() == self.generation;
        let seen = fresh && place == Place::Closed;
        match outcome {
            Outcome::Success if seen => totals.succeed(self.generation),
            Outcome::Success => totals.succeed_unseen(),
            other => self.tally.outcomes[other.index()] += 1,
        }
        if let (Some(running), Place::Closed) = (&mut self.running, place) {
            running.end(started, totals);
        }
        match place {
            Place::Unseen => {}
            Place::Shadow => match outcome {
                Outcome::Success | Outcome::Slow | Outcome::Alive => self.tally.shadow_good += 1,
                Outcome::Failure | Outcome::Throttled(_) => self.tally.shadow_bad += 1,
                Outcome::Neutral | Outcome::Cancelled => {}
            },
            Place::Closed if fresh => self.finish_closed(settings, totals, outcome, hint, now),
            Place::Trial { slot } if fresh && self.trials.give_back(slot, started) => {
                self.finish_trial(settings, outcome, hint, now);
            }
            Place::Closed | Place::Trial { .. } => self.tally.stale += 1,
        }
    }

    fn finish_closed(
        &mut self,
        settings: &Settings,
        totals: &Totals,
        outcome: Outcome,
        hint: Option<Duration>,
        now: Instant,
    ) {
        let good = totals.successes_of(self.generation);
        match outcome {
            Outcome::Failure => {
                self.row = if good == self.row_successes { self.row.saturating_add(1) } else { 1 };
                self.row_successes = good;
                self.window.push(Bad::Failure, good, now);
                self.judge(settings, totals, hint, now);
            }
            Outcome::Slow => {
                self.row = 0;
                self.window.push(Bad::Slow, good, now);
                self.judge(settings, totals, hint, now);
            }
            Outcome::Throttled(asked) => {
                let pause = asked.or(hint).map_or(settings.wait.first(), |asked| settings.wait.asked(asked));
                self.paced_until = self.paced_until.max(now.after(pause));
            }
            Outcome::Success | Outcome::Alive | Outcome::Neutral | Outcome::Cancelled => {}
        }
    }

    fn finish_trial(&mut self, settings: &Settings, outcome: Outcome, hint: Option<Duration>, now: Instant) {
        match outcome {
            Outcome::Success | Outcome::Alive => self.trials.record(true),
            Outcome::Slow => self.trials.record(!settings.trip.judges_slowness()),
            Outcome::Failure => self.trials.record(false),
            Outcome::Throttled(asked) => return self.open(Why::Throttled, asked.or(hint), settings, now),
            Outcome::Neutral | Outcome::Cancelled => {}
        }
        match self.trials.decide(&settings.trial) {
            Decision::Passed => self.close(Why::Recovered, settings, now),
            Decision::Failed => self.open(Why::ProbeFailed, hint, settings, now),
            Decision::Undecided => {}
        }
    }

    /// Brings the window and what is known of running calls up to date; may find that too many of these hang.
    pub(crate) fn tick(&mut self, settings: &Settings, totals: &Totals, now: Instant) {
        if now < self.boundary() || self.state != State::Closed {
            return;
        }
        self.window.counts(totals.successes_of(self.generation), now);
        if let Some(running) = &mut self.running {
            running.hand_on(totals, now);
            if running.hung(totals, now) > 0 {
                self.judge(settings, totals, None, now);
            }
        }
    }

    /// When [`tick`](Self::tick) is due.
    pub(crate) fn boundary(&self) -> Instant {
        let window = self.window.boundary();
        self.running.as_ref().map_or(window, |running| running.boundary().min(window))
    }

    fn judge(&mut self, settings: &Settings, totals: &Totals, hint: Option<Duration>, now: Instant) {
        let counts = self.counts(totals, now);
        let hung = self.hung(totals, now);
        if let Some(why) = settings.trip.judge(counts, hung, self.row) {
            // It stayed closed for as long as its window is: this is not the same trouble again.
            let stayed = self.window.has_passed(now).unwrap_or(now.since(self.since) > settings.wait.first());
            if stayed {
                self.opened = 0;
            }
            self.open(why, hint, settings, now);
        }
    }

    /// What the window holds.
    pub(crate) fn counts(&mut self, totals: &Totals, now: Instant) -> Counts {
        match self.state {
            State::Closed => self.window.counts(totals.successes_of(self.generation), now),
            _ => Counts::default(),
        }
    }

    /// Calls that run and are late already.
    pub(crate) fn hung(&self, totals: &Totals, now: Instant) -> u64 {
        let running = self.running.as_ref().filter(|_| self.state == State::Closed);
        running.map_or(0, |running| running.hung(totals, now))
    }

    /// Opens, or stays open longer. Never shorter.
    fn open(&mut self, why: Why, hint: Option<Duration>, settings: &Settings, now: Instant) {
        let chance = self.chance.next();
        let wait = if why == Why::Throttled {
            settings.wait.after(0, chance)
        } else {
            self.opened = self.opened.saturating_add(1);
            settings.wait.after(self.opened - 1, chance)
        };
        let asked = hint.map_or(Duration::ZERO, |hint| settings.wait.asked(hint));
        self.open_until = self.open_until.max(now.after(wait.max(asked)));
        self.go(State::Open, why, settings, now);
    }

    /// Closes, with a clean slate.
    fn close(&mut self, why: Why, settings: &Settings, now: Instant) {
        self.go(State::Closed, why, settings, now);
        self.slow_start = (!settings.slow_start.is_zero()).then_some(SlowStart { began: now, credit: 1.0 });
    }

    fn go(&mut self, to: State, why: Why, settings: &Settings, now: Instant) {
        let open_for = (to == State::Open).then(|| self.open_until.since(now));
        let breaker = Arc::clone(&settings.name);
        let transition = Transition { breaker, from: self.state, to, at: now, why, open_for };
        self.generation = (self.generation + 1) % GENERATIONS;
        (self.state, self.since) = (to, now);
        self.slow_start = None;
        match to {
            State::Closed => {
                self.window.restart(now);
                (self.row, self.row_successes) = (0, 0);
                if let Some(running) = &mut self.running {
                    running.forget(now);
                }
            }
            State::HalfOpen => self.trials.restart(),
            State::Open | State::ForcedOpen | State::Disabled => {}
        }
        self.events.push(transition, settings.is_heard());
    }

    /// The application wants it open, as if it had tripped.
    pub(crate) fn trip(&mut self, settings: &Settings, now: Instant) {
        if matches!(self.state, State::Closed | State::HalfOpen) {
            self.open(Why::External, None, settings, now);
        }
    }

    /// The application wants it closed, and the past forgotten.
    pub(crate) fn reset(&mut self, settings: &Settings, now: Instant) {
        if matches!(self.state, State::Closed | State::Open | State::HalfOpen) {
            self.forget();
            // Also if it is closed: what its window holds is the past, too.
            self.go(State::Closed, Why::External, settings, now);
        }
    }

    /// Changes who decides. Whatever was known is forgotten.
    pub(crate) fn change_mode(&mut self, mode: Mode, settings: &Settings, now: Instant) {
        if mode == self.mode {
            return;
        }
        self.mode = mode;
        self.forget();
        let to = match mode {
            Mode::Normal | Mode::Shadow => State::Closed,
            Mode::ForcedOpen => State::ForcedOpen,
            Mode::Disabled => State::Disabled,
        };
        self.go(to, Why::Forced, settings, now);
    }

    fn forget(&mut self) {
        self.opened = 0;
        (self.open_until, self.paced_until) = (Instant::default(), Instant::default());
    }

    /// Whether it keeps no call away now, by its own decision or by somebody else's.
    pub(crate) fn is_spare(&self, usual: Mode, now: Instant) -> bool {
        self.mode == usual && now >= self.open_until && now >= self.paced_until
    }

    /// Whether a closed breaker has to look twice before it lets a call through.
    pub(crate) fn is_careful(&self, now: Instant) -> bool {
        self.slow_start.is_some() || now < self.paced_until
    }

    pub(crate) fn trials_in_use(&self) -> u32 {
        if self.state == State::HalfOpen { self.trials.in_use() } else { 0 }
    }
}

fn left(until: Instant, now: Instant) -> Option<Duration> {
    Some(until.since(now))
}
