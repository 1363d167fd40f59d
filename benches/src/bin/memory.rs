//! Bytes a histogram series takes, of every library, by number of samples: `memory`.
//!
//! Each case runs in a process of its own. "Asked for" is what the allocator was asked for; "resident" is what the process
//! grew by, which includes what the allocator adds, and pages that growing tables left behind.
#![allow(clippy::print_stdout, reason = "a command-line tool speaks to its terminal")]

use std::hint::black_box;

use allocation_counter::measure;
use bellwether_benches::record::series::{LIBRARIES, Library};
use bellwether_benches::sample::latencies;

/// Series of each case: enough to see through what is there once.
const SERIES: usize = 20_000;
const SAMPLES: [usize; 3] = [1, 20, 1000];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [name, samples] = words.as_slice() else { return table() };
    let library = LIBRARIES.iter().find(|library| library.name == name);
    if let (Some(library), Ok(samples)) = (library, samples.parse()) {
        let (asked, resident) = grown(library, samples);
        println!("{asked} {resident}");
    }
}

fn table() {
    println!(
        "| bytes a histogram series, asked for / resident | {} |",
        SAMPLES.map(|n| format!("{n} samples")).join(" | ")
    );
    println!("|---|{}", "---|".repeat(SAMPLES.len()));
    for library in LIBRARIES {
        let cells = SAMPLES.map(|samples| child(library.name, samples));
        println!("| {} | {} |", library.name, cells.join(" | "));
    }
}

fn child(name: &str, samples: usize) -> String {
    let program = std::env::current_exe().expect("a process knows its program");
    let output =
        std::process::Command::new(program).args([name, &samples.to_string()]).output().expect("it runs again");
    String::from_utf8_lossy(&output.stdout).trim().replace(' ', " / ")
}

/// What so many series of so many samples each take.
fn grown(library: &Library, samples: usize) -> (i64, i64) {
    let routes: Vec<String> = (0..SERIES).map(|number| format!("/v1/things/{number}")).collect();
    let values = latencies();
    let before = resident();
    let seen = measure(|| {
        let open = (library.open)(SERIES);
        let mut values = values.iter().cycle();
        for route in &routes {
            for value in values.by_ref().take(samples) {
                open(route, *value);
            }
        }
        std::mem::forget(black_box(open));
    });
    (seen.bytes_current / SERIES as i64, (resident() - before) / SERIES as i64)
}

/// Resident bytes of this process.
fn resident() -> i64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: i64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
    pages * 4096
}
