//! How long operations took over any period: quantiles of merged histograms, with how far they can be off.

use bellwether_core::HistogramSnapshot;
use bellwether_core::histogram::grid;

/// A quantile of a distribution, and what is certain of it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Quantile {
    /// The share of values below it, 0 to 1.
    pub q: f64,
    /// The value, within 1.1 % of the exact one of the values recorded. Where there are too few, the greatest.
    pub value: f64,
    /// The value as PromQL's `histogram_quantile` has it, which takes the values of a bucket to be spread evenly over it (by
    /// their logarithms): what a dashboard of Prometheus shows of the same histogram. Within 2.2 %.
    pub interpolated: f64,
    /// The exact quantile of the values recorded lies between these two, both included.
    pub between: (f64, f64),
    /// If the values are a sample: the quantile of what they are a sample of lies between these two with 95 % certainty, by
    /// the order of the values, whatever their distribution.
    pub confidence: (f64, f64),
    /// There are fewer than 1 ÷ (1 − q) values, so that not even one is expected above.
    pub too_few: bool,
}

/// The median and the high quantiles of a distribution.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Quantiles {
    /// How many values there are.
    pub count: u64,
    /// Half of the values are below.
    pub p50: Quantile,
    /// 95 % of the values are below.
    pub p95: Quantile,
    /// 99 % of the values are below.
    pub p99: Quantile,
}

impl Quantiles {
    /// Those of a histogram, which for a longer time is the merged histograms of its parts: quantiles themselves cannot be
    /// averaged. `None` without values.
    ///
    /// ```
    /// use bellwether_core::Registry;
    /// use bellwether_slo::Quantiles;
    ///
    /// let registry = Registry::new();
    /// let seconds = registry.histogram("seconds").build()?;
    /// (0..100).for_each(|_| seconds.record(0.010));
    /// let mut month = seconds.snapshot();
    /// seconds.record(1.0);
    /// month.merge(&seconds.snapshot().since(&month.clone()));
    /// let quantiles = Quantiles::of(&month).unwrap();
    /// assert!((quantiles.p99.value / 0.010 - 1.0).abs() < 0.011);
    /// # Ok::<(), bellwether_core::Error>(())
    /// ```
    pub fn of(values: &HistogramSnapshot) -> Option<Self> {
        let count = values.count();
        let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|q| Quantile::of(values, q));
        Some(Self { count, p50: p50?, p95: p95?, p99: p99? })
    }
}

impl Quantile {
    /// A quantile of a histogram, `q` from 0 to 1; `None` without values.
    pub fn of(values: &HistogramSnapshot, q: f64) -> Option<Self> {
        let count = values.count();
        let between = values.quantile_between(q)?;
        let n = count as f64;
        // Of a binomial, ranks within so many standard deviations.
        let half = 1.96 * (n * q * (1.0 - q)).sqrt();
        let at = |rank: f64| values.quantile_between((rank / n).clamp(0.0, 1.0));
        let confidence = (at((n * q - half).floor())?.0, at((n * q + half).ceil())?.1);
        let too_few = n * (1.0 - q) < 1.0;
        let value = if too_few { values.quantile(1.0)? } else { values.quantile(q)? };
        let interpolated = interpolated(values, q)?;
        Some(Self { q, value, interpolated, between, confidence, too_few })
    }
}

/// What `histogram_quantile` says of a native histogram, of `q` from 0 to 1.
fn interpolated(values: &HistogramSnapshot, q: f64) -> Option<f64> {
    let buckets = buckets(values);
    // From the nearer end.
    let (up, n) = (q < 0.5, values.count() as f64);
    let rank = if up { q * n } else { (1.0 - q) * n };
    let mut seen = 0.0;
    let mut reaches = |bucket: &&Bucket| {
        seen += bucket.count;
        seen >= rank
    };
    let found = if up { buckets.iter().find(&mut reaches) } else { buckets.iter().rev().find(&mut reaches) };
    let Bucket { lower, upper, count } = *found.or(if up { buckets.last() } else { buckets.first() })?;
    let share = if up { rank - (seen - count) } else { seen - rank } / count;
    let spread = |lower: f64, upper: f64, share: f64| (lower.log2() + (upper.log2() - lower.log2()) * share).exp2();
    Some(match (lower > 0.0, upper < 0.0) {
        (true, _) => spread(lower, upper, share),
        (_, true) => -spread(-upper, -lower, 1.0 - share),
        _ => lower + (upper - lower) * share,
    })
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    lower: f64,
    upper: f64,
    count: f64,
}

/// The buckets that hold anything, from the lowest to the highest. The one around zero is on the side that has others.
fn buckets(values: &HistogramSnapshot) -> Vec<Bucket> {
    let bounds = |index: i32| (grid::lower_bound(index), grid::upper_bound(index));
    let HistogramSnapshot { negative, positive, zero, .. } = values;
    let mut buckets: Vec<Bucket> = Vec::new();
    buckets.extend(negative.iter().rev().map(|(index, count)| {
        let (near, far) = bounds(*index);
        Bucket { lower: -far, upper: -near, count: *count as f64 }
    }));
    if *zero > 0 {
        let only = |one: bool, other: bool| if one && !other { 0.0 } else { grid::ZERO_THRESHOLD };
        let lower = -only(!positive.is_empty(), !negative.is_empty());
        let upper = only(!negative.is_empty(), !positive.is_empty());
        buckets.push(Bucket { lower, upper, count: *zero as f64 });
    }
    buckets.extend(positive.iter().map(|(index, count)| {
        let (lower, upper) = bounds(*index);
        Bucket { lower, upper, count: *count as f64 }
    }));
    buckets
}
