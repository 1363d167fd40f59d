//! An hour of everything that objectives count, minute by minute, as a record of a few bytes.

use std::collections::BTreeMap;
use std::time::Duration;

use bellwether_history::file::{Record, Undecodable};

use super::asked::Key;
use super::text::{put_number as number, take_number as take};
use crate::Coverage;

/// Minutes of an hour.
pub(super) const MINUTES: usize = 60;

/// What was counted within one hour.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Hour {
    /// Hours since 1970.
    pub(super) hour: u64,
    pub(super) counts: BTreeMap<Key, Minutes>,
    /// Of each minute; empty if it is not known.
    pub(super) coverage: Vec<Coverage>,
}

/// What was counted in each minute of an hour, as it is written: a long report holds many of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Minutes(Box<[u8]>);

impl Minutes {
    /// Minute by minute; `None` where an expression had no value.
    pub(super) fn counts(&self) -> Vec<Option<u64>> {
        read_counts(&mut &*self.0).unwrap_or_default()
    }
}

impl FromIterator<Option<u64>> for Minutes {
    fn from_iter<I: IntoIterator<Item = Option<u64>>>(counted: I) -> Self {
        let counts: Vec<Option<u64>> = counted.into_iter().take(MINUTES).collect();
        let mut out = Vec::new();
        // The greatest count there is stands for one less.
        runs(&mut out, &counts, |out, count| number(out, count.map_or(0, |count| count.saturating_add(1))));
        Self(out.into())
    }
}

/// `hour, [unknown, stopped, repeats]…, [key, [value + 1, repeats]…]…`, all but keys as LEB128; times in milliseconds. The
/// repeats of a minute's values come to 60.
impl Record for Hour {
    const LOG: &'static str = "slo.hours";
    const VERSION: u16 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        number(out, self.hour);
        out.push(u8::from(!self.coverage.is_empty()));
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        runs(out, &self.coverage, |out, coverage| {
            number(out, millis(coverage.unknown));
            number(out, millis(coverage.stopped));
        });
        for (key, minutes) in &self.counts {
            out.extend(key);
            out.extend(&minutes.0);
        }
    }

    fn decode(_: u16, bytes: &[u8]) -> Result<Self, Undecodable> {
        let mut bytes = bytes;
        read(&mut bytes).filter(|_| bytes.is_empty()).ok_or(Undecodable)
    }
}

fn read(bytes: &mut &[u8]) -> Option<Hour> {
    let hour = take(bytes)?;
    let coverage = match bytes.split_off_first()? {
        0 => Vec::new(),
        1 => read_runs(bytes, |bytes| {
            let [unknown, stopped] = [take(bytes)?, take(bytes)?].map(Duration::from_millis);
            let known = Duration::from_secs(60).checked_sub(unknown.checked_add(stopped)?)?;
            Some(Coverage { known, unknown, stopped })
        })?,
        _ => return None,
    };
    let mut counts = BTreeMap::new();
    while !bytes.is_empty() {
        let key = Key::try_from(bytes.split_off(..size_of::<Key>())?).ok()?;
        let all = *bytes;
        read_counts(bytes)?;
        counts.insert(key, Minutes(all.get(..all.len() - bytes.len())?.into()));
    }
    Some(Hour { hour, counts, coverage })
}

fn read_counts(bytes: &mut &[u8]) -> Option<Vec<Option<u64>>> {
    read_runs(bytes, |bytes| take(bytes).map(|count| count.checked_sub(1)))
}

/// What is repeated, once, and how often.
fn runs<T: PartialEq>(out: &mut Vec<u8>, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    for run in items.chunk_by(PartialEq::eq) {
        if let Some(first) = run.first() {
            write(out, first);
            number(out, run.len() as u64);
        }
    }
}

fn read_runs<T: Clone>(bytes: &mut &[u8], read: impl Fn(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let mut items = Vec::with_capacity(MINUTES);
    while items.len() < MINUTES {
        let item = read(bytes)?;
        let repeats =
            usize::try_from(take(bytes)?).ok().filter(|repeats| (1..=MINUTES - items.len()).contains(repeats))?;
        items.resize(items.len() + repeats, item);
    }
    Some(items)
}

#[cfg(test)]
mod tests;
