//! An operation ends once; this is what is known about it then.

use std::fmt;
use std::time::Duration;

use crate::scope::Scope;
use crate::trace::{SpanId, TraceContext};

/// How an operation ended, for our purposes. Each consumer states which of these count for or against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Outcome {
    /// It did what was asked.
    Success,
    /// The caller was at fault: a 4xx, a gRPC `INVALID_ARGUMENT`.
    ClientError,
    /// It failed, and the caller was not at fault.
    Failure,
    /// They told us to slow down: a 429 from a dependency.
    Throttled,
    /// We refused it without trying: load shed, breaker open.
    Rejected,
    /// Whoever asked went away before the end.
    Cancelled,
}

/// The side of the operation that was observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// A request that was answered here.
    Server,
    /// A call that was made to somebody else.
    Client,
    /// Work without a caller.
    Job,
    /// A database query.
    Query,
}

/// An attribute of an operation, by its OpenTelemetry semantic-convention name.
pub type Attribute<'a> = (&'static str, Value<'a>);

/// The value of an [`Attribute`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Text.
    Str(&'a str),
    /// A whole number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
}

/// What is known when an operation has ended. Borrowed: a listener copies what it keeps.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Operation<'a> {
    /// The side observed.
    pub kind: Kind,
    /// A low-cardinality name, fit for a span: `GET /v1/turns`, `voice.Voice/Converse`.
    pub name: &'a str,
    /// The route by its template, if there is one.
    pub route: Option<&'a str>,
    /// Whom a client operation called.
    pub peer: Option<&'a str>,
    /// How it ended.
    pub outcome: Outcome,
    /// What kind of error, bounded: `500`, `timeout`, `client_cancelled`.
    pub error: Option<&'a str>,
    /// From its start to its very end: the last byte of the answer, or whatever cut it short.
    pub duration: Duration,
    /// From its start to the first byte of the answer's body.
    pub first_byte: Option<Duration>,
    /// Bytes of the request's body that were read.
    pub request_bytes: u64,
    /// Bytes of the answer's body that were sent.
    pub response_bytes: u64,
    /// Whether a server span for it was already made through `tracing`.
    pub has_span: bool,
    /// What the semantic conventions want to be known beside the above. A `url.query` is as it came: what is written of it
    /// is for [`Redaction::query`](crate::Redaction::query) to say.
    pub attributes: &'a [Attribute<'a>],
    /// Its own position in a trace.
    pub trace: Option<TraceContext>,
    /// The span above it: of a request the caller's, of a call that of the code that made it.
    pub parent: Option<SpanId>,
    /// The scope it ran in: of a call, that of the request it was made for.
    pub scope: &'a Scope,
}

/// Somebody who wants to hear of every operation's end: a log line, a span made late, a live page.
///
/// Called on the hot path and possibly while a panic unwinds: must be quick, must not block, must not panic.
pub trait OnEnd: Send + Sync {
    /// The operation has ended.
    fn ended(&self, operation: &Operation<'_>);

    /// Whether it is to hear of an operation. Asked before the name and the attributes are filled in, which for most
    /// operations is then spared if nobody wants them. Default: yes.
    fn wants(&self, operation: &Operation<'_>) -> bool {
        let _ = operation;
        true
    }
}

impl Outcome {
    /// All outcomes, in the order they are listed anywhere.
    pub const ALL: [Self; 6] =
        [Self::Success, Self::ClientError, Self::Failure, Self::Throttled, Self::Rejected, Self::Cancelled];

    /// The word used in labels, logs and on the page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ClientError => "client_error",
            Self::Failure => "failure",
            Self::Throttled => "throttled",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'a> Operation<'a> {
    /// An operation of which nothing more is known; fill in the rest. Its position is that of its scope.
    pub fn new(kind: Kind, name: &'a str, outcome: Outcome, duration: Duration, scope: &'a Scope) -> Self {
        Self {
            kind,
            name,
            route: None,
            peer: None,
            outcome,
            error: None,
            duration,
            first_byte: None,
            request_bytes: 0,
            response_bytes: 0,
            has_span: false,
            attributes: &[],
            trace: scope.trace(),
            parent: scope.parent(),
            scope,
        }
    }
}
