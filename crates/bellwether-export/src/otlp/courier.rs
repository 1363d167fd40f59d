//! Carries batches to the collector: again and again while that makes sense, and then says what became of them.

use std::sync::Arc;
use std::time::Duration;

use bellwether_core::Clock;
use tokio::sync::Notify;

use super::destination::shown;
use super::envelope::Envelope;
use super::outbox::Batch;
use super::retry::Backoff;
use super::signal::Signal;
use super::tally::{Fate, Tally};
use super::transport::{Answer, Transport};

/// A collector that says when to come back is not believed beyond this.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(300);
/// Nor is one that says "at once": it would be asked again and again without a pause.
const SHORTEST_RETRY_AFTER: Duration = Duration::from_millis(100);
/// Attempts for one batch, also if the collector says each time to come back.
const MAX_ATTEMPTS: u32 = 64;

/// Carries the batches of one signal.
#[derive(Debug)]
pub(crate) struct Courier {
    signal: Signal,
    transport: Transport,
    envelope: Arc<Envelope>,
    tally: Arc<Tally>,
    clock: Clock,
    give_up_after: Duration,
    backoff: Backoff,
    /// A wait that is still due before the next attempt, after a batch was given up.
    due: Duration,
    /// Told when somebody waits for us: a wait of our own making ends then.
    hurry: Arc<Notify>,
    /// Whether the last request failed: only changes are logged.
    failing: bool,
    /// Buffers for the message and the request made of it.
    message: Vec<u8>,
    spare: Vec<u8>,
}

/// Items that are under way. If whoever carries them is stopped, they count as lost.
struct UnderWay<'a> {
    tally: &'a Tally,
    items: u64,
}

impl Courier {
    pub(crate) fn new(
        signal: Signal,
        transport: Transport,
        envelope: Arc<Envelope>,
        tally: Arc<Tally>,
        clock: Clock,
        give_up_after: Duration,
    ) -> Self {
        Self {
            signal,
            transport,
            envelope,
            tally,
            clock,
            give_up_after,
            backoff: Backoff::default(),
            due: Duration::ZERO,
            hurry: Arc::new(Notify::new()),
            failing: false,
            message: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// Ends waits that are not the collector's wish.
    pub(crate) fn hurry(&self) -> Arc<Notify> {
        Arc::clone(&self.hurry)
    }

    /// Whether the batch arrived. What did not counts as `otherwise`, or by the reason if that is `None`.
    pub(crate) async fn carry(&mut self, batch: &Batch, otherwise: Option<Fate>) -> bool {
        let tally = Arc::clone(&self.tally);
        let under_way = UnderWay { tally: &tally, items: batch.items as u64 };
        self.envelope.wrap(batch, &mut self.message);
        let packed = self.transport.pack(&self.message, std::mem::take(&mut self.spare));
        let mut patience = self.give_up_after;
        let mut attempts = 0;
        let fate = loop {
            let due = std::mem::take(&mut self.due);
            self.wait(due).await;
            let started = self.clock.now();
            let answer = self.transport.send(&packed, self.clock.timestamp().into()).await;
            let took = self.clock.now().since(started);
            self.tally.attempted(took, attempts > 0);
            attempts += 1;
            patience = patience.saturating_sub(took);
            match answer {
                Answer::Taken { rejected, message } => {
                    self.took(rejected, &message);
                    under_way.taken(rejected);
                    self.spare = packed.into_buffer();
                    return true;
                }
                Answer::Refused { why } => {
                    self.failed(&why);
                    break Fate::Refused;
                }
                Answer::Again { after, why } => {
                    self.failed(&why);
                    let again = attempts < MAX_ATTEMPTS;
                    let wish = after.filter(|after| *after >= SHORTEST_RETRY_AFTER);
                    match wish.map(|after| after.min(LONGEST_RETRY_AFTER)) {
                        // The collector's wish is no reason to give up.
                        Some(after) if again => tokio::time::sleep(after).await,
                        Some(after) => {
                            self.due = after;
                            break Fate::Unavailable;
                        }
                        None => {
                            self.due = self.backoff.next(fastrand::f64());
                            if !again || self.due >= patience {
                                break Fate::Unavailable;
                            }
                            patience -= self.due;
                        }
                    }
                }
            }
        };
        under_way.end(otherwise.unwrap_or(fate));
        self.spare = packed.into_buffer();
        false
    }

    async fn wait(&self, wait: Duration) {
        if !wait.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.hurry.notified() => {}
            }
        }
    }

    fn took(&mut self, rejected: u64, message: &str) {
        self.backoff.reset();
        self.tally.succeeded(self.clock.timestamp());
        let failing = rejected > 0;
        if failing && !self.failing {
            tracing::warn!(
                signal = self.signal.as_str(),
                endpoint = %shown(self.transport.uri()),
                rejected,
                reason = message,
                "the collector rejects part of what it gets by OTLP"
            );
        }
        if !failing && self.failing {
            let (signal, lost) = (self.signal.as_str(), self.tally.lost());
            tracing::info!(signal, lost, "export by OTLP works again; lost is counted since the start");
        }
        self.failing = failing;
    }

    fn failed(&mut self, why: &str) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::warn!(
                signal = self.signal.as_str(),
                endpoint = %shown(self.transport.uri()),
                reason = why,
                "export by OTLP fails; said once until it works again"
            );
        }
    }
}

impl UnderWay<'_> {
    fn taken(mut self, rejected: u64) {
        let rejected = rejected.min(self.items);
        self.tally.count(Fate::Delivered, self.items - rejected);
        self.tally.count(Fate::Rejected, rejected);
        self.items = 0;
    }

    fn end(mut self, fate: Fate) {
        self.tally.count(fate, self.items);
        self.items = 0;
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.tally.count(Fate::Shutdown, self.items);
    }
}
