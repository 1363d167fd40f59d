//! The layer for `tracing_subscriber` that writes each event as a line of JSON.

use bellwether_core::Scope;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::fields::{EventFields, Fields, LogTarget, Message, SpanFields, SpanPlace};
use super::json;
use super::layout::Layout;
use super::line::{Form, Line, MAX_VALUE};
use super::output::Output;
use super::request_log::RequestLog;

/// Writes events as lines of JSON, and hands out the [`RequestLog`] that does the same for finished requests.
///
/// It takes every event it is given; which those are is for a filter of the subscriber.
#[derive(Debug, Clone)]
pub struct JsonLog {
    form: Form,
    span_fields: bool,
}

impl JsonLog {
    /// A log in the plain layout of a service without a name.
    pub fn new(output: Output) -> Self {
        let form = Form {
            output,
            layout: Layout::Plain,
            redaction: <_>::default(),
            service: "unknown_service".to_owned(),
            version: String::new(),
            pid: std::process::id(),
            hostname: hostname(),
            fields: Vec::new(),
        };
        Self { form, span_fields: true }
    }

    /// Whose words to use.
    pub fn layout(mut self, layout: Layout) -> Self {
        self.form.layout = layout;
        self
    }

    /// What the service is called, and its version; an empty one is left out. CloudWatch gets the name as namespace too.
    pub fn service(mut self, name: &str, version: &str) -> Self {
        json::cut(name, 256).clone_into(&mut self.form.service);
        json::cut(version, 256).clone_into(&mut self.form.version);
        self
    }

    /// The process's number and its machine's name, in place of the real ones.
    pub fn process(mut self, pid: u32, hostname: &str) -> Self {
        self.form.pid = pid;
        json::cut(hostname, 256).clone_into(&mut self.form.hostname);
        self
    }

    /// A field for every line, such as the environment it is deployed to.
    pub fn field(mut self, name: &str, value: &str) -> Self {
        let mut text = Vec::new();
        json::string_cut(&mut text, value, MAX_VALUE);
        self.form.fields.retain(|(own, _)| own != name);
        self.form.fields.push((name.to_owned(), text));
        self
    }

    /// More names of fields that are secrets, beside those that always are. A name hides every field of which a part
    /// between dots ends in it; case, dashes and underscores do not count.
    pub fn redact<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        names.into_iter().for_each(|name| self.form.redaction.add(name));
        self
    }

    /// Whether events carry the fields of the spans they are in. Default: yes.
    pub fn span_fields(mut self, carried: bool) -> Self {
        self.span_fields = carried;
        self
    }

    /// A line for each finished request, that looks the same and goes the same way.
    pub fn requests(&self) -> RequestLog {
        RequestLog::new(self.form.clone())
    }

    /// Where the lines go.
    pub fn output(&self) -> &Output {
        &self.form.output
    }

    fn event<S>(&self, line: &mut Line, event: &Event<'_>, context: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Self { form, .. } = self;
        let metadata = event.metadata();
        form.head(line, *metadata.level(), |out| {
            let mut message = Message { out, found: false, cut: false };
            event.record(&mut message);
            let Message { found, cut, .. } = message;
            if !found {
                // An event without a message is called by its name, unless that is just the place in the source.
                json::string(out, Some(metadata.name()).filter(|name| !name.starts_with("event ")).unwrap_or_default());
            }
            cut
        });
        let of_log = metadata.target() == "log";
        let mut logged = LogTarget::default();
        if of_log {
            event.record(&mut logged);
        }
        let target = logged.0.as_deref().unwrap_or(metadata.target());
        if Scope::with_current(|scope| form.whence(line, target, scope)).is_none() {
            form.whence(line, target, &Scope::empty());
        }
        event.record(&mut Fields(EventFields { form, line, of_log }));
        self.spans(line, event, context);
        form.tail(line);
    }

    /// The name of the span the event is in, and the fields of all spans around it, the nearest first.
    fn spans<S>(&self, line: &mut Line, event: &Event<'_>, context: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some(spans) = context.event_scope(event).filter(|_| self.span_fields) else { return };
        let mut named = false;
        for span in spans.filter(|span| !is_own(span.metadata().target())) {
            if !named {
                named = true;
                json::key(&mut line.bytes, self.form.words().span);
                json::string(&mut line.bytes, json::cut(span.name(), 256));
            }
            let extensions = span.extensions();
            let Some(fields) = extensions.get::<SpanFields>() else { continue };
            for (name, value) in fields.iter() {
                if let Some(out) = self.form.begin(line, name) {
                    out.extend_from_slice(value);
                }
            }
        }
    }
}

impl<S> Layer<S> for JsonLog
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|span| self.span_fields && !is_own(span.metadata().target())) else {
            return;
        };
        if attributes.fields().is_empty() {
            return;
        }
        let mut fields = SpanFields::default();
        attributes.record(&mut Fields(SpanPlace { form: &self.form, fields: &mut fields }));
        self.form.output.count_cut(std::mem::take(&mut fields.cut));
        // Another log of this kind may have left the same there.
        span.extensions_mut().replace(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|_| self.span_fields) else { return };
        let mut extensions = span.extensions_mut();
        if let Some(fields) = extensions.get_mut::<SpanFields>() {
            values.record(&mut Fields(SpanPlace { form: &self.form, fields }));
            self.form.output.count_cut(std::mem::take(&mut fields.cut));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        self.form.write(*event.metadata().level(), |line| self.event(line, event, &context));
    }
}

/// The span of a request: its fields are in the request's own line, and there would be none in requests not sampled.
fn is_own(target: &str) -> bool {
    target.starts_with("bellwether::")
}

fn hostname() -> String {
    let kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let environment = || std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).ok();
    let name = kernel().or_else(environment).unwrap_or_default();
    let name = json::cut(name.trim(), 256);
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}
