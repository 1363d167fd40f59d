//! A call through a breaker that is closed, or refused by one that is open: what is called does nothing.

mod bellwether;
mod failsafe;
mod recloser;
mod tower_resilience;

use std::hint::black_box;

use tower::Service;

use crate::case::{Case, Run};

const SYNC: &str = "guarded call";
const ASYNC: &str = "guarded future";
const SERVICE: &str = "guarded service";
const OPEN: &str = "refused call";

/// All of them, ours first in each group.
pub fn cases() -> Vec<Case> {
    let libraries = [bellwether::CASES, failsafe::CASES, recloser::CASES, tower_resilience::CASES];
    let mut cases = libraries.concat();
    let groups = [SYNC, ASYNC, SERVICE, OPEN];
    cases.sort_by_key(|case| groups.iter().position(|group| *group == case.group));
    cases
}

/// What is called.
#[inline(never)]
fn nothing() -> Result<u32, u32> {
    black_box(Ok(1))
}

/// Repeats a plain call.
fn repeat(call: impl Fn() + Send + Sync + 'static) -> Run {
    Box::new(move |times| (0..times).for_each(|_| call()))
}

/// Repeats a call that is awaited, on a runtime of one thread.
pub(crate) fn repeat_awaited(call: impl AsyncFn() + Send + Sync + 'static) -> Run {
    Box::new(move |times| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            for _ in 0..times {
                call().await;
            }
        });
    })
}

/// Repeats a call of a service that is asked whether it is ready; each thread has a clone of its own.
fn repeat_served<S>(service: S) -> Run
where
    S: Service<()> + Clone + Send + Sync + 'static,
{
    Box::new(move |times| {
        let mut service = service.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            for _ in 0..times {
                let ready = std::future::poll_fn(|cx| service.poll_ready(cx)).await;
                black_box(ready.is_ok());
                black_box(service.call(()).await.is_ok());
            }
        });
    })
}
