//! Damage of all sorts, each drawn from a seed, against a file that is opened and used: in processes of their own, since
//! what might go wrong is that one never ends, or dies of an overflow of its stack.
//!
//! `cargo xtask damage --times N` tries N seeds. One that failed is seen by itself with
//! `BELLWETHER_DAMAGE_SEEDS=N..N cargo test -p bellwether-history --test it -- file::campaign::child --nocapture`.
#![allow(clippy::print_stdout, reason = "the child speaks to its parent")]
#![allow(clippy::disallowed_methods, reason = "it is watched how long a process takes")]

use super::damage::{check, sound};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How many seeds are tried.
const TIMES: &str = "BELLWETHER_DAMAGES";
/// Where a child is told its seeds: the first and the last.
const SEEDS: &str = "BELLWETHER_DAMAGE_SEEDS";

/// What a case may take, many times what it does take, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

const PAGE: usize = 4096;

/// A sound file with damage, and what was done to it.
fn damaged(sound: &[u8], seed: u64) -> (Vec<u8>, String) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut bytes = sound.to_vec();
    let mut what = String::new();
    for _ in 0..if rng.u8(..) < 200 { 1 } else { rng.usize(2..6) } {
        // The first page says where all else is.
        let within = if rng.u8(..) < 50 { 400 } else { bytes.len() };
        let at = rng.usize(..within);
        let page = at / PAGE * PAGE;
        what += &match rng.u8(..100) {
            0..45 => {
                bytes[at] ^= 1 << rng.u8(..8);
                format!(" a bit turned at {at};")
            }
            45..55 => {
                bytes[at] = rng.u8(..);
                format!(" byte {at} is {};", bytes[at])
            }
            55..65 => {
                let (end, other) = ((at + rng.usize(1..PAGE)).min(bytes.len()), rng.u8(..));
                let byte = [0, 0xFF, other][rng.usize(..3)];
                bytes[at..end].fill(byte);
                format!(" {at}..{end} filled with {byte};")
            }
            65..90 => {
                let from = rng.usize(..bytes.len() / PAGE) * PAGE;
                if page + PAGE <= bytes.len() {
                    bytes.copy_within(from..from + PAGE, page);
                }
                format!(" the page at {from} copied over the one at {page};")
            }
            _ => {
                // Not so short that what comes next finds nothing.
                bytes.truncate(at.max(2 * PAGE));
                format!(" cut off at {};", bytes.len())
            }
        };
    }
    (bytes, what)
}

/// The child: does nothing unless it is told seeds.
#[test]
fn child() {
    let Ok(seeds) = std::env::var(SEEDS) else { return };
    let (first, last) = seeds.split_once("..").expect("two seeds");
    let sound = sound();
    for seed in first.parse::<u64>().expect("a seed")..=last.parse().expect("a seed") {
        let (bytes, what) = damaged(&sound, seed);
        println!("\nseed {seed}:{what}");
        check(&bytes, &what);
    }
    println!("\nall");
}

/// Runs these seeds in processes of their own. Gives what went wrong, and how long the slowest case took.
fn run(mut first: u64, last: u64) -> (Vec<String>, (Duration, String)) {
    let mut wrong = Vec::new();
    let mut slowest = (Duration::ZERO, String::new());
    while first <= last {
        let mut child = Command::new(std::env::current_exe().expect("this binary"));
        let child = child.args(["file::campaign::child", "--exact", "--nocapture", "--test-threads=1"]);
        let child = child.env(SEEDS, format!("{first}..{last}")).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = child.spawn().expect("a child");
        let (say, said) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        let reader = thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                say.send(line).ok();
            }
        });
        let (mut begun, mut now) = (Instant::now(), String::new());
        let ended = loop {
            match said.recv_timeout(PATIENCE) {
                Ok(line) if line == "all" => break None,
                Ok(line) if line.starts_with("seed ") => {
                    slowest = slowest.max((begun.elapsed(), std::mem::replace(&mut now, line)));
                    begun = Instant::now();
                    first += 1;
                }
                Ok(_) => {}
                Err(mpsc::RecvTimeoutError::Timeout) => break Some("does not end"),
                Err(mpsc::RecvTimeoutError::Disconnected) => break Some("fails or dies"),
            }
        };
        child.kill().ok();
        let status = child.wait().expect("a child that ends");
        reader.join().expect("its output ends");
        match ended {
            None => first = last + 1,
            Some(_) if now.is_empty() => panic!("the child does not begin: {status}"),
            Some(how) => wrong.push(format!("{now} {how} ({status})")),
        }
    }
    (wrong, slowest)
}

#[test]
fn no_damage_makes_it_hang_or_die() {
    let times = std::env::var(TIMES).map_or(100, |times| times.parse().expect("a number of seeds"));
    let workers = thread::available_parallelism().map_or(1, |workers| workers.get() as u64).min(times);
    let all: Vec<_> = thread::scope(|scope| {
        let share = |n: u64| (n * times / workers, (n + 1) * times / workers - 1);
        let run = |n| scope.spawn(move || run(share(n).0, share(n).1));
        let running: Vec<_> = (0..workers).map(run).collect();
        running.into_iter().map(|worker| worker.join().expect("it runs")).collect()
    });
    let slowest = all.iter().map(|(_, slowest)| slowest).max().expect("a worker");
    println!("{times} seeds; the slowest case took {:?}: {}", slowest.0, slowest.1);
    let wrong: Vec<&String> = all.iter().flat_map(|(wrong, _)| wrong).collect();
    assert!(wrong.is_empty(), "{} of {times} seeds:\n{wrong:#?}", wrong.len());
}
