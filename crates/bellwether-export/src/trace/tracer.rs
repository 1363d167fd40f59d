//! A tracer whose spans belong to the request that is running, and leave when they end.

use std::sync::Arc;

use bellwether_core::{Scope, SpanId, TraceContext, TraceId};
use opentelemetry::trace::{SpanBuilder, SpanContext, SpanKind, TraceContextExt as _, TraceState, Tracer};
use opentelemetry::{Context, TraceFlags};

use super::adopt::{self, RANDOM};
use super::outlet::Outlet;
use super::span::{ExportSpan, Parent};
use crate::otlp::Sampling;

/// The tracer behind `tracing-opentelemetry`.
#[derive(Debug, Clone)]
pub(crate) struct ScopeTracer {
    outlet: Arc<Outlet>,
    sampling: Sampling,
}

impl ScopeTracer {
    pub(super) fn new(outlet: Arc<Outlet>, sampling: Sampling) -> Self {
        Self { outlet, sampling }
    }

    /// The span that answers a request, or makes a call: all of it was decided when the scope was opened.
    fn of_request(&self, builder: SpanBuilder, scope: &Scope, trace: TraceContext) -> ExportSpan {
        let state = scope.trace_state().and_then(|state| state.as_str().parse().ok()).unwrap_or_default();
        let context = context(trace, state);
        // A call's parent is here, a request's is elsewhere.
        let remote = builder.span_kind != Some(SpanKind::Client);
        let parent = scope.parent().map(|id| Parent { id: id.to_bytes(), remote });
        self.start(builder, context, parent)
    }

    fn start(&self, builder: SpanBuilder, context: SpanContext, parent: Option<Parent>) -> ExportSpan {
        if context.is_sampled() {
            ExportSpan::start(builder, context, parent, &self.outlet)
        } else {
            // It carries the ids, so that what is below it is not sampled either.
            ExportSpan::unsampled(context)
        }
    }
}

impl Tracer for ScopeTracer {
    type Span = ExportSpan;

    fn build_with_context(&self, builder: SpanBuilder, parent: &Context) -> ExportSpan {
        if let Some(scope) = adopt::adopting()
            && let Some(trace) = scope.trace()
        {
            return self.of_request(builder, &scope, trace);
        }
        let above = parent.span();
        let above = above.span_context();
        if above.is_valid() {
            let sampled = match TraceId::from_bytes(above.trace_id().to_bytes()) {
                Some(trace_id) if above.is_remote() => self.sampling.decide(Some(above.is_sampled()), trace_id),
                _ => above.is_sampled(),
            };
            let own = SpanContext::new(
                above.trace_id(),
                opentelemetry::SpanId::from_bytes(SpanId::random().to_bytes()),
                above.trace_flags().with_sampled(sampled),
                false,
                above.trace_state().clone(),
            );
            let parent = Parent { id: above.span_id().to_bytes(), remote: above.is_remote() };
            return self.start(builder, own, Some(parent));
        }
        // In a request whose own span is not among tracing's: it is the parent all the same, by its scope.
        if let Some(trace) = Scope::with_current(Scope::trace).flatten() {
            let parent = Parent { id: trace.span_id().to_bytes(), remote: false };
            return self.start(builder, context(trace.child(trace.sampled()), TraceState::NONE), Some(parent));
        }
        let root = TraceContext::root(false);
        let sampled = self.sampling.decide(None, root.trace_id());
        let root = TraceContext::new(root.trace_id(), root.span_id(), sampled, true);
        self.start(builder, context(root, TraceState::NONE), None)
    }
}

/// A position in a trace as OpenTelemetry has it.
fn context(trace: TraceContext, state: TraceState) -> SpanContext {
    let random = if trace.random() { RANDOM } else { 0 };
    SpanContext::new(
        opentelemetry::TraceId::from_bytes(trace.trace_id().to_bytes()),
        opentelemetry::SpanId::from_bytes(trace.span_id().to_bytes()),
        TraceFlags::new(u8::from(trace.sampled()) | random),
        false,
        state,
    )
}
