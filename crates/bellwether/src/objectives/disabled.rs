//! Objectives without the feature `slo`: nobody promises anything.

use axum::Router;
use axum::response::Response;
use bellwether_core::Registry;
use bellwether_dependency::Dependencies;
use bellwether_export::Resource;
use http::request::Parts;

use crate::error::Error;
use crate::keeper::Keeper;
use crate::settings::Settings;

/// What the builder was told.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ObjectivesPlan {}

/// Nobody who judges.
#[derive(Debug, Clone)]
pub(crate) struct Follower;

impl ObjectivesPlan {
    /// Whether a key at the top of a file is one of objectives.
    pub(crate) fn is_key(key: &str) -> bool {
        ["maintenance", "objective", "objectives"].contains(&key)
    }

    pub(crate) fn read(_: &str, _: &str, _: &[&str]) -> Result<Self, Error> {
        Ok(Self {})
    }

    pub(crate) fn and(self, _: &Self) -> Self {
        self
    }

    pub(crate) fn bounds(&self) -> Vec<f64> {
        Vec::new()
    }

    pub(crate) fn start(
        self,
        _: &Settings,
        _: &Resource,
        _: &Registry,
        _: &Dependencies,
        keeper: &mut Keeper,
        _: &mut Vec<String>,
    ) -> Result<Follower, Error> {
        keeper.tick();
        Ok(Follower)
    }
}

impl Follower {
    pub(crate) fn tick(&mut self) {}

    pub(crate) fn stop(&self) {}

    pub(crate) fn add_to<S: Clone + Send + Sync + 'static>(
        &self,
        router: Router<S>,
        _: impl Fn(&Parts) -> Result<(), Box<Response>>,
    ) -> Router<S> {
        router
    }
}
