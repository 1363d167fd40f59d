//! Threads that meet: whoever counts what, and whenever somebody reads, nothing is lost and nobody is left waiting.

use std::thread;

use bellwether_core::{Clock, Outcome, Registry};
use bellwether_dependency::cascade::{Process, Reader, Window};
use bellwether_dependency::{Dependencies, Dependency, Failure};

use super::{call, failed, work_of};

const THREADS: u64 = 4;
const REQUESTS: u64 = 2_000;

#[test]
fn all_is_counted_once() {
    let clock = Clock::system();
    let dependencies = Dependencies::new(&Registry::on(clock.clone())).unwrap();
    let [stt, llm] = ["stt", "llm"].map(|name| dependencies.register(Dependency::http(name)).unwrap());
    let (follower, mut reader) = (dependencies.follower(), Reader::new(&dependencies));
    let mut windows: Vec<Window> = Vec::new();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (follower, clock, stt, llm) = (follower.clone(), clock.clone(), &stt, &llm);
            scope.spawn(move || {
                for n in 0..REQUESTS {
                    let request = follower.began("GET", Some("/turns"), clock.now()).expect("there is room");
                    let fails = (n + thread) % 4 == 0;
                    let outer = call(request, stt);
                    let inner = call(work_of(&outer), llm);
                    // Half of the inner calls end on another thread.
                    let ends = move || inner.end(if fails { failed(Failure::Timeout) } else { None });
                    if n % 2 == 0 {
                        thread::spawn(ends).join().unwrap()
                    } else {
                        ends()
                    }
                    outer.end(if fails { failed(Failure::Upstream) } else { None });
                    let outcome = if fails { (Outcome::Failure, "502") } else { (Outcome::Success, "") };
                    follower.ended(request, outcome.0, outcome.1, clock.now());
                }
            });
        }
        for _ in 0..50 {
            windows.push(reader.read(clock.now(), Process::default()));
            thread::yield_now();
        }
    });
    windows.push(reader.read(clock.now(), Process::default()));
    let all = THREADS * REQUESTS;
    for (name, class) in [("GET /turns", Failure::Upstream), ("stt", Failure::Upstream), ("llm", Failure::Timeout)] {
        let id = reader.graph().find(name).unwrap();
        let mut sums = (0, 0, 0, 0);
        let (mut busy, mut own) = (0.0, 0.0);
        for window in &mut windows {
            let Some(calls) = window.node(id) else { continue };
            sums.0 += calls.ended;
            sums.1 += calls.failed[class];
            sums.2 += calls.own.total();
            sums.3 += calls.latency.count();
            (busy, own) = (busy + calls.busy, own + calls.own_busy);
        }
        let own_failures = if name == "llm" { all / 4 } else { 0 };
        assert_eq!(sums, (all, all / 4, own_failures, all), "{name}");
        assert!(busy > 0.0 && own > 0.0 && own <= busy * 1.001, "{name}: {own} of {busy} s");
        assert_eq!(windows.last_mut().unwrap().node(id).unwrap().in_flight, 0, "{name}");
    }
    assert_eq!(reader.turned_away(), 0);
}
