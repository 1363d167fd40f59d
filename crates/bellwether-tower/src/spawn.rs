//! Tasks that stay part of the request that starts them.

use bellwether_core::Scope;
use tokio::task::JoinHandle;
use tracing::{Instrument, Span};

/// [`tokio::spawn`], in the current scope and span.
///
/// ```
/// use bellwether_core::{Scope, TraceContext};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let scope = Scope::builder(TraceContext::root(false)).open();
/// let task = scope.in_scope(|| bellwether_tower::spawn(async {
///     Scope::current().step("mailed");
/// }));
/// task.await.unwrap();
/// assert_eq!(scope.facts().steps, ["mailed"]);
/// # }
/// ```
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(Scope::current().wrap(future.instrument(Span::current())))
}

/// [`tokio::task::spawn_blocking`], in the current scope and span.
pub fn spawn_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let (scope, span) = (Scope::current(), Span::current());
    tokio::task::spawn_blocking(move || scope.in_scope(|| span.in_scope(work)))
}
