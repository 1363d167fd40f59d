//! A breaker that keeps everything and decides by looking at all of it: slow, plain, and what the real one must agree with.

use std::time::Duration;

use bellwether_breaker::{Outcome, Reason, State};

pub(crate) const CALLS: usize = 6;
pub(crate) const MIN_CALLS: usize = 4;
pub(crate) const IN_A_ROW: usize = 3;
pub(crate) const FIRST_WAIT: Duration = Duration::from_secs(5);
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(40);
pub(crate) const TRIALS: usize = 3;
pub(crate) const SUCCESSES: usize = 2;
pub(crate) const LEASE: Duration = Duration::from_secs(8);

/// How a permit was given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given {
    generation: u32,
    trial: bool,
    at: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) state: Option<State>,
    generation: u32,
    /// All evidence of this closed time: true for a failure.
    results: Vec<bool>,
    /// Trial calls under way, by when they began.
    trials: Vec<Duration>,
    passed: usize,
    failed: usize,
    opened: u32,
    open_until: Duration,
    paced_until: Duration,
    pub(crate) stale: u64,
    pub(crate) expired: u64,
}

impl Model {
    pub(crate) fn state(&self) -> State {
        self.state.unwrap_or(State::Closed)
    }

    /// The last results: all of them, and the failures among them.
    pub(crate) fn window(&self) -> (usize, usize) {
        let last = &self.results[self.results.len().saturating_sub(CALLS)..];
        if self.state() == State::Closed { (last.len(), last.iter().filter(|failed| **failed).count()) } else { (0, 0) }
    }

    pub(crate) fn acquire(&mut self, now: Duration) -> Result<Given, Reason> {
        if self.state() == State::Closed && now < self.paced_until {
            return Err(Reason::Throttled);
        }
        if self.state() == State::Open {
            if now < self.open_until {
                return Err(Reason::Open);
            }
            self.go(State::HalfOpen);
        }
        if self.state() == State::HalfOpen {
            let before = self.trials.len();
            self.trials.retain(|began| now - *began < LEASE);
            let expired = before - self.trials.len();
            self.failed += expired;
            self.expired += expired as u64;
            if expired > 0 && self.failed > TRIALS - SUCCESSES {
                self.open(now, None, true);
                return Err(Reason::Open);
            }
            if self.trials.len() + self.passed + self.failed >= TRIALS {
                return Err(Reason::HalfOpenFull);
            }
            self.trials.push(now);
        }
        Ok(Given { generation: self.generation, trial: self.state() == State::HalfOpen, at: now })
    }

    pub(crate) fn finish(&mut self, given: Given, outcome: Outcome, now: Duration) {
        let taken_back = given.trial && !self.trials.contains(&given.at);
        if given.generation != self.generation || taken_back {
            self.stale += 1;
        } else if given.trial {
            let at = self.trials.iter().position(|began| *began == given.at).expect("it is under way");
            self.trials.remove(at);
            self.finish_trial(outcome, now);
        } else {
            self.finish_closed(outcome, now);
        }
    }

    fn finish_closed(&mut self, outcome: Outcome, now: Duration) {
        match outcome {
            Outcome::Success => self.results.push(false),
            Outcome::Failure => {
                self.results.push(true);
                let (calls, failures) = self.window();
                let row = self.results.iter().rev().take_while(|failed| **failed).count();
                if row >= IN_A_ROW || calls >= MIN_CALLS && 2 * failures >= calls {
                    if self.results.len() > CALLS {
                        self.opened = 0;
                    }
                    self.open(now, None, true);
                }
            }
            Outcome::Throttled(asked) => {
                self.paced_until = self.paced_until.max(now + asked.unwrap_or(FIRST_WAIT).min(MAX_WAIT));
            }
            _ => {}
        }
    }

    fn finish_trial(&mut self, outcome: Outcome, now: Duration) {
        match outcome {
            Outcome::Success | Outcome::Alive | Outcome::Slow => self.passed += 1,
            Outcome::Failure => self.failed += 1,
            Outcome::Throttled(asked) => return self.open(now, asked, false),
            _ => {}
        }
        if self.passed >= SUCCESSES {
            self.go(State::Closed);
        } else if self.failed > TRIALS - SUCCESSES {
            self.open(now, None, true);
        }
    }

    fn open(&mut self, now: Duration, asked: Option<Duration>, counts: bool) {
        let wait = if counts { (FIRST_WAIT * 2_u32.pow(self.opened.min(16))).min(MAX_WAIT) } else { FIRST_WAIT };
        self.opened += u32::from(counts);
        self.open_until = self.open_until.max(now + wait.max(asked.unwrap_or_default().min(MAX_WAIT)));
        self.go(State::Open);
    }

    fn go(&mut self, to: State) {
        self.state = Some(to);
        self.generation += 1;
        self.results.clear();
        self.trials.clear();
        (self.passed, self.failed) = (0, 0);
    }
}
