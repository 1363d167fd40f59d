//! The end: what was delivered and what was lost, and a bound on how long it takes to find out.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

/// What was delivered and what was lost, per signal. Displays as a line per signal.
///
/// ```
/// # use std::time::Duration;
/// # use bellwether::Bellwether;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let bw = Bellwether::builder("checkout").start()?;
/// let shutdown = bw.shutdown(Duration::from_secs(5)).await;
/// assert!(shutdown.in_time);
/// assert_eq!(shutdown.to_string(), "nothing was to be delivered");
/// # Ok::<(), bellwether::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shutdown {
    /// The signals that had somewhere to go: `traces`, `metrics` and `logs` by OTLP, `log lines` by standard output.
    pub signals: Vec<Delivery>,
    /// Whether everything was dealt with before the time was up.
    pub in_time: bool,
}

/// What became of one signal since the start.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// What it is called.
    pub signal: &'static str,
    /// Items that arrived.
    pub delivered: u64,
    /// Items that did not arrive, by reason.
    pub lost: Vec<(&'static str, u64)>,
    /// Items that still waited when the time was up.
    pub waiting: u64,
}

/// The future of a shutdown; from [`Bellwether::shutdown`](crate::Bellwether::shutdown). The shutdown goes on if it is
/// dropped.
#[derive(Debug)]
#[must_use = "await it to learn what was delivered"]
pub struct ShuttingDown(oneshot::Receiver<Shutdown>);

/// Where a front door is in its life.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending(Arc<Mutex<Phase>>);

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Running,
    /// Those who wait for the end.
    Ending(Vec<oneshot::Sender<Shutdown>>),
    Ended(Shutdown),
}

impl Ending {
    /// Begins the end, or joins the one that has begun. `order` tells the loop; the loop answers by the channel.
    ///
    /// A thread that does nothing else waits for that answer, so that the bound holds whatever the loop, the application's
    /// runtime and the collector do.
    pub(crate) fn begin(&self, deadline: Duration, order: impl FnOnce(mpsc::Sender<Shutdown>)) -> ShuttingDown {
        let (tell, told) = oneshot::channel();
        let mut phase = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *phase {
            Phase::Ended(shutdown) => {
                let _ = tell.send(shutdown.clone());
            }
            Phase::Ending(waiting) => waiting.push(tell),
            Phase::Running => {
                *phase = Phase::Ending(vec![tell]);
                drop(phase);
                let (answer, answered) = mpsc::channel();
                order(answer);
                let ending = self.clone();
                let wait = move || ending.end(answered.recv_timeout(deadline).unwrap_or_else(|_| Shutdown::unknown()));
                if thread::Builder::new().name("bellwether-end".to_owned()).spawn(wait).is_err() {
                    self.end(Shutdown::unknown());
                }
            }
        }
        ShuttingDown(told)
    }

    pub(crate) fn has_begun(&self) -> bool {
        !matches!(*self.0.lock().unwrap_or_else(PoisonError::into_inner), Phase::Running)
    }

    fn end(&self, shutdown: Shutdown) {
        let mut phase = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Phase::Ending(waiting) = std::mem::replace(&mut *phase, Phase::Ended(shutdown.clone())) {
            waiting.into_iter().for_each(|tell| drop(tell.send(shutdown.clone())));
        }
    }
}

impl Shutdown {
    pub(crate) fn new(signals: Vec<Delivery>, in_time: bool) -> Self {
        Self { signals, in_time }
    }

    /// Nobody answered in time.
    fn unknown() -> Self {
        Self { signals: Vec::new(), in_time: false }
    }

    /// One signal; `None` if it had nowhere to go.
    pub fn signal(&self, name: &str) -> Option<&Delivery> {
        self.signals.iter().find(|delivery| delivery.signal == name)
    }

    /// Items of all signals that did not arrive, those that still waited among them.
    pub fn lost(&self) -> u64 {
        self.signals.iter().map(|delivery| delivery.lost() + delivery.waiting).sum()
    }
}

impl Delivery {
    #[cfg_attr(not(any(feature = "log", feature = "otlp")), allow(dead_code, reason = "nothing is delivered then"))]
    pub(crate) fn new(
        signal: &'static str,
        delivered: u64,
        lost: impl IntoIterator<Item = (&'static str, u64)>,
        waiting: u64,
    ) -> Self {
        Self { signal, delivered, lost: lost.into_iter().filter(|(_, items)| *items > 0).collect(), waiting }
    }

    /// Items that did not arrive, for whatever reason.
    pub fn lost(&self) -> u64 {
        self.lost.iter().map(|(_, items)| items).sum()
    }
}

impl Future for ShuttingDown {
    type Output = Shutdown;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Shutdown> {
        Pin::new(&mut self.0).poll(cx).map(|told| told.unwrap_or_else(|_| Shutdown::unknown()))
    }
}

impl fmt::Display for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, delivery) in self.signals.iter().enumerate() {
            write!(f, "{}{delivery}", if number > 0 { "\n" } else { "" })?;
        }
        match (self.signals.is_empty(), self.in_time) {
            (true, true) => f.write_str("nothing was to be delivered"),
            (true, false) => f.write_str("time was up before anybody could tell what was delivered"),
            (false, false) => f.write_str("\ntime was up before everything was delivered"),
            (false, true) => Ok(()),
        }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} delivered, {} lost", self.signal, self.delivered, self.lost())?;
        for (number, (reason, items)) in self.lost.iter().enumerate() {
            write!(f, "{}{items} {reason}", if number > 0 { ", " } else { " (" })?;
        }
        f.write_str(if self.lost.is_empty() { "" } else { ")" })?;
        if self.waiting > 0 {
            write!(f, ", {} still waiting", self.waiting)?;
        }
        Ok(())
    }
}
