//! Where encoded spans and log records wait: written by any thread, emptied batch by batch by the export thread.
//!
//! An item is bytes from the moment it ends. So a thread hands over one copy instead of many small allocations that
//! another thread would free, a batch is sent as it lies here, and what waits is bounded to the byte.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::settings::Queue;
use super::tally::{Fate, Tally};
use super::wire;

/// `ScopeSpans.spans`, `ScopeLogs.log_records`: the same number.
const ITEM: u32 = 2;
/// A batch is full at so many bytes, however few items: requests stay far below the 4 MiB that gRPC servers accept.
const BATCH_BYTES: usize = 1 << 20;
/// An item above this is turned away.
pub(crate) const MAX_ITEM: usize = 256 << 10;
/// Buffers kept for the next batches.
const SPARES: usize = 4;

/// The queue of one signal.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// Told when a batch is full.
    full: Notify,
    /// Items that wait, to be looked at without the lock.
    waiting: AtomicUsize,
    limits: Queue,
    tally: Arc<Tally>,
}

#[derive(Debug, Default)]
struct State {
    open: Batch,
    sealed: VecDeque<Batch>,
    items: usize,
    bytes: usize,
    spares: Vec<Vec<u8>>,
    closed: bool,
}

/// Encoded items, one after the other, as the repeated field of the message that holds them.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) items: usize,
}

impl Outbox {
    pub(crate) fn new(limits: Queue, tally: Arc<Tally>) -> Self {
        Self {
            state: Mutex::default(),
            full: Notify::new(),
            waiting: AtomicUsize::new(0),
            limits: Queue { max_batch: limits.max_batch.max(1), ..limits },
            tally,
        }
    }

    /// Takes in one encoded item; never waits for anything but another writer's copy.
    pub(crate) fn push(&self, item: &[u8]) {
        let size = item.len() + wire::varint_len(item.len() as u64) + 1;
        let mut state = self.lock();
        let fate = if state.closed {
            Some(Fate::Shutdown)
        } else if item.len() > MAX_ITEM {
            Some(Fate::TooLarge)
        } else if state.items >= self.limits.max_items || state.bytes + size > self.limits.max_bytes {
            Some(Fate::QueueFull)
        } else {
            None
        };
        if let Some(fate) = fate {
            drop(state);
            self.tally.count(fate, 1);
            return;
        }
        let batch = &mut state.open;
        wire::length(&mut batch.bytes, ITEM, item.len());
        batch.bytes.extend_from_slice(item);
        batch.items += 1;
        let full = batch.items >= self.limits.max_batch || batch.bytes.len() >= BATCH_BYTES;
        state.items += 1;
        state.bytes += size;
        self.waiting.store(state.items, Relaxed);
        if full {
            state.seal();
            drop(state);
            self.full.notify_one();
        }
    }

    /// Waits for a full batch.
    pub(crate) async fn full(&self) {
        self.full.notified().await;
    }

    /// Closes the batch under way and says how many there are now.
    pub(crate) fn seal(&self) -> usize {
        let mut state = self.lock();
        state.seal();
        state.sealed.len()
    }

    /// How many full batches there are.
    pub(crate) fn sealed(&self) -> usize {
        self.lock().sealed.len()
    }

    /// The oldest full batch.
    pub(crate) fn take(&self) -> Option<Batch> {
        let mut state = self.lock();
        let batch = state.sealed.pop_front()?;
        state.items = state.items.saturating_sub(batch.items);
        state.bytes = state.bytes.saturating_sub(batch.bytes.len());
        self.waiting.store(state.items, Relaxed);
        Some(batch)
    }

    /// Gives a buffer back to be filled again: pages that were touched once cost nothing the second time.
    pub(crate) fn recycle(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut state = self.lock();
        if state.spares.len() < SPARES && buffer.capacity() <= 2 * BATCH_BYTES {
            state.spares.push(buffer);
        }
    }

    /// Turns away whatever still comes.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    /// Gives up all that waits, and says how much that was.
    pub(crate) fn abandon(&self) -> usize {
        let mut state = self.lock();
        let items = state.items;
        *state = State { closed: true, ..State::default() };
        self.waiting.store(0, Relaxed);
        items
    }

    /// How many items wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// A panic while locked leaves at worst half an item at the end of a batch, which a collector refuses.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn seal(&mut self) {
        if self.open.items > 0 {
            let bytes = self.spares.pop().unwrap_or_default();
            let batch = mem::replace(&mut self.open, Batch { bytes, items: 0 });
            self.sealed.push_back(batch);
        }
    }
}
