//! History without the feature `history`: nothing is remembered.

use std::time::Duration;

use bellwether_core::Registry;
use bellwether_export::Resource;

use crate::settings::Settings;

/// What the builder was told.
#[derive(Debug, Default)]
pub(crate) struct HistoryPlan {}

/// Nobody who remembers.
#[derive(Debug, Clone)]
pub(crate) struct Keeper;

impl HistoryPlan {
    pub(crate) fn start(self, _: &Settings, _: &Resource, _: &Registry) -> Keeper {
        Keeper
    }
}

impl Keeper {
    pub(crate) fn tick(&mut self) {}

    pub(crate) async fn finish(self, _: Duration) {}
}
