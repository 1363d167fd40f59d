//! Whether a limit of CPU time keeps the process from running: shown by cAdvisor's names, and told to whoever judges.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bellwether_core::{Counter, Error, Family, Registry};

use super::cgroup::{Throttling, cpu_stat};
use super::proc::Stat;

/// Where the kernel tells of groups.
const GROUPS: &str = "/proc/self/cgroup";
const MOUNT: &str = "/sys/fs/cgroup";

/// Series begin with the first period in which a limit was enforced: where nothing limits the process there is no series, rather
/// than a zero.
#[derive(Debug)]
pub(super) struct Throttled {
    /// `None` if nothing tells of a limit.
    file: Option<PathBuf>,
    /// What was read last, and what CPU time the process had used then.
    last: Option<(Throttling, Duration)>,
    periods: Family<Counter, 0>,
    throttled: Family<Counter, 0>,
    time: Family<Counter, 0>,
}

impl Throttled {
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        Self::of(registry, Path::new(GROUPS), Path::new(MOUNT))
    }

    /// That of the group that the one says, under the other.
    pub(super) fn of(registry: &Registry, groups: &Path, mount: &Path) -> Result<Self, Error> {
        let periods = registry.counter("container.cpu.cfs.periods").unit("{period}");
        let throttled = registry.counter("container.cpu.cfs.throttled_periods").unit("{period}");
        let time = registry.counter("container.cpu.cfs.throttled").unit("s").scale(1e-9);
        Ok(Self {
            file: cpu_stat(groups, mount),
            last: None,
            periods: periods.description("Periods in which the limit of CPU time was enforced.").family()?,
            throttled: throttled.description("Those in which the process had used up what it may.").family()?,
            time: time.description("For how long it then stood still, added up over CPUs.").family()?,
        })
    }

    /// The share of the time since the last reading for which the process stood still, which took so long; 0 if that is not
    /// known.
    pub(super) fn read(&mut self, took: Duration) -> f64 {
        let now = self.file.as_deref().and_then(Throttling::read);
        let now = now.map(|now| (now, Stat::of_process().map_or(Duration::ZERO, |stat| stat.cpu())));
        let last = std::mem::replace(&mut self.last, now);
        let Some((now, used)) = now else { return 0.0 };
        if now.periods > 0 {
            self.periods.get([]).raise_to(now.periods);
            self.throttled.get([]).raise_to(now.throttled);
            self.time.get([]).raise_to(u64::try_from(now.time.as_nanos()).unwrap_or(u64::MAX));
        }
        last.map_or(0.0, |(before, had_used)| now.share_since(&before, used.saturating_sub(had_used), took))
    }
}
