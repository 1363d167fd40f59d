//! That the process began, and which release it was of: what was counted from there to the next beginning is of that release.

use bellwether_core::Timestamp;
use bellwether_history::file::{Query, Record, Undecodable};

use super::{Remembered, millis, unreadable};
use crate::{Error, Interval};

/// The process began. When is the record's own time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Began {
    /// The last that an earlier run saw, in milliseconds: what was counted after it is of this run. `None` if there was none.
    pub(super) after: Option<i64>,
    /// Empty if it does not say.
    pub(super) release: String,
}

/// A run of the process, in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    /// When it began.
    pub(super) at: i64,
    /// All that was counted after this, up to the same of the next run, is of this one.
    pub(super) after: i64,
    pub(super) release: String,
}

/// A stretch of time in which a release ran; `None` if it is not known which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ran {
    pub(super) over: (i64, i64),
    pub(super) release: Option<String>,
}

/// What is longer is cut: a version is some letters.
const MAX_RELEASE: usize = 256;

/// Eight bytes of time, and the release.
impl Record for Began {
    const LOG: &'static str = "process.runs";
    const VERSION: u16 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.after.unwrap_or(i64::MIN).to_le_bytes());
        out.extend(self.release.as_bytes());
    }

    fn decode(_: u16, bytes: &[u8]) -> Result<Self, Undecodable> {
        let (after, release) = bytes.split_first_chunk().ok_or(Undecodable)?;
        let after = Some(i64::from_le_bytes(*after)).filter(|after| *after > i64::MIN);
        Ok(Self { after, release: str::from_utf8(release).map_err(|_| Undecodable)?.to_owned() })
    }
}

impl Remembered {
    /// Notes that the process begins, and of which release it is (`service.version`): what it counts is spent by that. To be
    /// called once, on one that was made before history's first tick, by whoever ticks.
    pub fn began(&self, release: Option<&str>, now: Timestamp) {
        let release: String = release.unwrap_or_default().chars().take(MAX_RELEASE).collect();
        // It is a few bytes, which every limit allows.
        let _ = self.runs.append(&Began { after: self.before, release }, millis(now));
    }

    /// All runs that are known, in order.
    pub(super) fn all_runs(&self) -> Result<Vec<Run>, Error> {
        let page = self.runs.page(&Query::oldest().limit(usize::MAX)).map_err(unreadable)?;
        let run = |(at, Began { after, release })| Run { at, after: after.unwrap_or(i64::MIN), release };
        Ok(page.entries.into_iter().map(|entry| run((entry.at, entry.record))).collect())
    }
}

/// Which release ran when, within a time; runs of the same release are one stretch.
pub(super) fn releases(runs: &[Run], over: Interval) -> Vec<Ran> {
    let (from, to) = (millis(over.start), millis(over.end));
    let mut all: Vec<Ran> = Vec::new();
    let mut add = |start: i64, end: i64, release: Option<&str>| {
        let (start, end) = (start.max(from), end.min(to));
        match all.last_mut() {
            _ if start >= end => {}
            Some(last) if last.release.as_deref() == release => last.over.1 = end,
            _ => all.push(Ran { over: (start, end), release: release.map(str::to_owned) }),
        }
    };
    add(i64::MIN, runs.first().map_or(i64::MAX, |first| first.after), None);
    for (at, run) in runs.iter().enumerate() {
        let end = runs.get(at + 1).map_or(i64::MAX, |next| next.after);
        add(run.after, end, Some(&*run.release).filter(|release| !release.is_empty()));
    }
    all
}

#[cfg(test)]
mod tests;
