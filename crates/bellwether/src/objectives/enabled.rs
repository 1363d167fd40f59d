//! Objectives with the feature `slo`: judged at each tick, kept by minutes, shown, and reported on.

#[path = "incidents.rs"]
mod incidents;
#[path = "pages.rs"]
mod pages;
#[path = "schedule.rs"]
mod schedule;
#[path = "shown.rs"]
mod shown;
#[path = "standing.rs"]
mod standing;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use bellwether_core::{Clock, Instant, Registry, Timestamp};
use bellwether_dependency::Dependencies;
use bellwether_export::Resource;
use bellwether_promql::Engine;
use bellwether_slo::report::Report;
use bellwether_slo::{
    Budgeting, Calendar, Correction, Dimension, Interval, Judge, Moment, Objective, Read, Readings, Remembered, Slo,
    Spending, Unit, Verdict, Zone, spending_corrected,
};
use http::request::Parts;

use crate::builder::Builder;
use crate::error::Error;
use crate::keeper::Keeper;
use crate::settings::Settings;
use crate::turn::Turn;
use incidents::Incidents;
use schedule::Schedule;
use shown::Shown;

/// What the builder or a file said.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ObjectivesPlan {
    pub(crate) slos: Vec<Slo>,
}

/// Whoever judges at each tick.
#[derive(Debug, Clone)]
pub(crate) struct Follower {
    objectives: Objectives,
    dependencies: Dependencies,
    incidents: Incidents,
    kept: Option<Instant>,
    /// While it is under way, it does not begin again.
    keeping: Turn,
}

/// The objectives of a service, as they are followed: what they are, how they stand, and reports of how they stood. Cheap to
/// clone.
#[derive(Debug, Clone)]
pub struct Objectives(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    service: String,
    registry: Registry,
    /// Held for as long as a tick takes; whoever asks looks at `standing`.
    judge: Mutex<Judge>,
    standing: Mutex<Standing>,
    handles: BTreeMap<String, Objective>,
    remembered: Remembered,
    shown: Shown,
    schedule: Option<Schedule>,
    zone: Zone,
}

/// Each objective and its verdict as of the last tick, by name.
type Standing = Arc<[(Arc<Slo>, Arc<Verdict>)]>;

/// So many spenders of each dimension are named.
const SPENDERS: usize = 5;
/// From keeping to keeping.
const EVERY: Duration = Duration::from_secs(60);

impl Builder {
    /// Promises something. It is judged at each tick, and history keeps what it counts; see [`Objectives`].
    ///
    /// ```
    /// use bellwether::{Bellwether, slo::{Slo, Target}};
    ///
    /// let bw = Bellwether::builder("shop")
    ///     .environment(|_| None)
    ///     .objective(Slo::availability("orders", Target::new(0.999)?).route("/v1/orders"))
    ///     .start()?;
    /// let orders = bw.objectives().objective("orders").unwrap(); // for code that sheds load
    /// assert_eq!(orders.tier(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn objective(mut self, slo: Slo) -> Self {
        self.objectives.slos.push(slo);
        self
    }
}

impl ObjectivesPlan {
    /// Whether a key at the top of a file is one of objectives.
    pub(crate) fn is_key(key: &str) -> bool {
        bellwether_slo::format::toml::KEYS.contains(&key)
    }

    /// The objectives of a file, which has other settings too.
    pub(crate) fn read(text: &str, file: &str, others: &[&str]) -> Result<Self, Error> {
        let read = bellwether_slo::format::toml::read(text, file, others);
        let read = read.map_err(|problems| Error::objectives(problems.to_string()))?;
        Ok(Self { slos: read.slos })
    }

    pub(crate) fn and(mut self, more: &Self) -> Self {
        self.slos.extend(more.slos.iter().cloned());
        self
    }

    /// Latency is judged by counts at declared bounds: these are to be declared.
    pub(crate) fn bounds(&self) -> Vec<f64> {
        self.slos.iter().filter_map(|slo| slo.threshold()).map(|threshold| threshold.as_secs_f64()).collect()
    }

    /// Begins to follow them, and history, which has its first tick here: the last minutes of an earlier run are known before
    /// it, and no more after a long time.
    pub(crate) fn start(
        self,
        settings: &Settings,
        resource: &Resource,
        registry: &Registry,
        dependencies: &Dependencies,
        keeper: &mut Keeper,
        notices: &mut Vec<String>,
    ) -> Result<Follower, Error> {
        let refuse = |error: bellwether_slo::Error| Error::objectives(error.to_string());
        let mut slos = self.slos;
        let remembered = Remembered::new(&keeper.history(), registry);
        let now = registry.clock().timestamp();
        // What is wrong with them as they were given is said before anything is read.
        Judge::ticking(settings.tick, slos.iter().cloned()).map_err(refuse)?;
        if let Err(error) = remembered.correct(&mut slos) {
            notices.push(error.to_string());
        }
        let mut judge = Judge::ticking(settings.tick, slos.iter().cloned()).map_err(refuse)?;
        if let Err(error) = remembered.keep(&slos, now) {
            notices.push(format!("what objectives counted before is not kept: {error}"));
        }
        remembered.began(resource.attribute("service.version"), registry.clock().timestamp());
        keeper.tick();
        // Read once, for all of them.
        let past = remembered.past();
        for slo in &slos {
            // A month may be longer than months are by custom.
            let period = slo.period.nominal().max(now.since(slo.period.at(now).start));
            let before = past.slots(slo, period + EVERY * 60, now);
            // What was before is lost to the verdict then, and not to reports.
            if let Err(error) = before.and_then(|slots| judge.replay(&slo.name, &slots)) {
                notices.push(format!("{error}: its budget begins anew"));
            }
        }
        drop(past);
        let zone = settings.reports.zone.as_deref().map_or_else(|| Ok(Zone::utc()), Zone::new).map_err(refuse)?;
        let schedule = settings.reports.path.clone().map(|path| Schedule::new(path, resource.service_name()));
        let handle = |slo: &Slo| Some((slo.name.clone(), judge.objective(&slo.name)?));
        let objectives = Objectives(Arc::new(Inner {
            service: resource.service_name().to_owned(),
            registry: registry.clone(),
            shown: Shown::new(registry, &slos)?,
            handles: slos.iter().filter_map(handle).collect(),
            judge: Mutex::new(judge),
            standing: Mutex::new(Arc::new([])),
            remembered,
            schedule,
            zone,
        }));
        let dependencies = dependencies.clone();
        let incidents = Incidents::default();
        Ok(Follower { objectives, dependencies, incidents, kept: None, keeping: Turn::default() })
    }
}

impl Objectives {
    /// Each objective and its verdict as of the last tick, by name. Nobody waits for a tick here.
    pub fn verdicts(&self) -> Arc<[(Arc<Slo>, Arc<Verdict>)]> {
        Arc::clone(&self.0.standing.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn slos(&self) -> Vec<Slo> {
        self.verdicts().iter().map(|(slo, _)| Slo::clone(slo)).collect()
    }

    /// A handle to one of them, to be kept by the code that asks: what is left of its budget, and how urgent it is.
    pub fn objective(&self, name: &str) -> Option<Objective> {
        self.0.handles.get(name).cloned()
    }

    /// Corrects time of an objective from now on: maintenance that begins. It is kept in history, with who said so
    /// ([`Correction::by`]), why and when, is given again at the next start, and is listed by reports and `/api/slo`. Returns when
    /// it was set, by which it can be [taken back](Self::take_back).
    ///
    /// # Errors
    /// If there is no such objective, or the correction is of no time of a day, or says more than there is room for, or there
    /// are [so many](Judge::MAX_CORRECTIONS) already.
    pub fn correct(&self, name: &str, mut correction: Correction) -> Result<Timestamp, bellwether_slo::Error> {
        let mut judge = self.0.judge();
        // Each at a time of its own: no other one is taken back with it.
        let mut set_at = self.clock().timestamp();
        while is_set_at(&judge, name, set_at) {
            set_at = set_at.after(Duration::from_nanos(1));
        }
        correction.set_at = Some(set_at);
        judge.correct(name, correction.clone())?;
        if let Err(error) = self.0.remembered.corrected(name, &correction) {
            judge.take_back(name, set_at)?;
            return Err(error);
        }
        self.0.publish(&judge);
        Ok(set_at)
    }

    /// Takes back what was corrected of an objective by code at an instant: it was wrong. Reports count that time again as it
    /// was; of the period under way, what the judge has left out so far stays so until the next start.
    ///
    /// # Errors
    /// If there is no such objective.
    pub fn take_back(&self, name: &str, set_at: Timestamp) -> Result<bool, bellwether_slo::Error> {
        let mut judge = self.0.judge();
        if !judge.take_back(name, set_at)? {
            return Ok(false);
        }
        self.0.remembered.taken_back(name, set_at, self.clock().timestamp())?;
        self.0.publish(&judge);
        Ok(true)
    }

    /// Who spent the budget of an objective in its period so far, by each dimension that is known; nobody of one that is not
    /// there. It is measured when it is asked for, as a report is.
    pub fn spending(&self, name: &str) -> Vec<Spending> {
        let verdicts = self.verdicts();
        let Some((slo, verdict)) = verdicts.iter().find(|(slo, _)| slo.name == name) else { return Vec::new() };
        let (past, over) = (self.0.remembered.past(), verdict.evidence.over);
        // A period that rolls begins within an hour, of which no minutes are known by then.
        let start = Timestamp::from_unix_seconds(over.start.unix_millis() / 3_600_000 * 3600);
        let over = Interval::new(start, over.end);
        let budget = verdict.evidence.budget.filter(|_| slo.budgeting == Budgeting::Occurrences);
        let by = |by| spending_corrected(slo, &past, by, over, budget.as_ref(), SPENDERS).ok().flatten();
        Dimension::ALL.into_iter().filter_map(by).filter(|spending| spending.bad > 0).collect()
    }

    /// The report of a unit of a calendar. It is measured when it is asked for, which reads the file of history: not to be done
    /// on a thread that serves.
    ///
    /// # Errors
    /// If the time is no unit of the calendar, or has not begun.
    pub fn report(&self, calendar: &Calendar, over: Interval) -> Result<Report, bellwether_slo::Error> {
        let (past, now) = (self.0.remembered.past(), self.clock().timestamp());
        Report::make(&*self.0.service, &self.slos(), &past, &past, calendar, over, now)
    }

    /// The zone that reports are made for unless another is asked for.
    pub fn zone(&self) -> &Zone {
        &self.0.zone
    }

    fn clock(&self) -> &Clock {
        self.0.registry.clock()
    }

    /// Keeps by minutes what was counted, and makes the reports that are due. It reads and writes files.
    fn keep(&self) {
        let now = self.clock().timestamp();
        let slos = self.slos();
        if let Err(error) = self.0.remembered.keep(&slos, now) {
            tracing::warn!(target: "bellwether::slo", "what objectives counted is not kept: {error}");
        }
        let Some(schedule) = &self.0.schedule else { return };
        for unit in [Unit::Week, Unit::Month, Unit::Quarter] {
            let calendar = Calendar::new(unit, self.0.zone.clone());
            let make = |over| self.report(&calendar, over);
            match schedule.due(&calendar, now, make) {
                Ok(Some(path)) => {
                    tracing::info!(target: "bellwether::slo", report = %path.display(), "a report was made")
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(target: "bellwether::slo", "a report could not be made: {error}"),
            }
        }
    }
}

/// Whether a correction of an objective was set at an instant.
fn is_set_at(judge: &Judge, name: &str, at: Timestamp) -> bool {
    let mut of_it = judge.verdicts().filter(|(slo, _)| slo.name == name).flat_map(|(slo, _)| &slo.corrections);
    of_it.any(|correction| correction.set_at == Some(at))
}

impl Inner {
    fn judge(&self) -> MutexGuard<'_, Judge> {
        self.judge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, judge: &Judge) {
        let standing = judge.verdicts().map(|(slo, verdict)| (Arc::clone(slo), Arc::clone(verdict))).collect();
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }
}

impl Follower {
    pub(crate) fn objectives(&self) -> &Objectives {
        &self.objectives
    }

    pub(crate) fn tick(&mut self) {
        let inner = &self.objectives.0;
        let clock = inner.registry.clock();
        let at = (clock.timestamp(), clock.now());
        self.incidents.tell(self.dependencies.verdict().as_ref(), &inner.remembered, at);
        let mut judge = inner.judge();
        if judge.verdicts().next().is_none() && inner.shown.is_empty() {
            return;
        }
        let (moment, now) = (Moment::now(clock), clock.now());
        let readings = Now { inner, dependencies: &self.dependencies, engine: Engine::default(), now };
        judge.tick(moment, &readings);
        judge.verdicts().for_each(|(slo, verdict)| inner.shown.show(slo, verdict));
        inner.publish(&judge);
        drop(judge);
        if self.kept.is_some_and(|kept| now.since(kept) < EVERY) {
            return;
        }
        self.kept = Some(now);
        if let Some(taken) = self.keeping.take() {
            let objectives = self.objectives.clone();
            // The disk may be slow: it is waited for by another thread.
            let keep = move || {
                let _taken = taken;
                objectives.keep();
            };
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn_blocking(keep)),
                Err(_) => keep(),
            }
        }
    }

    /// The process stops in order, which is to be known of the time until it is there again.
    pub(crate) fn stop(&self) {
        let inner = &self.objectives.0;
        inner.remembered.stopped(inner.registry.clock().timestamp());
    }

    pub(crate) fn add_to<S: Clone + Send + Sync + 'static>(
        &self,
        router: Router<S>,
        admit: impl Fn(&Parts) -> Result<(), Box<Response>> + Clone + Send + Sync + 'static,
    ) -> Router<S> {
        if self.objectives.0.shown.is_empty() {
            return router;
        }
        pages::add_to(&self.objectives, router, admit)
    }
}

/// What is read at a tick.
struct Now<'a> {
    inner: &'a Inner,
    dependencies: &'a Dependencies,
    engine: Engine,
    now: Instant,
}

impl Readings for Now<'_> {
    fn each(&self, show: &mut dyn FnMut(&dyn Read)) {
        self.inner.registry.each(show);
    }

    fn evaluate(&self, expression: &str) -> Result<Option<f64>, String> {
        self.inner.remembered.evaluate(&self.engine, expression)
    }

    fn hung(&self, slo: &Slo) -> u64 {
        let Some(threshold) = slo.threshold() else { return 0 };
        let mut hung = 0;
        self.dependencies.hanging(threshold, self.now, |route| hung += u64::from(slo.indicator.is_of_route(route)));
        hung
    }
}
