//! What Linux tells of a limit of CPU time, taken from `cpu.stat` of the process's own group. Elsewhere, and where no group
//! has a limit, there is nothing to read.
//!
//! Source: Documentation/admin-guide/cgroup-v2.rst and Documentation/scheduler/sched-bwc.rst of the kernel

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a limit was enforced since the group was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Throttling {
    /// Periods in which the group had something to run.
    pub(super) periods: u64,
    /// Those in which it had used up what it may.
    pub(super) throttled: u64,
    /// For how long it then stood still, added up over the CPUs it ran on.
    pub(super) time: Duration,
}

/// No file of the kernel's that is read here is longer.
const MAX_BYTES: u64 = 64 << 10;

impl Throttling {
    /// A line for each number, of version 1 or 2. They are 0 where there is no limit; version 2 leaves the lines out where none
    /// could be set, as in the root.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let find = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(' '));
            lines.find(|(own, _)| *own == name)?.1.trim().parse::<u64>().ok()
        };
        let time = find("throttled_usec").map(Duration::from_micros);
        Some(Self {
            periods: find("nr_periods")?,
            throttled: find("nr_throttled")?,
            time: time.or_else(|| find("throttled_time").map(Duration::from_nanos))?,
        })
    }

    pub(super) fn read(file: &Path) -> Option<Self> {
        Self::parse(&text_of(file)?)
    }

    /// The share of the time since an earlier reading for which the process stood still, if it used so much CPU time.
    ///
    /// What is added up over CPUs is divided by how many were wanted: those it ran on, and those it stood still on. And it
    /// stands still only in periods in which it is throttled.
    pub(super) fn share_since(&self, before: &Self, used: Duration, took: Duration) -> f64 {
        let stood_still = self.time.saturating_sub(before.time).as_secs_f64();
        let wanted = (stood_still + used.as_secs_f64()).max(took.as_secs_f64());
        let periods = self.periods.saturating_sub(before.periods).max(1);
        let throttled = self.throttled.saturating_sub(before.throttled).min(periods);
        if wanted > 0.0 { (stood_still / wanted).min(throttled as f64 / periods as f64) } else { 0.0 }
    }
}

/// The file of the group that the process is in, if one tells of a limit: by what `/proc/self/cgroup` says, under the place
/// where groups are mounted. Within a container, what is mounted there may be its own group already.
pub(super) fn cpu_stat(groups: &Path, mount: &Path) -> Option<PathBuf> {
    let text = text_of(groups)?;
    let is_there = |file: &PathBuf| Throttling::read(file).is_some();
    let candidates = text.lines().filter_map(group).flat_map(|(dirs, path)| {
        let of = move |dir: &&str| [format!("{dir}{path}/cpu.stat"), format!("{dir}/cpu.stat")];
        dirs.iter().flat_map(of)
    });
    candidates.map(|file| mount.join(file.trim_start_matches('/'))).find(is_there)
}

/// Where a line of `/proc/self/cgroup` says that CPU time is limited: directories, and the path in them.
pub(super) fn group(line: &str) -> Option<(&'static [&'static str], &str)> {
    let mut parts = line.splitn(3, ':');
    let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
    // The path of a group outside of what is mounted leads upward.
    let path = if path.split('/').any(|part| part == "..") { "" } else { path.trim_end_matches('/') };
    match controllers {
        "" => Some((&[""], path)),
        _ if controllers.split(',').any(|controller| controller == "cpu") => Some((&["cpu,cpuacct", "cpu"], path)),
        _ => None,
    }
}

fn text_of(file: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(file).ok()?.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests;
