//! One line under way: a buffer that each thread keeps, and what all lines have in common.

use std::cell::Cell;

use bellwether_core::{Redaction, Scope};
use tracing::Level;

use super::civil::Civil;
use super::json;
use super::layout::Layout;
use super::output::Output;
use super::words::{self, Words};

/// A line has at most this many fields of the application's.
pub(super) const MAX_FIELDS: usize = 64;
/// A value is cut to this many bytes.
pub(super) const MAX_VALUE: usize = 8 << 10;
/// A line that is longer than this gets no more fields.
pub(super) const MAX_LINE: usize = 64 << 10;
/// A buffer that has grown beyond this is not kept.
const KEEP: usize = 128 << 10;

/// The buffer of one line.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) bytes: Vec<u8>,
    /// The application's fields that are on it.
    pub(super) names: Vec<&'static str>,
    /// How many fields were cut or left out.
    pub(super) cut: u64,
    civil: Civil,
}

/// How lines look and where they go: what both kinds of line share.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) output: Output,
    pub(super) layout: Layout,
    pub(super) redaction: Redaction,
    pub(super) service: String,
    pub(super) version: String,
    pub(super) pid: u32,
    pub(super) hostname: String,
    /// Fields on every line, with their values as JSON.
    pub(super) fields: Vec<(String, Vec<u8>)>,
}

thread_local! {
    static LINE: Cell<Option<Box<Line>>> = const { Cell::new(None) };
}

impl Form {
    pub(super) fn words(&self) -> &'static Words {
        self.layout.words()
    }

    /// Builds a line in the thread's buffer, closes it and hands it over. A line that is begun while another one is under
    /// way, by a field that logs when it is formatted, has a buffer of its own.
    pub(super) fn write(&self, level: Level, build: impl FnOnce(&mut Line)) {
        let mut line = LINE.try_with(Cell::take).ok().flatten().unwrap_or_default();
        line.bytes.clear();
        line.names.clear();
        line.cut = 0;
        line.bytes.push(b'{');
        build(&mut line);
        line.bytes.extend_from_slice(b"}\n");
        self.output.push(&line.bytes, level == Level::ERROR);
        self.output.count_cut(line.cut);
        if line.bytes.capacity() <= KEEP {
            // While the thread is torn down there is no place, and the buffer goes.
            let _ = LINE.try_with(|place| place.set(Some(line)));
        }
    }

    /// Time, level and message.
    pub(super) fn head(&self, line: &mut Line, level: Level, message: impl FnOnce(&mut Vec<u8>) -> bool) {
        let words = self.words();
        words.time(&mut line.bytes, &mut line.civil, self.output.clock().timestamp());
        json::key(&mut line.bytes, words.level);
        match self.layout {
            Layout::Pino => json::unsigned(&mut line.bytes, words::pino_level(level)),
            _ => json::string(&mut line.bytes, words::level(level)),
        }
        json::key(&mut line.bytes, words.message);
        line.cut += u64::from(message(&mut line.bytes));
        if self.layout == Layout::Ecs {
            json::key(&mut line.bytes, "ecs.version");
            json::string(&mut line.bytes, "8.11.0");
        }
    }

    /// The target, and the ids of a scope.
    pub(super) fn whence(&self, line: &mut Line, target: &str, scope: &Scope) {
        let words = self.words();
        let out = &mut line.bytes;
        json::key(out, words.target);
        json::string(out, json::cut(target, 256));
        if let Some(trace) = scope.trace() {
            json::key(out, words.trace_id);
            out.push(b'"');
            out.extend_from_slice(&trace.trace_id().to_hex());
            out.push(b'"');
            json::key(out, words.span_id);
            out.push(b'"');
            out.extend_from_slice(&trace.span_id().to_hex());
            out.push(b'"');
        }
        if let Some(id) = scope.request_id() {
            json::key(out, words.request_id);
            json::string(out, id.as_str());
        }
    }

    /// Makes room for a field of the application's, unless the line is full, and opens it. `None` if there is nothing
    /// more to write; a secret is written as such here.
    pub(super) fn begin<'l>(&self, line: &'l mut Line, name: &'static str) -> Option<&'l mut Vec<u8>> {
        if line.names.contains(&name) {
            return None;
        }
        if line.names.len() >= MAX_FIELDS || line.bytes.len() >= MAX_LINE {
            line.cut += 1;
            return None;
        }
        line.names.push(name);
        self.words().key(&mut line.bytes, json::cut(name, 256));
        if self.redaction.hides(name) {
            json::string(&mut line.bytes, Redaction::REDACTED);
            return None;
        }
        Some(&mut line.bytes)
    }

    /// Who says it: service, version, process, and the fields of every line.
    pub(super) fn tail(&self, line: &mut Line) {
        let words = self.words();
        let out = &mut line.bytes;
        json::key(out, words.service);
        json::string(out, &self.service);
        if !self.version.is_empty() {
            json::key(out, words.version);
            json::string(out, &self.version);
        }
        if let Some((pid, hostname)) = words.process {
            json::key(out, pid);
            json::unsigned(out, u64::from(self.pid));
            json::key(out, hostname);
            json::string(out, &self.hostname);
        }
        for (name, value) in &self.fields {
            if !line.names.iter().any(|own| own == name) {
                words.key(out, name);
                out.extend_from_slice(value);
            }
        }
    }
}
