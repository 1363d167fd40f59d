//! What a sink has seen and what it is still to do wrong, shared by its server and the test.

use crate::sink::Fault;
use http::HeaderMap;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;
use tokio::sync::watch;

/// One of OTLP's three signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics.
    Metrics,
    /// Log records.
    Logs,
}

/// Which of the two wires a request came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// gRPC.
    Grpc,
    /// HTTP with a protobuf body.
    Http,
}

/// A request that came, whatever became of it.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// What it carried.
    pub signal: Signal,
    /// How it came.
    pub transport: Transport,
    /// When it came, for the least time between retries.
    pub at: Instant,
    /// What it met, if not all was well.
    pub fault: Option<Fault>,
}

/// A request that was taken.
#[derive(Debug, Clone)]
pub struct Received {
    /// How it came.
    pub transport: Transport,
    /// With these headers (gRPC: metadata).
    pub headers: HeaderMap,
    /// And this content.
    pub message: Message,
}

/// The content of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// Spans.
    Traces(ExportTraceServiceRequest),
    /// Metrics.
    Metrics(ExportMetricsServiceRequest),
    /// Log records.
    Logs(ExportLogsServiceRequest),
}

/// All of it.
#[derive(Debug)]
pub(super) struct Record {
    state: Mutex<State>,
    changed: watch::Sender<()>,
    cut: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<(Fault, u32)>,
    attempts: Vec<Attempt>,
    received: Vec<Arc<Received>>,
}

impl Default for Record {
    fn default() -> Self {
        Self { state: Mutex::default(), changed: watch::Sender::new(()), cut: watch::Sender::new(()) }
    }
}

impl Record {
    pub(super) fn fail(&self, fault: Fault, times: u32) {
        self.state().script.push_back((fault, times));
    }

    pub(super) fn recover(&self) {
        self.state().script.clear();
    }

    /// Notes an attempt and says what it is to meet.
    pub(super) fn attempt(&self, signal: Signal, transport: Transport) -> Option<Fault> {
        let mut state = self.state();
        let fault = state.next_fault();
        state.attempts.push(Attempt { signal, transport, at: Instant::now(), fault: fault.clone() });
        drop(state);
        self.changed.send_replace(());
        fault
    }

    pub(super) fn take(&self, received: Received) {
        self.state().received.push(Arc::new(received));
        self.changed.send_replace(());
    }

    pub(super) fn attempts(&self) -> Vec<Attempt> {
        self.state().attempts.clone()
    }

    pub(super) fn received(&self) -> Vec<Arc<Received>> {
        self.state().received.clone()
    }

    /// Wakes after each attempt and each request taken.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Resets every connection.
    pub(super) fn cut(&self) {
        self.cut.send_replace(());
    }

    /// Wakes when connections are to be reset.
    pub(super) fn cuts(&self) -> watch::Receiver<()> {
        self.cut.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it is held")
    }
}

impl State {
    fn next_fault(&mut self) -> Option<Fault> {
        while let Some((fault, times)) = self.script.front_mut() {
            if let Some(left) = times.checked_sub(1) {
                *times = left;
                return Some(fault.clone());
            }
            self.script.pop_front();
        }
        None
    }
}
