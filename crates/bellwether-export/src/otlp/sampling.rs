//! Which traces are recorded when nobody upstream has decided.

use bellwether_core::TraceId;

/// A head sampling decision by the trace id: services that sample at the same share agree on a trace.
///
/// ```
/// use bellwether_export::otlp::Sampling;
///
/// assert_eq!(Sampling::share(0.01).of_new_traces(), 0.01);
/// assert_eq!(Sampling::share(f64::NAN), Sampling::never());
/// assert!(!Sampling::always().ignore_parent().follows_parent());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    share: f64,
    follow_parent: bool,
}

impl Sampling {
    /// Every trace that begins here.
    pub const fn always() -> Self {
        Self { share: 1.0, follow_parent: true }
    }

    /// No trace that begins here.
    pub const fn never() -> Self {
        Self { share: 0.0, follow_parent: true }
    }

    /// This share of the traces that begin here, clamped to 0..=1.
    pub fn share(share: f64) -> Self {
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        Self { share, follow_parent: true }
    }

    /// Decides alike for traces that began elsewhere, whatever was decided there.
    pub const fn ignore_parent(mut self) -> Self {
        self.follow_parent = false;
        self
    }

    /// The share of traces that begin here and are recorded.
    pub const fn of_new_traces(self) -> f64 {
        self.share
    }

    /// Whether the decision that a trace came with is followed.
    pub const fn follows_parent(self) -> bool {
        self.follow_parent
    }

    /// Whether anything is ever recorded outside of a request.
    pub(crate) fn is_never(self) -> bool {
        self.share == 0.0 && !self.follow_parent
    }

    pub(crate) fn decide(self, parent: Option<bool>, trace_id: TraceId) -> bool {
        match parent {
            Some(sampled) if self.follow_parent => sampled,
            // A cast saturates; 2⁶³ is above every randomness.
            _ => trace_id.randomness() < (self.share * (1_u64 << 63) as f64) as u64,
        }
    }
}

impl Default for Sampling {
    /// OpenTelemetry's default: always, following the parent.
    fn default() -> Self {
        Self::always()
    }
}
