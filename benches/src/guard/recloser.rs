//! The crate recloser: the last N results in a ring.

use std::hint::black_box;
use std::time::Duration;

use recloser::{AsyncRecloser, Recloser};

use super::{ASYNC, OPEN, SYNC, nothing, repeat, repeat_awaited};
use crate::case::{Case, Run};

pub(super) const CASES: &[Case] = &[
    Case { group: SYNC, name: "recloser, last 100", make: || sync(100) },
    Case { group: SYNC, name: "recloser, last 100000", make: || sync(100_000) },
    Case { group: ASYNC, name: "recloser, last 100", make: awaited },
    Case { group: OPEN, name: "recloser", make: open },
];

fn breaker(calls: usize) -> Recloser {
    Recloser::custom().error_rate(0.5).closed_len(calls).open_wait(Duration::from_secs(86_400)).build()
}

fn sync(calls: usize) -> Run {
    let breaker = breaker(calls);
    repeat(move || drop(black_box(breaker.call(nothing))))
}

fn awaited() -> Run {
    let breaker = AsyncRecloser::from(breaker(100));
    repeat_awaited(async move || drop(black_box(breaker.call(async { nothing() }).await)))
}

fn open() -> Run {
    let breaker = breaker(1);
    (0..3).for_each(|_| drop(breaker.call(|| Err::<u32, u32>(1))));
    repeat(move || drop(black_box(breaker.call(nothing))))
}
