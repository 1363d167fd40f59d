//! Takes the fields of events and spans from `tracing` and writes their values.

use std::error::Error;
use std::fmt::{self, Debug};
use std::ops::Range;

use bellwether_core::Redaction;
use tracing::field::{Field, Visit};

use super::json;
use super::layout::Layout;
use super::line::{Form, Line, MAX_FIELDS, MAX_LINE, MAX_VALUE};

/// The fields of a span, with their values as JSON, ready to be copied into the line of every event in it.
#[derive(Debug, Default)]
pub(super) struct SpanFields {
    entries: Vec<(&'static str, Range<usize>)>,
    text: Vec<u8>,
    /// How many fields did not fit.
    pub(super) cut: u64,
}

/// Where values go.
pub(super) trait Place {
    /// Makes room for the value of a field, or says that it is not wanted.
    fn begin(&mut self, name: &'static str) -> Option<&mut Vec<u8>>;
    /// The value is written, and perhaps cut.
    fn end(&mut self, cut: bool);
    /// What is left out of URLs.
    fn redaction(&self) -> &Redaction;
    /// Errors are objects here, as pino has them.
    fn errors_are_objects(&self) -> bool;
}

/// Fields of a span, kept for the lines in it.
pub(super) struct SpanPlace<'a> {
    pub(super) form: &'a Form,
    pub(super) fields: &'a mut SpanFields,
}

/// Fields of an event, written to its line.
pub(super) struct EventFields<'a> {
    pub(super) form: &'a Form,
    pub(super) line: &'a mut Line,
    /// The event comes from the `log` crate, whose fields about itself are not for the reader.
    pub(super) of_log: bool,
}

/// A visitor that writes to a place.
pub(super) struct Fields<P>(pub(super) P);

impl SpanFields {
    /// The fields, later values in place of earlier ones.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.entries.iter().map(|(name, range)| (*name, self.text.get(range.clone()).unwrap_or(b"null")))
    }
}

impl Place for SpanPlace<'_> {
    fn begin(&mut self, name: &'static str) -> Option<&mut Vec<u8>> {
        let fields = &mut *self.fields;
        let place = fields.entries.iter().position(|(own, _)| *own == name);
        if fields.text.len() >= MAX_LINE || (place.is_none() && fields.entries.len() >= MAX_FIELDS) {
            fields.cut += 1;
            return None;
        }
        if let Some(place) = place {
            fields.entries.remove(place);
        }
        let start = fields.text.len();
        fields.entries.push((name, start..start));
        Some(&mut fields.text)
    }

    fn end(&mut self, cut: bool) {
        self.fields.cut += u64::from(cut);
        if let Some((_, range)) = self.fields.entries.last_mut() {
            range.end = self.fields.text.len();
        }
    }

    fn redaction(&self) -> &Redaction {
        &self.form.redaction
    }

    fn errors_are_objects(&self) -> bool {
        false
    }
}

impl Place for EventFields<'_> {
    fn begin(&mut self, name: &'static str) -> Option<&mut Vec<u8>> {
        if name == "message" || (self.of_log && name.starts_with("log.")) {
            return None;
        }
        self.form.begin(self.line, name)
    }

    fn end(&mut self, cut: bool) {
        self.line.cut += u64::from(cut);
    }

    fn redaction(&self) -> &Redaction {
        &self.form.redaction
    }

    fn errors_are_objects(&self) -> bool {
        self.form.layout == Layout::Pino
    }
}

impl<P: Place> Fields<P> {
    #[inline]
    fn write(&mut self, field: &Field, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        if let Some(out) = self.0.begin(field.name()) {
            let cut = write(out);
            self.0.end(cut);
        }
    }

    fn whole(&mut self, field: &Field, write: impl FnOnce(&mut Vec<u8>)) {
        self.write(field, |out| {
            write(out);
            false
        });
    }

    fn url(&mut self, field: &Field, value: &str) {
        let clean = self.0.redaction().text(field.name(), value).into_owned();
        self.write(field, |out| json::string_cut(out, &clean, MAX_VALUE));
    }
}

impl<P: Place> Visit for Fields<P> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.whole(field, |out| json::float(out, value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.whole(field, |out| json::signed(out, value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.whole(field, |out| json::unsigned(out, value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.record_i64(field, value),
            // A number that most readers would round.
            Err(_) => self.record_debug(field, &value),
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.record_u64(field, value),
            Err(_) => self.record_debug(field, &value),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.whole(field, |out| json::boolean(out, value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if Redaction::looks_into(field.name()) {
            return self.url(field, value);
        }
        self.write(field, |out| json::string_cut(out, value, MAX_VALUE));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let object = self.0.errors_are_objects() && matches!(field.name(), "error" | "err");
        self.write(field, |out| {
            if !object {
                return json::display_cut(out, format_args!("{}", Chain(value)), MAX_VALUE);
            }
            out.push(b'{');
            json::key(out, "type");
            json::string(out, "Error");
            json::key(out, "message");
            let cut = json::display_cut(out, format_args!("{value}"), MAX_VALUE);
            json::key(out, "stack");
            let cut = json::display_cut(out, format_args!("{}", Chain(value)), MAX_VALUE) || cut;
            out.push(b'}');
            cut
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if Redaction::looks_into(field.name()) {
            return self.url(field, &format!("{value:?}"));
        }
        self.write(field, |out| json::display_cut(out, format_args!("{value:?}"), MAX_VALUE));
    }
}

/// An error and what caused it, outermost first. A ring of causes ends after sixteen.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut error = self.0;
        for _ in 0..16 {
            let Some(cause) = error.source() else { break };
            write!(f, ": {cause}")?;
            error = cause;
        }
        Ok(())
    }
}

/// Looks for the message of an event, and writes it.
pub(super) struct Message<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) found: bool,
    pub(super) cut: bool,
}

impl Visit for Message<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" && !self.found {
            self.found = true;
            self.cut = json::string_cut(self.out, value, MAX_VALUE);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" && !self.found {
            self.found = true;
            self.cut = json::display_cut(self.out, format_args!("{value:?}"), MAX_VALUE);
        }
    }
}

/// Looks for the target of an event that came from the `log` crate, whose own target is just "log".
#[derive(Default)]
pub(super) struct LogTarget(pub(super) Option<String>);

impl Visit for LogTarget {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "log.target" {
            self.0 = Some(json::cut(value, 256).to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
