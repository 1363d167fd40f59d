//! The judge at work: reads real traffic each tick, says what is wrong, and shows it.

use std::collections::HashSet;
use std::sync::{Arc, Weak};

use bellwether_core::{Counter, Family, Gauge, Instant, Registry};

use super::judge::Judge;
use super::meter::Reader;
use super::verdict::{Status, Verdict};
use super::window::Process;
use crate::dependencies::{Dependencies, Shared};
use crate::error::{Error, Why};

/// What the judge says of some [`Dependencies`] and of the requests that need them, tick by tick. From the first one on
/// traffic is counted; the last verdict is [`Dependencies::verdict`], and this in the registry:
///
/// | metric | labels | what it is |
/// |---|---|---|
/// | `dependency.incident` | `status` | 1 for what the verdict is: healthy, named or unknown; 0 for the others |
/// | `dependency.incident.suspect` | `root`, `cause` | the share of all that is lost that is charged to it, while an incident is open |
/// | `dependency.incident.lost` | | the share of requests that are lost or slow |
/// | `dependency.incident.routes` | | how many routes lose requests by the first suspect |
/// | `dependency.incident.opened` | `cause` | incidents that were opened |
/// | `dependency.cascade.turned_away` | | nodes, edges and pieces of work that there was no room to count |
#[derive(Debug)]
pub struct Watch {
    dependencies: Dependencies,
    reader: Reader,
    judge: Judge,
    suspects: Family<Gauge, 2>,
    opened: Family<Counter, 1>,
    turned_away: Counter,
    counted: u64,
    /// Roots and causes that are shown while they are suspected.
    shown: HashSet<(String, &'static str)>,
}

/// What changed with a tick.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Change {
    /// The incident that is over, as it was judged last.
    pub closed: Option<Arc<Verdict>>,
    /// The incident that has begun.
    pub opened: Option<Arc<Verdict>>,
}

/// Pairs of root and cause that are shown; further ones are in the verdict alone.
const MAX_SHOWN: usize = 256;

impl Watch {
    /// Begins to count traffic.
    ///
    /// # Errors
    /// If the registry has other metrics of the same names.
    pub fn new(dependencies: &Dependencies) -> Result<Self, Error> {
        Self::show(dependencies).map_err(|error| Error::new("", Why::Metrics(error)))
    }

    fn show(dependencies: &Dependencies) -> Result<Self, bellwether_core::Error> {
        let registry: &Registry = dependencies.registry();
        let suspects = registry.gauge("dependency.incident.suspect").unit("1").labels(["root", "cause"]);
        let opened = registry.counter("dependency.incident.opened").unit("{incident}").labels(["cause"]);
        let turned_away = registry.counter("dependency.cascade.turned_away").unit("{item}");
        let turned_away = turned_away.description("Routes, edges and pieces of work there was no room to count.");
        let status = registry.state_set("dependency.incident", "status", Status::ALL.map(Status::as_str));
        let status =
            status.description("What is said of the whole: whether there is an incident, and its root is known.");
        let (status, weak) = (status.build()?, dependencies.downgrade());
        status.observe(move || Some(last(&weak)?.status as usize));
        let lost = registry.gauge("dependency.incident.lost").unit("1");
        let lost = lost.description("The share of requests lost or slow beyond what is normal.").build()?;
        let weak = dependencies.downgrade();
        lost.observe(move || Some(last(&weak)?.lost));
        let routes = registry.gauge("dependency.incident.routes").unit("{route}");
        let routes = routes.description("How many routes lose requests by the first suspect.").build()?;
        let weak = dependencies.downgrade();
        routes.observe(move || Some(last(&weak)?.suspects.first().map_or(0.0, |first| first.routes.len() as f64)));
        Ok(Self {
            dependencies: dependencies.clone(),
            reader: Reader::new(dependencies),
            judge: Judge::default(),
            suspects: suspects.description("Whose fault it is: shares of what is lost.").family()?,
            opened: opened.description("Incidents that were opened.").family()?,
            turned_away: turned_away.build()?,
            counted: 0,
            shown: HashSet::new(),
        })
    }

    /// Judges what happened since the last tick, and what was seen of the process.
    pub fn tick(&mut self, now: Instant, process: Process) -> Change {
        let window = self.reader.read(now, process);
        let verdict = Arc::new(self.judge.tick(self.reader.graph(), &window, now));
        let turned_away = self.reader.turned_away();
        self.turned_away.add(turned_away.saturating_sub(self.counted));
        self.counted = turned_away;
        self.suspected(&verdict);
        let before = self.dependencies.judged(Arc::clone(&verdict));
        let id = |verdict: &Verdict| verdict.incident.map(|incident| incident.id);
        let was = before.as_deref().and_then(id);
        let changed = was != id(&verdict);
        let change = Change {
            closed: before.filter(|_| changed && was.is_some()),
            opened: Some(verdict).filter(|verdict| changed && verdict.incident.is_some()),
        };
        if let Some(opened) = &change.opened {
            let cause = opened.root().map_or("unknown", |root| root.cause.as_str());
            self.opened.get([cause]).inc();
        }
        change
    }

    /// Sees to it that each suspect is shown, as long as it is one.
    fn suspected(&mut self, verdict: &Verdict) {
        for suspect in &verdict.suspects {
            let pair = (suspect.root.to_string(), suspect.cause.as_str());
            if self.shown.contains(&pair) || self.shown.len() >= MAX_SHOWN {
                continue;
            }
            let ((root, cause), weak) = (pair.clone(), self.dependencies.downgrade());
            self.suspects.get([&root, cause]).observe(move || {
                let verdict = last(&weak)?;
                let is = |of: &&super::Suspect| of.cause.as_str() == cause && of.root.to_string() == root;
                verdict.suspects.iter().find(is).map(|suspect| suspect.score)
            });
            self.shown.insert(pair);
        }
    }
}

fn last(dependencies: &Weak<Shared>) -> Option<Arc<Verdict>> {
    Dependencies::upgrade(dependencies)?.verdict()
}
