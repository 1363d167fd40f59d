//! What Linux tells of a process and its threads, taken from the text of `/proc`. Elsewhere there is nothing to read.

use std::fs;
use std::time::Duration;

/// The kernel counts CPU time for `/proc` in hundredths of a second, whatever its own clock does.
const TICK: Duration = Duration::from_millis(10);

/// `/proc/self/stat`, and that of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) user: Duration,
    pub(super) system: Duration,
    pub(super) threads: u64,
    /// After the machine's boot.
    pub(super) started: Duration,
}

/// `/proc/self/status`, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) resident: Option<u64>,
    pub(super) virtual_size: Option<u64>,
}

impl Stat {
    pub(super) fn of_process() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/self/stat").ok()?)
    }

    pub(super) fn of_thread(id: u64) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/self/task/{id}/stat")).ok()?)
    }

    /// The second field is a name in parentheses that may itself hold spaces and parentheses: what counts begins after
    /// the last one. Source: proc_pid_stat(5)
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (_, fields) = text.rsplit_once(')')?;
        // The first one here is the third of the manual.
        let field = |number: usize| fields.split_ascii_whitespace().nth(number - 3)?.parse::<u64>().ok();
        Some(Self {
            user: ticks(field(14)?)?,
            system: ticks(field(15)?)?,
            threads: field(20)?,
            started: ticks(field(22)?)?,
        })
    }

    pub(super) fn cpu(&self) -> Duration {
        self.user.saturating_add(self.system)
    }
}

impl Memory {
    pub(super) fn of_process() -> Option<Self> {
        Some(Self::parse(&fs::read_to_string("/proc/self/status").ok()?))
    }

    pub(super) fn parse(text: &str) -> Self {
        let find = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            let (number, unit) = line.trim().split_once(' ')?;
            number.parse::<u64>().ok().filter(|_| unit.trim() == "kB")?.checked_mul(1024)
        };
        Self { resident: find("VmRSS:"), virtual_size: find("VmSize:") }
    }
}

/// How long the machine is up.
pub(super) fn uptime() -> Option<Duration> {
    parse_uptime(&fs::read_to_string("/proc/uptime").ok()?)
}

pub(super) fn parse_uptime(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.split_ascii_whitespace().next()?.parse().ok()?).ok()
}

/// How many files the process has open, the directory that is read for it not counted.
pub(super) fn open_files() -> Option<u64> {
    Some((fs::read_dir("/proc/self/fd").ok()?.count() as u64).saturating_sub(1))
}

/// The threads of this process whose names begin with `prefix`: id and name. Names are cut by the kernel to 15 bytes.
pub(super) fn threads(prefix: &str) -> Vec<(u64, String)> {
    const MOST: usize = 4096;
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return Vec::new() };
    let thread = |task: std::io::Result<fs::DirEntry>| {
        let task = task.ok()?;
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        let name = name.trim_end();
        name.starts_with(prefix).then_some(())?;
        Some((task.file_name().to_str()?.parse().ok()?, name.to_owned()))
    };
    tasks.take(MOST).filter_map(thread).collect()
}

fn ticks(count: u64) -> Option<Duration> {
    Some(Duration::from_millis(count.checked_mul(TICK.as_millis() as u64)?))
}

#[cfg(test)]
mod tests;
