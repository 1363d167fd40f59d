//! What whoever deploys says of dependencies by name, over what the code says; and what of it was said in vain.

use std::collections::BTreeMap;
use std::time::Duration;

use bellwether_dependency::{Criticality, Dependency, DependencyBuilder};

use crate::error::printable;
use crate::settings::{listed, nearest};

/// What is said of dependencies in settings, each name once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) criticality: Vec<(String, Criticality)>,
    pub(crate) owner: Vec<(String, String)>,
    pub(crate) runbook: Vec<(String, String)>,
    /// Where each of these settings was given.
    pub(crate) places: BTreeMap<&'static str, String>,
}

/// So many names are told, of each kind.
const MAX_TOLD: usize = 16;

impl Overrides {
    /// After so long a service has registered whom it relies on.
    pub(crate) const SETTLED: Duration = Duration::from_secs(60);

    pub(crate) fn apply(&self, described: DependencyBuilder) -> DependencyBuilder {
        let criticality = of(&self.criticality, described.name()).copied();
        let owner = of(&self.owner, described.name());
        let runbook = of(&self.runbook, described.name());
        let described = criticality.into_iter().fold(described, DependencyBuilder::criticality);
        let described = owner.into_iter().fold(described, |described, owner| described.owner(owner));
        runbook.into_iter().fold(described, |described, link| described.runbook(link))
    }

    /// What is said in vain of those that are there, a sentence each. Nothing before the service has run for a while: they
    /// may still come.
    pub(crate) fn in_vain(&self, there: &[Dependency], runs_for: Duration) -> Vec<String> {
        if runs_for < Self::SETTLED {
            return Vec::new();
        }
        let criticality = self.criticality.iter().map(|(name, said)| {
            let heeds = |own: &Dependency| own.criticality() == *said;
            self.vain("dependencies.criticality", name, there, heeds)
        });
        let owner = self.owner.iter().map(|(name, said)| {
            let heeds = |own: &Dependency| own.owner() == Some(said);
            self.vain("dependencies.owner", name, there, heeds)
        });
        let runbook = self.runbook.iter().map(|(name, said)| {
            let heeds = |own: &Dependency| own.runbook() == Some(said);
            self.vain("dependencies.runbook", name, there, heeds)
        });
        criticality.chain(owner).chain(runbook).flatten().take(MAX_TOLD).collect()
    }

    fn vain(
        &self,
        key: &'static str,
        name: &str,
        there: &[Dependency],
        heeds: impl Fn(&Dependency) -> bool,
    ) -> Option<String> {
        let why = match there.iter().find(|own| own.name() == name) {
            Some(own) if heeds(own) => return None,
            Some(_) => "which was not registered by `Bellwether::dependency`".to_owned(),
            None => match nearest(name, there.iter().map(Dependency::name)) {
                Some(near) => format!("which nobody registered; did you mean {near:?}?"),
                None => format!("which nobody registered; there {}", are(there)),
            },
        };
        let place = self.places.get(key).map(|place| format!("{place}: ")).unwrap_or_default();
        Some(printable(format_args!("{place}{key} speaks of {name:?}, {why}")))
    }
}

/// A few of them by name, and how many more there are.
fn are(there: &[Dependency]) -> String {
    let (first, others) = there.split_at(there.len().min(MAX_TOLD));
    let others = Some(others.len()).filter(|more| *more > 0).map(|more| format!("{more} more"));
    match first {
        [] => "is no dependency".to_owned(),
        _ => format!("are {}", listed(first.iter().map(|own| format!("{:?}", own.name())).chain(others))),
    }
}

fn of<'o, T>(all: &'o [(String, T)], name: &str) -> Option<&'o T> {
    all.iter().find(|(own, _)| own == name).map(|(_, said)| said)
}
