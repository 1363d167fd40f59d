//! A subscriber for `tracing`: a filter by target, the JSON log and the layers of OTLP, as far as there are any.

use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

use crate::error::printable;
use crate::log::Logs;
use crate::otlp::Otlp;
use crate::settings::Settings;

/// Installs it, unless there is one. Returns what is to be noted.
pub(super) fn install(
    settings: &Settings,
    logs: &Logs,
    otlp: &Otlp,
    var: &dyn Fn(&str) -> Option<String>,
) -> Vec<String> {
    let mut notices = Vec::new();
    let levels = levels(settings, var, &mut notices);
    let subscriber = tracing_subscriber::registry().with(layers(logs, otlp, levels));
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        notices.push("a subscriber for tracing is already installed; this one is not".to_owned());
    }
    notices
}

fn layers<S>(logs: &Logs, otlp: &Otlp, levels: Targets) -> Vec<Box<dyn Layer<S> + Send + Sync>>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let mut layers: Vec<Box<dyn Layer<S> + Send + Sync>> = Vec::new();
    #[cfg(feature = "log")]
    if let Some(log) = logs.log() {
        layers.push(Box::new(log.clone().with_filter(levels.clone())));
    }
    #[cfg(feature = "otlp")]
    if let Some(pipeline) = otlp.pipeline() {
        // It has a filter of its own, by the request's sampling.
        layers.push(Box::new(pipeline.layer()));
    }
    let _ = (logs, otlp, levels);
    layers
}

/// Our own setting, else `RUST_LOG`, else everything from `info` up.
fn levels(settings: &Settings, var: &dyn Fn(&str) -> Option<String>, notices: &mut Vec<String>) -> Targets {
    let rust_log = || var("RUST_LOG").filter(|text| !text.trim().is_empty()).map(|text| ("RUST_LOG", text));
    let own = settings.log.level.clone().map(|text| ("log.level", text));
    if let Some((name, text)) = own.or_else(rust_log) {
        match text.parse() {
            Ok(levels) => return levels,
            Err(error) => notices.push(printable(format!("{name} is {text:?}: {error}; \"info\" is used instead"))),
        }
    }
    Targets::new().with_default(tracing::Level::INFO)
}
