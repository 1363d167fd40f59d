//! What is around the items of every request: the resource, and who says so.

use super::outbox::Batch;
use super::wire;
use crate::resource::Resource;

/// The attributes we emit are those of this version of the semantic conventions.
const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.44.0";

/// The beginning of a request, encoded once. The three signals agree on its shape: `ExportTraceServiceRequest`,
/// `ResourceSpans` and `ScopeSpans` have the numbers of their siblings for metrics and logs.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    /// `resource` of `ResourceSpans`.
    resource: Vec<u8>,
    /// `scope` and `schema_url` of `ScopeSpans`.
    scope: Vec<u8>,
}

impl Envelope {
    pub(crate) fn new(resource: &Resource) -> Self {
        let mut encoded = Vec::new();
        wire::nested(&mut encoded, 1, 2, |out| {
            for (key, value) in resource.attributes() {
                wire::text_attribute(out, 1, key, value);
            }
        });
        let mut scope = Vec::new();
        wire::nested(&mut scope, 1, 1, |out| {
            wire::bytes(out, 1, b"bellwether");
            wire::bytes(out, 2, env!("CARGO_PKG_VERSION").as_bytes());
        });
        wire::bytes(&mut scope, 3, SCHEMA_URL.as_bytes());
        Self { resource: encoded, scope }
    }

    /// The whole request, into a buffer that is cleared first.
    pub(crate) fn wrap(&self, batch: &Batch, out: &mut Vec<u8>) {
        let scoped = self.scope.len() + batch.bytes.len();
        let all = self.resource.len() + 1 + wire::varint_len(scoped as u64) + scoped;
        out.clear();
        out.reserve(all + 16);
        wire::length(out, 1, all);
        out.extend_from_slice(&self.resource);
        wire::length(out, 2, scoped);
        out.extend_from_slice(&self.scope);
        out.extend_from_slice(&batch.bytes);
    }
}
