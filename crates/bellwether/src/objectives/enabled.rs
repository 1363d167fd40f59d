//! Objectives with the feature `slo`: judged at each tick, kept by minutes, shown, and reported on.

#[path = "pages.rs"]
mod pages;
#[path = "schedule.rs"]
mod schedule;
#[path = "shown.rs"]
mod shown;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use bellwether_core::{Clock, Instant, Registry};
use bellwether_dependency::Dependencies;
use bellwether_export::Resource;
use bellwether_promql::Engine;
use bellwether_slo::report::Report;
use bellwether_slo::{
    Calendar, Correction, Interval, Judge, Moment, Objective, Read, Readings, Remembered, Slo, Unit, Verdict, Zone,
};
use http::request::Parts;

use crate::builder::Builder;
use crate::error::Error;
use crate::keeper::Keeper;
use crate::settings::Settings;
use crate::turn::Turn;
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
    judge: Mutex<Judge>,
    remembered: Remembered,
    shown: Shown,
    schedule: Option<Schedule>,
    zone: Zone,
}

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

    pub(crate) fn start(
        self,
        settings: &Settings,
        resource: &Resource,
        registry: &Registry,
        dependencies: &Dependencies,
        keeper: &Keeper,
        notices: &mut Vec<String>,
    ) -> Result<Follower, Error> {
        let refuse = |error: bellwether_slo::Error| Error::objectives(error.to_string());
        let remembered = Remembered::new(&keeper.history(), registry);
        let now = registry.clock().timestamp();
        let mut judge = Judge::ticking(settings.tick, self.slos.iter().cloned()).map_err(refuse)?;
        // While the minutes of the last run are known.
        if let Err(error) = remembered.keep(&self.slos, now) {
            notices.push(format!("what objectives counted before is not kept: {error}"));
        }
        // Read once, for all of them.
        let past = remembered.past();
        for slo in &self.slos {
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
        let schedule = settings.reports.path.clone().map(Schedule::new);
        let objectives = Objectives(Arc::new(Inner {
            service: resource.service_name().to_owned(),
            registry: registry.clone(),
            shown: Shown::new(registry, &self.slos)?,
            judge: Mutex::new(judge),
            remembered,
            schedule,
            zone,
        }));
        let dependencies = dependencies.clone();
        Ok(Follower { objectives, dependencies, kept: None, keeping: Turn::default() })
    }
}

impl Objectives {
    /// Each objective and its verdict as of the last tick, by name.
    pub fn verdicts(&self) -> Vec<(Slo, Verdict)> {
        self.0.judge().verdicts().map(|(slo, verdict)| (slo.clone(), verdict.clone())).collect()
    }

    /// A handle to one of them, to be kept by the code that asks: what is left of its budget, and how urgent it is.
    pub fn objective(&self, name: &str) -> Option<Objective> {
        self.0.judge().objective(name)
    }

    /// Corrects time of an objective from now on: maintenance that begins.
    ///
    /// # Errors
    /// If there is no such objective, or the correction is of no time of a day.
    pub fn correct(&self, name: &str, correction: Correction) -> Result<(), bellwether_slo::Error> {
        self.0.judge().correct(name, correction)
    }

    /// The report of a unit of a calendar. It is measured when it is asked for, which reads the file of history: not to be done
    /// on a thread that serves.
    ///
    /// # Errors
    /// If the time is no unit of the calendar, or has not begun.
    pub fn report(&self, calendar: &Calendar, over: Interval) -> Result<Report, bellwether_slo::Error> {
        let slos: Vec<Slo> = self.verdicts().into_iter().map(|(slo, _)| slo).collect();
        let now = self.clock().timestamp();
        Report::make(&*self.0.service, &slos, &self.0.remembered.past(), &(), calendar, over, now)
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
        let slos: Vec<Slo> = self.verdicts().into_iter().map(|(slo, _)| slo).collect();
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

impl Inner {
    fn judge(&self) -> MutexGuard<'_, Judge> {
        self.judge.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower {
    pub(crate) fn objectives(&self) -> &Objectives {
        &self.objectives
    }

    pub(crate) fn tick(&mut self) {
        let inner = &self.objectives.0;
        let mut judge = inner.judge();
        if judge.verdicts().next().is_none() && inner.shown.is_empty() {
            return;
        }
        let clock = inner.registry.clock();
        let (moment, now) = (Moment::now(clock), clock.now());
        let readings = Now { inner, dependencies: &self.dependencies, engine: Engine::default(), now };
        judge.tick(moment, &readings);
        judge.verdicts().for_each(|(slo, verdict)| inner.shown.show(slo, verdict));
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
