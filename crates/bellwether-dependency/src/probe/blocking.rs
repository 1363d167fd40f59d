//! A check that blocks, on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;

use super::{Finding, Probe};
use crate::cascade::Failure;
use crate::fault::Fault;

/// What the thread and whoever waits for it share.
#[derive(Default)]
struct Slot {
    busy: bool,
    /// `Err` if the check panicked.
    result: Option<thread::Result<Result<(), Fault>>>,
    waker: Option<Waker>,
}

pub(super) fn probe(check: impl Fn() -> Result<(), Fault> + Send + Sync + 'static) -> Probe {
    let check = Arc::new(check);
    let slot = Arc::new(Mutex::new(Slot::default()));
    Probe::of(move || {
        let (check, slot) = (Arc::clone(&check), Arc::clone(&slot));
        Box::pin(async move {
            {
                let mut slot = lock(&slot);
                if slot.busy {
                    return Err(Fault::new(Failure::Timeout));
                }
                *slot = Slot { busy: true, ..Slot::default() };
            }
            let shared = Arc::clone(&slot);
            let thread = thread::Builder::new().name("bellwether-probe".to_owned()).spawn(move || {
                let result = catch_unwind(AssertUnwindSafe(|| check()));
                let mut slot = lock(&shared);
                (slot.busy, slot.result) = (false, Some(result));
                let waker = slot.waker.take();
                drop(slot);
                waker.into_iter().for_each(Waker::wake);
            });
            if let Err(error) = thread {
                lock(&slot).busy = false;
                return Err(Fault::of(&error));
            }
            let result = std::future::poll_fn(|cx| {
                let mut slot = lock(&slot);
                match slot.result.take() {
                    Some(result) => Poll::Ready(result),
                    None => {
                        slot.waker = Some(cx.waker().clone());
                        Poll::Pending
                    }
                }
            });
            // A panic goes on where panics of other checks are met as well.
            let result = result.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            result.map(|()| Finding::Well)
        })
    })
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
