//! What whoever deploys says of dependencies by name, over what the code says.

use bellwether_dependency::{Criticality, DependencyBuilder};

/// What is said of dependencies in settings; of those that nobody registers it says nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) criticality: Vec<(String, Criticality)>,
    pub(crate) owner: Vec<(String, String)>,
    pub(crate) runbook: Vec<(String, String)>,
}

impl Overrides {
    pub(crate) fn apply(&self, described: DependencyBuilder) -> DependencyBuilder {
        let criticality = of(&self.criticality, described.name()).copied();
        let owner = of(&self.owner, described.name());
        let runbook = of(&self.runbook, described.name());
        let described = criticality.into_iter().fold(described, DependencyBuilder::criticality);
        let described = owner.into_iter().fold(described, |described, owner| described.owner(owner));
        runbook.into_iter().fold(described, |described, link| described.runbook(link))
    }
}

/// What was said last counts.
fn of<'o, T>(all: &'o [(String, T)], name: &str) -> Option<&'o T> {
    all.iter().rev().find(|(own, _)| own == name).map(|(_, said)| said)
}
