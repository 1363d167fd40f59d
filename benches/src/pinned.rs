//! Threads pinned one to a CPU: without it two threads share one, take turns, and look as if they never met.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use crate::case::Run;

/// Threads that live as long as this, each on a CPU of its own.
#[derive(Debug)]
pub struct Pinned {
    threads: Vec<Worker>,
}

#[derive(Debug)]
struct Worker {
    jobs: Sender<Job>,
    times: Receiver<Duration>,
}

struct Job {
    run: Arc<Run>,
    start: Arc<Barrier>,
    times: u64,
}

impl Pinned {
    /// So many threads; `None` on a machine with fewer CPUs.
    pub fn new(threads: usize) -> Option<Self> {
        let cpus = core_affinity::get_core_ids().filter(|cpus| cpus.len() >= threads)?;
        Some(Self { threads: cpus.into_iter().take(threads).map(Worker::new).collect() })
    }

    /// Lets the first so many threads repeat the operation so many times, started together; the time of the slowest.
    pub fn time(&self, threads: usize, run: &Arc<Run>, times: u64) -> Duration {
        let threads = &self.threads[..threads];
        let start = Arc::new(Barrier::new(threads.len()));
        for worker in threads {
            let job = Job { run: Arc::clone(run), start: Arc::clone(&start), times };
            worker.jobs.send(job).expect("the thread lives as long as its channel");
        }
        let times = threads.iter().map(|worker| worker.times.recv().expect("the thread did not panic"));
        times.max().unwrap_or_default()
    }
}

impl Worker {
    #[allow(clippy::disallowed_methods, reason = "what measures the library does not trust the library's clock")]
    fn new(cpu: core_affinity::CoreId) -> Self {
        let (jobs, inbox) = channel::<Job>();
        let (outbox, times) = channel();
        std::thread::spawn(move || {
            core_affinity::set_for_current(cpu);
            for job in inbox {
                job.start.wait();
                let start = Instant::now();
                (job.run)(job.times);
                if outbox.send(start.elapsed()).is_err() {
                    return;
                }
            }
        });
        Self { jobs, times }
    }
}
