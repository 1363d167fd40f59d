//! Rules on files as a whole: how they begin, how long they are, where they lie, what they name.

use super::Finding;
use super::tree::{File, Tree};

/// Where our Rust sources are.
const SOURCES: &[&str] = &["crates/", "examples/", "tests/", "benches/", "xtask/", "fuzz/"];

const LONGEST: usize = 400;

/// Files that may be longer, each with the reason.
const LONG: &[(&str, &str)] = &[];

pub(super) fn first_line(tree: &Tree) -> Vec<Finding> {
    let ours = |file: &&File| SOURCES.iter().any(|folder| file.path.starts_with(folder));
    let wrong = tree.sources().filter(ours).filter(|file| !says_something(&file.text));
    wrong.map(|file| Finding::new(file.at(1), "starts without a `//! ` sentence")).collect()
}

/// At least three words that start like a sentence. A crate may take its first line from its README, and a
/// generated file says who made it.
fn says_something(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    if first == "#![doc = include_str!(\"../README.md\")]" || first.starts_with("// ") && first.contains("@generated") {
        return true;
    }
    let Some(words) = first.strip_prefix("//! ") else { return false };
    // `gRPC` may begin a sentence, `placeholder` may not.
    let begins = words.split_whitespace().next().is_some_and(|word| {
        !word.starts_with('#') && !word.trim_end_matches([':', ',', '.']).chars().all(char::is_lowercase)
    });
    begins && words.split_whitespace().count() >= 3
}

pub(super) fn length(tree: &Tree) -> Vec<Finding> {
    let lines = |file: &File| file.text.lines().count();
    let excused = |file: &&File| LONG.iter().any(|(path, _)| *path == file.path);
    let long = tree.library().filter(|file| lines(file) > LONGEST && !excused(file));
    long.map(|file| Finding::new(&file.path, format!("{} lines, {LONGEST} at most", lines(file)))).collect()
}

pub(super) fn one_test_binary(tree: &Tree) -> Vec<Finding> {
    // The end-to-end package is `tests` itself: its one binary is tests/it.
    let binary = |path: &str| {
        let inner = path.strip_prefix("crates/").and_then(|rest| rest.split_once('/')).map(|(_, inner)| inner);
        let inner = inner.or_else(|| path.strip_prefix("tests/"))?;
        let parts: Vec<&str> = inner.split('/').collect();
        match parts.as_slice() {
            ["tests", file] => Some((*file).to_owned()),
            ["tests", folder, "main.rs"] if !["it", "loom"].contains(folder) => Some(format!("{folder}/main.rs")),
            _ => None,
        }
    };
    let wrong = tree.sources().filter_map(|file| binary(&file.path).map(|name| (file, name)));
    wrong.map(|(file, name)| Finding::new(&file.path, format!("{name} is a test binary beside tests/it"))).collect()
}

/// What must not be named, each written in two parts so that this file does not name it.
const PLACES: &[(&str, &str)] = &[
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("/Us", "ers/"),
    ("/wo", "rk/"),
    ("../sha", "red"),
    ("index.crates", ".io"),
    ("static.crates", ".io"),
    ("registry.npm", "js.org"),
    ("files.python", "hosted.org"),
    ("pypi.org/", "simple"),
    ("deb.deb", "ian.org"),
];

/// Files that may name such a place, each with the reason.
const NAMING: &[(&str, &str)] =
    &[("xtask/src/conformance.rs", "looks for scripts that may not be part of the repository")];

pub(super) fn places(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files().filter(|file| !NAMING.iter().any(|(path, _)| *path == file.path)) {
        for (i, line) in file.text.lines().enumerate() {
            for place in PLACES.iter().map(|(a, b)| format!("{a}{b}")) {
                if names(line, &place) {
                    findings.push(Finding::new(file.at(i + 1), format!("names {place}")));
                }
            }
        }
    }
    findings
}

/// Whether `place` stands in `line` by itself, not as the tail of a longer path.
fn names(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !place.starts_with('/') || before.is_none_or(|c| !(c.is_alphanumeric() || "_-.}".contains(c)))
    })
}
