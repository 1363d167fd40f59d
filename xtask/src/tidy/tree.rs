//! The repository's text files, read once, and Rust sources with comments and literals blanked out.

use std::fs;
use std::path::Path;

/// Folders that hold nothing we wrote.
const SKIPPED: &[&str] = &["target", ".git", "node_modules", "corpus", "artifacts"];

/// All text files, in the order of their paths.
#[derive(Debug, Default)]
pub(super) struct Tree {
    files: Vec<File>,
}

/// A text file: its path from the root, with `/`, and what is in it.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

impl Tree {
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let mut tree = Self::default();
        tree.read_folder(root, "")?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        Self { files: files.iter().map(file).collect() }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// All Rust sources.
    pub(super) fn sources(&self) -> impl Iterator<Item = &File> {
        self.files().filter(|file| file.path.ends_with(".rs"))
    }

    /// The sources of our libraries: `crates/*/src/**`.
    pub(super) fn library(&self) -> impl Iterator<Item = &File> {
        self.sources().filter(|file| file.krate().is_some() && file.path.contains("/src/"))
    }

    /// The manifests of our libraries with the crates' names: `crates/*/Cargo.toml`.
    pub(super) fn manifests(&self) -> impl Iterator<Item = (&str, &File)> {
        let manifests = self.files().filter(|file| file.path.ends_with("/Cargo.toml"));
        manifests.filter_map(|file| file.krate().map(|krate| (krate, file)))
    }

    pub(super) fn get(&self, path: &str) -> Option<&File> {
        self.files().find(|file| file.path == path)
    }

    fn read_folder(&mut self, folder: &Path, path: &str) -> Result<(), String> {
        let failed = |e: std::io::Error| format!("cannot read {}: {e}", folder.display());
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let inner = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                self.read_folder(&entry.path(), &inner)?;
            } else if kind.is_file()
                && let Ok(text) = fs::read_to_string(entry.path())
            {
                self.files.push(File { path: inner, text });
            }
        }
        Ok(())
    }
}

impl File {
    /// The crate of ours it belongs to: the folder under `crates/`.
    pub(super) fn krate(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// Its numbered lines, from 1, with comments and the insides of literals blanked out.
    pub(super) fn code(&self) -> Vec<(usize, String)> {
        let code = blank(&self.text);
        code.lines().enumerate().map(|(i, line)| (i + 1, line.to_owned())).collect()
    }

    /// `path:line`.
    pub(super) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }
}

/// Rust text with every comment and the inside of every literal replaced by blanks; lines stay where they are.
pub(super) fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (kept, hidden) = match literal(rest) {
            Some(length) => (0, length),
            None => (word(rest).unwrap_or(first.len_utf8()), 0),
        };
        out.push_str(&rest[..kept]);
        out.extend(rest[kept..kept + hidden].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[kept + hidden..];
    }
    out
}

/// The length of the identifier that starts here, so that no literal is seen in the middle of one.
fn word(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    (end > 0).then_some(end)
}

/// The length of the comment or literal that starts here.
fn literal(text: &str) -> Option<usize> {
    let until = |from: usize, end: &str| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(until(2, "*/"));
    }
    let raw = text.strip_prefix("br").or_else(|| text.strip_prefix('r'));
    if let Some(tail) = raw {
        let hashes = tail.len() - tail.trim_start_matches('#').len();
        if tail[hashes..].starts_with('"') {
            let start = text.len() - tail.len() + hashes + 1;
            return Some(until(start, &format!("\"{}", "#".repeat(hashes))));
        }
    }
    let quoted = text.strip_prefix('b').unwrap_or(text);
    let open = text.len() - quoted.len();
    if let Some(inner) = quoted.strip_prefix('"') {
        return Some(open + 1 + closing(inner, '"'));
    }
    // 'a' and '\n' are literals, 'a without the second quote is a lifetime.
    let inner = quoted.strip_prefix('\'')?;
    let mut chars = inner.chars();
    match (chars.next()?, chars.next()?) {
        ('\\', _) => Some(open + 1 + closing(inner, '\'')),
        (c, '\'') => Some(open + 2 + c.len_utf8()),
        _ => None,
    }
}

/// The length up to and with the closing quote, minding backslashes.
fn closing(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if !escaped && c == quote {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}
