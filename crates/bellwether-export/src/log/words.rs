//! What each layout calls things: one row of words a layout.

use bellwether_core::{Outcome, Timestamp};
use tracing::Level;

use super::civil::Civil;
use super::json;
use super::layout::Layout;

pub(super) struct Words {
    pub(super) time: Time,
    pub(super) level: Name,
    pub(super) message: Name,
    pub(super) target: Name,
    /// The name of the span an event is in.
    pub(super) span: Name,
    pub(super) trace_id: Name,
    pub(super) span_id: Name,
    pub(super) request_id: Name,
    pub(super) service: Name,
    pub(super) version: Name,
    /// The process and its machine, where it is the layout's custom to say.
    pub(super) process: Option<(Name, Name)>,
    /// A field that holds an error.
    pub(super) error: Name,
    /// What comes before names without a dot.
    pub(super) prefix: Name,
    /// What the line of a request says.
    pub(super) request: RequestWords,
    /// Names that the layout needs for itself beside the above.
    pub(super) taken: &'static [Name],
}

pub(super) struct RequestWords {
    pub(super) route: Name,
    pub(super) outcome: Name,
    pub(super) error_type: Name,
    pub(super) duration: (Name, Unit),
    pub(super) first_byte: (Name, Unit),
    pub(super) request_bytes: Name,
    pub(super) response_bytes: Name,
    /// Attributes that are said in another way.
    pub(super) skipped: &'static [Name],
}

type Name = &'static str;

pub(super) enum Time {
    /// A date and time with so many decimals.
    Iso(Name, usize),
    /// Milliseconds since 1970.
    Millis(Name),
}

#[derive(Clone, Copy)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
    Nanoseconds,
}

impl Layout {
    pub(super) fn words(self) -> &'static Words {
        match self {
            Self::Plain => &PLAIN,
            Self::Pino => &PINO,
            Self::Ecs => &ECS,
            Self::CloudWatchEmf => &EMF,
        }
    }
}

const PLAIN: Words = Words {
    time: Time::Iso("timestamp", 6),
    level: "level",
    message: "message",
    target: "target",
    span: "span",
    trace_id: "trace_id",
    span_id: "span_id",
    request_id: "request_id",
    service: "service.name",
    version: "service.version",
    process: None,
    error: "error",
    prefix: "",
    request: RequestWords {
        route: "http.route",
        outcome: "outcome",
        error_type: "error.type",
        duration: ("duration_seconds", Unit::Seconds),
        first_byte: ("first_byte_seconds", Unit::Seconds),
        request_bytes: "request_bytes",
        response_bytes: "response_bytes",
        skipped: &["http.route"],
    },
    taken: &[],
};

/// As pino and pino-http write them. Source: <https://github.com/pinojs/pino-http>
const PINO: Words = Words {
    time: Time::Millis("time"),
    level: "level",
    message: "msg",
    request_id: "reqId",
    service: "name",
    version: "version",
    process: Some(("pid", "hostname")),
    error: "err",
    request: RequestWords {
        duration: ("responseTime", Unit::Milliseconds),
        first_byte: ("firstByteTime", Unit::Milliseconds),
        skipped: &["http.route", "http.request.method", "http.response.status_code"],
        ..PLAIN.request
    },
    ..PLAIN
};

/// Source: <https://www.elastic.co/docs/reference/ecs> and <https://github.com/elastic/ecs-logging/tree/main/spec>
const ECS: Words = Words {
    time: Time::Iso("@timestamp", 3),
    level: "log.level",
    message: "message",
    target: "log.logger",
    span: "labels.span",
    trace_id: "trace.id",
    span_id: "span.id",
    request_id: "http.request.id",
    service: "service.name",
    version: "service.version",
    process: Some(("process.pid", "host.hostname")),
    error: "error.message",
    prefix: "labels.",
    request: RequestWords {
        route: "http.route",
        outcome: "labels.outcome",
        error_type: "error.type",
        duration: ("event.duration", Unit::Nanoseconds),
        first_byte: ("labels.first_byte_ns", Unit::Nanoseconds),
        request_bytes: "http.request.body.bytes",
        response_bytes: "http.response.body.bytes",
        skipped: &["http.route"],
    },
    taken: &["ecs.version"],
};

/// Source: "Specification: Embedded metric format" of the Amazon CloudWatch User Guide.
const EMF: Words = Words {
    service: "service",
    version: "version",
    request: RequestWords {
        duration: ("duration", Unit::Milliseconds),
        first_byte: ("first_byte", Unit::Milliseconds),
        ..PLAIN.request
    },
    taken: &["_aws", "operation", "duration", "count", "faults"],
    ..PLAIN
};

impl Words {
    /// Opens the member of a field that is named by the application.
    pub(super) fn key(&self, out: &mut Vec<u8>, name: &str) {
        let (prefix, name) = match name {
            "error" | "err" => ("", self.error),
            name if name.contains('.') => ("", name),
            name => (self.prefix, name),
        };
        json::key_of(out, prefix, name);
        if prefix.is_empty() && self.takes(name) {
            // In place of the closing quote and the colon.
            out.truncate(out.len() - 2);
            out.extend_from_slice(b"_\":");
        }
    }

    /// Whether the layout needs the name for itself.
    fn takes(&self, name: &str) -> bool {
        let time = match self.time {
            Time::Iso(time, _) | Time::Millis(time) => time,
        };
        let own = [
            time,
            self.level,
            self.message,
            self.target,
            self.span,
            self.trace_id,
            self.span_id,
            self.request_id,
            self.service,
            self.version,
        ];
        let process = self.process.map_or(["", ""], |(pid, hostname)| [pid, hostname]);
        own.contains(&name) || process.contains(&name) || self.taken.contains(&name)
    }

    pub(super) fn time(&self, out: &mut Vec<u8>, civil: &mut Civil, at: Timestamp) {
        match self.time {
            Time::Iso(name, decimals) => {
                json::key(out, name);
                out.push(b'"');
                out.extend_from_slice(civil.at(at.unix_nanos() / 1_000_000_000));
                let nanos = (at.unix_nanos() % 1_000_000_000) as u32;
                json::decimals(out, nanos / 10_u32.pow(9 - decimals as u32), decimals);
                out.extend_from_slice(b"Z\"");
            }
            Time::Millis(name) => {
                json::key(out, name);
                json::unsigned(out, at.unix_millis());
            }
        }
    }
}

impl Unit {
    pub(super) fn write(self, out: &mut Vec<u8>, duration: std::time::Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        match self {
            Self::Seconds => json::millionths(out, nanos / 1000),
            Self::Milliseconds => json::thousandths(out, nanos / 1000),
            Self::Nanoseconds => json::unsigned(out, nanos),
        }
    }
}

/// The number pino has for a level.
pub(super) fn pino_level(level: Level) -> u64 {
    match level {
        Level::TRACE => 10,
        Level::DEBUG => 20,
        Level::INFO => 30,
        Level::WARN => 40,
        Level::ERROR => 50,
    }
}

pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::TRACE => "trace",
        Level::DEBUG => "debug",
        Level::INFO => "info",
        Level::WARN => "warn",
        Level::ERROR => "error",
    }
}

/// The level of a finished request's line.
pub(super) fn level_of(outcome: Outcome) -> Level {
    match outcome {
        Outcome::Failure => Level::ERROR,
        Outcome::Throttled | Outcome::Rejected => Level::WARN,
        _ => Level::INFO,
    }
}

/// `event.outcome`: a caller's mistake is not the service's failure.
pub(super) fn ecs_outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success | Outcome::ClientError => "success",
        Outcome::Failure | Outcome::Throttled | Outcome::Rejected => "failure",
        _ => "unknown",
    }
}
