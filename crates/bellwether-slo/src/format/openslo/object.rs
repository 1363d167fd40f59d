//! The objects of OpenSLO files: which kind each is, what it is called, and who refers to it by that name.

use std::cell::Cell;

use bellwether_core::nearest;

use crate::format::cursor::{Cursor, Fields, Sheet, listed};
use crate::format::node::{Node, Value, cut};

/// The kinds of object that version 1 has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    AlertCondition,
    AlertNotificationTarget,
    AlertPolicy,
    DataSource,
    Service,
    Sli,
    Slo,
}

const KINDS: &[(&str, Kind)] = &[
    ("AlertCondition", Kind::AlertCondition),
    ("AlertNotificationTarget", Kind::AlertNotificationTarget),
    ("AlertPolicy", Kind::AlertPolicy),
    ("DataSource", Kind::DataSource),
    ("Service", Kind::Service),
    ("SLI", Kind::Sli),
    ("SLO", Kind::Slo),
];

impl Kind {
    pub(super) fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// An object: its kind, what is said of it, and what it specifies.
#[derive(Clone)]
pub(super) struct Object<'a> {
    pub(super) kind: Kind,
    pub(super) metadata: Metadata<'a>,
    /// A table; which keys it may have is not yet checked.
    pub(super) spec: Cursor<'a>,
    /// Whether another object refers to it.
    pub(super) used: Cell<bool>,
}

/// What is said of an object.
#[derive(Clone)]
pub(super) struct Metadata<'a> {
    pub(super) name: &'a str,
    pub(super) fields: Fields<'a>,
    pub(super) annotations: Vec<(&'a str, &'a str)>,
}

impl<'a> Metadata<'a> {
    /// One of our own annotations, by its name.
    pub(super) fn annotation(&self, name: &str) -> Option<&'a str> {
        let own = |key: &str| key.strip_prefix(super::PREFIX) == Some(name);
        self.annotations.iter().find(|(key, _)| own(key)).map(|(_, value)| *value)
    }

    /// Notes the annotations that are not ours.
    pub(super) fn note_annotations(&self) {
        let is_known =
            |key: &str| key.strip_prefix(super::PREFIX).is_some_and(|name| super::ANNOTATIONS.contains(&name));
        let foreign = self.annotations.iter().filter(|(key, _)| !is_known(key));
        for (_, cursor) in foreign.filter_map(|(key, _)| Some((key, self.fields.get("annotations")?.entry(key)?))) {
            cursor.note("is left out: it has no counterpart");
        }
    }
}

/// What a document is called in remarks: `SLO checkout`, as far as it can be told.
fn title(node: &Node) -> String {
    let text = |node: Option<&Node>| node.and_then(Node::text).map(cut).unwrap_or_default();
    let (kind, name) = (text(node.get("kind")), text(node.get("metadata").and_then(|metadata| metadata.get("name"))));
    format!("{kind} {name}").trim().to_owned()
}

/// All objects of the documents, a list of objects being as good as documents.
pub(super) fn all<'a>(documents: &'a [Node], sheet: &'a Sheet<'a>) -> Vec<Object<'a>> {
    let objects = documents.iter().flat_map(|document| match &document.value {
        Value::List(items) => items.iter().collect(),
        // Nothing between two lines of `---`.
        Value::Null => Vec::new(),
        _ => vec![document],
    });
    let mut read: Vec<Object<'a>> = Vec::new();
    for node in objects {
        let Some(object) = object(&Cursor::new(sheet, &title(node), node)) else { continue };
        match read.iter().find(|other| other.kind == object.kind && other.metadata.name == object.metadata.name) {
            Some(first) => {
                let line = first.metadata.fields.table.at().line;
                let what =
                    format!("is the name of another {}, in line {line}: accepted is a new one", object.kind.name());
                object.metadata.fields.get("name").iter().for_each(|name| name.refuse(what.clone()));
            }
            None => read.push(object),
        }
    }
    read
}

fn object<'a>(document: &Cursor<'a>) -> Option<Object<'a>> {
    let fields = document.fields(&["apiVersion", "kind", "metadata", "spec"])?;
    let version = fields.required("apiVersion", "openslo/v1").and_then(|version| version.one_of(&[("openslo/v1", ())]));
    let parts = parts(&fields, KINDS);
    version.and_then(|()| parts_of(parts))
}

/// An object that stands in another one, of this kind; where there is only one that it can be, it need not be said.
pub(super) fn inline<'a>(cursor: &Cursor<'a>, kind: Kind, says_kind: bool) -> Option<Object<'a>> {
    let fields = cursor.fields(if says_kind { &["kind", "metadata", "spec"] } else { &["metadata", "spec"] })?;
    parts_of(if says_kind {
        parts(&fields, &[(kind.name(), kind)])
    } else {
        (Some(kind), metadata(&fields), spec(&fields))
    })
}

type Parts<'a> = (Option<Kind>, Option<Metadata<'a>>, Option<Cursor<'a>>);

fn parts_of((kind, metadata, spec): Parts<'_>) -> Option<Object<'_>> {
    let object = Object { kind: kind?, metadata: metadata?, spec: spec?, used: Cell::new(false) };
    if matches!(object.kind, Kind::Sli | Kind::AlertPolicy | Kind::AlertCondition) {
        left_out(&object.metadata.fields, &["displayName", "labels"]);
        object.metadata.note_annotations();
    }
    Some(object)
}

/// Notes what has no counterpart.
pub(super) fn left_out(fields: &Fields<'_>, keys: &[&str]) {
    keys.iter().filter_map(|key| fields.get(key)).for_each(|given| given.note("is left out: it has no counterpart"));
}

fn parts<'a>(fields: &Fields<'a>, kinds: &[(&str, Kind)]) -> Parts<'a> {
    let accepted = listed(kinds.iter().map(|(name, _)| *name), "or");
    let kind = fields.required("kind", &accepted).and_then(|kind| kind.one_of(kinds));
    (kind, metadata(fields), spec(fields))
}

fn spec<'a>(fields: &Fields<'a>) -> Option<Cursor<'a>> {
    fields.required("spec", "a table").filter(|spec| spec.entries().is_some())
}

fn metadata<'a>(object: &Fields<'a>) -> Option<Metadata<'a>> {
    let fields = object.required("metadata", "a table with a name")?;
    let fields = fields.fields(&["name", "displayName", "labels", "annotations"])?;
    let name = fields.required("name", NAME).and_then(|cursor| name(&cursor));
    if let Some(given) = fields.get("displayName") {
        given.read("a text of at most 63 characters", |node| node.text().filter(|text| text.chars().count() <= 63));
    }
    for (entry, label) in fields.get("labels").and_then(|labels| labels.entries()).unwrap_or_default() {
        if !is_key(&entry.key) {
            label.refuse(format!("has a key that is not accepted: accepted is {KEY}"));
        }
        label.read("a text or a list of texts; numbers and true or false in quotes", |node| match &node.value {
            Value::Text(_) => Some(()),
            Value::List(items) => items.iter().all(|item| item.text().is_some()).then_some(()),
            _ => None,
        });
    }
    let mut annotations = Vec::new();
    for (entry, annotation) in fields.get("annotations").and_then(|given| given.entries()).unwrap_or_default() {
        let bare = match entry.key.split_once('/') {
            Some((prefix, bare)) if is_subdomain(prefix) => bare,
            Some(_) => "",
            None => &entry.key,
        };
        if !is_key(bare) {
            annotation.refuse(format!(
                "has a key that is not accepted: accepted is {KEY}, and before it, if anything, a domain and a slash"
            ));
        }
        if let Some(text) = annotation.read("a text; numbers and true or false in quotes", Node::text) {
            annotations.push((entry.key.as_str(), text));
        }
    }
    Some(Metadata { name: name?, fields, annotations })
}

const NAME: &str = "a name of 1 to 63 characters: a to z, 0 to 9 and, between them, -";
const KEY: &str = "1 to 63 letters and digits and, between them, - _ .";

/// A name by RFC 1123.
pub(super) fn name<'a>(cursor: &Cursor<'a>) -> Option<&'a str> {
    cursor.read(NAME, |node| node.text().filter(|name| is_name(name)))
}

pub(super) fn is_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(legal) && !name.starts_with('-') && !name.ends_with('-')
}

fn is_subdomain(domain: &str) -> bool {
    domain.len() <= 253 && domain.split('.').all(is_name)
}

pub(super) fn is_key(key: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let ends = |c: char| c.is_ascii_alphanumeric();
    (1..=63).contains(&key.len()) && key.bytes().all(inner) && key.starts_with(ends) && key.ends_with(ends)
}

/// The object that a reference names.
pub(super) fn find<'o, 'a>(objects: &'o [Object<'a>], kind: Kind, name: &str) -> Option<&'o Object<'a>> {
    objects.iter().find(|object| object.kind == kind && object.metadata.name == name)
}

/// The object that a reference names; there must be one.
pub(super) fn resolve<'o, 'a>(objects: &'o [Object<'a>], kind: Kind, reference: &Cursor<'a>) -> Option<&'o Object<'a>> {
    let given = name(reference)?;
    let found = find(objects, kind, given);
    if let Some(found) = found {
        found.used.set(true);
    } else {
        let own: Vec<&str> =
            objects.iter().filter(|object| object.kind == kind).map(|object| object.metadata.name).collect();
        let accepted = match (nearest(given, own.iter().copied()), own.as_slice()) {
            (Some(near), _) => format!("; did you mean {near}?"),
            (None, []) => format!(": there is no {} at all; give its file, too", kind.name()),
            (None, own) => format!(": there are {}", listed(own.iter().copied().take(8), "and")),
        };
        reference.refuse(format!("is \"{given}\", which names no {}{accepted}", kind.name()));
    }
    found
}

/// A description, of which the specification allows 1050 characters.
pub(super) fn description<'a>(spec: &Fields<'a>) -> Option<&'a str> {
    let long = |node: &'a Node| node.text().filter(|text| text.chars().count() <= 1050);
    spec.get("description")?.read("a text of at most 1050 characters", long)
}
