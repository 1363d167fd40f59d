//! A thread with a runtime of its own, so that the demo's props do not share the service's.

use std::{io, thread};

use tokio::{runtime, select, sync::oneshot};

/// Runs until it is dropped; dropping waits for the thread to end.
#[derive(Debug)]
pub struct Worker {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Worker {
    /// Starts `work` on a new thread called `name`.
    pub fn start(name: &str, work: impl Future<Output = ()> + Send + 'static) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name(name.into()).spawn(move || {
            runtime.block_on(async {
                select! {
                    () = work => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Dropping the sender is the signal.
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic over there has already been reported.
            let _ = thread.join();
        }
    }
}
