//! A view: history up to its last tick, which later ticks do not change; and how PromQL reads it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bellwether_promql::{Hints, Labels, Matcher, Sample, Selected, Selection, Storage};

use crate::error::Error;
use crate::family::Facet;
use crate::file::Reading;
use crate::history::Shared;
use crate::index::Found;
use crate::parts::{Parts, Shelves};
use crate::recent::Wanted;
use crate::render::Renderer;

/// History as it was at its last tick. However long it is held, and however many queries it answers, they all see the
/// same; ticks do not wait for it.
pub struct View {
    pub(crate) shared: Arc<Shared>,
    /// The time of the last tick.
    pub(crate) until: i64,
    store: OnceLock<Result<Reading, crate::file::Error>>,
}

/// A series that was asked for.
enum Pick {
    /// All that there is of it was read at once.
    Read(Labels, Vec<Sample>),
    /// How it is to be read.
    Open(Vec<(Facet, Labels)>, Shelves),
}

impl View {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let until = {
            let samples = shared.samples();
            samples.ticks.last().or(samples.earlier).unwrap_or(i64::MIN)
        };
        Self { shared, until, store: OnceLock::new() }
    }

    /// The time of the last tick it knows, in milliseconds since 1970: before the first of this run, of what the file has of
    /// earlier ones; `None` if there is none.
    pub fn until(&self) -> Option<i64> {
        Some(self.until).filter(|until| *until > i64::MIN)
    }

    /// From step to step, how fine that time is kept now, in milliseconds: 0 if every tick is, `None` if nothing is any more.
    pub fn resolution(&self, at: i64) -> Option<i64> {
        let samples = self.shared.samples();
        let age = self.until.saturating_sub(at);
        if age <= samples.retention() {
            return Some(0);
        }
        samples.steps.iter().find(|steps| age <= steps.retention).map(|steps| steps.resolution)
    }

    /// The series of these labels, each with what there is of it from the last sample before `from` up to `to`.
    pub(crate) fn parts(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<(Labels, Parts)>, Error> {
        let found: Vec<(Labels, Shelves)> = {
            let samples = self.shared.samples();
            let found = samples.index.find(matchers).into_iter();
            let whole = found.filter(|found| found.facets.contains(&Facet::Whole));
            let shelves = whole.filter_map(|found| {
                let shelves = Shelves::of(&samples, found.series, from, to.min(self.until))?;
                Some((samples.index.series.get(found.series)?.labels.clone(), shelves))
            });
            shelves.collect()
        };
        let store = self.store()?;
        found.into_iter().map(|(labels, shelves)| Ok((labels, shelves.parts(store)?))).collect()
    }

    /// What there is of the series that counts the time accounted for.
    pub(crate) fn coverage(&self, from: i64, to: i64) -> Result<Parts, Error> {
        let shelves = {
            let samples = self.shared.samples();
            Shelves::of(&samples, samples.coverage(), from, to.min(self.until))
        };
        Ok(shelves.map(|shelves| shelves.parts(self.store()?)).transpose()?.unwrap_or_default())
    }

    /// What the store had when it was first asked.
    pub(crate) fn store(&self) -> Result<Option<&Reading>, crate::file::Error> {
        match self.store.get_or_init(|| self.shared.store.read()) {
            Ok(reading) => Ok(Some(reading)),
            Err(error) => Err(error.clone()),
        }
    }
}

impl Storage for View {
    fn select<'a>(
        &'a self,
        selection: &Selection<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Selected<'a>, bellwether_promql::Error>> + 'a>, bellwether_promql::Error>
    {
        let (from, to) = (selection.start_ms, selection.end_ms.min(self.until));
        let hints = selection.hints;
        // Of one instant and no range, the last sample decides.
        let only_last = hints.range_ms == 0 && hints.step_ms == 0 && hints.first_ms == selection.end_ms;
        let mut found = self.shared.samples().index.find(selection.matchers).into_iter();
        let mut picks: VecDeque<Pick> = VecDeque::new();
        let mut ready: VecDeque<Selected<'a>> = VecDeque::new();
        Ok(Box::new(std::iter::from_fn(move || {
            loop {
                if let Some(selected) = ready.pop_front() {
                    return Some(Ok(selected));
                }
                if picks.is_empty() && found.len() > 0 {
                    picks.extend(self.pick(found.by_ref().take(AT_ONCE), (from, to), only_last, &hints));
                    continue;
                }
                match picks.pop_front()? {
                    Pick::Read(_, samples) if samples.is_empty() => {}
                    Pick::Read(labels, samples) => ready.push_back(Selected { labels, samples: Cow::Owned(samples) }),
                    Pick::Open(facets, shelves) => {
                        let store = if shelves.wants_store() { self.store() } else { Ok(None) };
                        match store.and_then(|store| shelves.parts(store)) {
                            Ok(parts) => ready.extend(Renderer::new(from, to, &hints).render(&parts, facets)),
                            Err(error) => return Some(Err(bellwether_promql::Error::storage(error.to_string()))),
                        }
                    }
                }
            }
        })))
    }
}

/// A tick waits for no more than so many series to be read.
const AT_ONCE: usize = 64;

impl View {
    fn pick(
        &self,
        found: impl Iterator<Item = Found>,
        (from, to): (i64, i64),
        only_last: bool,
        hints: &Hints,
    ) -> Vec<Pick> {
        let samples = self.shared.samples();
        let fine_enough = fine_enough(hints);
        let all_ticks = samples.steps.first().is_none_or(|steps| steps.resolution > fine_enough);
        let wanted = if all_ticks { Wanted::new(&samples, from, to, only_last) } else { None };
        let mut memo = self.shared.memo.lock();
        let picks = found.filter_map(|found| {
            let series = samples.index.series.get(found.series)?;
            if let Some(read) = wanted.as_ref().and_then(|wanted| wanted.read(&found, &mut memo)) {
                return Some(Pick::Read(series.labels.clone(), read));
            }
            let mut shelves = Shelves::of(&samples, found.series, from, to)?;
            shelves.no_finer_than(fine_enough);
            let facets = found.facets.iter().map(|facet| (*facet, series.labels_of(*facet))).collect();
            Some(Pick::Open(facets, shelves))
        });
        picks.collect()
    }
}

/// The resolution beyond which a query sees no difference: a tenth of what it looks at from step to step. A window wants
/// 60 samples.
fn fine_enough(hints: &Hints) -> i64 {
    if hints.range_ms > 0 { hints.range_ms / 60 } else { hints.step_ms / 2 }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("until", &self.until).finish_non_exhaustive()
    }
}
