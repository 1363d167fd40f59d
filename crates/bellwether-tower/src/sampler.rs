//! Which requests are traced: decided before a span is built.

use bellwether_core::{TraceContext, TraceId};

/// A head sampling decision, by the trace id, so that every service of a trace that samples at the same ratio agrees.
///
/// A caller's decision is followed unless [`ignore_parent`](Self::ignore_parent)d.
///
/// ```
/// use bellwether_tower::Sampler;
///
/// let one_in_a_hundred = Sampler::ratio(0.01);
/// assert_eq!(Sampler::ratio(f64::NAN), Sampler::never());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampler {
    /// Trace ids whose 63 random bits are below this are sampled.
    below: u64,
    follow_parent: bool,
}

impl Sampler {
    /// Every trace that begins here.
    pub const fn always() -> Self {
        Self { below: 1 << 63, follow_parent: true }
    }

    /// No trace that begins here.
    pub const fn never() -> Self {
        Self { below: 0, follow_parent: true }
    }

    /// This share of the traces that begin here, clamped to 0..=1.
    pub fn ratio(share: f64) -> Self {
        // NaN stays NaN, and a cast makes 0 of it.
        Self { below: (share.clamp(0.0, 1.0) * (1_u64 << 63) as f64) as u64, follow_parent: true }
    }

    /// Decides for every request alike, whatever its caller decided.
    pub const fn ignore_parent(mut self) -> Self {
        self.follow_parent = false;
        self
    }

    pub(crate) fn decide(self, parent: Option<TraceContext>, trace_id: TraceId) -> bool {
        match parent {
            Some(parent) if self.follow_parent => parent.sampled(),
            _ => trace_id.randomness() < self.below,
        }
    }
}
