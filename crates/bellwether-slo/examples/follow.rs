//! How long a tick takes: a hundred objectives over ten thousand series, and what they hold in memory.
//!
//! `cargo run --release -p bellwether-slo --example follow`; how many ticks may be given.
#![allow(clippy::print_stdout, reason = "an example that reports")]

use std::time::Duration;

use bellwether_core::{Clock, Registry, Timestamp};
use bellwether_slo::{Judge, Moment, Slo, Target};

const ROUTES: usize = 100;
const SERIES_OF_A_ROUTE: usize = 100;
const TICKS: usize = 720;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let real = Clock::system();
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_791_158_400));
    let registry = Registry::on(clock.clone());
    let family = registry
        .histogram("http.server.request.duration")
        .unit("s")
        .bounds([0.1, 0.3, 1.0])
        .max_series(ROUTES * SERIES_OF_A_ROUTE)
        .labels(["http.route", "http.response.status_code", "outcome"])
        .family()?;
    let routes: Vec<String> = (0..ROUTES).map(|route| format!("/v1/{route}")).collect();
    let mut series = Vec::new();
    for route in &routes {
        for status in 0..SERIES_OF_A_ROUTE {
            let outcome = ["success", "success", "client_error", "failure"][status % 4];
            series.push(family.get([route.as_str(), &status.to_string(), outcome]).clone());
        }
    }
    let slos = routes.iter().enumerate().map(|(at, route)| {
        let (name, target) = (format!("of-{at}"), Target::new(0.99)?);
        Ok(match at % 4 {
            0 => Slo::latency(name, Duration::from_millis(300), target).route(route),
            1 => Slo::uptime(name, target).route(route),
            // One in four is of all routes.
            2 => Slo::availability(name, target),
            _ => Slo::availability(name, target).route(route),
        })
    });
    let mut judge = Judge::new(slos.collect::<Result<Vec<_>, bellwether_slo::Error>>()?)?;
    let ticks: usize = std::env::args().nth(1).map_or(Ok(TICKS), |ticks| ticks.parse())?;
    let mut taken = Vec::new();
    for tick in 0..ticks {
        // Values spread as durations do; a tenth of the series has traffic at a tick.
        for histogram in series.iter().skip(tick % 10).step_by(10) {
            (0..5).for_each(|at| histogram.record(0.01 * 1.37_f64.powi((tick * 7 + at * 3) as i32 % 15)));
        }
        clock.advance(Duration::from_secs(5));
        let start = real.now();
        judge.tick(Moment::now(&clock), &registry);
        taken.push(real.now().since(start));
    }
    let first = taken.remove(0);
    taken.sort();
    let [least, median, most] = [taken[0], taken[taken.len() / 2], taken[taken.len() - 1]];
    println!("{ROUTES} objectives, {} series, {ticks} ticks", series.len());
    println!("a tick: least {least:?}, median {median:?}, most {most:?}; the first {first:?}");
    for line in std::fs::read_to_string("/proc/self/status").unwrap_or_default().lines() {
        if line.starts_with("VmRSS") || line.starts_with("VmHWM") {
            println!("{line}");
        }
    }
    println!("{} of them have a verdict", judge.verdicts().count());
    Ok(())
}
