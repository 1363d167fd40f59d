//! A budget of retries: a share of the calls there are, so that retries cannot become the load.

use bellwether_core::Instant;

/// How many retries there may be for the calls there are.
///
/// Calls that are no retries earn a share of one each; a retry costs one whole, and is paid for when it is decided on, before
/// any pause: retries that wait are retries.
///
/// ```
/// use bellwether_breaker::Retries;
///
/// let one_for_five_calls_and_one_a_second = Retries::new(0.2).at_least(1.0).at_most(50);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a budget is given to a builder"]
pub struct Retries {
    share: f64,
    per_second: f64,
    saved: u32,
}

/// What is left of the budget.
#[derive(Debug)]
pub(crate) struct RetryTokens {
    balance: f64,
    /// Calls that were admitted when the balance was right, the retries among them left out.
    paid_for: u64,
    retries: u64,
    at: Instant,
}

impl Retries {
    /// One retry for each `1 / share` calls, 0 ≤ share ≤ 1.
    pub fn new(share: f64) -> Self {
        Self { share, per_second: 1.0, saved: 100 }
    }

    /// So many retries a second are there even without calls. Default: 1.
    pub fn at_least(mut self, per_second: f64) -> Self {
        self.per_second = per_second;
        self
    }

    /// The most retries that can be saved up. Default: 100.
    pub fn at_most(mut self, saved: u32) -> Self {
        self.saved = saved;
        self
    }

    pub(crate) fn check(&self) -> Result<(), (&'static str, String, &'static str)> {
        if !(0.0..=1.0).contains(&self.share) {
            return Err(("share of retries", self.share.to_string(), "0 to 1, such as 0.2"));
        }
        if !(self.per_second >= 0.0 && self.per_second.is_finite()) {
            return Err(("retries a second", self.per_second.to_string(), "a number that is not negative, such as 1"));
        }
        Ok(())
    }
}

impl RetryTokens {
    pub(crate) fn new(now: Instant) -> Self {
        Self { balance: 0.0, paid_for: 0, retries: 0, at: now }
    }

    /// Pays for a retry, if it can be paid for. `admitted` are all calls so far, retries among them.
    pub(crate) fn take(&mut self, budget: &Retries, admitted: u64, now: Instant) -> bool {
        let calls = admitted.saturating_sub(self.retries);
        let earned = calls.saturating_sub(self.paid_for) as f64 * budget.share;
        let waited = now.since(self.at).as_secs_f64() * budget.per_second;
        self.paid_for = self.paid_for.max(calls);
        self.at = self.at.max(now);
        self.balance = (self.balance + earned + waited).min(f64::from(budget.saved));
        let enough = self.balance >= 1.0;
        if enough {
            self.balance -= 1.0;
        }
        enough
    }

    /// A retry that was paid for was not made.
    pub(crate) fn give_back(&mut self, budget: &Retries) {
        self.balance = (self.balance + 1.0).min(f64::from(budget.saved));
    }

    /// A retry that was paid for was made, and is among the calls that are admitted.
    pub(crate) fn made(&mut self) {
        self.retries += 1;
    }
}
