//! JSON logs on standard output: what was asked for, and what runs.

use std::sync::Arc;
use std::time::Duration;

use bellwether_core::{Gauge, OnEnd, Registry};
use bellwether_export::Resource;
use bellwether_export::log::{JsonLog, Layout, Output};

use crate::error::Error;
use crate::settings::Settings;
use crate::shutdown::Delivery;

/// What the builder was told.
#[derive(Debug, Default)]
pub(crate) struct LogPlan {
    pub(crate) layout: Option<Layout>,
    /// Where lines go, if not to standard output.
    pub(crate) writer: Option<Writer>,
}

pub(crate) struct Writer(pub(crate) Box<dyn std::io::Write + Send>);

/// The log, if there is one.
#[derive(Debug, Clone)]
pub(crate) struct Logs(Option<Running>);

#[derive(Debug, Clone)]
struct Running {
    log: JsonLog,
    waiting: Gauge,
}

impl LogPlan {
    pub(crate) fn start(self, settings: &Settings, resource: &Resource, registry: &Registry) -> Result<Logs, Error> {
        let said = settings.log.layout.and_then(|layout| layout.parse().ok());
        let asked = self.layout.is_some() || said.is_some();
        if !settings.log.enabled.unwrap_or(asked) {
            return Ok(Logs(None));
        }
        let output = match self.writer {
            Some(Writer(writer)) => Output::queued(writer, registry)?,
            None => Output::stdout(registry)?,
        };
        let version = resource.attribute("service.version").unwrap_or_default();
        let mut log = JsonLog::new(output)
            .layout(said.or(self.layout).unwrap_or_default())
            .service(resource.service_name(), version)
            .redact(settings.log.redact.iter().map(String::as_str));
        for (name, value) in resource.attributes() {
            if matches!(&**name, "deployment.environment.name" | "service.namespace" | "service.instance.id") {
                log = log.field(name, value);
            }
        }
        let waiting = registry
            .gauge("bellwether.log.waiting")
            .unit("{line}")
            .description("Log lines that wait to be written.")
            .build()?;
        Ok(Logs(Some(Running { log, waiting })))
    }
}

impl Logs {
    pub(crate) fn log(&self) -> Option<&JsonLog> {
        self.0.as_ref().map(|running| &running.log)
    }

    pub(crate) fn listener(&self) -> Option<Arc<dyn OnEnd>> {
        Some(Arc::new(self.log()?.requests()))
    }

    pub(crate) fn read(&self) {
        if let Some(running) = &self.0 {
            running.waiting.set(running.log.output().waiting() as f64);
        }
    }

    pub(crate) fn flush(&self, within: Duration) {
        if let Some(log) = self.log() {
            log.output().flush(within);
        }
    }

    pub(crate) fn finish(self, within: Duration) -> Option<Delivery> {
        let output = self.log()?.output();
        let waiting = output.flush(within);
        Some(Delivery::new("log lines", output.written(), [("dropped", output.dropped())], waiting))
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer")
    }
}
