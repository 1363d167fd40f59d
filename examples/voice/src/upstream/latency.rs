//! How long things take: lognormal, as answers of real services nearly are.

use std::{f64::consts::TAU, time::Duration};

/// A lognormal distribution.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    /// Half of the draws are shorter.
    pub median: Duration,
    /// The width: about 95 % of the draws are shorter than `median * exp(1.65 * sigma)`.
    pub sigma: f64,
}

impl Latency {
    /// A distribution with this median in milliseconds.
    pub const fn ms(median: u64, sigma: f64) -> Self {
        Self { median: Duration::from_millis(median), sigma }
    }

    /// One draw, at most 60 seconds.
    pub fn draw(self, random: &mut fastrand::Rng) -> Duration {
        // Box-Muller; 1 - x is never zero.
        let normal = (-2.0 * (1.0 - random.f64()).ln()).sqrt() * (TAU * random.f64()).cos();
        Duration::from_secs_f64((self.median.as_secs_f64() * (self.sigma * normal).exp()).min(60.0))
    }
}
