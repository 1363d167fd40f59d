//! What history itself costs and turns away, in the registry that it reads.

use bellwether_core::{Counter, Error, Family, Gauge, Registry};

use crate::status::Status;

#[derive(Debug)]
pub(crate) struct Own {
    series: Gauge,
    memory: Family<Gauge, 1>,
    file: Gauge,
    trouble: Gauge,
    refused: Counter,
    evicted: Counter,
    lost: Counter,
    jumps: Counter,
}

impl Own {
    pub(crate) fn new(registry: &Registry) -> Result<Self, Error> {
        let counter = |name: &str, unit: &str, what: &str| registry.counter(name).unit(unit).description(what).build();
        Ok(Self {
            series: registry
                .gauge("bellwether.history.series")
                .unit("{series}")
                .description("Series that history keeps.")
                .build()?,
            memory: registry
                .gauge("bellwether.history.memory")
                .unit("By")
                .description("Memory that samples take: those of every tick, those shown to queries, and those that wait for the file.")
                .labels(["of"])
                .max_series(3)
                .family()?,
            file: registry
                .gauge("bellwether.history.file.size")
                .unit("By")
                .description("What the file takes on the disk.")
                .build()?,
            trouble: registry
                .gauge("bellwether.history.file.trouble")
                .description("1 while the file cannot be written: history then goes on in memory.")
                .build()?,
            refused: counter(
                "bellwether.history.refused",
                "{sample}",
                "Samples turned away, since there are too many series or another goes by the same name.",
            )?,
            evicted: counter(
                "bellwether.history.evicted",
                "{sample}",
                "Samples that went before their time, since there was no memory for them.",
            )?,
            lost: counter(
                "bellwether.history.lost",
                "{block}",
                "Blocks and records that were lost, since memory was full while the file could not be written.",
            )?,
            jumps: counter("bellwether.history.clock_jumps", "{jump}", "How often the wall clock jumped.")?,
        })
    }

    pub(crate) fn tell(&self, status: &Status) {
        self.series.set(status.series as f64);
        self.memory.get(["ticks"]).set(status.sample_bytes as f64);
        self.memory.get(["queries"]).set(status.memo_bytes as f64);
        self.memory.get(["file"]).set(status.file.pending_bytes as f64);
        self.file.set(status.file.file_bytes as f64);
        self.trouble.set(f64::from(u8::from(status.file.trouble.is_some())));
        self.refused.raise_to(status.refused);
        self.evicted.raise_to(status.evicted);
        self.lost.raise_to(status.file.lost.blocks + status.file.lost.records);
        self.jumps.raise_to(status.clock_jumps);
    }
}
