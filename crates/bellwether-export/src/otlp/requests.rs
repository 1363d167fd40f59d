//! The registry as OTLP requests, for whoever sends them by other means than a pipeline.

use bellwether_core::{Registry, Timestamp};

use super::envelope::Envelope;
use super::metrics::{Deltas, Walk};
use super::outbox::Batch;
use super::settings::{Histograms, Push};
use crate::resource::Resource;

/// All metrics of a registry at this moment, cumulative, as encoded `ExportMetricsServiceRequest`s of at most about
/// 2 MiB. Reading resets nothing.
///
/// ```
/// use bellwether_core::Registry;
/// use bellwether_export::Resource;
/// use bellwether_export::otlp::{Histograms, Requests};
///
/// let registry = Registry::new();
/// registry.counter("jobs.done").build()?.inc();
/// let resource = Resource::builder("worker").build();
/// let requests: Vec<Vec<u8>> = Requests::new(&registry, &resource, Histograms::Exponential).collect();
/// assert_eq!(requests.len(), 1);
/// # Ok::<(), bellwether_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Requests {
    walk: Walk,
    envelope: Envelope,
    batch: Batch,
    /// None are wanted, none are kept.
    deltas: Deltas,
}

impl Requests {
    /// Starts at the first metric.
    pub fn new(registry: &Registry, resource: &Resource, histograms: Histograms) -> Self {
        let push = Push::default().histograms(histograms);
        Self {
            walk: Walk::new(registry, push, Timestamp::default()),
            envelope: Envelope::new(resource),
            batch: Batch::default(),
            deltas: Deltas::new(0),
        }
    }

    /// The next request, into a buffer that is cleared first; false when there is none any more.
    pub fn next_into(&mut self, request: &mut Vec<u8>) -> bool {
        let more = self.walk.next(&mut self.batch, &mut self.deltas);
        if more {
            self.envelope.wrap(&self.batch, request);
        }
        more
    }
}

impl Iterator for Requests {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut request = Vec::new();
        self.next_into(&mut request).then_some(request)
    }
}
