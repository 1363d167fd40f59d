//! The crate failsafe: failures in a row, or a success rate over 30 s as a moving average.

use std::hint::black_box;
use std::time::Duration;

use failsafe::{CircuitBreaker, Config, backoff, failure_policy, futures};

use super::{ASYNC, OPEN, SYNC, nothing, repeat, repeat_awaited};
use crate::case::{Case, Run};

const DAY: Duration = Duration::from_secs(86_400);

pub(super) const CASES: &[Case] = &[
    Case { group: SYNC, name: "failsafe, in a row", make: in_a_row },
    Case { group: SYNC, name: "failsafe, 30 s", make: over_time },
    Case { group: ASYNC, name: "failsafe, in a row", make: awaited },
    Case { group: OPEN, name: "failsafe", make: open },
];

fn in_a_row() -> Run {
    let policy = failure_policy::consecutive_failures(5, backoff::constant(DAY));
    let breaker = Config::new().failure_policy(policy).build();
    repeat(move || drop(black_box(breaker.call(nothing))))
}

fn over_time() -> Run {
    let window = Duration::from_secs(30);
    let policy = failure_policy::success_rate_over_time_window(0.5, 20, window, backoff::constant(DAY));
    let breaker = Config::new().failure_policy(policy).build();
    repeat(move || drop(black_box(breaker.call(nothing))))
}

fn awaited() -> Run {
    let policy = failure_policy::consecutive_failures(5, backoff::constant(DAY));
    let breaker = Config::new().failure_policy(policy).build();
    repeat_awaited(async move || drop(black_box(futures::CircuitBreaker::call(&breaker, async { nothing() }).await)))
}

fn open() -> Run {
    let policy = failure_policy::consecutive_failures(1, backoff::constant(DAY));
    let breaker = Config::new().failure_policy(policy).build();
    let _ = breaker.call(|| Err::<u32, u32>(1));
    repeat(move || drop(black_box(breaker.call(nothing))))
}
