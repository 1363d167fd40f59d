//! Routes that a framework does not name, declared by their templates.

use std::sync::Arc;

use crate::memo::Route;

/// Templates in the order they were declared.
#[derive(Debug, Default)]
pub(crate) struct Declared(Vec<Arc<str>>);

impl Declared {
    pub(crate) fn new(templates: impl IntoIterator<Item = Arc<str>>) -> Self {
        Self(templates.into_iter().collect())
    }

    /// The first template that a path fits.
    pub(crate) fn find(&self, path: &str) -> Option<Route> {
        let template = self.0.iter().find(|template| fits(template, path))?;
        // Kept here as long as the layer lives.
        Some(Route { template: Arc::clone(template), kept: true })
    }
}

/// Segment by segment: `{name}` fits one that is not empty, `{*name}` all that is left, also nothing.
fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        let (wanted, given) = (wanted.next(), given.next());
        match wanted {
            Some(rest) if rest.starts_with("{*") && rest.ends_with('}') => return true,
            Some(any) if any.starts_with('{') && any.ends_with('}') && given.is_some_and(|given| !given.is_empty()) => {
            }
            None => return given.is_none(),
            _ if wanted != given => return false,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
