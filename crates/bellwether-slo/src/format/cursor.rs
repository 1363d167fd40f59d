//! Reading a document strictly: every key is known or refused, every refusal says where, what was found and what would do.

use std::cell::RefCell;

use bellwether_core::nearest;

use super::node::{At, Entry, Node, Value, cut};
use super::remark::{Position, Problems, Remark};

/// What is found out about the files that are being read.
pub(super) struct Sheet<'a> {
    files: Vec<&'a str>,
    problems: RefCell<Problems>,
    notes: RefCell<Vec<(At, Remark)>>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(files: Vec<&'a str>) -> Self {
        Self { files, problems: RefCell::new(Problems::new()), notes: RefCell::default() }
    }

    /// Something is wrong.
    pub(super) fn refuse(&self, at: At, document: &str, path: &str, what: impl Into<String>) {
        self.problems.borrow_mut().push(at, self.remark(at, document, path, what.into()));
    }

    /// Something is not taken along.
    pub(super) fn note(&self, at: At, document: &str, path: &str, what: impl Into<String>) {
        let remark = self.remark(at, document, path, what.into());
        self.notes.borrow_mut().push((at, remark));
    }

    fn remark(&self, at: At, document: &str, path: &str, what: String) -> Remark {
        let file = self.files.get(at.file).copied().unwrap_or_default().to_owned();
        let at = Position { file, line: at.line, column: at.column };
        // One line, whatever others put into their own words.
        let what = what.replace(char::is_control, " ");
        Remark { at: Some(at), document: document.to_owned(), path: path.to_owned(), what }
    }

    /// The notes, if nothing was wrong.
    pub(super) fn close(self) -> Result<Vec<Remark>, Problems> {
        self.problems.into_inner().refusal()?;
        let mut notes = self.notes.into_inner();
        notes.sort_by_key(|(at, _)| *at);
        // Of what several refer to, each says the same.
        notes.dedup();
        Ok(notes.into_iter().map(|(_, note)| note).collect())
    }
}

/// A value in a document, and the way to it.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    sheet: &'a Sheet<'a>,
    document: std::rc::Rc<str>,
    path: String,
    pub(super) node: &'a Node,
}

impl<'a> Cursor<'a> {
    /// The top of a document, which is called by its name in what is said about it.
    pub(super) fn new(sheet: &'a Sheet<'a>, document: &str, node: &'a Node) -> Self {
        Self { sheet, document: document.into(), path: String::new(), node }
    }

    /// The same value as the top of a document of its own.
    pub(super) fn titled(&self, document: &str) -> Self {
        Self { document: document.into(), path: String::new(), ..self.clone() }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn at(&self) -> At {
        self.node.at
    }

    pub(super) fn refuse(&self, what: impl Into<String>) {
        let what = what.into();
        let is_nameless = self.document.is_empty() && self.path.is_empty();
        let what = if is_nameless { format!("the document {what}") } else { what };
        self.sheet.refuse(self.node.at, &self.document, &self.path, what);
    }

    pub(super) fn note(&self, what: impl Into<String>) {
        self.sheet.note(self.node.at, &self.document, &self.path, what);
    }

    /// What `take` makes of the value; where it makes nothing, the value is refused.
    pub(super) fn read<T>(&self, accepted: &str, take: impl FnOnce(&'a Node) -> Option<T>) -> Option<T> {
        let taken = take(self.node);
        if taken.is_none() {
            self.refuse(format!("is {}: accepted is {accepted}", self.node.shown()));
        }
        taken
    }

    pub(super) fn text(&self) -> Option<&'a str> {
        self.read("a text", Node::text)
    }

    /// A text that is not empty.
    pub(super) fn words(&self) -> Option<&'a str> {
        self.read("a text that is not empty", |node| node.text().filter(|text| !text.trim().is_empty()))
    }

    pub(super) fn flag(&self) -> Option<bool> {
        self.read("true or false", Node::flag)
    }

    /// One of a few words, which stand for something.
    pub(super) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let accepted = listed(words.iter().map(|(word, _)| *word), "or");
        let given = self.read(&accepted, Node::text)?;
        let found = words.iter().find(|(word, _)| *word == given);
        if found.is_none() {
            let near = nearest(given, words.iter().map(|(word, _)| *word));
            let meant = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
            self.refuse(format!("is {}: accepted is {accepted}{meant}", self.node.shown()));
        }
        found.map(|(_, meaning)| *meaning)
    }

    pub(super) fn items(&self) -> Option<Vec<Cursor<'a>>> {
        let items = self.read("a list", |node| match &node.value {
            Value::List(items) => Some(items),
            _ => None,
        })?;
        let item = |(number, node)| Cursor { path: format!("{}[{number}]", self.path), node, ..self.clone() };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// A table of any keys.
    pub(super) fn entries(&self) -> Option<Vec<(&'a Entry, Cursor<'a>)>> {
        let entries = self.read("a table", |node| match &node.value {
            Value::Table(entries) => Some(entries),
            _ => None,
        })?;
        Some(entries.iter().map(|entry| (entry, self.below(&entry.key, &entry.node))).collect())
    }

    /// A table with no other keys than these.
    pub(super) fn fields(&self, known: &[&str]) -> Option<Fields<'a>> {
        for (entry, below) in self.entries()? {
            if !known.contains(&entry.key.as_str()) {
                let what = unknown(&entry.key, known);
                self.sheet.refuse(entry.at, &self.document, &below.path, what);
            }
        }
        Some(Fields { table: self.clone() })
    }

    /// What stands behind a key of a table.
    pub(super) fn entry(&self, key: &str) -> Option<Cursor<'a>> {
        self.node.get(key).map(|node| self.below(key, node))
    }

    fn below(&self, key: &str, node: &'a Node) -> Cursor<'a> {
        let dot = if self.path.is_empty() { "" } else { "." };
        let path = format!("{}{dot}{}", self.path, cut(key));
        Cursor { path, node, ..self.clone() }
    }
}

/// A table whose keys are known.
#[derive(Clone)]
pub(super) struct Fields<'a> {
    pub(super) table: Cursor<'a>,
}

impl<'a> Fields<'a> {
    /// A key that may be missing, or be there with nothing behind it.
    pub(super) fn get(&self, key: &str) -> Option<Cursor<'a>> {
        let node = self.table.node.get(key).filter(|node| !matches!(node.value, Value::Null))?;
        Some(self.table.below(key, node))
    }

    /// A key that must be there; the end of the sentence "… is missing: " says what it takes.
    pub(super) fn required(&self, key: &str, accepted: &str) -> Option<Cursor<'a>> {
        let found = self.get(key);
        if found.is_none() {
            let missing = self.table.below(key, self.table.node);
            missing.refuse(format!("is missing: accepted is {accepted}"));
        }
        found
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The one of these keys that is given; none or several are refused.
    pub(super) fn exactly_one<'k>(&self, keys: &[&'k str]) -> Option<(&'k str, Cursor<'a>)> {
        let mut given = keys.iter().filter_map(|key| Some((*key, self.get(key)?)));
        let first = given.next();
        let others: Vec<_> = given.map(|(key, _)| key).collect();
        match first {
            None => self
                .table
                .refuse(format!("has none of {}: accepted is one of them", listed(keys.iter().copied(), "and"))),
            Some((key, _)) if !others.is_empty() => {
                let given = std::iter::once(key).chain(others);
                self.table.refuse(format!("has {}: accepted is one of them", listed(given, "and")));
                return None;
            }
            Some(_) => {}
        }
        first
    }
}

fn unknown(key: &str, known: &[&str]) -> String {
    match nearest(key, known.iter().copied()) {
        Some(near) => format!("is not known; did you mean {near}?"),
        None => format!("is not known: accepted is {}", listed(known.iter().copied(), "or")),
    }
}

pub(super) fn listed<'w>(words: impl Iterator<Item = &'w str>, conjunction: &str) -> String {
    let words: Vec<&str> = words.collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} {conjunction} {last}", rest.join(", ")),
        None => String::new(),
    }
}
