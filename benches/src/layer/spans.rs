//! What the OpenTelemetry stacks share: a provider whose batches are encoded and dropped.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use opentelemetry::global;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter};
use prost::Message;

use super::Exports;

/// How many spans go in one request, by default, with everybody here.
pub(super) const BATCH: u64 = 512;

/// Encodes spans as the OTLP exporters do, and drops the bytes.
#[derive(Debug)]
struct Encode {
    resource: ResourceAttributesWithSchema,
    spans: Arc<AtomicU64>,
}

impl SpanExporter for Encode {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let resource_spans = group_spans_by_resource_and_scope(batch, &self.resource);
        black_box(ExportTraceServiceRequest { resource_spans }.encode_to_vec());
        self.spans.fetch_add(spans, Relaxed);
        Ok(())
    }
}

/// A provider with the batch processor as it is, and traces sampled as a service would have them. The propagator is the
/// global one: everybody here reads `traceparent`.
pub(super) fn provider(per_million: u64) -> (SdkTracerProvider, Exports) {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let spans = Arc::new(AtomicU64::new(0));
    let resource = Resource::builder().with_service_name("benches").build();
    let exporter = Encode { resource: (&resource).into(), spans: Arc::clone(&spans) };
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(per_million as f64 / 1e6)));
    let provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(sampler)
        .with_batch_exporter(exporter)
        .build();
    // The SDK does not tell how many it lost.
    let exports = Exports { per_million, done: Box::new(move || spans.load(Relaxed)), lost: Box::new(|| 0) };
    (provider, exports)
}
