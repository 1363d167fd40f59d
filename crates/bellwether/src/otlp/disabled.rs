//! OTLP without the feature `otlp`: there is none.

use std::sync::Arc;
use std::time::Duration;

use bellwether_core::{OnEnd, Registry, Scope, TraceContext};
use bellwether_export::Resource;
use bellwether_tower::Sampler;

use crate::error::Error;
use crate::settings::Settings;
use crate::shutdown::Delivery;

/// What the builder was told.
#[derive(Debug, Default)]
pub(crate) struct OtlpPlan {}

/// Nothing that runs.
#[derive(Debug, Clone)]
pub(crate) struct Otlp;

impl OtlpPlan {
    pub(crate) fn start(
        self,
        _: &Settings,
        _: &Resource,
        _: &Registry,
        _: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Otlp, Error> {
        Ok(Otlp)
    }
}

impl Otlp {
    pub(crate) fn listener(&self) -> Option<Arc<dyn OnEnd>> {
        None
    }

    pub(crate) fn span_hook(&self) -> Option<fn(&tracing::Span, &Scope)> {
        None
    }

    pub(crate) fn position(&self) -> Option<fn() -> Option<TraceContext>> {
        None
    }

    pub(crate) fn sampler(&self) -> Option<Sampler> {
        None
    }

    pub(crate) async fn finish(self, _: Duration) -> (Vec<Delivery>, bool) {
        (Vec::new(), true)
    }
}
