//! One line for each finished request: what was asked, how it ended, how long it took, whose it was.

use bellwether_core::{Facts, Kind, OnEnd, Operation, Outcome, Value};

use super::json;
use super::layout::Layout;
use super::line::{Form, Line, MAX_VALUE};
use super::words::{self, Words};

/// Listens for the end of requests and writes a line for each; from [`JsonLog::requests`](super::JsonLog::requests).
///
/// A failure is an error, a refusal (by us, or by a limit of rate) a warning, everything else information. Calls to others
/// have no lines here.
#[derive(Debug, Clone)]
pub struct RequestLog {
    form: Form,
    /// What CloudWatch is to make of a request's line, its timestamp left out.
    directive: Vec<u8>,
}

/// What the lines say they come from.
const TARGET: &str = "bellwether::request";

impl RequestLog {
    pub(super) fn new(form: Form) -> Self {
        let mut directive = br#","CloudWatchMetrics":[{"Namespace":"#.to_vec();
        json::string(&mut directive, &form.service);
        directive.extend_from_slice(
            br#","Dimensions":[["service"],["service","operation"]],"Metrics":[{"Name":"duration","Unit":"Milliseconds"},{"Name":"count","Unit":"Count"},{"Name":"faults","Unit":"Count"}]}]}"#,
        );
        Self { form, directive }
    }

    fn line(&self, line: &mut Line, operation: &Operation<'_>) {
        let Self { form, .. } = self;
        if form.layout == Layout::CloudWatchEmf {
            self.metrics(&mut line.bytes, operation);
        }
        form.head(line, words::level_of(operation.outcome), |out| {
            json::display_cut(out, format_args!("{}: {}", operation.name, operation.outcome), MAX_VALUE)
        });
        form.whence(line, TARGET, operation.scope);
        match form.layout {
            Layout::Pino => pino(&mut line.bytes, operation),
            Layout::Ecs => ecs(&mut line.bytes, operation),
            Layout::Plain | Layout::CloudWatchEmf => {}
        }
        line.cut += result(&mut line.bytes, form.words(), operation);
        for (name, value) in operation.attributes {
            if !form.words().request.skipped.contains(name)
                && let Some(out) = form.begin(line, name)
            {
                let cut = self.attribute(out, name, *value);
                line.cut += u64::from(cut);
            }
        }
        operation.scope.look(|facts| self.facts(line, facts));
        form.tail(line);
    }

    fn attribute(&self, out: &mut Vec<u8>, name: &str, value: Value<'_>) -> bool {
        match value {
            Value::Str(query) if name == "url.query" => {
                return json::string_cut(out, &self.form.redaction.query(query), MAX_VALUE);
            }
            Value::Str(text) => return json::string_cut(out, text, MAX_VALUE),
            Value::Int(number) => json::signed(out, number),
            Value::Bool(yes) => json::boolean(out, yes),
            _ => out.extend_from_slice(b"null"),
        }
        false
    }

    fn facts(&self, line: &mut Line, facts: &Facts) {
        for (name, value) in [("customer", &facts.customer), ("transaction", &facts.transaction)] {
            if let Some(value) = value
                && let Some(out) = self.form.begin(line, name)
            {
                json::string(out, value);
            }
        }
    }

    /// What CloudWatch takes the metrics from. Dimensions and metrics are members of the line itself.
    fn metrics(&self, out: &mut Vec<u8>, operation: &Operation<'_>) {
        json::key(out, "_aws");
        out.extend_from_slice(b"{\"Timestamp\":");
        json::unsigned(out, self.form.output.clock().timestamp().unix_millis());
        out.extend_from_slice(&self.directive);
        json::key(out, "operation");
        // A dimension has at most 1,024 characters, and none is not allowed.
        json::string(out, if operation.name.is_empty() { "unknown" } else { json::cut(operation.name, 1024) });
        json::key(out, "count");
        json::unsigned(out, 1);
        json::key(out, "faults");
        json::unsigned(out, u64::from(operation.outcome == Outcome::Failure));
    }
}

impl OnEnd for RequestLog {
    fn ended(&self, operation: &Operation<'_>) {
        if self.wants(operation) {
            self.form.write(words::level_of(operation.outcome), |line| self.line(line, operation));
        }
    }

    fn wants(&self, operation: &Operation<'_>) -> bool {
        operation.kind == Kind::Server
    }
}

/// What all layouts say, each in its words. Returns how many values were cut.
fn result(out: &mut Vec<u8>, words: &Words, operation: &Operation<'_>) -> u64 {
    let words = &words.request;
    let mut cut = 0;
    if let Some(route) = operation.route {
        json::key(out, words.route);
        cut += u64::from(json::string_cut(out, route, MAX_VALUE));
    }
    json::key(out, words.outcome);
    json::string(out, operation.outcome.as_str());
    if let Some(error) = operation.error {
        json::key(out, words.error_type);
        cut += u64::from(json::string_cut(out, error, MAX_VALUE));
    }
    let (name, unit) = words.duration;
    json::key(out, name);
    unit.write(out, operation.duration);
    if let Some(first_byte) = operation.first_byte {
        let (name, unit) = words.first_byte;
        json::key(out, name);
        unit.write(out, first_byte);
    }
    json::key(out, words.request_bytes);
    json::unsigned(out, operation.request_bytes);
    json::key(out, words.response_bytes);
    json::unsigned(out, operation.response_bytes);
    cut
}

/// `req` and `res`, as pino-http has them.
fn pino(out: &mut Vec<u8>, operation: &Operation<'_>) {
    let find = |name| operation.attributes.iter().find(|(own, _)| *own == name).map(|(_, value)| *value);
    if let Some(Value::Str(method)) = find("http.request.method") {
        json::key(out, "req");
        out.push(b'{');
        json::key(out, "method");
        json::string(out, json::cut(method, 256));
        out.push(b'}');
    }
    if let Some(Value::Int(status)) = find("http.response.status_code") {
        json::key(out, "res");
        out.push(b'{');
        json::key(out, "statusCode");
        json::signed(out, status);
        out.push(b'}');
    }
}

/// What kind of event a finished request is.
fn ecs(out: &mut Vec<u8>, operation: &Operation<'_>) {
    json::key(out, "event.kind");
    json::string(out, "event");
    json::key(out, "event.category");
    out.extend_from_slice(br#"["web"]"#);
    json::key(out, "event.outcome");
    json::string(out, words::ecs_outcome(operation.outcome));
}
