//! A call through a registered dependency beside the future alone: what is called is ready at once.

use std::hint::black_box;
use std::io;

use bellwether_breaker::Breaker;
use bellwether_core::{Registry, Scope, TraceContext};
use bellwether_dependency::{Dependencies, Dependency, Operation};

use crate::case::{Case, Run};
use crate::guard::repeat_awaited;

const GROUP: &str = "dependency.call";

/// All of them, the future alone first.
pub fn cases() -> Vec<Case> {
    vec![
        Case { group: GROUP, name: "bare future", make: bare },
        Case { group: GROUP, name: "operation", make: || of(operation(false)) },
        Case { group: GROUP, name: "operation, breaker", make: || of(operation(true)) },
        Case { group: GROUP, name: "by name, breaker", make: by_name },
        Case { group: GROUP, name: "bare future in a scope", make: bare_in_a_scope },
        Case { group: GROUP, name: "operation, breaker, in a scope", make: in_a_scope },
    ]
}

/// What is called.
async fn answer() -> io::Result<u64> {
    black_box(Ok(1))
}

fn dependency(has_breaker: bool) -> Dependency {
    let dependencies = Dependencies::new(&Registry::new()).expect("a registry without other metrics");
    let described = Dependency::http("it");
    let described = if has_breaker { described.breaker(Breaker::builder("it")) } else { described };
    dependencies.register(described).expect("a legal dependency")
}

fn operation(has_breaker: bool) -> Operation {
    dependency(has_breaker).operation("call")
}

fn bare() -> Run {
    repeat_awaited(async || drop(black_box(answer().await)))
}

fn of(operation: Operation) -> Run {
    repeat_awaited(async move || drop(black_box(operation.call(answer()).await)))
}

fn by_name() -> Run {
    let dependency = dependency(true);
    repeat_awaited(async move || drop(black_box(dependency.call("call", answer()).await)))
}

/// One call for each request: of a scope, the list of its calls costs most then.
fn scope() -> Scope {
    Scope::builder(TraceContext::root(false)).open()
}

fn bare_in_a_scope() -> Run {
    repeat_awaited(async || drop(black_box(scope().wrap(answer()).await)))
}

fn in_a_scope() -> Run {
    let operation = operation(true);
    repeat_awaited(async move || drop(black_box(scope().wrap(operation.call(answer())).await)))
}
