//! One scrape, written piece by piece: nothing is copied beforehand and no lock is held between pieces.

use std::hash::{BuildHasher, RandomState};
use std::iter::FusedIterator;

use bellwether_core::prometheus::Names;
use bellwether_core::{Metric, Registry, Series};
use bytes::Bytes;

use super::format::{Format, Syntax};
use super::plan::{Family, Plan};
use super::protobuf::Protobuf;
use super::text::Text;
use crate::resource::Resource;

/// A registry and its resource in one format, as chunks of about 64 KiB that are written when asked for.
///
/// Memory is that of a chunk, however many series there are; a series that begins meanwhile may or may not be in it. Each
/// series is read when it is written, so a scrape of a busy registry is no cut through one instant, but each histogram's
/// buckets, sum and count belong together.
///
/// ```
/// use bellwether_core::Registry;
/// use bellwether_export::Resource;
/// use bellwether_export::prometheus::{Exposition, Format};
///
/// let registry = Registry::new();
/// registry.counter("jobs.done").labels(["queue"]).family()?.get(["mail"]).add(3);
/// let resource = Resource::builder("worker").build();
///
/// let text: Vec<u8> = Exposition::new(&registry, &resource, Format::TEXT).flatten().collect();
/// assert!(String::from_utf8(text).unwrap().ends_with("jobs_done_total{queue=\"mail\"} 3\n"));
/// # Ok::<(), bellwether_core::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "an exposition is written as it is iterated"]
pub struct Exposition {
    registry: Registry,
    resource: Resource,
    format: Format,
    names: Names,
    created: bool,
    stage: Stage,
    plan: Plan,
    writer: Writer,
    position: Position,
    hasher: RandomState,
    /// Series that had the labels of another.
    repeated: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Start,
    Families,
    End,
    Done,
}

#[derive(Debug)]
enum Writer {
    Text(Box<Text>),
    Protobuf(Box<Protobuf>),
}

/// How far a scrape has come.
#[derive(Debug, Default)]
struct Position {
    family: usize,
    metric: usize,
    series: usize,
    /// Whether the lines that describe the family were written.
    described: bool,
    /// Whether the writer knows the metric.
    started: bool,
}

/// Chunks are at least this long, but for the last.
const CHUNK: usize = 64 * 1024;

/// Writes a whole scrape to `sink`, chunk by chunk. See [`Exposition`] for one that is pulled.
///
/// ```
/// use bellwether_core::Registry;
/// use bellwether_export::Resource;
/// use bellwether_export::prometheus::{Format, encode};
///
/// let mut text = Vec::new();
/// encode(&Registry::new(), &Resource::builder("worker").build(), Format::OPEN_METRICS, &mut |chunk| {
///     text.extend_from_slice(chunk);
/// });
/// assert!(text.ends_with(b"# EOF\n"));
/// ```
pub fn encode(registry: &Registry, resource: &Resource, format: Format, sink: &mut dyn FnMut(&[u8])) {
    let mut exposition = Exposition::new(registry, resource, format);
    let mut chunk = Vec::with_capacity(CHUNK + CHUNK / 4);
    loop {
        chunk.clear();
        let more = exposition.write(&mut chunk);
        if !chunk.is_empty() {
            sink(&chunk);
        }
        if !more {
            return;
        }
    }
}

impl Exposition {
    /// A scrape that has not begun.
    pub fn new(registry: &Registry, resource: &Resource, format: Format) -> Self {
        Self {
            registry: registry.clone(),
            resource: resource.clone(),
            format,
            names: Names::default(),
            created: true,
            stage: Stage::Start,
            plan: Plan::default(),
            writer: Writer::new(Names::default(), format, true),
            position: Position::default(),
            hasher: RandomState::new(),
            repeated: 0,
        }
    }

    /// What becomes of dotted names. Default: [`Names::Underscored`].
    pub fn names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// Whether OpenMetrics and protobuf say when a counter or histogram began. Default: yes. Prometheus up to 2 keeps
    /// OpenMetrics' `_created` lines as a series each; turn it off if that is too many.
    pub fn created(mut self, created: bool) -> Self {
        self.created = created;
        self
    }

    /// Metrics and series that were left out so far, since something else goes by the same name or has the same labels.
    /// The text formats say which in a remark.
    pub fn refused(&self) -> u64 {
        self.plan.refused.len() as u64 + self.repeated
    }

    /// Appends the next chunk; says whether there is more.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) -> bool {
        if self.stage == Stage::Start {
            self.plan = Plan::of(&self.registry, self.names, self.format);
            self.writer = Writer::new(self.names, self.format, self.created);
            self.writer.target(&self.resource, out);
            for refused in &self.plan.refused {
                self.writer.remark(refused, out);
            }
            self.stage = Stage::Families;
        }
        if self.stage == Stage::Families {
            if self.write_families(out) {
                return true;
            }
            self.stage = Stage::End;
        }
        if self.stage == Stage::End {
            self.writer.end(out);
            self.stage = Stage::Done;
        }
        false
    }

    /// Goes on where it stopped; says whether it stopped again.
    fn write_families(&mut self, out: &mut Vec<u8>) -> bool {
        let (position, writer) = (&mut self.position, &mut self.writer);
        while let Some(family) = self.plan.families.get_mut(position.family) {
            while let Some(metric) = family.metrics.get(position.metric).cloned() {
                // Continues in constant time: series are never removed.
                for series in metric.series_after(position.series) {
                    if out.len() + writer.waiting() >= CHUNK {
                        writer.flush(out);
                        return true;
                    }
                    if !std::mem::replace(&mut position.described, true) {
                        writer.start_family(family, out);
                    }
                    if !std::mem::replace(&mut position.started, true) {
                        writer.start_metric(&metric);
                    }
                    let identity = writer.identify(series);
                    let first = family.seen.as_mut().is_none_or(|seen| seen.insert(self.hasher.hash_one(identity)));
                    if first {
                        writer.series(series, out);
                    } else {
                        self.repeated += 1;
                    }
                    position.series += 1;
                }
                (position.metric, position.series, position.started) = (position.metric + 1, 0, false);
            }
            writer.flush(out);
            // What it remembered is not needed again.
            family.seen = None;
            *position = Position { family: position.family + 1, ..Position::default() };
        }
        false
    }
}

impl Iterator for Exposition {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.stage == Stage::Done {
            return None;
        }
        let mut chunk = Vec::with_capacity(CHUNK + CHUNK / 4);
        self.write(&mut chunk);
        (!chunk.is_empty()).then(|| chunk.into())
    }
}

impl FusedIterator for Exposition {}

impl Writer {
    fn new(names: Names, format: Format, created: bool) -> Self {
        match format.syntax() {
            Syntax::Protobuf => Self::Protobuf(Box::new(Protobuf::new(names, format, created))),
            _ => Self::Text(Box::new(Text::new(names, format, created))),
        }
    }

    fn target(&mut self, resource: &Resource, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => text.target(resource, out),
            Self::Protobuf(protobuf) => protobuf.target(resource, out),
        }
    }

    fn remark(&self, remark: &str, out: &mut Vec<u8>) {
        if let Self::Text(text) = self {
            text.remark(remark, out);
        }
    }

    fn start_family(&mut self, family: &Family, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => text.start_family(family, out),
            Self::Protobuf(protobuf) => protobuf.start_family(family),
        }
    }

    fn start_metric(&mut self, metric: &Metric) {
        match self {
            Self::Text(text) => text.start_metric(metric),
            Self::Protobuf(protobuf) => protobuf.start_metric(metric),
        }
    }

    #[inline]
    fn identify(&mut self, series: &Series) -> &[u8] {
        match self {
            Self::Text(text) => text.identify(series),
            Self::Protobuf(protobuf) => protobuf.identify(series),
        }
    }

    #[inline]
    fn series(&mut self, series: &Series, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => text.series(series, out),
            Self::Protobuf(protobuf) => protobuf.series(series),
        }
    }

    fn waiting(&self) -> usize {
        match self {
            Self::Text(_) => 0,
            Self::Protobuf(protobuf) => protobuf.waiting(),
        }
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        if let Self::Protobuf(protobuf) = self {
            protobuf.flush(out);
        }
    }

    fn end(&self, out: &mut Vec<u8>) {
        if let Self::Text(text) = self {
            text.end(out);
        }
    }
}
