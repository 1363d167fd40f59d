//! A stack that serves on loopback in a process of its own, and `wrk -t1 -c32`, which asks it.
#![allow(clippy::print_stdout, reason = "it speaks to the process that started it")]

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::time::{ClockId, clock_gettime};

use super::{ADDRESS, Built, PATH, Stack};
use crate::cpu;

/// What wrk runs to be a scanner.
const SCANNER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/layer/scanner.lua");

/// The process; ended when this is dropped.
#[derive(Debug)]
pub struct Served {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    address: String,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// One route, again and again.
    Ordinary,
    /// Every second request is a scanner's, with a method, a path and a host that nobody sent before.
    Scanner,
}

/// What a load came to.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// Requests answered.
    pub requests: f64,
    /// Requests a second.
    pub rate: f64,
    /// Microseconds of the server's CPU for each.
    pub cpu: f64,
    /// And of wrk's.
    pub wrk: f64,
    /// Milliseconds.
    pub p99: f64,
}

impl Served {
    /// Whether wrk is here.
    ///
    /// # Errors
    /// If not, with the command that installs it.
    pub fn check() -> Result<(), &'static str> {
        match Command::new("wrk").arg("-v").output() {
            Ok(_) => Ok(()),
            Err(_) => Err("wrk is not here: apt-get install -y --no-install-recommends wrk"),
        }
    }

    /// Starts `program`, which [`serve`]s if its first word says so, and asks it for a second.
    pub fn start(program: &Path, stack: Stack, collector: SocketAddr) -> Self {
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
        server.wrk(Load::Ordinary, 1);
        server
    }

    /// Asks for so many seconds.
    pub fn round(&mut self, load: Load, seconds: u32) -> Round {
        let (cpu, wrk) = (self.cpu(), cpu::of_children());
        let said = self.wrk(load, seconds);
        let (cpu, wrk) = (self.cpu() - cpu, cpu::of_children() - wrk);
        let requests: f64 =
            said.lines().find_map(|line| line.split_once(" requests in ")?.0.trim().parse().ok()).expect("wrk says");
        let word = |name: &str| said.lines().find_map(|line| Some(line.trim().strip_prefix(name)?.trim().to_owned()));
        Round {
            requests,
            rate: word("Requests/sec:").and_then(|rate| rate.parse().ok()).expect("wrk says"),
            cpu: cpu / requests / 1e3,
            wrk: wrk / requests * 1e6,
            p99: word("99%").and_then(|time| milliseconds(&time)).expect("wrk says"),
        }
    }

    /// Mebibytes of memory it has.
    pub fn resident(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
        resident.and_then(|kib| kib.parse::<f64>().ok()).expect("it is alive") / 1024.0
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

    fn wrk(&self, load: Load, seconds: u32) -> String {
        let mut wrk = Command::new("wrk");
        wrk.args(["-t1", "-c32", &format!("-d{seconds}s"), "--latency"]);
        if load == Load::Scanner {
            wrk.args(["-s", SCANNER]);
        }
        let said = wrk.arg(format!("http://{}{PATH}", self.address)).output().expect("wrk is here");
        String::from_utf8_lossy(&said.stdout).into_owned()
    }
}

impl Drop for Served {
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
pub fn serve(stack: Stack) {
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
