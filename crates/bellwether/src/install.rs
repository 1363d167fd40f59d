//! What is global in a process, installed only if the builder was told to, and never over what is there.

#[cfg(not(any(feature = "log", feature = "otlp")))]
#[path = "install/without_subscriber.rs"]
mod subscriber;
#[cfg(any(feature = "log", feature = "otlp"))]
#[path = "install/subscriber.rs"]
mod subscriber;

use std::panic;
use std::time::Duration;

use bellwether_core::{Counter, Error, Registry};

use crate::log::Logs;
use crate::otlp::Otlp;
use crate::settings::Settings;

/// What the builder was told to install.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Installs {
    pub(crate) tracing: bool,
    pub(crate) panic_hook: bool,
    pub(crate) metrics: bool,
}

impl Installs {
    /// Installs what was asked for. What is already taken is noted.
    pub(crate) fn install(
        self,
        settings: &Settings,
        registry: &Registry,
        logs: &Logs,
        otlp: &Otlp,
        var: &dyn Fn(&str) -> Option<String>,
        notices: &mut Vec<String>,
    ) -> Result<(), Error> {
        if self.tracing {
            notices.extend(subscriber::install(settings, logs, otlp, var));
        }
        if self.metrics {
            notices.extend(install_recorder(registry));
        }
        if self.panic_hook {
            let panics = registry
                .counter("bellwether.panics")
                .unit("{panic}")
                .description("Panics anywhere in the process.")
                .build()?;
            hook(panics, logs.clone());
        }
        Ok(())
    }
}

#[cfg(feature = "metrics-facade")]
fn install_recorder(registry: &Registry) -> Option<String> {
    let refused = metrics::set_global_recorder(registry.recorder()).is_err();
    refused.then(|| "a recorder for the metrics facade is already installed; this one is not".to_owned())
}

#[cfg(not(feature = "metrics-facade"))]
fn install_recorder(_: &Registry) -> Option<String> {
    None
}

/// Whether the process may end by a panic on this thread. Elsewhere it most likely goes on, with a request that failed: there
/// nobody waits for the log, or a reader that stalls would hold up the runtime once more with each panic.
fn may_be_the_end(thread: &str) -> bool {
    cfg!(panic = "abort") || thread == "main"
}

/// Counts and logs panics, then calls the hook that was there before.
fn hook(panics: Counter, logs: Logs) {
    /// For the log to be written: an abort may follow at once.
    const MOMENT: Duration = Duration::from_millis(100);
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        panics.inc();
        let payload = panic.payload();
        let message = payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str));
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or_default();
        tracing::error!(target: "panic", location, thread, "{}", message.unwrap_or("a panic without a message"));
        if may_be_the_end(thread) {
            logs.flush(MOMENT);
        }
        before(panic);
    }));
}
