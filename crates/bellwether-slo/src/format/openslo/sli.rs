//! The SLI of an OpenSLO file: two counts, a ratio or a value, and where each is to be asked for.

use super::metric::Source;
use super::object::{Kind, Object, description, find, name};
use crate::format::cursor::{Cursor, Fields};
use crate::format::node::Node;

/// What an SLI measures.
#[derive(Clone)]
pub(super) struct Sli<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) described: Option<Cursor<'a>>,
    pub(super) measured: Measured<'a>,
}

#[derive(Clone)]
pub(super) enum Measured<'a> {
    /// A part of the events, and all of them.
    Ratio {
        /// The part is of good events, not of bad ones.
        good: bool,
        part: Source<'a>,
        total: Source<'a>,
        /// Both only rise.
        counter: bool,
    },
    /// The share itself: of good events, or else of bad ones.
    Raw { good: bool, share: Source<'a> },
    /// A value, which an objective compares with its own.
    Threshold(Source<'a>),
}

/// Reads the `spec` of an SLI.
pub(super) fn sli<'a>(spec: &Cursor<'a>, objects: &[Object<'a>]) -> Option<Sli<'a>> {
    let fields = spec.fields(&["description", "thresholdMetric", "ratioMetric"])?;
    let described = description(&fields).and(fields.get("description"));
    let (kind, metric) = fields.exactly_one(&["thresholdMetric", "ratioMetric"])?;
    let measured = if kind == "thresholdMetric" {
        Measured::Threshold(source(&metric, objects)?)
    } else {
        ratio(&metric, objects)?
    };
    Some(Sli { cursor: spec.clone(), described, measured })
}

fn ratio<'a>(metric: &Cursor<'a>, objects: &[Object<'a>]) -> Option<Measured<'a>> {
    let fields = metric.fields(&["counter", "good", "bad", "total", "rawType", "raw"])?;
    let counter = fields.get("counter").is_some_and(|counter| counter.flag() == Some(true));
    let (kind, whole) = fields.exactly_one(&["total", "raw"])?;
    if kind == "raw" {
        let clash = ["good", "bad"].iter().filter_map(|key| fields.get(key));
        clash.for_each(|other| other.refuse("cannot stand beside raw: accepted is one of them"));
        let types = [("success", true), ("failure", false)];
        let good = fields.required("rawType", "success or failure").and_then(|kind| kind.one_of(&types));
        let share = source(&whole, objects);
        return Some(Measured::Raw { good: good?, share: share? });
    }
    if let Some(kind) = fields.get("rawType") {
        kind.refuse("cannot stand without raw: accepted is raw beside it, or neither");
    }
    let part = fields.exactly_one(&["good", "bad"]);
    let total = source(&whole, objects);
    let (kind, part) = part?;
    Some(Measured::Ratio { good: kind == "good", part: source(&part, objects)?, total: total?, counter })
}

/// Where a number comes from.
fn source<'a>(metric: &Cursor<'a>, objects: &[Object<'a>]) -> Option<Source<'a>> {
    let fields = metric.fields(&["metricSource"])?;
    let source = fields.required("metricSource", "a table with a spec")?;
    let fields = source.fields(&["metricSourceRef", "type", "spec"])?;
    let spec = fields.required("spec", "a table of what the source is asked").filter(|spec| match spec.entries() {
        Some(entries) if entries.is_empty() => {
            spec.refuse("is empty: accepted is what the source is asked");
            false
        }
        entries => entries.is_some(),
    });
    let kind = source_type(&fields, objects);
    Some(Source { cursor: source, kind: kind?, spec: spec? })
}

/// The type of a source: its own, or that of the data source it names.
fn source_type<'a>(source: &Fields<'a>, objects: &[Object<'a>]) -> Option<&'a str> {
    let reference = source.get("metricSourceRef");
    let named = match &reference {
        Some(reference) => Some((reference, find(objects, Kind::DataSource, name(reference)?))),
        None => None,
    };
    let known = named.as_ref().and_then(|(_, object)| object.as_ref()?.spec.node.get("type").and_then(Node::text));
    match (source.get("type"), known, named) {
        (Some(own), _, _) => own.words(),
        (None, Some(known), _) => Some(known),
        (None, None, Some((reference, _))) => {
            let name = reference.node.shown();
            reference.refuse(format!(
                "is {name}, which names no DataSource: accepted is one that is given, or a type beside it"
            ));
            None
        }
        (None, None, None) => {
            source.required("type", "a type such as Prometheus, or metricSourceRef, which names a DataSource");
            None
        }
    }
}
