//! Whether the demo was built from the sources as they are: cargo sees to it only where it is asked to build the demo, and
//! not if somebody runs a single package's tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The libraries of ours that the demo is made of.
const LIBRARIES: [&str; 7] = [
    "bellwether",
    "bellwether_breaker",
    "bellwether_core",
    "bellwether_dependency",
    "bellwether_export",
    "bellwether_tower",
    "voice",
];

/// What was changed after the program was made: a source file, or a library.
pub(super) fn newer_than(program: &Path) -> Option<PathBuf> {
    let made = changed(program)?;
    let main = root().join("examples/voice/src/main.rs");
    let deps = program.with_file_name("deps");
    let libraries = LIBRARIES.into_iter().flat_map(|name| sources(&deps, name, made));
    std::iter::once(main).chain(libraries).find(|path| changed(path).is_none_or(|changed| changed > made))
}

/// The sources of a library, by the list that the compiler left beside it. There may be several builds of it, with other
/// features: the program's is the last before the program. Where all are later, the library is what is newer.
fn sources(deps: &Path, name: &str, program_made: SystemTime) -> Vec<PathBuf> {
    let files = fs::read_dir(deps).into_iter().flatten().flatten().map(|file| file.path());
    let build = |path: PathBuf| {
        let hash = path.file_name()?.to_str()?.strip_prefix("lib")?.strip_suffix(".rlib")?.strip_prefix(name)?;
        let list = deps.join(format!("{name}{hash}.d"));
        hash.starts_with('-').then_some((changed(&path)?, path, list))
    };
    let (before, after): (Vec<_>, Vec<_>) = files.filter_map(build).partition(|(made, ..)| *made <= program_made);
    match before.into_iter().max() {
        Some((_, _, list)) => listed(&fs::read_to_string(list).unwrap_or_default()),
        None => after.into_iter().map(|(_, library, _)| library).collect(),
    }
}

/// The files that a rule such as `deps/libvoice.rlib: src/lib.rs src/app.rs` names behind its colon.
fn listed(rules: &str) -> Vec<PathBuf> {
    let first = rules.lines().next().and_then(|rule| rule.split_once(": ")).map_or("", |(_, files)| files);
    // A blank within a name is escaped; one between names is not.
    let names = first.trim_end().replace("\\ ", "\0");
    let names = names.split(' ').filter(|name| !name.is_empty());
    names.map(|name| root().join(name.replace('\0', " "))).collect()
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
