//! How long a tick takes over 10,000 series, and how long a record waits meanwhile.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bellwether_history::{History, Options};

use crate::cpu;
use crate::traffic::{Mix, Traffic};

const TICKS: usize = 400;

pub(crate) fn table() {
    let mut traffic = Traffic::new(Mix::ALL, 10_000);
    let history = History::in_memory(Options::new());
    let recorded = traffic.registry.counter("recorded").build().expect("a legal metric");
    let ticking = AtomicBool::new(false);
    let done = AtomicBool::new(false);
    let mut ticks = Vec::new();
    let (idle, beside) = std::thread::scope(|scope| {
        let recorder = scope.spawn(|| {
            let mut worst = [Duration::ZERO; 2];
            while !done.load(Relaxed) {
                let start = Instant::now();
                recorded.inc();
                let took = start.elapsed();
                let place = &mut worst[usize::from(ticking.load(Relaxed))];
                *place = took.max(*place);
            }
            (worst[0], worst[1])
        });
        for _ in 0..TICKS {
            traffic.go_on();
            let start = cpu();
            ticking.store(true, Relaxed);
            history.tick(&traffic.registry, traffic.clock.timestamp(), traffic.clock.now());
            ticking.store(false, Relaxed);
            ticks.push(cpu() - start);
            traffic.clock.advance(Duration::from_secs(5));
        }
        done.store(true, Relaxed);
        recorder.join().expect("it records")
    });
    // The first one makes all series.
    let first = ticks.remove(0);
    // Steps of a minute end with every twelfth.
    ticks.sort();
    let ms = |took: Duration| format!("{:.2}", took.as_secs_f64() * 1e3);
    let at = |share: f64| ms(ticks[((ticks.len() - 1) as f64 * share) as usize]);
    println!(
        "\n| ms of CPU a tick, 10,000 series of which 2,000 histograms | least | median | 99 % | most | the first |"
    );
    println!("|---|---|---|---|---|---|");
    println!("| {TICKS} ticks | {} | {} | {} | {} | {} |", at(0.0), at(0.5), at(0.99), at(1.0), ms(first));
    println!("\nworst record: {} ms while there is no tick, {} ms meanwhile", ms(idle), ms(beside));
}
