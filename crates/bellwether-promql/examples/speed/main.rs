//! Times queries over random series, beside a Prometheus that was given the same ones: `speed [http://HOST:PORT]`.
//!
//! Both are asked once to warm up and then in turns. Of Prometheus its engine's own seconds count, without HTTP and JSON;
//! ours include the parsing, which its do not.
#![allow(clippy::print_stdout, reason = "a command-line tool speaks to its terminal")]
#![allow(clippy::disallowed_methods, reason = "it measures what time passes")]

mod prometheus;
mod rules;
mod series;

use std::time::{Duration, Instant};

use bellwether_promql::{Engine, MemoryStorage, Value};
use prometheus::Prometheus;

/// Each case is asked this often after warming up; Prometheus at least twice, and no more when it has taken long.
const ROUNDS: usize = 21;
const PATIENCE: Duration = Duration::from_secs(20);
const STEPS: usize = 250;

/// What is asked in one round, at the end of the series or at each step up to it.
struct Case {
    name: &'static str,
    queries: Vec<String>,
    steps: usize,
}

impl Case {
    fn new(name: &'static str, query: &str, steps: usize) -> Self {
        Self { name, queries: vec![query.to_owned()], steps }
    }
}

fn main() {
    let mut storage = MemoryStorage::new();
    let mut prometheus = std::env::args().nth(1).map(|url| Prometheus::new(&url));
    series::load(&mut storage, prometheus.as_mut());
    let engine = Engine::default();

    println!("{:40}{:>21}{:>25}{:>25}", "ms, least / median", "ours", "Prometheus's engine", "Prometheus by HTTP");
    let cases = [
        Case::new("sum by (route) (rate), 1,000 series", "sum by (route) (rate(requests_total[5m]))", 1),
        Case::new("histogram_quantile, 1,000 x 250 steps", "histogram_quantile(0.99, sum(rate(h[5m])))", STEPS),
        Case { name: "1,000 rules, 10,000 series", queries: rules::all(), steps: 1 },
    ];
    for case in &cases {
        let mut ours = Vec::new();
        let (mut engines, mut http) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        for round in 0..=ROUNDS {
            let (took, elements) = ask(&engine, &storage, case);
            let patient = round <= 2 || begun.elapsed() < PATIENCE;
            let theirs = prometheus.as_mut().filter(|_| patient).map(|prometheus| {
                let before = prometheus.engine_time();
                let start = Instant::now();
                let found: usize = case.queries.iter().map(|query| prometheus.ask(query, case.steps)).sum();
                let took = start.elapsed();
                assert!(found > 0, "nothing in the answers to {}", case.name);
                assert_eq!(found, elements, "series in the answers to {}", case.name);
                (prometheus.engine_time() - before, took)
            });
            if round > 0 {
                ours.push(took);
                engines.extend(theirs.map(|(engine, _)| engine));
                http.extend(theirs.map(|(_, http)| http));
            }
        }
        println!("{:40}{:>21}{:>25}{:>25}", case.name, least_median(ours), least_median(engines), least_median(http));
    }

    println!("\n{:40}{:>10}{:>10}{:>10}{:>10}", "ms, least, by samples touched", "1x", "2x", "4x", "8x");
    let over = |query: &str, of: [&str; 4]| of.map(|of| (query.replace("OF", of), 1));
    let steps = |query: &str| [30, 60, 120, 240].map(|steps| (query.to_owned(), steps));
    let growths = [
        ("series: sum by (route) (rate)", over("sum by (route) (rate(OF[5m]))", series::SHARDS)),
        ("range: max_over_time", over("max_over_time(requests_total[OF])", ["7m", "14m", "28m", "56m"])),
        ("steps: sum by (route) (rate)", steps("sum by (route) (rate(requests_total[5m]))")),
        ("steps: sum of native histograms", steps("sum(rate(h[5m]))")),
    ];
    for (name, cases) in growths {
        print!("{name:40}");
        for (query, steps) in cases {
            let case = Case::new(name, &query, steps);
            let rounds = (0..ROUNDS).map(|_| ask(&engine, &storage, &case).0);
            print!("{:>10.2}", rounds.min().unwrap_or_default().as_secs_f64() * 1e3);
        }
        println!();
    }
}

/// How long it takes, and how many series the answers have.
fn ask(engine: &Engine, storage: &MemoryStorage, case: &Case) -> (Duration, usize) {
    let start = Instant::now();
    let values = case.queries.iter().map(|query| {
        let answer = match case.steps {
            1 => engine.instant(storage, query, series::END),
            steps => {
                engine.range(storage, query, series::first(steps), series::END, Duration::from_millis(series::STEP))
            }
        };
        match answer.unwrap_or_else(|error| panic!("{query}: {error}")).value {
            Value::Vector(elements) => elements.len(),
            Value::Matrix(series) => series.len(),
            _ => 0,
        }
    });
    let found = values.sum();
    (start.elapsed(), found)
}

fn least_median(mut times: Vec<Duration>) -> String {
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    match times.first() {
        Some(least) => format!("{:.2} / {:.2}", ms(*least), ms(times[times.len() / 2])),
        None => "-".to_owned(),
    }
}
