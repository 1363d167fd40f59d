//! The span of a request gets the ids of its scope.

use std::cell::Cell;

use bellwether_core::{Scope, SpanId, TraceContext, TraceId};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

thread_local! {
    /// The scope whose span is just being started on this thread.
    static ADOPTING: Cell<Option<Scope>> = const { Cell::new(None) };
}

/// Makes a span, just created and not entered yet, the one that its request's scope has announced all along: with its
/// trace id, span id and flags, and the caller as its parent. False if the span will not be exported: no layer of a
/// [`Pipeline`](crate::otlp::Pipeline) sees it, or it was entered before.
///
/// This is what `bellwether-tower` wants for a span hook:
///
/// ```
/// use bellwether_core::{Scope, TraceContext};
/// use bellwether_export::trace;
///
/// let hook: Box<dyn Fn(&tracing::Span, &Scope)> = Box::new(|span, scope| drop(trace::adopt(span, scope)));
/// # let scope = Scope::builder(TraceContext::root(true)).open();
/// # hook(&tracing::info_span!("request"), &scope);
/// # assert!(!trace::adopt(&tracing::Span::none(), &scope));
/// ```
pub fn adopt(span: &Span, scope: &Scope) -> bool {
    if span.is_disabled() || scope.is_empty() {
        return false;
    }
    ADOPTING.set(Some(scope.clone()));
    // Asking for its context starts the span, here and now, and so the tracer finds the scope.
    drop(span.context());
    ADOPTING.take().is_none()
}

/// The scope whose span is being started, to be taken once.
pub(super) fn adopting() -> Option<Scope> {
    ADOPTING.take()
}

/// The position of the span that is running on this thread: what a call made now is a child of. `None` outside of any
/// span, and where no layer of a pipeline is in place; the scope's own position is what remains then.
pub fn current() -> Option<TraceContext> {
    Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        let flags = span.trace_flags();
        let trace_id = TraceId::from_bytes(span.trace_id().to_bytes())?;
        let span_id = SpanId::from_bytes(span.span_id().to_bytes())?;
        Some(TraceContext::new(trace_id, span_id, flags.is_sampled(), flags.to_u8() & RANDOM != 0))
    })
}

/// The random flag of W3C Trace Context level 2.
pub(super) const RANDOM: u8 = 0x02;
