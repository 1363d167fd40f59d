//! Bellwether's own breaker, as a contender among the rivals.

use std::hint::black_box;
use std::time::Duration;

use bellwether_breaker::{Breaker, BreakerBuilder, Trip, Wait};
use bellwether_tower::CallGuardLayer;
use tower::{Layer, service_fn};

use super::{ASYNC, OPEN, SERVICE, SYNC, nothing, repeat, repeat_awaited, repeat_served};
use crate::case::{Case, Run};

pub(super) const CASES: &[Case] = &[
    Case { group: SYNC, name: "bellwether, in a row", make: || sync(builder().trip(Trip::consecutive(5))) },
    Case { group: SYNC, name: "bellwether, last 100", make: || sync(last(100)) },
    Case { group: SYNC, name: "bellwether, last 100000", make: || sync(last(100_000)) },
    Case { group: SYNC, name: "bellwether, 10 s", make: || sync(builder()) },
    Case { group: SYNC, name: "bellwether, slowness of 10 s", make: || sync(slow()) },
    Case { group: SYNC, name: "bellwether, last 100, a tenth fails", make: tenth_fails },
    Case { group: ASYNC, name: "bellwether, last 100", make: || awaited(last(100)) },
    Case { group: ASYNC, name: "bellwether, 10 s", make: || awaited(builder()) },
    Case { group: SERVICE, name: "bellwether, last 100", make: service },
    Case { group: OPEN, name: "bellwether", make: open },
];

fn builder() -> BreakerBuilder {
    Breaker::builder("b")
}

fn last(calls: u32) -> BreakerBuilder {
    builder().trip(Trip::calls(calls).failure_ratio(0.5))
}

fn slow() -> BreakerBuilder {
    let trip = Trip::time(Duration::from_secs(10)).failure_ratio(0.5).slow_ratio(0.5);
    builder().trip(trip).slow_after(Duration::from_secs(1))
}

fn build(builder: BreakerBuilder) -> Breaker {
    builder.build().expect("legal settings")
}

fn sync(builder: BreakerBuilder) -> Run {
    let breaker = build(builder);
    repeat(move || {
        let _ = black_box(breaker.run(nothing));
    })
}

fn tenth_fails() -> Run {
    let breaker = build(last(100));
    Box::new(move |times| {
        for at in 0..times {
            let _ = black_box(breaker.run(|| if at % 10 == 0 { Err(1) } else { nothing() }));
        }
    })
}

fn awaited(builder: BreakerBuilder) -> Run {
    let breaker = build(builder);
    repeat_awaited(async move || {
        let _ = black_box(breaker.call(async { nothing() }).await);
    })
}

fn service() -> Run {
    let layer = CallGuardLayer::new(build(last(100)));
    repeat_served(layer.layer(service_fn(|()| std::future::ready(nothing()))))
}

fn open() -> Run {
    let breaker = build(builder().wait(Wait::new(Duration::from_secs(86_400)).max(Duration::from_secs(100_000))));
    breaker.trip();
    repeat(move || {
        let _ = black_box(breaker.run(nothing));
    })
}
