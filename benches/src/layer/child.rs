//! A stack in a process of its own, that does as many requests as it is told and says what they took.
#![allow(clippy::print_stdout, reason = "it speaks to the process that started it")]

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::{ADDRESS, Driver, Stack};
use crate::counting;

/// The process; ended when this is dropped.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What one request took, on average unless said otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    /// Nanoseconds of the thread that asks, the median of many batches.
    pub thread: f64,
    /// The same as an average.
    pub thread_mean: f64,
    /// Nanoseconds of all threads, that of an exporter included.
    pub all: f64,
    /// Allocations of the thread that asks.
    pub allocations: f64,
    /// Bytes of these.
    pub bytes: f64,
    /// Spans lost.
    pub lost: f64,
}

impl Child {
    /// Starts `program`, which [`answer`]s if its first word is `child`.
    pub fn start(program: &Path, stack: Stack, collector: SocketAddr) -> Self {
        let mut process = Command::new(program)
            .args(["child", stack.name])
            .env(ADDRESS, collector.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program can be run");
        let orders = process.stdin.take().expect("it is piped");
        let answers = BufReader::new(process.stdout.take().expect("it is piped"));
        Self { process, orders, answers }
    }

    /// Lets it do so many requests.
    pub fn ask(&mut self, times: u64) -> Sample {
        writeln!(self.orders, "{times}").expect("it is alive");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it is alive");
        let mut numbers = line.split_whitespace().map(|number| number.parse().expect("a number"));
        let mut next = || numbers.next().expect("six numbers");
        Sample { thread: next(), thread_mean: next(), all: next(), allocations: next(), bytes: next(), lost: next() }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Does what [`Child::ask`] says, on one CPU with all that the stack starts, until nobody asks any more.
pub fn answer(stack: Stack) {
    if let Some(cpu) = core_affinity::get_core_ids().and_then(|cpus| cpus.into_iter().next_back()) {
        core_affinity::set_for_current(cpu);
    }
    let mut driver = Driver::new(stack);
    driver.warm_up();
    for order in io::stdin().lines() {
        let Some(times) = order.ok().and_then(|order| order.parse().ok()) else { return };
        let sample = measure(&mut driver, times);
        let Sample { thread, thread_mean, all, allocations, bytes, lost } = sample;
        println!("{thread} {thread_mean} {all} {allocations} {bytes} {lost}");
    }
}

fn measure(driver: &mut Driver, times: u64) -> Sample {
    let chunks = times.div_ceil(Driver::CHUNK).max(1);
    let lost = driver.lost();
    let all = cpu(ClockId::ProcessCPUTime);
    let mut threads: Vec<f64> = Vec::new();
    for _ in 0..chunks {
        let start = cpu(ClockId::ThreadCPUTime);
        driver.ask(Driver::CHUNK);
        let took = cpu(ClockId::ThreadCPUTime) - start;
        threads.push(took.as_nanos() as f64 / Driver::CHUNK as f64);
        driver.settle();
    }
    let all = (cpu(ClockId::ProcessCPUTime) - all).as_nanos() as f64 / (chunks * Driver::CHUNK) as f64;
    let lost = (driver.lost() - lost) as f64 / (chunks * Driver::CHUNK) as f64;
    let counted = counting::count(|| driver.ask(Driver::CHUNK));
    driver.settle();
    let [allocations, bytes] = counted.map(|count| count as f64 / Driver::CHUNK as f64);
    let thread_mean = threads.iter().sum::<f64>() / chunks as f64;
    threads.sort_by(f64::total_cmp);
    Sample { thread: threads[threads.len() / 2], thread_mean, all, allocations, bytes, lost }
}

fn cpu(clock: ClockId) -> Duration {
    clock_gettime(clock).try_into().expect("CPU time is not negative")
}
