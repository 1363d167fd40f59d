//! What is said of a dependency when it is registered.

use std::sync::Arc;
use std::time::Duration;

use bellwether_breaker::BreakerBuilder;

use crate::error::{Error, Why};
use crate::kind::{Criticality, Kind, Reach};
use crate::probe::Probe;
use crate::status::{Patience, WINDOW};

/// A name may have this many bytes.
pub(crate) const MAX_NAME: usize = 64;
/// What is older than this without a probe is stale.
const STALE_AFTER: Duration = Duration::from_secs(60);
/// So many intervals of a probe may pass without evidence.
const STALE_INTERVALS: u32 = 3;

/// Describes a dependency; from [`Dependency::http`](crate::Dependency::http) and the like. Made by
/// [`Dependencies::register`](crate::Dependencies::register).
#[derive(Debug, Clone)]
#[must_use = "a dependency is made by `Dependencies::register`"]
pub struct DependencyBuilder {
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
    pub(crate) criticality: Criticality,
    pub(crate) owner: Option<Box<str>>,
    pub(crate) runbook: Option<Box<str>>,
    pub(crate) depends_on: Vec<Arc<str>>,
    pub(crate) breaker: Option<BreakerBuilder>,
    pub(crate) probe: Option<Probe>,
    pub(crate) patience: Patience,
    pub(crate) stale_after: Option<Duration>,
}

impl DependencyBuilder {
    pub(crate) fn new(kind: Kind, name: &str) -> Self {
        Self {
            name: name.into(),
            kind,
            criticality: Criticality::Optional,
            owner: None,
            runbook: None,
            depends_on: Vec::new(),
            breaker: None,
            probe: None,
            patience: Patience::default(),
            stale_after: None,
        }
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it means to lose it. Default: [`Optional`](Criticality::Optional).
    pub fn criticality(mut self, criticality: Criticality) -> Self {
        self.criticality = criticality;
        self
    }

    /// Nothing works without it, and others may still have it when this instance has not.
    pub fn critical_local(self) -> Self {
        self.criticality(Criticality::Critical(Reach::Local))
    }

    /// Nothing works without it, and all instances lose it together.
    pub fn critical_shared(self) -> Self {
        self.criticality(Criticality::Critical(Reach::Shared))
    }

    /// It is shown, and counts for nothing.
    pub fn informational(self) -> Self {
        self.criticality(Criticality::Informational)
    }

    /// Who is to be asked about it.
    pub fn owner(mut self, owner: &str) -> Self {
        self.owner = Some(owner.into());
        self
    }

    /// A link to what to do when it is down.
    pub fn runbook(mut self, link: &str) -> Self {
        self.runbook = Some(link.into());
        self
    }

    /// Another dependency that it relies on, by name; it may be registered later.
    pub fn depends_on(mut self, name: &str) -> Self {
        if !self.depends_on.iter().any(|own| **own == *name) {
            self.depends_on.push(name.into());
        }
        self
    }

    /// Guards its calls. The breaker gets the dependency's name and clock.
    pub fn breaker(mut self, breaker: BreakerBuilder) -> Self {
        self.breaker = Some(breaker);
        self
    }

    /// Asks it how it is while nobody calls it.
    pub fn probe(mut self, probe: Probe) -> Self {
        self.probe = Some(probe);
        self
    }

    /// How often in a row a change has to be seen before it is believed. Default: three times for the worse, twice for the
    /// better.
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// After so long without evidence it is unknown. Default: a minute, or if it has a probe three times its interval, its time
    /// limit, or the five seconds for which calls are looked at together, whichever is longest.
    pub fn stale_after(mut self, time: Duration) -> Self {
        self.stale_after = Some(time);
        self
    }

    pub(crate) fn staleness(&self) -> Duration {
        // A check that is given up is evidence as well, and so is a window of calls: none of it is too old when it comes.
        let slowest = |probe: &Probe| probe.interval().max(probe.time_limit()).max(WINDOW);
        let of_probe = |probe: &Probe| slowest(probe).saturating_mul(STALE_INTERVALS);
        self.stale_after.unwrap_or_else(|| self.probe.as_ref().map_or(STALE_AFTER, of_probe))
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let names = self.depends_on.iter().chain([&self.name]);
        let is_name = |name: &str| (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(char::is_control);
        if let Some(bad) = names.into_iter().find(|name| !is_name(name)) {
            return Err(Error::new(&self.name, Why::Name(bad.len())));
        }
        let setting = |what, given, accepted| Err(Error::new(&self.name, Why::Setting { what, given, accepted }));
        if self.patience.fall == 0 || self.patience.rise == 0 {
            return setting("patience", format!("{:?}", self.patience), "at least 1 look each way");
        }
        match &self.probe {
            Some(probe) if probe.interval().is_zero() => setting("interval of a probe", "0 s".into(), "more than 0 s"),
            Some(probe) if probe.time_limit().is_zero() => {
                setting("time limit of a probe", "0 s".into(), "more than 0 s")
            }
            _ if self.staleness().is_zero() => {
                setting("time after which evidence is stale", "0 s".into(), "more than 0 s")
            }
            _ => Ok(()),
        }
    }

    /// Whether the one that is there is what is described here. Of breakers and probes, only whether there is one is told.
    pub(crate) fn check_alike(&self, there: &Self) -> Result<(), Error> {
        let text = |text: &Option<Box<str>>| format!("{text:?}");
        let rows = [
            ("kind", self.kind.to_string(), there.kind.to_string()),
            ("criticality", self.criticality.to_string(), there.criticality.to_string()),
            ("owner", text(&self.owner), text(&there.owner)),
            ("runbook", text(&self.runbook), text(&there.runbook)),
            ("list of what it depends on", format!("{:?}", self.depends_on), format!("{:?}", there.depends_on)),
            ("having a breaker", self.breaker.is_some().to_string(), there.breaker.is_some().to_string()),
            ("having a probe", self.probe.is_some().to_string(), there.probe.is_some().to_string()),
            ("patience", format!("{:?}", self.patience), format!("{:?}", there.patience)),
            ("time to be stale", format!("{:?}", self.staleness()), format!("{:?}", there.staleness())),
        ];
        match rows.into_iter().find(|(_, here, there)| here != there) {
            Some((what, _, there)) => Err(Error::new(&self.name, Why::Differs { what, there })),
            None => Ok(()),
        }
    }
}
