//! What a call through a dependency costs above the bare future: `call TIMES [bare|dependency|breaker|named|scope]`, for callgrind
//! or, without the second word, timed.
#![allow(clippy::print_stdout, reason = "a command-line tool speaks to its terminal")]

use std::future::ready;
use std::hint::black_box;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bellwether_breaker::Breaker;
use bellwether_core::{Clock, Registry, Scope, TraceContext};
use bellwether_dependency::{Dependencies, Dependency, Operation};

const WAYS: [&str; 5] = ["bare", "dependency", "breaker", "named", "scope"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let times: u64 = words.first().ok_or("how often?")?.parse()?;
    let dependencies = Dependencies::new(&Registry::new())?;
    let plain = dependencies.register(Dependency::http("plain"))?;
    let guarded = dependencies.register(Dependency::http("guarded").breaker(Breaker::builder("guarded")))?;
    let (of_plain, of_guarded) = (plain.operation("call"), guarded.operation("call"));
    let run = |way: &str, times: u64| match way {
        "bare" => (0..times).for_each(|at| drop(black_box(now(ready(Ok::<_, io::Error>(black_box(at))))))),
        "dependency" => calls(&of_plain, times),
        "breaker" => calls(&of_guarded, times),
        "named" => (0..times).for_each(|at| {
            let _ = black_box(now(guarded.call("call", ready(Ok::<_, io::Error>(black_box(at))))));
        }),
        // One call for each request, which is how the list of its calls costs most.
        _ => {
            (0..times).for_each(|_| Scope::builder(TraceContext::root(false)).open().in_scope(|| calls(&of_guarded, 1)))
        }
    };
    if let Some(way) = words.get(1) {
        run(way, times);
        return Ok(());
    }
    let clock = Clock::system();
    for way in WAYS {
        let round = || {
            let start = clock.now();
            run(way, times);
            clock.now().since(start).as_nanos() as f64 / times as f64
        };
        let best = (0..20).map(|_| round()).fold(f64::INFINITY, f64::min);
        println!("{way:>10} {best:7.1} ns");
    }
    Ok(())
}

fn calls(operation: &Operation, times: u64) {
    for at in 0..times {
        let _ = black_box(now(operation.call(ready(Ok::<_, io::Error>(black_box(at))))));
    }
}

/// What a future gives that does not wait.
fn now<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
