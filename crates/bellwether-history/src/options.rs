//! What a history keeps, for how long, and within which bounds.

use std::path::PathBuf;
use std::time::Duration;

use crate::tiers::Tier;

/// What a [`History`](crate::History) keeps, and where.
///
/// ```
/// use std::time::Duration;
/// use bellwether_history::{Options, Tier};
///
/// let day = Duration::from_secs(24 * 3600);
/// let options = Options::new().tiers([Tier::new(Duration::from_secs(60), 7 * day)]).label("job", "shop");
/// assert_eq!(options.tiers.len(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How long the samples of every tick are kept; 2 hours unless said otherwise.
    pub retention: Duration,
    /// Coarser tiers, the finest first: a minute for 48 hours and an hour for 400 days, unless said otherwise.
    pub tiers: Vec<Tier>,
    /// Series at most; 20,000 unless said otherwise. What is beyond is counted.
    pub max_series: usize,
    /// Bytes of memory for samples: half of them for those of every tick, the other half for what waits for the file; 256 MiB
    /// unless said otherwise. Where they do not suffice, the oldest samples go before their time. Beside, up to a quarter
    /// as much is used while queries ask for the same samples again and again.
    pub max_memory: usize,
    /// Bytes of the file, if there is one; 2 GiB unless said otherwise, which is enough for 400 days of 10,000 series, a
    /// fifth of them histograms. The oldest blocks go first.
    pub max_bytes: u64,
    /// Labels of every series, unless it has them itself.
    pub labels: Vec<(String, String)>,
    /// The file, if there is one.
    pub(crate) path: Option<PathBuf>,
}

impl Options {
    /// What is kept unless said otherwise.
    pub fn new() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        Self {
            retention: hours(2),
            tiers: vec![Tier::new(Duration::from_secs(60), hours(48)), Tier::new(hours(1), hours(400 * 24))],
            max_series: 20_000,
            max_memory: 256 << 20,
            max_bytes: 2 << 30,
            labels: Vec::new(),
            path: None,
        }
    }

    /// How long the samples of every tick are kept.
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// Coarser tiers, at most eight; they are put in order of their resolution, and of one resolution the last counts.
    pub fn tiers(mut self, tiers: impl IntoIterator<Item = Tier>) -> Self {
        self.tiers = tiers.into_iter().take(8).collect();
        self.tiers.sort_by_key(|tier| tier.resolution);
        self.tiers.dedup_by(|next, kept| {
            let same = next.resolution == kept.resolution;
            if same {
                *kept = *next;
            }
            same
        });
        self
    }

    /// Series at most.
    pub fn max_series(mut self, series: usize) -> Self {
        self.max_series = series;
        self
    }

    /// Bytes of memory for samples.
    pub fn max_memory(mut self, bytes: usize) -> Self {
        self.max_memory = bytes;
        self
    }

    /// Bytes of the file.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// A label of every series, such as `job`, which Prometheus would add when it scrapes.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}
