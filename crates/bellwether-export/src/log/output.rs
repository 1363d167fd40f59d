//! Where lines go: a bounded queue with a thread that writes it out, or the writer itself.

use std::fmt;
use std::io::Write;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use bellwether_core::{Clock, Counter, Error, Registry};

use super::drain::{self, Drain};

/// The end of the log, shared by all that write to it: [`JsonLog`](super::JsonLog) and
/// [`RequestLog`](super::RequestLog). Cheap to clone.
///
/// [`stdout`](Self::stdout) and [`queued`](Self::queued) put lines in a queue of bounded bytes, and a thread writes them
/// in batches. Standard output of a service is a pipe of some 64 KiB, and whoever reads it may stall: a service that writes
/// to it by itself then stalls, too, with every request that runs on the thread. So the default is to lose lines rather
/// than requests, and to count them: `bellwether.log.dropped`, by reason. Lines wait for at most 10 ms;
/// [`flush`](Self::flush) before the process ends, or the last ones are lost.
///
/// [`direct`](Self::direct) writes in place, one line at a time, for a program whose log must be complete and who waits
/// for it gladly.
///
/// Nothing here fails: a closed pipe, a full disk, a reader that is too slow, a writer that panics lose lines, and lines
/// are counted. What a writer that is written to in place says itself is lost, too.
#[derive(Clone)]
pub struct Output(Arc<Owner>);

/// Ends the thread when the last handle is dropped.
struct Owner(Arc<Shared>);

struct Shared {
    way: Way,
    clock: Clock,
    counts: Counts,
}

enum Way {
    Queue(Queue),
    Direct(Mutex<Drain>),
}

struct Queue {
    state: Mutex<State>,
    /// Told when there is something to write.
    filled: Condvar,
    /// Told when everything is written.
    empty: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    waiting: u64,
    /// How many lines the thread has in hand.
    writing: u64,
    /// The thread waits to be told. Else it comes by itself soon.
    asleep: bool,
    /// The thread is not to dawdle.
    urgent: bool,
    closed: bool,
}

/// What happened to lines, as metrics.
struct Counts {
    written: Counter,
    queue_full: Counter,
    write_error: Counter,
    cut: Counter,
}

/// Bytes of lines that may wait for a writer that is behind: some thousands of lines.
const CAPACITY: usize = 4 << 20;
/// How long the thread lets lines gather after it has written some, so that a busy service wakes it seldom.
const GATHER: Duration = Duration::from_millis(10);

impl Output {
    /// Standard output, by way of the queue.
    ///
    /// # Errors
    /// If the registry has other metrics of the names used here.
    pub fn stdout(registry: &Registry) -> Result<Self, Error> {
        #[cfg(unix)]
        {
            use std::os::fd::AsFd;
            // A file of our own, since the standard library's handle keeps its lock while it waits for the reader, and
            // everybody who prints would wait with it; and what it buffers after a failure could not be counted.
            if let Ok(own) = std::io::stdout().as_fd().try_clone_to_owned() {
                return Self::queued(std::fs::File::from(own), registry);
            }
        }
        Self::queued(std::io::stdout(), registry)
    }

    /// Any writer, by way of the queue.
    ///
    /// # Errors
    /// If the registry has other metrics of the names used here.
    pub fn queued(writer: impl Write + Send + 'static, registry: &Registry) -> Result<Self, Error> {
        Self::queued_within(CAPACITY, writer, registry)
    }

    /// Any writer, by way of a queue of so many bytes.
    ///
    /// # Errors
    /// If the registry has other metrics of the names used here.
    pub fn queued_within(
        bytes: usize,
        writer: impl Write + Send + 'static,
        registry: &Registry,
    ) -> Result<Self, Error> {
        let queue = Queue { state: Mutex::default(), filled: Condvar::new(), empty: Condvar::new(), capacity: bytes };
        let output = Self::of(Way::Queue(queue), registry)?;
        let shared = Arc::clone(&output.0.0);
        let drain = Drain::patient(Box::new(writer));
        // Without a thread the queue fills up, and what is lost is counted like that of a writer that never comes round.
        let _ = thread::Builder::new().name("bellwether-log".to_owned()).spawn(move || shared.write_out(drain));
        Ok(output)
    }

    /// Any writer, written to in place while other threads wait.
    ///
    /// # Errors
    /// If the registry has other metrics of the names used here.
    pub fn direct(writer: impl Write + Send + 'static, registry: &Registry) -> Result<Self, Error> {
        Self::of(Way::Direct(Mutex::new(Drain::hasty(Box::new(writer)))), registry)
    }

    fn of(way: Way, registry: &Registry) -> Result<Self, Error> {
        let counts = Counts::new(registry)?;
        Ok(Self(Arc::new(Owner(Arc::new(Shared { way, clock: registry.clock().clone(), counts })))))
    }

    /// Waits until everything said so far is written, for at most `patience`. Returns how many lines still wait.
    pub fn flush(&self, patience: Duration) -> u64 {
        let Way::Queue(queue) = &self.0.0.way else { return 0 };
        let mut state = lock(&queue.state);
        state.urgent = true;
        queue.wake(&mut state);
        let waited = queue.empty.wait_timeout_while(state, patience, |state| state.waiting + state.writing > 0);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting + state.writing
    }

    /// How many lines were written.
    pub fn written(&self) -> u64 {
        self.0.0.counts.written.value()
    }

    /// How many lines were lost, to a full queue or a writer that failed.
    pub fn dropped(&self) -> u64 {
        self.0.0.counts.queue_full.value() + self.0.0.counts.write_error.value()
    }

    /// How many lines wait to be written now.
    pub fn waiting(&self) -> u64 {
        match &self.0.0.way {
            Way::Queue(queue) => {
                let state = lock(&queue.state);
                state.waiting + state.writing
            }
            Way::Direct(_) => 0,
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.0.clock
    }

    /// Takes a line, its line feed included. An urgent one is written without delay.
    pub(super) fn push(&self, line: &[u8], urgent: bool) {
        let Shared { way, counts, .. } = &*self.0.0;
        match way {
            Way::Queue(queue) => queue.push(line, urgent, counts),
            // The lock is this thread's already.
            Way::Direct(_) if drain::is_writing() => counts.write_error.inc(),
            Way::Direct(drain) => {
                let lost = lock(drain).write(line, 1);
                counts.write_error.add(lost);
                counts.written.add(1 - lost.min(1));
            }
        }
    }

    pub(super) fn count_cut(&self, pieces: u64) {
        if pieces > 0 {
            self.0.0.counts.cut.add(pieces);
        }
    }
}

impl Queue {
    fn push(&self, line: &[u8], urgent: bool, counts: &Counts) {
        let mut state = lock(&self.state);
        if state.lines.len() + line.len() > self.capacity {
            drop(state);
            counts.queue_full.inc();
            return;
        }
        state.lines.extend_from_slice(line);
        state.waiting += 1;
        let hurry = urgent || state.lines.len() > self.capacity / 2;
        if state.asleep || (hurry && !state.urgent) {
            state.urgent |= hurry;
            self.wake(&mut state);
        }
    }

    fn wake(&self, state: &mut State) {
        state.asleep = false;
        self.filled.notify_one();
    }

    /// Waits for lines and swaps them for the empty `batch`. Returns how many; `None` when there will be no more.
    fn next(&self, batch: &mut Vec<u8>) -> Option<u64> {
        let mut state = lock(&self.state);
        while state.waiting == 0 {
            if state.closed {
                return None;
            }
            state.urgent = false;
            state.asleep = true;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.asleep = false;
        state.urgent = false;
        mem::swap(&mut state.lines, batch);
        state.writing = mem::take(&mut state.waiting);
        Some(state.writing)
    }

    /// Notes that the batch is written, and lets the next lines gather.
    fn wrote(&self) {
        let mut state = lock(&self.state);
        state.writing = 0;
        if state.waiting == 0 {
            self.empty.notify_all();
        }
        let gathered = self.filled.wait_timeout_while(state, GATHER, |state| !state.urgent && !state.closed);
        drop(gathered);
    }
}

impl Shared {
    /// The thread.
    fn write_out(&self, mut drain: Drain) {
        let Way::Queue(queue) = &self.way else { return };
        let mut batch = Vec::new();
        while let Some(lines) = queue.next(&mut batch) {
            let lost = drain.write(&batch, lines);
            self.counts.write_error.add(lost);
            self.counts.written.add(lines - lost.min(lines));
            batch.clear();
            queue.wrote();
        }
    }
}

impl Counts {
    fn new(registry: &Registry) -> Result<Self, Error> {
        let dropped = registry
            .counter("bellwether.log.dropped")
            .unit("{line}")
            .description("Log lines that were lost: to a full queue, or to a writer that failed.")
            .labels(["reason"])
            .family()?;
        Ok(Self {
            written: registry
                .counter("bellwether.log.written")
                .unit("{line}")
                .description("Log lines that were written.")
                .build()?,
            queue_full: dropped.get(["queue_full"]).clone(),
            write_error: dropped.get(["write_error"]).clone(),
            cut: registry
                .counter("bellwether.log.cut")
                .unit("{field}")
                .description("Fields of log lines that were cut or left out because they were too long or too many.")
                .build()?,
        })
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Way::Queue(queue) = &self.0.way {
            lock(&queue.state).closed = true;
            queue.filled.notify_one();
        }
    }
}

/// A panic while locked leaves bytes that are still lines.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("written", &self.written())
            .field("dropped", &self.dropped())
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}
