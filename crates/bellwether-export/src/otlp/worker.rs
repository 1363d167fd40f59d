//! The work of one signal on the export thread: wait for something to send, send it, answer those who wait for that.

use std::sync::Arc;
use std::time::Duration;

use bellwether_core::{Registry, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use super::courier::Courier;
use super::metrics::{Deltas, Walk};
use super::outbox::{Batch, Outbox};
use super::settings::{Push, Temporality};
use super::tally::{Fate, Tally};

/// Somebody who wants to know when everything that is there now was dealt with.
pub(crate) type Flush = oneshot::Sender<()>;

/// Sends what an outbox holds: full batches at once, others after `delay`.
pub(crate) async fn ship(
    mut courier: Courier,
    outbox: Arc<Outbox>,
    tally: Arc<Tally>,
    delay: Duration,
    mut flushes: mpsc::UnboundedReceiver<Flush>,
) {
    // A wait of zero would never let anybody else run.
    let delay = delay.max(Duration::from_millis(1));
    loop {
        let mut waiting = None;
        let batches = tokio::select! {
            () = outbox.full() => outbox.sealed(),
            () = tokio::time::sleep(delay) => outbox.seal(),
            flush = flushes.recv() => {
                let Some(flush) = flush else { return };
                waiting = Some(flush);
                outbox.seal()
            }
        };
        tally.waiting(outbox.len());
        // No more than were there: whoever waits is not to wait for what came after.
        for _ in 0..batches {
            let Some(batch) = outbox.take() else { break };
            courier.carry(&batch, None).await;
            outbox.recycle(batch.bytes);
            tally.waiting(outbox.len());
        }
        if let Some(flush) = waiting {
            let _ = flush.send(());
        }
    }
}

/// Pushes the registry, once per interval and for whoever asks.
#[derive(Debug)]
pub(crate) struct Pusher {
    courier: Courier,
    registry: Registry,
    tally: Arc<Tally>,
    push: Push,
    deltas: Deltas,
    /// Exemplars up to here have arrived.
    exemplars_after: Timestamp,
    batch: Batch,
}

impl Pusher {
    pub(crate) fn new(courier: Courier, registry: Registry, tally: Arc<Tally>, push: Push) -> Self {
        Self {
            courier,
            registry,
            tally,
            push,
            deltas: Deltas::new(Deltas::MAX_SERIES),
            exemplars_after: Timestamp::default(),
            batch: Batch::default(),
        }
    }

    pub(crate) async fn run(mut self, mut flushes: mpsc::UnboundedReceiver<Flush>) {
        let every = self.push.every.max(Duration::from_millis(10));
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // The first tick is at once, when there is little to tell.
        ticks.tick().await;
        loop {
            let mut waiting = None;
            tokio::select! {
                _ = ticks.tick() => {}
                flush = flushes.recv() => {
                    let Some(flush) = flush else { return };
                    waiting = Some(flush);
                }
            }
            self.push().await;
            if let Some(flush) = waiting {
                let _ = flush.send(());
            }
        }
    }

    /// One push, up to the first request that does not arrive: the values are still here for the next.
    async fn push(&mut self) {
        let mut walk = Walk::new(&self.registry, self.push, self.exemplars_after);
        let mut batch = std::mem::take(&mut self.batch);
        let mut arrived = true;
        while arrived && walk.next(&mut batch, &mut self.deltas) {
            // A cumulative value is in the next push, and a delta is added to the next.
            arrived = self.courier.carry(&batch, Some(Fate::Carried)).await;
            if arrived {
                self.deltas.commit();
            } else {
                self.deltas.abandon();
            }
            // A walk is long: let the other signals have their turn.
            tokio::task::yield_now().await;
        }
        if arrived {
            self.exemplars_after = walk.now();
        }
        if self.push.temporality == Temporality::Delta {
            self.tally.count(Fate::QueueFull, self.deltas.turned_away());
        }
        self.batch = batch;
    }
}
