//! The process as the semantic conventions describe it: CPU, memory, files, threads, and since when.
//!
//! Source: <https://opentelemetry.io/docs/specs/semconv/system/process-metrics/>

use bellwether_core::{Clock, Counter, Error, Family, Gauge, Registry};

use super::proc::{self, Memory, Stat};

/// Series begin with the first reading: where there is nothing to read there is no series, rather than a zero.
#[derive(Debug)]
pub(super) struct Process {
    clock: Clock,
    cpu: Family<Counter, 1>,
    resident: Family<Gauge, 0>,
    virtual_size: Family<Gauge, 0>,
    threads: Family<Gauge, 0>,
    open_files: Family<Gauge, 0>,
    uptime: Family<Gauge, 0>,
    start_time: Family<Gauge, 0>,
}

impl Process {
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        let gauge = |name: &str, unit: &str, description: &str| {
            registry.gauge(name).unit(unit).description(description).family()
        };
        let additive = |name: &str, unit: &str, description: &str| {
            registry.gauge(name).additive().unit(unit).description(description).family()
        };
        Ok(Self {
            clock: registry.clock().clone(),
            cpu: registry
                .counter("process.cpu.time")
                .unit("s")
                .description("CPU time of the process by mode, to 10 ms.")
                .scale(1e-9)
                .labels(["cpu.mode"])
                .family()?,
            resident: additive("process.memory.usage", "By", "Physical memory in use by the process.")?,
            virtual_size: additive("process.memory.virtual", "By", "Virtual memory of the process.")?,
            threads: additive("process.thread.count", "{thread}", "Threads of the process.")?,
            open_files: additive(
                "process.unix.file_descriptor.count",
                "{file_descriptor}",
                "Files the process has open.",
            )?,
            uptime: gauge("process.uptime", "s", "How long the process has been running.")?,
            start_time: gauge("process.start_time", "s", "When the process started, in seconds since 1970.")?,
        })
    }

    pub(super) fn read(&self) {
        let stat = Stat::of_process();
        if let Some(stat) = stat {
            for (mode, time) in [("user", stat.user), ("system", stat.system)] {
                self.cpu.get([mode]).raise_to(time.as_nanos() as u64);
            }
            show(&self.threads, Some(stat.threads));
        }
        let memory = Memory::of_process();
        show(&self.resident, memory.and_then(|memory| memory.resident));
        show(&self.virtual_size, memory.and_then(|memory| memory.virtual_size));
        show(&self.open_files, proc::open_files());
        if let (Some(stat), Some(up)) = (stat, proc::uptime())
            && let Some(uptime) = up.checked_sub(stat.started)
        {
            self.uptime.get([]).set(uptime.as_secs_f64());
            // Once: seen from a clock that is set, it would seem to move.
            if self.start_time.metric().is_empty() {
                self.start_time.get([]).set(self.clock.timestamp().before(uptime).unix_seconds());
            }
        }
    }
}

fn show(gauge: &Family<Gauge, 0>, level: Option<u64>) {
    if let Some(level) = level {
        gauge.get([]).set(level as f64);
    }
}
