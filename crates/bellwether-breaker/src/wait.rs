//! How long a breaker stays open: longer each time it opens again, and never quite as long as another one.

use std::time::Duration;

/// How long a breaker stays open.
///
/// The nth time in a row it is `first · factorⁿ⁻¹`, at most `max`, and up to `jitter` more of that, so that many processes
/// do not come back at once. It begins anew once the breaker has stayed closed for as long as its window is.
///
/// ```
/// use bellwether_breaker::Wait;
/// use std::time::Duration;
///
/// let wait = Wait::new(Duration::from_secs(1)).factor(3.0).max(Duration::from_secs(30)).jitter(0.1);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a wait is given to a builder"]
pub struct Wait {
    first: Duration,
    factor: f64,
    max: Duration,
    jitter: f64,
}

impl Wait {
    /// Waits so long the first time.
    pub fn new(first: Duration) -> Self {
        Self { first, factor: 2.0, max: first.max(Duration::from_secs(60)), jitter: 0.2 }
    }

    /// How much longer the next time, if it opens again soon, 1 ≤ factor. Default: 2.
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// The longest time, also of what a callee asks for by `Retry-After`. Default: a minute, or the first time if that is
    /// longer.
    pub fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// The largest share that is added by chance, 0 ≤ jitter ≤ 1. Default: 0.2.
    pub fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    pub(crate) fn check(&self) -> Result<(), (&'static str, String, &'static str)> {
        if !(self.factor >= 1.0 && self.factor.is_finite()) {
            return Err(("factor of the wait", self.factor.to_string(), "at least 1, such as 2"));
        }
        if !(0.0..=1.0).contains(&self.jitter) {
            return Err(("jitter of the wait", self.jitter.to_string(), "0 to 1, such as 0.2"));
        }
        if self.max < self.first {
            return Err(("longest wait", format!("{:?}", self.max), "at least the first wait"));
        }
        Ok(())
    }

    /// The time to wait after so many times in a row; `chance` is 0 to 1.
    pub(crate) fn after(&self, times: u32, chance: f64) -> Duration {
        let longer = self.first.as_secs_f64() * self.factor.powi(times.min(1 << 20) as i32);
        let capped = longer.min(self.max.as_secs_f64());
        let whole = if times == 0 { self.first } else { Duration::try_from_secs_f64(capped).unwrap_or(self.max) };
        let extra = Duration::try_from_secs_f64(whole.as_secs_f64() * self.jitter * chance).unwrap_or_default();
        whole.min(self.max).saturating_add(extra)
    }

    /// What a callee asks for, within reason.
    pub(crate) fn asked(&self, hint: Duration) -> Duration {
        hint.min(self.max)
    }

    pub(crate) fn first(&self) -> Duration {
        self.first
    }
}

impl Default for Wait {
    /// Five seconds, then ten, up to a minute.
    fn default() -> Self {
        Self::new(Duration::from_secs(5))
    }
}

/// A small generator of chance (SplitMix64): jitter wants no two breakers alike, and tests want the same one again.
#[derive(Debug)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// From 0 to 1, the latter excluded.
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
