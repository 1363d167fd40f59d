//! Rules on what stands in the code: statics, names, unsafe blocks, macros, setters.

use super::Finding;
use super::tree::{File, Tree};
use std::collections::BTreeMap;

/// Types that make a static hold state.
const STATE: &[&str] = &["Mutex", "RwLock", "Atomic", "OnceLock", "LazyLock", "OnceCell", "OnceBox", "OnceRef"];

/// Statics that may hold state: file, name, reason.
const STATICS: &[(&str, &str, &str)] = &[];

/// Words that say nothing in a type's name.
const EMPTY_WORDS: &[&str] = &["Manager", "Handler", "Helper", "Util", "Utils", "Info", "Data"];

pub(super) fn statics(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.library() {
        for (line, code) in file.code() {
            let Some(item) = after_keyword(&code, "static") else {
                continue;
            };
            let name = identifier(item.trim_start_matches("mut "));
            let excused = STATICS.iter().any(|(path, excused, _)| *path == file.path && *excused == name);
            let holds = item.starts_with("mut ") || STATE.iter().any(|state| item.contains(state));
            if holds && !excused {
                findings.push(Finding::new(file.at(line), format!("static {name} holds state")));
            }
        }
    }
    findings
}

pub(super) fn names(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.library() {
        for (line, code) in file.code() {
            // The associated types of an impl are named by the trait.
            let keywords = ["struct", "enum", "trait", "union", "type"].into_iter();
            let named_by_us = keywords.filter(|keyword| *keyword != "type" || !code.starts_with(' '));
            let items = named_by_us.filter_map(|keyword| after_keyword(&code, keyword));
            for name in items.map(identifier) {
                if let Some(word) = camel_words(name).find(|word| EMPTY_WORDS.contains(word)) {
                    findings.push(Finding::new(file.at(line), format!("{name}: say what it is instead of {word}")));
                }
            }
        }
    }
    findings
}

pub(super) fn unsafe_code(tree: &Tree) -> Vec<Finding> {
    tree.sources().flat_map(unsafe_in).collect()
}

fn unsafe_in(file: &File) -> Vec<Finding> {
    let code = file.code();
    let packed: String = code.iter().flat_map(|(_, line)| line.split_whitespace()).collect();
    let allowed = packed.contains("allow(unsafe_code,reason=");
    let texts: Vec<&str> = file.text.lines().collect();
    let mut findings = Vec::new();
    for (line, code) in &code {
        let Some(rest) = after_keyword(code, "unsafe") else {
            continue;
        };
        if !allowed {
            findings.push(Finding::new(file.at(*line), "unsafe without `allow(unsafe_code, reason = ..)` in the file"));
        }
        let proves = rest.starts_with('{') || rest.starts_with("impl");
        let above = texts.get(line.saturating_sub(9)..*line).unwrap_or_default();
        if proves && !above.iter().any(|text| text.contains("SAFETY:")) {
            findings.push(Finding::new(file.at(*line), "unsafe without a SAFETY comment above it"));
        }
    }
    findings
}

pub(super) fn macros(tree: &Tree) -> Vec<Finding> {
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in tree.library() {
        let Some(krate) = file.krate() else { continue };
        let lines = file.code().into_iter().filter(|(_, code)| code.contains("macro_rules!"));
        found.entry(krate).or_default().extend(lines.map(|(line, _)| file.at(line)));
    }
    let many = found.into_iter().filter(|(_, places)| places.len() > 1);
    many.map(|(krate, places)| Finding::new(krate, format!("macro_rules! at {}", places.join(", ")))).collect()
}

pub(super) fn ignored_tests(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.sources() {
        let ignored = file.code().into_iter().filter(|(_, code)| code.trim_start().starts_with("#[ignore"));
        findings.extend(ignored.map(|(line, _)| Finding::new(file.at(line), "an ignored test")));
    }
    findings
}

pub(super) fn setters(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.library() {
        for (line, code) in file.code() {
            let chained = ["(mut self", "(self,", "(&mut self"].iter().any(|receiver| code.contains(receiver));
            let public = code.trim_start().starts_with("pub ");
            let name = after_keyword(&code, "fn").map(identifier).unwrap_or_default();
            if public && chained && (name.starts_with("set_") || name.starts_with("with_")) {
                findings.push(Finding::new(file.at(line), format!("fn {name}")));
            }
        }
    }
    findings
}

/// What follows `keyword` where it stands as a word of its own.
fn after_keyword<'a>(code: &'a str, keyword: &str) -> Option<&'a str> {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '\'' || c == '#';
    code.match_indices(keyword).find_map(|(at, _)| {
        let rest = &code[at + keyword.len()..];
        let alone = !code[..at].ends_with(part) && rest.starts_with([' ', '{']);
        alone.then(|| rest.trim_start())
    })
}

fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

/// `HttpHandler2` is `Http`, `Handler2`; a trailing digit belongs to no word we know.
fn camel_words(name: &str) -> impl Iterator<Item = &str> {
    let mut starts: Vec<usize> = name.char_indices().filter(|(_, c)| c.is_uppercase()).map(|(at, _)| at).collect();
    starts.push(name.len());
    let pairs: Vec<(usize, usize)> =
        starts.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?))).collect();
    pairs.into_iter().map(|(from, to)| name[from..to].trim_end_matches(|c: char| c.is_numeric() || c == '_'))
}
