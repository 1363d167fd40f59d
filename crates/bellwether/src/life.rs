//! The loop: ticks, probes and its own port, on a thread and a runtime of its own.

use std::net::TcpListener;
use std::sync::mpsc as std_mpsc;
use std::thread;
use std::time::Duration;

use bellwether_core::Registry;
use bellwether_dependency::Dependencies;
use tokio::runtime::{self, Handle};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::error::Error;
use crate::keeper::Keeper;
use crate::log::Logs;
use crate::objectives::Follower;
use crate::otlp::Otlp;
use crate::server::Server;
use crate::shutdown::Shutdown;
use crate::watch::{self, Watch};

/// What the loop is told to do.
#[derive(Debug)]
pub(crate) enum Order {
    Serve(TcpListener),
    End { within: Duration, answer: std_mpsc::Sender<Shutdown> },
}

/// What the loop is made of.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) registry: Registry,
    pub(crate) dependencies: Dependencies,
    pub(crate) tick: Duration,
    pub(crate) watch: Watch,
    pub(crate) server: Server,
    pub(crate) logs: Logs,
    pub(crate) otlp: Otlp,
    pub(crate) keeper: Keeper,
    pub(crate) objectives: Follower,
    /// The application's runtime, if `start` was called on one.
    pub(crate) application: Option<Handle>,
}

/// Orders that may wait.
const ORDERS: usize = 32;
/// What the loop gives itself when it ends because nobody has a handle any more.
const UNASKED: Duration = Duration::from_secs(1);

impl Life {
    /// Starts the thread. It ends by an order, or when the sender of orders is dropped.
    pub(crate) fn begin(self) -> Result<mpsc::Sender<Order>, Error> {
        let (orders, told) = mpsc::channel(ORDERS);
        let (built, is_built) = std_mpsc::channel();
        let live = move || {
            // Here, since a runtime must not be dropped on a thread of another one.
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            let answer = runtime.as_ref().map(|_| ()).map_err(Error::thread);
            let _ = built.send(answer);
            if let Ok(runtime) = runtime {
                runtime.block_on(self.live(told));
                // Not to wait for what still runs: it has had its time.
                runtime.shutdown_background();
            }
        };
        thread::Builder::new().name("bellwether".to_owned()).spawn(live).map_err(Error::thread)?;
        is_built.recv().map_err(Error::thread)??;
        Ok(orders)
    }

    async fn live(self, mut orders: mpsc::Receiver<Order>) {
        let Self {
            registry,
            dependencies,
            tick,
            mut watch,
            server,
            logs,
            otlp,
            mut keeper,
            mut objectives,
            application,
        } = self;
        if let Some(application) = application {
            let (registry, lag) = (registry.clone(), watch.lag.clone());
            tokio::spawn(async move { watch::probe(&registry, application, tick, lag).await });
        }
        let probing = tokio::spawn(dependencies.probes(tokio::time::sleep));
        let (last, promised) = (keeper.clone(), objectives.clone());
        let ticking = tokio::spawn(async move {
            let mut every = interval(tick);
            every.set_missed_tick_behavior(MissedTickBehavior::Delay);
            every.tick().await;
            loop {
                every.tick().await;
                watch.tick();
                keeper.tick();
                objectives.tick();
            }
        });
        let end = loop {
            match orders.recv().await {
                Some(Order::Serve(listener)) => drop(tokio::spawn(server.clone().serve(listener))),
                Some(Order::End { within, answer }) => break Some((within, answer)),
                None => break None,
            }
        };
        ticking.abort();
        probing.abort();
        let within = end.as_ref().map_or(UNASKED, |(within, _)| *within);
        promised.stop();
        let kept = tokio::spawn(last.finish(within));
        let shutdown = finish(logs, otlp, within).await;
        let _ = kept.await;
        if let Some((_, answer)) = end {
            let _ = answer.send(shutdown);
        }
    }
}

/// Delivers what is still here, all signals at the same time.
async fn finish(logs: Logs, otlp: Otlp, within: Duration) -> Shutdown {
    let lines = tokio::task::spawn_blocking(move || logs.finish(within));
    let (mut signals, mut in_time) = otlp.finish(within).await;
    match lines.await {
        Ok(Some(lines)) => {
            in_time &= lines.waiting == 0;
            signals.push(lines);
        }
        Ok(None) => {}
        Err(_) => in_time = false,
    }
    Shutdown::new(signals, in_time)
}
