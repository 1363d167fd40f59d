//! Requests a second of each stack as a server on loopback, under `wrk -t1 -c32`, stacks taking turns round by round:
//! `loopback [WORD..]`.
//!
//! Server and wrk share the machine, so what the server needs beyond the bare route is taken from both. Each stack is
//! compared with the bare route just before or just after it, by turns; by requests a second, and by the CPU time that server
//! and wrk took for one, which is the same share where both cores are busy with nothing else, and is to be trusted where they
//! are not. WORDs select stacks by their name; `--rounds N` and `--seconds N` say how much is done.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to its terminal")]

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

use bellwether_benches::cpu;
use bellwether_benches::layer::{self, ADDRESS, Built, Collector, PATH, Stack};
use rustix::time::{ClockId, clock_gettime};

/// What is measured unless WORDs say otherwise.
const STACKS: [&str; 8] = [
    "bellwether, noop",
    "bellwether",
    "bellwether, OTLP 1 %",
    "bellwether, OTLP 1 %, JSON line",
    "tower-http request id, uuid",
    "axum-prometheus",
    "FULL-otel",
    "FULL",
];

struct Row {
    stack: Stack,
    rounds: Vec<Pair>,
}

/// The bare route and the stack, one right after the other.
struct Pair {
    bare: Round,
    own: Round,
}

#[derive(Debug, Clone, Copy)]
struct Round {
    requests_a_second: f64,
    /// Microseconds of the server's CPU for each.
    cpu: f64,
    /// And of wrk's.
    wrk: f64,
    /// Milliseconds.
    p99: f64,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [serve, name] = words.as_slice()
        && serve == "serve"
    {
        serve_stack(layer::stack(name).expect("a stack of this name"));
        return ExitCode::SUCCESS;
    }
    let (mut rounds, mut seconds, mut wanted) = (5_u32, 4_u32, Vec::new());
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let number = |word: Option<String>| word.and_then(|word| word.parse().ok());
        match word.as_str() {
            "--rounds" => rounds = number(words.next()).unwrap_or(rounds),
            "--seconds" => seconds = number(words.next()).unwrap_or(seconds),
            _ => wanted.push(word),
        }
    }
    let Ok(program) = std::env::current_exe() else {
        eprintln!("the program does not know where it is");
        return ExitCode::FAILURE;
    };
    if Command::new("wrk").arg("-v").output().is_err() {
        eprintln!("wrk is not here: apt-get install -y --no-install-recommends wrk");
        return ExitCode::FAILURE;
    }
    let is_wanted = |stack: &Stack| {
        let words = wanted.iter().any(|word| stack.name.contains(word.as_str()));
        words || (wanted.is_empty() && STACKS.contains(&stack.name))
    };
    let stacks = layer::stacks().into_iter().filter(is_wanted);
    let mut rows: Vec<Row> = stacks.map(|stack| Row { stack, rounds: Vec::new() }).collect();
    let Some(bare) = layer::stack("bare") else { return ExitCode::FAILURE };
    let collector = Collector::start();
    let measure = |stack: Stack| Server::start(&program, stack, collector).round(seconds);
    for round in 1..=rounds {
        for row in &mut rows {
            eprint!("\rround {round} of {rounds}: {:<60}", row.stack.name);
            let bare_first = (round % 2 == 1).then(|| measure(bare));
            let own = measure(row.stack);
            row.rounds.push(Pair { bare: bare_first.unwrap_or_else(|| measure(bare)), own });
        }
    }
    eprintln!();
    print(&rows);
    ExitCode::SUCCESS
}

/// A stack that serves, in a process of its own; ended when this is dropped.
struct Server {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    address: String,
}

impl Server {
    fn start(program: &Path, stack: Stack, collector: SocketAddr) -> Self {
        let mut process = Command::new(program)
            .args(["serve", stack.name])
            .env(ADDRESS, collector.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program can be run");
        let orders = process.stdin.take().expect("it is piped");
        let answers = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut server = Self { process, orders, answers, address: String::new() };
        server.address = server.line();
        server
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it is alive");
        line.trim().to_owned()
    }

    /// Nanoseconds of CPU it has taken so far.
    fn cpu(&mut self) -> f64 {
        writeln!(self.orders).expect("it is alive");
        self.line().parse().expect("a number")
    }

    fn round(mut self, seconds: u32) -> Round {
        self.load(1);
        let (cpu, wrk) = (self.cpu(), cpu::of_children());
        let said = self.load(seconds);
        let (cpu, wrk) = (self.cpu() - cpu, cpu::of_children() - wrk);
        let requests: f64 =
            said.lines().find_map(|line| line.split_once(" requests in ")?.0.trim().parse().ok()).expect("wrk says");
        let word = |name: &str| said.lines().find_map(|line| Some(line.trim().strip_prefix(name)?.trim().to_owned()));
        Round {
            requests_a_second: word("Requests/sec:").and_then(|rate| rate.parse().ok()).expect("wrk says"),
            cpu: cpu / requests / 1e3,
            wrk: wrk / requests * 1e6,
            p99: word("99%").and_then(|time| milliseconds(&time)).expect("wrk says"),
        }
    }

    fn load(&self, seconds: u32) -> String {
        let url = format!("http://{}{PATH}", self.address);
        let duration = format!("-d{seconds}s");
        let wrk =
            Command::new("wrk").args(["-t1", "-c32", &duration, "--latency", &url]).output().expect("wrk is here");
        String::from_utf8_lossy(&wrk.stdout).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `612.00us`, `1.02ms`, `1.10s`.
fn milliseconds(text: &str) -> Option<f64> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
    match unit {
        "us" => Some(number / 1e3),
        "ms" => Some(number),
        "s" => Some(number * 1e3),
        _ => None,
    }
}

/// Serves until nobody asks for its CPU time any more.
fn serve_stack(stack: Stack) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let Built { router, exports } = stack.build();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("{}", listener.local_addr().expect("it is bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let asked = tokio::task::spawn_blocking(|| {
            for _ in io::stdin().lines() {
                let cpu = clock_gettime(ClockId::ProcessCPUTime);
                println!("{}", cpu.tv_sec * 1_000_000_000 + cpu.tv_nsec);
            }
        });
        let _ = asked.await;
        drop(exports);
    });
}

fn print(rows: &[Row]) {
    println!(
        "| stack | requests/s, median | share of bare (min..max) | share by CPU (min..max) | server CPU us/request | above bare | p99 ms |"
    );
    println!("|---|---|---|---|---|---|---|");
    let all_bare = || rows.iter().flat_map(|row| &row.rounds).map(|pair| pair.bare);
    println!(
        "| bare | {:.0} | 1 | 1 | {:.2} | | {:.2} |",
        middle(&sorted(all_bare().map(|round| round.requests_a_second))),
        middle(&sorted(all_bare().map(|round| round.cpu))),
        middle(&sorted(all_bare().map(|round| round.p99))),
    );
    for row in rows {
        let own = || row.rounds.iter().map(|pair| pair.own);
        let share = sorted(row.rounds.iter().map(|Pair { bare, own }| own.requests_a_second / bare.requests_a_second));
        let by_cpu = sorted(row.rounds.iter().map(|Pair { bare, own }| (bare.cpu + bare.wrk) / (own.cpu + own.wrk)));
        let above = sorted(row.rounds.iter().map(|Pair { bare, own }| own.cpu - bare.cpu));
        println!(
            "| {} | {:.0} | {} | {} | {:.2} | {:+.2} | {:.2} |",
            row.stack.name,
            middle(&sorted(own().map(|round| round.requests_a_second))),
            spread(&share),
            spread(&by_cpu),
            middle(&sorted(own().map(|round| round.cpu))),
            middle(&above),
            middle(&sorted(own().map(|round| round.p99))),
        );
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn spread(sorted: &[f64]) -> String {
    format!("{:.3} ({:.2}..{:.2})", middle(sorted), sorted[0], sorted[sorted.len() - 1])
}

fn middle(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}
