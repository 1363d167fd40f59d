//! A line of the log for each call to a provider, for who wants to count them: `RUST_LOG=info,voice::calls=debug`.

use bellwether::core::{Kind, OnEnd, Operation};

/// Listens for the end of calls. Requests have a line of their own, from the log itself.
#[derive(Clone, Copy, Debug)]
pub struct Calls;

impl OnEnd for Calls {
    fn ended(&self, operation: &Operation<'_>) {
        let Operation { peer, outcome, duration, .. } = operation;
        tracing::debug!(
            peer,
            outcome = outcome.as_str(),
            duration_seconds = duration.as_secs_f64(),
            "{}",
            operation.name
        );
    }

    fn wants(&self, operation: &Operation<'_>) -> bool {
        operation.kind == Kind::Client
    }
}
