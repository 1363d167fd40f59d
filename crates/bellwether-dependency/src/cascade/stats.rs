//! The little statistics there is: bounds of a share, and when a level changed.

/// The 97.5 % quantile of the normal distribution: bounds are those of a 95 % interval.
const Z: f64 = 1.96;

/// The Wilson score interval (E. B. Wilson, 1927) of a share of which `hits` of `n` were seen.
pub(super) fn wilson(hits: f64, n: f64) -> (f64, f64) {
    if n <= 0.0 {
        return (0.0, 1.0);
    }
    let p = (hits / n).clamp(0.0, 1.0);
    let z2 = Z * Z;
    let center = p + z2 / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    (((center - spread) / scale).max(0.0), ((center + spread) / scale).min(1.0))
}

/// How surprising it is to see at least `hits` of `n` if the share is really `usual`, in nats: the negated logarithm of the
/// Chernoff bound of its probability (H. Chernoff, 1952).
pub(super) fn surprise(hits: f64, n: f64, usual: f64) -> f64 {
    if n <= 0.0 || hits <= usual * n {
        return 0.0;
    }
    let (share, usual) = ((hits / n).min(1.0), usual.clamp(1e-6, 1.0 - 1e-6));
    let nats = |share: f64, usual: f64| if share > 0.0 { share * (share / usual).ln() } else { 0.0 };
    n * (nats(share, usual) + nats(1.0 - share, 1.0 - usual))
}

/// A one-sided CUSUM (E. S. Page, 1954) of a share: when it last left its normal level.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cusum {
    sum: f64,
    since: Option<u64>,
}

impl Cusum {
    /// What a share may exceed its normal by without adding up.
    const SLACK: f64 = 0.02;
    /// Enough to remember for a few windows, little enough to forget an incident.
    const MOST: f64 = 1.0;

    pub(super) fn add(&mut self, share: f64, normal: f64, tick: u64) {
        self.sum = (self.sum + share - normal - Self::SLACK).clamp(0.0, Self::MOST);
        if self.sum <= 0.0 {
            self.since = None;
        } else if self.since.is_none() {
            self.since = Some(tick);
        }
    }

    /// The tick of the change; `None` while the level is normal.
    pub(super) fn onset(&self) -> Option<u64> {
        self.since
    }
}

/// A count or time as it came in: whatever cannot be one is nothing.
pub(super) fn clean(x: f64) -> f64 {
    if x.is_finite() && x > 0.0 { x.min(1e15) } else { 0.0 }
}
