//! Bytes a sample: 10,000 series over two hours, beside Gorilla's encoding of the same floats.

use allocation_counter::measure;
use bellwether_core::Handle;
use bellwether_history::{History, Options};
use std::time::Duration;
use tsz::stream::BufferedWriter;
use tsz::{DataPoint, Encode, StdEncoder};

use crate::traffic::{Mix, Traffic};

/// Two hours, every five seconds.
const TICKS: usize = 1440;

pub(crate) fn table() {
    println!("| bytes a sample, of every tick for 2 h | 200 requests/s | 2,000 requests/s |");
    println!("|---|---|---|");
    let loads = [1_000, 10_000];
    let row = |name: &str, cells: [f64; 2]| {
        println!("| {name} | {} |", cells.map(|cell| format!("{cell:.2}")).join(" | "));
    };
    row("floats", loads.map(|requests| ours(Mix::FLOATS, requests)));
    row("histograms", loads.map(|requests| ours(Mix::HISTOGRAMS, requests)));
    row("floats, tsz 0.1.4 (Gorilla)", loads.map(gorilla));
}

/// What the allocator was asked for, for the samples of every tick and all that belongs to their series.
fn ours(mix: Mix, requests: usize) -> f64 {
    let mut traffic = Traffic::new(mix, requests);
    let history = History::in_memory(Options::new().tiers([]));
    let mut outside = 0;
    let seen = measure(|| {
        for _ in 0..TICKS {
            // What the service itself allocates is not history's.
            outside += measure(|| traffic.go_on()).bytes_current;
            history.tick(&traffic.registry, traffic.clock.timestamp(), traffic.clock.now());
            traffic.clock.advance(Duration::from_secs(5));
        }
    });
    let samples = (mix.series() * TICKS) as f64;
    (seen.bytes_current - outside) as f64 / samples
}

/// A stream for each series, closed every two hours as its paper has it.
fn gorilla(requests: usize) -> f64 {
    let mut traffic = Traffic::new(Mix::FLOATS, requests);
    let mut streams: Vec<StdEncoder<BufferedWriter>> = Vec::new();
    for _ in 0..TICKS {
        traffic.go_on();
        let time = traffic.clock.timestamp().unix_millis() / 1000;
        let mut number = 0;
        for metric in traffic.registry.metrics() {
            for series in metric.series() {
                let value = match series.handle() {
                    Handle::Counter(counter) => counter.value() as f64,
                    Handle::Gauge(gauge) => gauge.value(),
                    _ => continue,
                };
                if number == streams.len() {
                    streams.push(StdEncoder::new(time, BufferedWriter::new()));
                }
                streams[number].encode(DataPoint::new(time, value));
                number += 1;
            }
        }
        traffic.clock.advance(Duration::from_secs(5));
    }
    let samples = (streams.len() * TICKS) as f64;
    streams.into_iter().map(|stream| stream.close().len()).sum::<usize>() as f64 / samples
}
