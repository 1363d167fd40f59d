//! JSON logs without the feature `log`: there are none.

use std::sync::Arc;
use std::time::Duration;

use bellwether_core::{OnEnd, Registry};
use bellwether_export::Resource;

use crate::error::Error;
use crate::settings::Settings;
use crate::shutdown::Delivery;

/// What the builder was told.
#[derive(Debug, Default)]
pub(crate) struct LogPlan {}

/// Nothing that writes.
#[derive(Debug, Clone)]
pub(crate) struct Logs;

impl LogPlan {
    pub(crate) fn start(self, _: &Settings, _: &Resource, _: &Registry) -> Result<Logs, Error> {
        Ok(Logs)
    }
}

impl Logs {
    pub(crate) fn listener(&self) -> Option<Arc<dyn OnEnd>> {
        None
    }

    pub(crate) fn read(&self) {}

    pub(crate) fn flush(&self, _: Duration) {}

    pub(crate) fn finish(self, _: Duration) -> Option<Delivery> {
        None
    }
}
