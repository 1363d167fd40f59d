//! History: remembered at each tick, and brought into its file now and then.

#[path = "clock_jump.rs"]
mod clock_jump;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bellwether_core::{Instant, Registry};
use bellwether_export::Resource;
use bellwether_history::file::{Error, Kind, Limits, Log};
use bellwether_history::{History, Options};

use crate::builder::Builder;
use crate::settings::Settings;
use crate::turn::{Taken, Turn};

pub use clock_jump::ClockJump;

/// What the builder was told.
#[derive(Debug, Default)]
pub(crate) struct HistoryPlan {
    pub(crate) options: Option<Options>,
    pub(crate) path: Option<PathBuf>,
}

/// Whoever ticks and flushes.
#[derive(Debug, Clone)]
pub(crate) struct Keeper {
    history: History,
    clock_jumps: Log<ClockJump>,
    registry: Registry,
    every: Duration,
    /// When it is to be flushed next; `None` before the first tick.
    due: Option<Instant>,
    /// While one is under way, no other begins.
    flushing: Turn,
    /// What is wrong with the file, so that it is said once.
    trouble: Arc<Mutex<Option<Kind>>>,
}

impl Builder {
    /// What history keeps, for how long and within which bounds. Without this, what
    /// [`Options::new`] says.
    pub fn history(mut self, options: Options) -> Self {
        self.history.options = Some(options);
        self
    }

    /// The file that history outlives the process in; its directory must exist. Without one it is gone with the process.
    ///
    /// If the file cannot be used, the service starts all the same, history goes on in memory, and the log says why.
    pub fn history_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.history.path = Some(path.into());
        self
    }
}

impl HistoryPlan {
    pub(crate) fn start(self, settings: &Settings, resource: &Resource, registry: &Registry) -> Keeper {
        let told = &settings.history;
        let mut options = self.options.unwrap_or_default();
        options.max_series = told.max_series.unwrap_or(options.max_series);
        options.max_memory = told.max_memory.unwrap_or(options.max_memory);
        options.max_bytes = told.max_bytes.unwrap_or(options.max_bytes);
        // What a Prometheus that scrapes it would call it.
        if options.labels.iter().all(|(name, _)| name != "job") {
            options = options.label("job", resource.service_name());
        }
        let history = match told.path.clone().or(self.path) {
            Some(path) => History::open(path, options, registry.clock().timestamp()),
            None => History::in_memory(options),
        };
        let keeper = Keeper {
            clock_jumps: history.log(Limits::default()),
            history,
            registry: registry.clone(),
            every: told.flush,
            due: None,
            flushing: Turn::default(),
            trouble: Arc::default(),
        };
        let trouble = keeper.history.status().file.trouble.map(|trouble| trouble.error);
        tell(trouble.as_ref(), &keeper.trouble);
        keeper
    }
}

impl Keeper {
    pub(crate) fn history(&self) -> History {
        self.history.clone()
    }

    pub(crate) fn clock_jumps(&self) -> Log<ClockJump> {
        self.clock_jumps.clone()
    }

    pub(crate) fn tick(&mut self) {
        let clock = self.registry.clock();
        let now = clock.now();
        let tick = self.history.tick(&self.registry, clock.timestamp(), now);
        if tick.jump != 0 {
            tracing::warn!(target: "bellwether::history", jump_ms = tick.jump, "the wall clock jumped");
            // It is a few bytes, which every limit allows.
            let _ = self.clock_jumps.append(&ClockJump { by_millis: tick.jump }, tick.at);
        }
        // The second tick's is the first one, so that it is soon known that there was a run, however short.
        let is_due = self.due.is_some_and(|due| due <= now);
        if is_due && let Some(taken) = self.flushing.take() {
            self.flush(taken);
        }
        if is_due || self.due.is_none() {
            self.due = Some(if is_due { now.after(self.every) } else { now });
        }
    }

    /// The disk may be slow: it is waited for by another thread.
    fn flush(&self, taken: Taken) {
        let (history, wall) = (self.history.clone(), self.registry.clock().timestamp());
        let trouble = Arc::clone(&self.trouble);
        tokio::task::spawn_blocking(move || {
            let _taken = taken;
            let failed = history.flush(wall).err();
            tell(failed.as_ref(), &trouble);
        });
    }

    /// Keeps the last values, and gives the file back.
    pub(crate) async fn finish(mut self, within: Duration) {
        self.tick();
        let (history, wall) = (self.history.clone(), self.registry.clock().timestamp());
        let closing = tokio::task::spawn_blocking(move || {
            if let Err(error) = history.close(wall) {
                tracing::warn!(target: "bellwether::history", "{error}; what was not written is lost");
            }
        });
        // One that takes longer ends with the process.
        let _ = tokio::time::timeout(within, closing).await;
    }
}

/// Logs once that something is wrong, and once that it is over.
fn tell(now: Option<&Error>, known: &Mutex<Option<Kind>>) {
    let kind = now.map(Error::kind);
    let before = std::mem::replace(&mut *known.lock().unwrap_or_else(PoisonError::into_inner), kind);
    match now {
        Some(error) if before != kind => {
            tracing::warn!(target: "bellwether::history", "{error}; history goes on in memory");
        }
        None if before.is_some() => tracing::info!(target: "bellwether::history", "history is in its file again"),
        _ => {}
    }
}
