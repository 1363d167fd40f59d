//! The whole of it: what is recorded here is at the collector a moment later, or is counted as lost.

use std::future::Future;
use std::sync::{Arc, mpsc as blocking};
use std::time::Duration;

use bellwether_core::{Clock, Redaction, Registry};
use tokio::sync::{mpsc, oneshot};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::courier::Courier;
use super::envelope::Envelope;
use super::error::Error;
use super::outbox::Outbox;
use super::report::Report;
use super::settings::{OtlpSettings, Queue, Tracing};
use super::signal::Signal;
use super::tally::{Fate, Tally};
use super::thread::{self, Order, Work};
use super::transport::Transport;
use super::worker::Pusher;
use crate::resource::Resource;
use crate::trace::{self, LateSpans, Outlet};

/// How much longer than it asked for a blocked thread waits for an answer.
const GRACE: Duration = Duration::from_millis(250);

/// Exports by OTLP from a thread of its own. Cheap to clone; the thread ends by [`shutdown`](Self::shutdown), or soon
/// after the last clone is dropped.
///
/// Recording never waits for the collector. While it is away, slow or unwilling, a bounded queue fills, what does not fit
/// is counted, and when it is back so is the pipeline.
///
/// ```
/// use bellwether_core::Registry;
/// use bellwether_export::Resource;
/// use bellwether_export::otlp::{Destination, Loss, OtlpSettings, Pipeline, Signal};
/// use std::time::Duration;
/// use tracing_subscriber::prelude::*;
///
/// let registry = Registry::new();
/// let nobody = OtlpSettings::new().all(Destination::new().endpoint("http://127.0.0.1:9"));
/// let pipeline = Pipeline::start(nobody, &registry, &Resource::builder("checkout").build())?;
///
/// // Add the layer to a subscriber of your own; nothing is installed for you.
/// let subscriber = tracing_subscriber::registry().with(pipeline.layer());
/// tracing::subscriber::with_default(subscriber, || {
///     let _span = tracing::info_span!("job").entered();
/// });
///
/// let report = pipeline.shutdown_blocking(Duration::from_secs(2)); // nobody listens there
/// assert_eq!(report.signal(Signal::Traces).unwrap().losses, [(Loss::Shutdown, 1)]);
/// # Ok::<(), bellwether_export::otlp::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Pipeline {
    orders: Option<mpsc::UnboundedSender<Order>>,
    summary: Summary,
    spans: Option<Arc<Outbox>>,
    records: Option<Arc<Outbox>>,
    tracing: Tracing,
    redaction: Arc<Redaction>,
    clock: Clock,
}

/// What was counted, and what waits, of all signals.
#[derive(Debug, Clone, Default)]
pub(super) struct Summary(Arc<Vec<Count>>);

/// Of one signal; metrics have no outbox.
type Count = (Arc<Tally>, Option<Arc<Outbox>>);

impl Pipeline {
    /// Starts the export thread. With everything disabled none is started, and all that is asked of the pipeline is
    /// nothing.
    ///
    /// # Errors
    /// If an endpoint, a header or a certificate cannot be used, or the registry has other metrics of the exporter's names.
    pub fn start(settings: OtlpSettings, registry: &Registry, resource: &Resource) -> Result<Self, Error> {
        let envelope = Arc::new(Envelope::new(resource));
        let clock = registry.clock().clone();
        let mut work = Vec::new();
        let mut counts = Vec::new();
        let (mut spans, mut records) = (None, None);
        for signal in Signal::ALL {
            let to = settings.destination(signal).resolve(&settings.all, signal)?;
            let Some(to) = to.filter(|_| !settings.disabled) else { continue };
            let tally = Arc::new(Tally::new(registry, signal)?);
            let courier = |give_up_after| {
                let (envelope, tally) = (Arc::clone(&envelope), Arc::clone(&tally));
                Ok::<_, Error>(Courier::new(signal, Transport::new(to)?, envelope, tally, clock.clone(), give_up_after))
            };
            let (task, outbox) = match signal {
                Signal::Metrics => {
                    let courier = courier(settings.push.give_up_after.min(settings.push.every))?;
                    let hurry = courier.hurry();
                    let pusher = Pusher::new(courier, registry.clone(), Arc::clone(&tally), settings.push);
                    (Work::Push(pusher, hurry), None)
                }
                Signal::Traces => ship(courier(settings.spans.give_up_after)?, &tally, settings.spans, &mut spans),
                Signal::Logs => ship(courier(settings.records.give_up_after)?, &tally, settings.records, &mut records),
            };
            work.push((signal, task));
            counts.push((tally, outbox));
        }
        let summary = Summary(Arc::new(counts));
        let orders = if work.is_empty() { None } else { Some(thread::start(work, summary.clone())?) };
        let mut redaction = Redaction::default();
        settings.secrets.iter().for_each(|name| redaction.add(name));
        let (tracing, redaction) = (settings.tracing, Arc::new(redaction));
        Ok(Self { orders, summary, spans, records, tracing, redaction, clock })
    }

    /// The layer that makes spans and log records of what is said through `tracing`, for a subscriber of your own.
    ///
    /// Spans inside a request that is not sampled are not made at all, and what the export thread itself says is left
    /// out.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + 'static + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let spans = self.outlet(&self.spans).map(|outlet| trace::span_layer(outlet, self.tracing).boxed());
        let records =
            self.outlet(&self.records).map(|outlet| trace::log_layer(outlet, self.tracing, &self.clock).boxed());
        // Not one `and_then` the other: on a bare `Registry` such a pair has the level of the second, and `None` has none.
        let layers: Vec<_> = spans.into_iter().chain(records).collect();
        (!layers.is_empty()).then_some(layers)
    }

    /// Makes the spans of requests that nobody made at their start, and that turned out to matter.
    pub fn late_spans(&self) -> LateSpans {
        LateSpans::new(self.outlet(&self.spans), self.clock.clone(), self.tracing.slow_after)
    }

    fn outlet(&self, outbox: &Option<Arc<Outbox>>) -> Option<Arc<Outlet>> {
        outbox.as_ref().map(|outbox| Outlet::new(outbox, &self.redaction))
    }

    /// What was delivered and lost so far.
    pub fn report(&self) -> Report {
        self.summary.report(self.summary.waiting() == 0)
    }

    /// Sends all that is there now, metrics last. The future needs no runtime and is ready within the time; dropping it
    /// stops nothing.
    pub fn flush(&self, within: Duration) -> impl Future<Output = Report> + Send + 'static + use<> {
        self.ask(within, false)
    }

    /// [`flush`](Self::flush), for code that may block.
    pub fn flush_blocking(&self, within: Duration) -> Report {
        self.ask_blocking(within, false)
    }

    /// Sends all that can be sent within the time, counts the rest as lost, and ends the export thread. The future needs
    /// no runtime: it is safe on one whose only thread is this.
    pub fn shutdown(&self, within: Duration) -> impl Future<Output = Report> + Send + 'static + use<> {
        self.ask(within, true)
    }

    /// [`shutdown`](Self::shutdown), for code that may block.
    pub fn shutdown_blocking(&self, within: Duration) -> Report {
        self.ask_blocking(within, true)
    }

    fn ask(&self, within: Duration, stop: bool) -> impl Future<Output = Report> + Send + 'static + use<> {
        let (reply, answer) = oneshot::channel();
        let reply = move |report| drop(reply.send(report));
        self.order(Order { within, stop, reply: Box::new(reply) });
        let summary = self.summary.clone();
        async move {
            // No answer means that there is no thread, or that it has ended: nothing changes any more.
            answer.await.unwrap_or_else(|_| summary.report(summary.waiting() == 0))
        }
    }

    fn ask_blocking(&self, within: Duration, stop: bool) -> Report {
        let (reply, answer) = blocking::sync_channel(1);
        let reply = move |report| drop(reply.try_send(report));
        self.order(Order { within, stop, reply: Box::new(reply) });
        let answer = answer.recv_timeout(within.saturating_add(GRACE));
        answer.unwrap_or_else(|_| self.report())
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(order);
        }
    }
}

fn ship(
    courier: Courier,
    tally: &Arc<Tally>,
    queue: Queue,
    place: &mut Option<Arc<Outbox>>,
) -> (Work, Option<Arc<Outbox>>) {
    let outbox = Arc::new(Outbox::new(queue, Arc::clone(tally)));
    *place = Some(Arc::clone(&outbox));
    (Work::Ship { courier, outbox: Arc::clone(&outbox), tally: Arc::clone(tally), queue }, Some(outbox))
}

impl Summary {
    pub(super) fn report(&self, in_time: bool) -> Report {
        let waiting = |outbox: &Option<Arc<Outbox>>| outbox.as_ref().map_or(0, |outbox| outbox.len() as u64);
        Report { signals: self.0.iter().map(|(tally, outbox)| tally.report(waiting(outbox))).collect(), in_time }
    }

    /// How many items wait.
    pub(super) fn waiting(&self) -> usize {
        self.outboxes().map(|(_, outbox)| outbox.len()).sum()
    }

    /// Turns away what comes from now on.
    pub(super) fn close(&self) {
        self.outboxes().for_each(|(_, outbox)| outbox.close());
    }

    /// Gives up what waits.
    pub(super) fn abandon(&self, fate: Fate) {
        for (tally, outbox) in self.outboxes() {
            tally.count(fate, outbox.abandon() as u64);
            tally.waiting(0);
        }
    }

    fn outboxes(&self) -> impl Iterator<Item = (&Tally, &Outbox)> {
        self.0.iter().filter_map(|(tally, outbox)| Some((&**tally, outbox.as_deref()?)))
    }
}
