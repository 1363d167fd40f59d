//! The export thread: a runtime of its own for everything that is sent, so that neither side can stall the other.

use std::cell::Cell;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::courier::Courier;
use super::error::Error;
use super::outbox::Outbox;
use super::pipeline::Summary;
use super::report::Report;
use super::settings::Queue;
use super::signal::Signal;
use super::tally::{Fate, Tally};
use super::worker::{self, Flush, Pusher};

/// What is left when every handle was dropped without a word gets this long.
const FORGOTTEN: Duration = Duration::from_secs(1);
/// Of a shutdown's time, what is kept for stopping.
const MARGIN: Duration = Duration::from_millis(50);

/// What the thread is told.
pub(super) struct Order {
    pub(super) within: Duration,
    /// Whether that was the last.
    pub(super) stop: bool,
    pub(super) reply: Box<dyn FnOnce(Report) + Send>,
}

/// What a signal's worker is made of.
pub(super) enum Work {
    Ship { courier: Courier, outbox: Arc<Outbox>, tally: Arc<Tally>, queue: Queue },
    Push(Pusher, Arc<Notify>),
}

/// A worker, from outside.
struct Worker {
    signal: Signal,
    flushes: mpsc::UnboundedSender<Flush>,
    hurry: Arc<Notify>,
    task: JoinHandle<()>,
}

thread_local! {
    static EXPORTING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this is an export thread, whose spans and events are not exported: that would never end.
#[inline]
pub(crate) fn exporting() -> bool {
    EXPORTING.get()
}

/// Starts the thread. It ends after an order to stop, or when nobody can give orders any more.
pub(super) fn start(work: Vec<(Signal, Work)>, summary: Summary) -> Result<mpsc::UnboundedSender<Order>, Error> {
    let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(Error::thread)?;
    let (orders, inbox) = mpsc::unbounded_channel();
    let body = move || {
        EXPORTING.set(true);
        runtime.block_on(run(work, summary, inbox));
        // A name that is still being resolved must not hold us.
        runtime.shutdown_background();
    };
    thread::Builder::new().name("bellwether-otlp".to_owned()).spawn(body).map_err(Error::thread)?;
    Ok(orders)
}

async fn run(work: Vec<(Signal, Work)>, summary: Summary, mut orders: mpsc::UnboundedReceiver<Order>) {
    let workers: Arc<Vec<Worker>> = Arc::new(work.into_iter().map(|(signal, work)| begin(signal, work)).collect());
    while let Some(Order { within, stop, reply }) = orders.recv().await {
        if stop {
            reply(end(&workers, &summary, within).await);
            return;
        }
        // Beside the others: nobody's flush waits for somebody else's.
        let (workers, summary) = (Arc::clone(&workers), summary.clone());
        tokio::spawn(async move {
            let in_time = flush(&workers, within).await;
            reply(summary.report(in_time));
        });
    }
    end(&workers, &summary, FORGOTTEN).await;
}

fn begin(signal: Signal, work: Work) -> Worker {
    let (flushes, inbox) = mpsc::unbounded_channel();
    let (hurry, task) = match work {
        Work::Ship { courier, outbox, tally, queue } => {
            let hurry = courier.hurry();
            (hurry, tokio::spawn(worker::ship(courier, outbox, tally, queue.delay, inbox)))
        }
        Work::Push(pusher, hurry) => (hurry, tokio::spawn(pusher.run(inbox))),
    };
    Worker { signal, flushes, hurry, task }
}

/// Sends everything that is there. Metrics go last, or when half the time is gone, so that they tell of the others.
async fn flush(workers: &[Worker], within: Duration) -> bool {
    let ask = |worker: &Worker| {
        let (done, waiting) = oneshot::channel();
        // A worker that is gone answers at once, by not being there.
        let _ = worker.flushes.send(done);
        worker.hurry.notify_one();
        waiting
    };
    let (last, first): (Vec<&Worker>, Vec<&Worker>) =
        workers.iter().partition(|worker| worker.signal == Signal::Metrics);
    let all = async {
        let first: Vec<_> = first.into_iter().map(ask).collect();
        let mut done = true;
        let mut first = std::pin::pin!(async {
            let mut done = true;
            for waiting in first {
                done &= waiting.await.is_ok();
            }
            done
        });
        let early = tokio::time::timeout(within / 2, &mut first).await;
        for waiting in last.into_iter().map(ask).collect::<Vec<_>>() {
            done &= waiting.await.is_ok();
        }
        done & match early {
            Ok(done) => done,
            Err(_) => first.await,
        }
    };
    tokio::time::timeout(within, all).await.unwrap_or(false)
}

/// Takes in nothing more, sends what can be sent, counts the rest as lost.
async fn end(workers: &[Worker], summary: &Summary, within: Duration) -> Report {
    summary.close();
    let in_time = flush(workers, within.saturating_sub(MARGIN.min(within / 10))).await;
    for worker in workers {
        worker.task.abort();
    }
    // What is under way counts itself as lost when it is dropped, which an abort does at the next turn.
    while workers.iter().any(|worker| !worker.task.is_finished()) {
        tokio::task::yield_now().await;
    }
    summary.abandon(Fate::Shutdown);
    summary.report(in_time)
}
