//! A small sketch of how long calls took: four buckets an octave, from 0.1 ms to seven minutes.

use std::time::Duration;

/// The upper end of the first bucket.
const FIRST: f64 = 1e-4;
const PER_OCTAVE: f64 = 4.0;
/// Where the buckets of an octave begin: powers of the fourth root of 2.
const QUARTERS: [f64; 4] = [1.0, 1.189_207_115_002_721, std::f64::consts::SQRT_2, 1.681_792_830_507_429];

/// How many calls took how long, in buckets that each grow by a fifth.
///
/// ```
/// use std::time::Duration;
/// use bellwether_dependency::cascade::Latency;
///
/// let mut latency = Latency::default();
/// (1..=100).for_each(|ms| latency.record(Duration::from_millis(ms)));
/// let p95 = latency.quantile(0.95).expect("something was recorded");
/// assert!((0.080..0.115).contains(&p95));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency([u32; Latency::BUCKETS]);

impl Latency {
    /// How many buckets there are; the last has no upper end.
    pub const BUCKETS: usize = 88;

    /// Counts one call.
    pub fn record(&mut self, took: Duration) {
        let n = &mut self.0[bucket(took.as_secs_f64())];
        *n = n.saturating_add(1);
    }

    /// How many calls were counted.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|n| u64::from(*n)).sum()
    }

    /// The duration in seconds below which the share `q` of the calls falls, to the width of a bucket; `None` without calls.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        quantile(&self.0.map(f64::from), q)
    }

    /// Of so many calls in each bucket.
    pub(super) fn of(counts: [u32; Self::BUCKETS]) -> Self {
        Self(counts)
    }

    pub(super) fn buckets(&self) -> [f64; Self::BUCKETS] {
        self.0.map(f64::from)
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self([0; Self::BUCKETS])
    }
}

/// The bucket that a duration in seconds belongs to.
#[inline]
pub(super) fn bucket(seconds: f64) -> usize {
    if seconds <= FIRST {
        return 0;
    }
    let times = seconds / FIRST;
    // A number is its octave, and how far it is into it.
    let octave = (times.to_bits() >> 52) as usize - 1023;
    let into = f64::from_bits(times.to_bits() & ((1 << 52) - 1) | 1023 << 52);
    let quarters = QUARTERS.iter().filter(|quarter| into > **quarter).count();
    (octave * QUARTERS.len() + quarters).min(Latency::BUCKETS - 1)
}

/// The upper end of a bucket in seconds.
fn upper(bucket: usize) -> f64 {
    FIRST * (bucket as f64 / PER_OCTAVE).exp2()
}

/// The quantile of weighted buckets, in the middle (by logarithm) of the bucket it falls in.
pub(super) fn quantile(buckets: &[f64; Latency::BUCKETS], q: f64) -> Option<f64> {
    let total: f64 = buckets.iter().sum();
    if total <= 0.0 {
        return None;
    }
    let mut below = 0.0;
    for (i, n) in buckets.iter().enumerate() {
        if *n > 0.0 && below + n >= q * total {
            let within = ((q * total - below) / n).clamp(0.0, 1.0);
            return Some(upper(i) * ((within - 1.0) / PER_OCTAVE).exp2());
        }
        below += n;
    }
    Some(upper(Latency::BUCKETS - 1))
}

/// How much lies above `seconds`: of the bucket that it is in, the part above it by logarithm.
pub(super) fn above(buckets: &[f64; Latency::BUCKETS], seconds: f64) -> f64 {
    let at = bucket(seconds);
    let part = if seconds > FIRST { at as f64 - (seconds / FIRST).log2() * PER_OCTAVE } else { 0.0 };
    buckets[at] * part.clamp(0.0, 1.0) + buckets[at + 1..].iter().sum::<f64>()
}
