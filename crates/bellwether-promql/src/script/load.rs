//! Loading series, and native histograms with custom buckets made of classic ones.

use std::collections::BTreeMap;

use super::series::Notation;
use crate::{Histogram, Labels, MemoryStorage, STALE_NAN, Sample};

/// A `load` command.
pub(super) struct Load {
    pub(super) step: i64,
    pub(super) series: Vec<(Labels, Vec<Notation>)>,
    /// Whether classic histograms are loaded as native ones, too.
    pub(super) custom: bool,
}

impl Load {
    pub(super) fn run(&self, storage: &mut MemoryStorage) -> Result<(), String> {
        for (labels, values) in &self.series {
            for (at, value) in values.iter().enumerate() {
                let time = self.time(at);
                match value {
                    Notation::Nothing => {}
                    Notation::Float(x) => storage.push(labels, Sample::float(time, *x)),
                    Notation::Histogram(h, _) => storage.push(labels, Sample::histogram(time, h.clone())),
                }
            }
        }
        if self.custom {
            self.load_custom(storage)?;
        }
        Ok(())
    }

    fn time(&self, at: usize) -> i64 {
        self.step.saturating_mul(i64::try_from(at).unwrap_or(i64::MAX))
    }

    fn load_custom(&self, storage: &mut MemoryStorage) -> Result<(), String> {
        let mut all: BTreeMap<(Labels, i64), Classic> = BTreeMap::new();
        for (labels, values) in &self.series {
            let name = labels.metric_name().unwrap_or_default();
            let Some((base, part)) = name.rsplit_once('_') else { continue };
            let le = labels.get("le").and_then(|le| le.parse::<f64>().ok()).filter(|le| !le.is_nan());
            let kept = labels.iter().filter(|(label, _)| !["__name__", "le"].contains(label));
            let owner = Labels::new(kept.chain([("__name__", base)]));
            for (at, value) in values.iter().enumerate() {
                let Notation::Float(x) = value else { continue };
                if x.to_bits() == STALE_NAN {
                    continue;
                }
                let entry = || (owner.clone(), self.time(at));
                match (part, le) {
                    ("bucket", Some(le)) => all.entry(entry()).or_default().bucket(le, *x),
                    ("count", _) => all.entry(entry()).or_default().count = Some(*x),
                    ("sum", _) => all.entry(entry()).or_default().sum = *x,
                    _ => {}
                }
            }
        }
        for ((labels, time), classic) in all {
            let native = classic.native().map_err(|what| format!("{labels} at {time} ms: {what}"))?;
            storage.push(&labels, Sample::histogram(time, native));
        }
        Ok(())
    }
}

/// A classic histogram at an instant: its cumulative buckets in order of their bounds.
#[derive(Default)]
struct Classic {
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: f64,
}

impl Classic {
    /// Of buckets with the same bound, the first counts.
    fn bucket(&mut self, le: f64, count: f64) {
        let at = self.buckets.partition_point(|(bound, _)| *bound < le);
        if self.buckets.get(at).is_none_or(|(bound, _)| *bound != le) {
            self.buckets.insert(at, (le, count));
        }
    }

    fn native(self) -> Result<Histogram, String> {
        let highest = self.buckets.last().map_or(0.0, |(_, count)| *count);
        let count = self.count.unwrap_or(highest);
        let mut bounds = Vec::new();
        let mut counts = Vec::new();
        let mut below = 0.0;
        let finite = self.buckets.into_iter().filter(|(bound, _)| *bound != f64::INFINITY);
        for (index, (bound, cumulative)) in (0..).zip(finite) {
            if cumulative < below {
                return Err(format!("the bucket up to {bound} holds less than the one below"));
            }
            bounds.push(bound);
            counts.push((index, cumulative - below));
            below = cumulative;
        }
        counts.push((i32::try_from(counts.len()).unwrap_or(i32::MAX), count - below));
        Ok(Histogram::custom(bounds).totals(count, self.sum).positive(counts))
    }
}
