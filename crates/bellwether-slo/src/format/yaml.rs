//! YAML 1.2 read into values with places: small in memory whatever the text, with the core schema and merge keys.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};

use super::cursor::Sheet;
use super::node::{At, Entry, Node, Value, cut};

/// No file is larger.
const MAX_BYTES: usize = 1 << 20;
/// No file has more values, those that aliases repeat among them.
const MAX_NODES: usize = 50_000;
/// No value is deeper in others.
const MAX_DEPTH: usize = 32;
/// No table has more keys.
const MAX_KEYS: usize = 1_000;

/// The documents of files, by name and text; `None` if the syntax of one is wrong, which goes to the sheet.
pub(super) fn read_all(files: &[(&str, &str)], sheet: &Sheet<'_>) -> Option<Vec<Node>> {
    let read: Vec<_> = files.iter().enumerate().map(|(number, (_, text))| read(text, number, sheet)).collect();
    // Half of a file would lack what the other half names.
    read.into_iter().collect::<Option<Vec<_>>>().map(|documents| documents.concat())
}

fn read(text: &str, file: usize, sheet: &Sheet<'_>) -> Option<Vec<Node>> {
    let refuse = |at: At, what: &str| sheet.refuse(at, "", "", what);
    if text.len() > MAX_BYTES {
        refuse(At { file, line: 1, column: 1 }, "the file has more than 1 MiB: accepted is less; split it");
        return None;
    }
    let mut tree = Tree { file, sheet, documents: Vec::new(), open: Vec::new(), anchors: Vec::new(), nodes: 0 };
    // The parser keeps a byte order mark as text.
    for event in Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        let taken = match event {
            Ok((event, span)) => tree.take(event, span),
            Err(error) => Err((at(file, *error.marker()), format!("the file is not YAML: {}", cut(error.info())))),
        };
        if let Err((at, what)) = taken {
            refuse(at, &what);
            return None;
        }
    }
    Some(tree.documents)
}

/// Values that are being put together, the outermost first.
struct Tree<'a> {
    file: usize,
    sheet: &'a Sheet<'a>,
    documents: Vec<Node>,
    open: Vec<Open>,
    /// The values of this document that have a name, with how many values are in each.
    anchors: Vec<(usize, Node, usize)>,
    nodes: usize,
}

/// A list or table whose end is not yet seen.
struct Open {
    at: At,
    anchor: usize,
    /// How many values there were before it.
    nodes: usize,
    kind: Kind,
}

enum Kind {
    List(Vec<Node>),
    /// With the key whose value comes next.
    Table(Vec<Entry>, Option<(String, At)>),
}

impl Tree<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), (At, String)> {
        let at = at(self.file, span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.count(at, 1)?;
                let value = match (&*text, style) {
                    ("<<", ScalarStyle::Plain) if self.awaits_key() => Value::Text(MERGE.to_owned()),
                    _ => scalar(&text, style, tag.as_deref()).ok_or_else(|| (at, tagged(tag.as_deref())))?,
                };
                self.put(Node { at, value }, anchor, 1)
            }
            Event::SequenceStart(anchor, tag) => self.enter(at, anchor, tag.as_deref(), Kind::List(Vec::new())),
            Event::MappingStart(anchor, tag) => self.enter(at, anchor, tag.as_deref(), Kind::Table(Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { at, anchor, nodes, kind }) = self.open.pop() else { return Ok(()) };
                let value = match kind {
                    Kind::List(items) => Value::List(items),
                    Kind::Table(entries, _) => Value::Table(merged(at, entries)?),
                };
                self.put(Node { at, value }, anchor, self.nodes - nodes)
            }
            Event::Alias(anchor) => {
                let found = self.anchors.iter().rev().find(|(own, ..)| *own == anchor);
                let (_, node, size) =
                    found.ok_or_else(|| (at, "an alias stands inside of what it names".to_owned()))?;
                let (node, size) = (node.clone(), *size);
                self.count(at, size)?;
                // Where it is used is where it is to be changed.
                self.put(Node { at, ..node }, 0, size)
            }
            Event::DocumentStart(_) => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: Kind::Table(_, None), .. }))
    }

    fn count(&mut self, at: At, nodes: usize) -> Result<(), (At, String)> {
        self.nodes += nodes;
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        Err((
            at,
            format!("here is value number {MAX_NODES} of the file, aliases written out: accepted are fewer; split it"),
        ))
    }

    fn enter(&mut self, at: At, anchor: usize, tag: Option<&Tag>, kind: Kind) -> Result<(), (At, String)> {
        self.count(at, 1)?;
        if self.open.len() == MAX_DEPTH {
            return Err((at, format!("the value is in {MAX_DEPTH} others: accepted are fewer")));
        }
        let plain = match kind {
            Kind::List(_) => "seq",
            Kind::Table(..) => "map",
        };
        if tag.is_some_and(|tag| !tag.is_yaml_core_schema() || tag.suffix != plain) {
            return Err((at, tagged(tag)));
        }
        self.open.push(Open { at, anchor, nodes: self.nodes - 1, kind });
        Ok(())
    }

    /// Puts a value where it belongs.
    fn put(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), (At, String)> {
        if anchor > 0 {
            // A copy is as large as what it copies.
            self.count(node.at, size)?;
            self.anchors.push((anchor, node.clone(), size));
        }
        let refuse = |at, what: String| self.sheet.refuse(at, "", "", what);
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.documents.push(node),
            Some(Kind::List(items)) => items.push(node),
            Some(Kind::Table(_, key @ None)) => match node.value {
                Value::Text(text) | Value::Number(text) => *key = Some((text, node.at)),
                _ => return Err((node.at, format!("a key is {}: accepted is a word", node.shown()))),
            },
            Some(Kind::Table(entries, key @ Some(_))) => {
                let Some((key, at)) = key.take() else { return Ok(()) };
                match entries.iter().find(|entry| entry.key == key && key != MERGE) {
                    Some(first) => {
                        refuse(at, format!("{} is given twice, first in line {}", cut(&key), first.at.line));
                    }
                    None if entries.len() == MAX_KEYS => return Err(crowded(at)),
                    None => entries.push(Entry { key, at, node }),
                }
            }
        }
        Ok(())
    }
}

/// The key `<<`, not in quotes, whose tables are taken for what is not given beside it. No text has the first sign of it.
const MERGE: &str = "\0<<";

fn merged(at: At, entries: Vec<Entry>) -> Result<Vec<Entry>, (At, String)> {
    let (merges, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.key == MERGE);
    let tables = merges.into_iter().flat_map(|entry| match entry.node.value {
        Value::List(items) => items,
        _ => vec![entry.node],
    });
    for table in tables {
        let Value::Table(entries) = table.value else { continue };
        for entry in entries {
            if own.len() > MAX_KEYS {
                return Err(crowded(at));
            }
            if !own.iter().any(|given| given.key == entry.key) {
                own.push(entry);
            }
        }
    }
    Ok(own)
}

fn crowded(at: At) -> (At, String) {
    (at, format!("the table has more than {MAX_KEYS} keys: accepted are fewer"))
}

fn at(file: usize, marker: Marker) -> At {
    At { file, line: marker.line(), column: marker.col() + 1 }
}

fn tagged(tag: Option<&Tag>) -> String {
    let tag = tag.map(ToString::to_string).unwrap_or_default();
    format!("the value has the tag {}: accepted is a value without", cut(&tag))
}

/// A scalar by the core schema; `None` for a tag that says something else.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Option<Value> {
    let tag = match tag {
        Some(tag) if tag.handle == "!" && tag.suffix.is_empty() => Some("str"),
        Some(tag) if tag.is_yaml_core_schema() => Some(tag.suffix.as_str()),
        Some(_) => return None,
        None => None,
    };
    let plain = || match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Flag(true),
        "false" | "False" | "FALSE" => Value::Flag(false),
        number if is_number(number) => Value::Number(number.to_owned()),
        text => Value::Text(text.to_owned()),
    };
    match (tag, style) {
        (Some("str"), _) => Some(Value::Text(text.to_owned())),
        (Some("null" | "bool" | "int" | "float"), _) | (None, ScalarStyle::Plain) => Some(plain()),
        (Some(_), _) => None,
        (None, _) => Some(Value::Text(text.to_owned())),
    }
}

/// Decimal, hexadecimal or octal, not a number or without end: what others would take for a number is not a text here.
pub(super) fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0o")) {
        return !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let is_legal = |byte: u8| byte.is_ascii_digit() || b".eE+-".contains(&byte);
    unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.bytes().all(is_legal)
        && unsigned.parse::<f64>().is_ok()
}
