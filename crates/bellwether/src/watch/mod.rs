//! What is looked at once a tick: the process, Bellwether itself, the application's runtime, and the tick.

mod cgroup;
mod delay;
mod incidents;
mod own;
mod proc;
mod process;
mod throttled;

use std::sync::Arc;
use std::time::Duration;

use bellwether_core::{Clock, Counter, Gauge, Histogram, Instant, Registry};
use bellwether_dependency::Dependencies;
use tokio::runtime::Handle;

use crate::dependencies::Overrides;
use crate::error::Error;
use crate::log::Logs;
use crate::settings::Settings;
use delay::{Lag, SchedulingDelay};
use incidents::Incidents;
use own::Own;
use process::Process;
use throttled::Throttled;

/// Everything the loop reads.
#[derive(Debug)]
pub(crate) struct Watch {
    clock: Clock,
    every: Duration,
    since: Instant,
    last: Option<Instant>,
    /// Until it is told what of them is in vain.
    overrides: Option<Arc<Overrides>>,
    process: Process,
    throttled: Throttled,
    own: Own,
    dependencies: Dependencies,
    /// Unless it is switched off.
    incidents: Option<Incidents>,
    /// How late the application's runtime is.
    pub(crate) lag: Lag,
    logs: Logs,
    ready: Gauge,
    duration: Histogram,
    late: Counter,
}

/// How often the application's runtime is probed, unless ticks are closer.
const PROBE_EVERY: Duration = Duration::from_secs(1);

impl Watch {
    pub(crate) fn new(
        registry: &Registry,
        settings: &Settings,
        dependencies: Dependencies,
        overrides: Arc<Overrides>,
        logs: Logs,
    ) -> Result<Self, Error> {
        let lag = Lag::default();
        Ok(Self {
            clock: registry.clock().clone(),
            every: settings.tick,
            since: registry.clock().now(),
            last: None,
            overrides: Some(overrides),
            process: Process::new(registry)?,
            throttled: Throttled::new(registry)?,
            own: Own::new(registry)?,
            incidents: settings.cascade.then(|| Incidents::new(&dependencies, lag.clone())).transpose()?,
            dependencies,
            lag,
            logs,
            ready: registry.gauge("bellwether.ready").description("1 while the service may get traffic.").build()?,
            duration: registry
                .histogram("bellwether.tick.duration")
                .unit("s")
                .description("How long a tick took.")
                .bounds([0.001, 0.01, 0.1, 1.0])
                .build()?,
            late: registry
                .counter("bellwether.tick.late")
                .unit("{tick}")
                .description("Ticks that came more than half a tick late.")
                .build()?,
        })
    }

    /// Looks at everything once.
    pub(crate) fn tick(&mut self) {
        let now = self.clock.now();
        let last = self.last.replace(now);
        if last.is_some_and(|last| now.since(last) > self.every.saturating_mul(3) / 2) {
            self.late.inc();
        }
        let took = last.map_or(self.every, |last| now.since(last));
        let throttled = self.throttled.read(took);
        if let Some(incidents) = &mut self.incidents {
            incidents.tick(now, took, self.every, throttled);
        }
        self.tell_in_vain(now);
        self.ready.set(f64::from(u8::from(self.dependencies.report().readiness().ready)));
        self.process.read();
        self.logs.read();
        self.own.read();
        self.duration.record_duration(self.clock.now().since(now));
    }

    /// Says once what settings say in vain of dependencies, as soon as that can be known.
    fn tell_in_vain(&mut self, now: Instant) {
        let runs_for = now.since(self.since);
        if let Some(overrides) = self.overrides.take_if(|_| Overrides::SETTLED <= runs_for) {
            for notice in overrides.in_vain(&self.dependencies.all(), runs_for) {
                tracing::warn!(target: "bellwether::settings", "{notice}");
            }
        }
    }
}

/// Watches a runtime until it ends.
pub(crate) async fn probe(registry: &Registry, runtime: Handle, tick: Duration, lag: Lag) -> Result<(), Error> {
    let delay = SchedulingDelay::new(registry, runtime, lag)?;
    let mut every = tokio::time::interval(PROBE_EVERY.min(tick));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if !delay.probe() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
